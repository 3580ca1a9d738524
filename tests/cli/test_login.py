"""regtutor login and logout, and how a command authenticates: option, environment, auth file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import regtutor as rt
from regtutor.cli import main
from regtutor.content.sample.image import sample_layout
from tests.guarded_registry import PASSWORD, REFRESH, Guard, guarded


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[Guard]:
    with guarded(tmp_path / "store") as made:
        yield made


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REGISTRY_AUTH_FILE", "XDG_CONFIG_HOME", "DOCKER_CONFIG", "REGTUTOR_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))


def run(*arguments: object, input: str = "") -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments], input=input)


def host(guard: Guard) -> str:
    return guard.url.removeprefix("http://")


@pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
def test_login_checks_and_stores_and_push_uses_it_and_logout_deletes_it(
    guard: Guard, tmp_path: Path, scheme: str
) -> None:
    guard.scheme = scheme
    done = run("login", host(guard), "--username", "ann", "--password-stdin", input=f"{PASSWORD}\n")
    stored = tmp_path / "run/containers/auth.json"
    assert (done.exit_code, done.stdout) == (
        0,
        f"Logged in to {host(guard)} as ann with {scheme}; stored in {stored}\n",
    )
    assert list(json.loads(stored.read_text())["auths"]) == [host(guard)]
    layout = sample_layout(tmp_path / "layout", ("v1",))
    pushed = run("push", layout, f"{host(guard)}/a/b:v1", "--trace", tmp_path / "trace.json")
    assert pushed.exit_code == 0, pushed.output
    assert f"those of ann from {stored} are used" in pushed.stderr
    assert PASSWORD not in pushed.output + (tmp_path / "trace.json").read_text()
    assert run("logout", host(guard)).stdout == f"The credentials for {host(guard)} were deleted from {stored}\n"
    assert run("logout", host(guard)).exit_code == 0
    assert run("tags", f"{host(guard)}/a/b").exit_code == (1 if scheme == "Basic" else 0)


def test_a_login_that_is_refused_stores_nothing(guard: Guard, tmp_path: Path) -> None:
    done = run("login", host(guard), "--username", "ann", "--authfile", tmp_path / "a.json", input="wr0ng-one\n")
    assert done.exit_code == 1 and "The token server" in done.stderr
    assert "wr0ng-one" not in done.output
    assert not (tmp_path / "a.json").exists()


def test_a_registry_that_asks_for_nothing_is_told_nothing(tmp_path: Path) -> None:
    with rt.open_registry("embedded", quiet=True) as reg:
        place = reg.url.removeprefix("http://")
        done = run("login", place, "--username", "ann", "--authfile", tmp_path / "a.json", input=f"{PASSWORD}\n")
    assert (done.exit_code, (tmp_path / "a.json").exists()) == (0, False)
    assert "nothing was stored" in done.stdout


def test_login_needs_a_name_and_takes_no_token(guard: Guard) -> None:
    assert run("login", host(guard)).exit_code == 2
    assert run("login", host(guard), "--token", "x", "--username", "ann").exit_code == 2
    assert guard.seen == []


def test_a_token_is_sent_with_every_request_and_shown_nowhere(
    guard: Guard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = guard.issue("ann", frozenset({"repository:a/b:pull"}), {})["token"]
    for arguments in (("--token", token), ()):
        done = run("tags", f"{host(guard)}/a/b", "--trace", tmp_path / "t.json", *arguments)
        assert "404" in done.stderr
        assert token not in done.output + (tmp_path / "t.json").read_text()
        assert guard.seen[-1].authorization == f"Bearer {token}"
        monkeypatch.setenv("REGTUTOR_TOKEN", token)
    assert guard.asked("token") == []


def test_an_identity_token_of_docker_s_file_is_used(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    entry = {"auth": "YW5uOg==", "identitytoken": REFRESH}
    (tmp_path / ".docker/config.json").write_text(json.dumps({"auths": {f"http://{host(guard)}/v1/": entry}}))
    done = run("tags", f"{host(guard)}/a/b")
    assert "404" in done.stderr and REFRESH not in done.output
    assert [one.method for one in guard.asked("token")] == ["POST"]


def test_a_broken_file_stops_only_who_named_it(guard: Guard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "run/containers/auth.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    done = run("tags", f"{host(guard)}/a/b")
    assert re.search(r"The credentials in .*auth.json cannot be used", done.stderr) and "404" in done.stderr
    assert run("tags", f"{host(guard)}/a/b", "--authfile", broken).exit_code == 2
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(broken))
    assert run("tags", f"{host(guard)}/a/b").exit_code == 2


def test_copy_reads_the_credentials_of_each_end(guard: Guard, tmp_path: Path) -> None:
    run("login", host(guard), "--username", "ann", input=f"{PASSWORD}\n")
    run("push", sample_layout(tmp_path / "layout", ("v1",)), f"{host(guard)}/a/b:v1")
    with guarded(tmp_path / "other") as other:
        run("login", host(other), "--username", "bob", input=f"{PASSWORD}\n")
        done = run("copy", f"{host(guard)}/a/b:v1", f"{host(other)}/c/d:v1")
        assert done.exit_code == 0, done.output
        assert "those of ann from" in done.stderr and "those of bob from" in done.stderr
