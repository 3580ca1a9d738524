"""``regtutor serve --auth``: the users of the lessons, and no other machine."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import requests

import regtutor as rt
from tests.cli.test_cli import run, serving


@pytest.mark.parametrize(("auth", "challenge"), [("token", "Bearer realm="), ("basic", 'Basic realm="regtutor"')])
def test_serve_asks_for_credentials_and_names_the_users(auth: str, challenge: str) -> None:
    with serving("--port", "0", "--auth", auth) as served:
        url = re.findall(r"http://[0-9.:]+[0-9]", served.line())[0]
        assert f"auth: {auth}; users: learner/learner-password" in served.line()
        assert requests.get(f"{url}/v2/", timeout=20).headers["WWW-Authenticate"].startswith(challenge)


def test_the_public_passwords_of_the_lessons_protect_nothing_beyond_loopback() -> None:
    done = run("serve", "--port", "0", "--host", "0.0.0.0", "--tls", "--auth", "basic")
    assert done.returncode != 0
    assert "--auth does not protect a registry on 0.0.0.0" in done.stderr


def test_two_password_lists_do_not_go_together(tmp_path: object) -> None:
    done = run("serve", "--port", "0", "--auth", "basic", "--htpasswd", __file__)
    assert done.returncode != 0
    assert "cannot be used together" in done.stderr


ANN = {"password": "planted-1", "access": {"*": "pull", "ann/*": "pull,push"}}
TOML = """private = ["secret/*"]
[users.ann]
password = "planted-1"
access = { "*" = "pull", "ann/*" = "pull,push" }
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [("users.json", json.dumps({"users": {"ann": ANN}, "private": ["secret/*"]})), ("users.toml", TOML)],
)
def test_the_users_and_the_private_repositories_come_from_a_file(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with serving("--port", "0", "--auth", "token", "--policy", str(tmp_path / name)) as served:
        url = re.findall(r"http://[0-9.:]+[0-9]", served.line())[0]
        users = served.line()
        reg = rt.connect(url, username="ann", password="planted-1")
        rt.push_image(reg, rt.sample_image(), "ann/app", "v1", progress=False)
        with pytest.raises(rt.RegtutorError, match="did not grant repository:other/app:push"):
            rt.push_image(reg, rt.sample_image(), "other/app", "v1", progress=False)
        with pytest.raises(rt.RegtutorError, match="did not grant repository:secret/app:pull"):
            rt.inspect_image(rt.connect(url), "secret/app", "v1")
    assert "users: ann" in users and "planted" not in users


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"users": {"ann": {"password": "planted-1"', "is malformed: line 1"),
        ("[1]", "is not an object"),
        ('{"users": {"ann": {"password": "planted-1", "access": {"*": "fly"}}}}', "the action 'fly'"),
        ('{"users": {"ann": {"secret": "planted-1"}}}', "the field 'secret'"),
    ],
)
def test_a_policy_that_cannot_be_used_is_named_without_its_passwords(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "users.json").write_text(text)
    done = run("serve", "--port", "0", "--auth", "token", "--policy", tmp_path / "users.json")
    assert done.returncode == 2 and why in done.stderr and "planted" not in done.stderr
    assert run("serve", "--auth", "basic", "--policy", tmp_path / "users.json").returncode == 2
