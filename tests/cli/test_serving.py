"""``regtutor serve --auth``: the users of the lessons, and no other machine."""

from __future__ import annotations

import re

import pytest
import requests

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
