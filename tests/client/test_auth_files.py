"""Auth files and credential helpers: which entry is found, what is written, and what no error shows."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from regtutor.client import credential_helpers
from regtutor.client.auth_files import (
    auth_files,
    default_auth_file,
    remove_credentials,
    store_credentials,
    stored_credentials,
)
from regtutor.client.credentials import Credentials
from regtutor.errors import UnusableAuthFile

SECRET = "s3cret-of-ann"


def auth(username: str = "ann", password: str = SECRET) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{username}:{password}".encode()).decode()}


def written(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_the_files_are_those_of_podman_and_docker_in_order(tmp_path: Path) -> None:
    environ = {"HOME": "/h", "XDG_RUNTIME_DIR": "/run/user/1"}
    found = ["/run/user/1/containers/auth.json", "/h/.config/containers/auth.json", "/h/.docker/config.json"]
    assert [str(path) for path in auth_files(environ)] == found
    assert str(default_auth_file(environ)) == found[0]
    assert [str(path) for path in auth_files({**environ, "REGISTRY_AUTH_FILE": "/x"})] == ["/x"]
    others = auth_files({"HOME": str(tmp_path), "XDG_CONFIG_HOME": "/c", "DOCKER_CONFIG": "/d"})
    assert [str(path) for path in others][-2:] == ["/c/containers/auth.json", "/d/config.json"]


@pytest.mark.parametrize(
    ("host", "repository", "expected"),
    [
        ("r.test:5000", "a/b/c", "of-abc"),
        ("r.test:5000", "a/b/d", "of-ab"),
        ("r.test:5000", "a/x", "of-all"),
        ("R.test:5000", "", "of-all"),
        ("r.test:5001", "a/b/c", None),
        ("legacy.test", "x", "of-legacy"),
        ("docker.io", "library/x", "of-hub"),
        ("registry-1.docker.io", "library/x", "of-hub"),
        ("index.docker.io", "mine/x", "of-mine"),
        ("identity.test", "", "<token>"),
        ("plain.test", "", "of-plain"),
        ("empty.test", "", None),
    ],
)
def test_the_most_particular_key_counts(tmp_path: Path, host: str, repository: str, expected: str | None) -> None:
    auths = {
        "r.test:5000": auth("of-all"), "r.test:5000/a/b": auth("of-ab"), "r.test:5000/a/b/c": auth("of-abc"),
        "https://legacy.test/v1/": auth("of-legacy"), "https://index.docker.io/v1/": auth("of-hub"),
        "docker.io/mine": auth("of-mine"), "identity.test": {"identitytoken": SECRET},
        "plain.test": {"username": "of-plain", "password": SECRET}, "empty.test": {}, "odd": 5,
    }  # fmt: skip
    path = written(tmp_path / "auth.json", {"auths": auths})
    found = stored_credentials(host, repository, path=path)
    assert (found and found.credentials.username) == expected
    if found is not None:
        assert found.source == str(path)
        assert SECRET in (found.credentials.password, found.credentials.identity_token)
        assert SECRET not in repr(found)


def test_a_later_file_is_read_if_an_earlier_one_has_nothing(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    written(tmp_path / "run/containers/auth.json", {"auths": {"other": auth()}})
    written(tmp_path / ".docker/config.json", {"auths": {"r.test": auth("bob")}})
    found = stored_credentials("r.test", environ=environ)
    assert found is not None and found.credentials == Credentials("bob", SECRET)
    assert stored_credentials("none.test", environ=environ) is None


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"a": ' * 5000,
        json.dumps({"auths": {"r.test": {"auth": f"!{SECRET}"}}}),
        json.dumps({"auths": {"r.test": {"auth": base64.b64encode(SECRET.encode()).decode()}}}),
        json.dumps({"auths": {"r.test": {"auth": base64.b64encode(b"\xff:x").decode()}}}),
        json.dumps({"auths": {"r.test": {"username": f"a:{SECRET}", "password": SECRET}}}),
    ],
)
def test_a_broken_file_is_named_and_not_quoted(tmp_path: Path, content: str) -> None:
    path = written(tmp_path / "auth.json", content)
    with pytest.raises(UnusableAuthFile, match=r"auth\.json") as caught:
        stored_credentials("r.test", path=path)
    assert SECRET not in repr(caught.value) + str(caught.value)


@pytest.mark.parametrize("content", ["", "{}", '{"auths": null}', '{"auths": [1]}', '{"credHelpers": 5}'])
def test_a_file_without_entries(tmp_path: Path, content: str) -> None:
    assert stored_credentials("r.test", path=written(tmp_path / "auth.json", content)) is None
    assert stored_credentials("r.test", path=tmp_path / "missing.json") is None


def test_what_is_stored_is_private_and_leaves_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "new" / "auth.json"
    store_credentials("r.test:5000", Credentials("ann", SECRET), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert json.loads(path.read_text()) == {"auths": {"r.test:5000": auth()}}
    written(path, {"credsStore": "x", "auths": {"a.test": {"extra": 1}, "https://r.test:5000": auth("old")}})
    store_credentials("r.test:5000", Credentials("ann", SECRET), path)
    assert json.loads(path.read_text()) == {"credsStore": "x", "auths": {"a.test": {"extra": 1}, "r.test:5000": auth()}}
    assert remove_credentials("r.test:5000", path) and not remove_credentials("r.test:5000", path)
    assert json.loads(path.read_text()) == {"credsStore": "x", "auths": {"a.test": {"extra": 1}}}
    assert [file.name for file in path.parent.iterdir()] == ["auth.json"]


def test_a_link_stays_a_link_and_a_folder_is_refused(tmp_path: Path) -> None:
    real, link = written(tmp_path / "real.json", "{}"), tmp_path / "link.json"
    link.symlink_to(real)
    store_credentials("r.test", Credentials("ann", SECRET), link)
    assert link.is_symlink() and "r.test" in real.read_text()
    with pytest.raises(UnusableAuthFile) as caught:
        store_credentials("r.test", Credentials("ann", SECRET), tmp_path)
    assert SECRET not in str(caught.value)


def helper(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str, name: str = "test") -> None:
    program = written(folder / f"docker-credential-{name}", f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


ANN = f"""test "$1" = get && printf '{{"ServerURL":"%s","Username":"ann","Secret":"{SECRET}"}}' "$(cat)" """


@pytest.mark.parametrize("content", [{"credsStore": "test"}, {"credHelpers": {"r.test": "test"}}])
def test_a_helper_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: Any) -> None:
    helper(tmp_path, monkeypatch, ANN)
    path = written(tmp_path / "config.json", content)
    found = stored_credentials("r.test", "a/b", path=path)
    assert found is not None and found.credentials == Credentials("ann", SECRET)
    assert "docker-credential-test" in found.source


def test_a_helper_gets_the_key_on_standard_input_and_hub_s_is_a_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper(tmp_path, monkeypatch, f"""cat > {tmp_path}/asked; printf '{{"Username":"<token>","Secret":"{SECRET}"}}'""")
    path = written(tmp_path / "config.json", {"credsStore": "test"})
    found = stored_credentials("docker.io", "library/x", path=path)
    assert (tmp_path / "asked").read_text() == "https://index.docker.io/v1/"
    assert found is not None and found.credentials.identity_token == SECRET
    assert found.credentials.password == "" and SECRET not in repr(found)


def test_a_helper_without_an_entry_leaves_it_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper(tmp_path, monkeypatch, "echo credentials not found in native keychain; exit 1")
    path = written(tmp_path / "config.json", {"credsStore": "test", "auths": {"r.test": auth("bob"), "s.test": {}}})
    found = stored_credentials("r.test", path=path)
    assert found is not None and found.credentials.username == "bob"
    assert stored_credentials("s.test", path=path) is None


@pytest.mark.parametrize(
    "script",
    [
        f"echo {SECRET}; exit 1",
        f"echo {SECRET}",
        f"""echo '{{"Username":"a:b","Secret":"{SECRET}"}}'""",
        f"""echo '{{"Secret":"{SECRET}"}}'""",
        "sleep 60",
        "sleep 60 & exit 0",
        "exec 1>&-; sleep 60",
        f"yes {SECRET}",
    ],
)
def test_a_helper_that_fails_is_named_in_time_and_not_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    monkeypatch.setattr(credential_helpers, "TIME_LIMIT", 0.5)
    helper(tmp_path, monkeypatch, script)
    path = written(tmp_path / "config.json", {"credsStore": "test"})
    with pytest.raises(UnusableAuthFile, match="docker-credential-test") as caught:
        stored_credentials("r.test", path=path)
    assert SECRET not in repr(caught.value) + str(caught.value)


@pytest.mark.parametrize("name", ["../evil", "a b", "", "x;true", "no-such-helper"])
def test_a_helper_that_does_not_exist_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    helper(tmp_path, monkeypatch, ANN, "evil")
    path = written(tmp_path / "config.json", {"credHelpers": {"r.test": name}})
    if not name:
        assert stored_credentials("r.test", path=path) is None
        return
    with pytest.raises(UnusableAuthFile, match="the program does not exist"):
        stored_credentials("r.test", path=path)
