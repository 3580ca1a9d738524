"""skopeo and podman log in to registries that ask for tokens or for a password: ours, and CNCF Distribution's."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from regtutor.backends.opening import open_registry
from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_index

pytestmark = pytest.mark.clients

Client = Callable[..., str]
BOTH = sample_index().manifest
NAME, PASSWORD = "learner", "learner-password"
EVERY = ["embedded", pytest.param("native", marks=pytest.mark.registry)]


@dataclass(frozen=True)
class Locked:
    """A registry, how it asks, and a client's own settings."""

    reg: Registry
    auth: str
    home: Path

    @property
    def host(self) -> str:
        return self.reg.url.partition("://")[2]

    def settings(self) -> dict[str, str]:
        """Variables that keep a client away from this machine's settings."""
        config = self.home / "registries.conf"
        config.write_text(f'[[registry]]\nlocation = "{self.host}"\ninsecure = true\n')
        (self.home / "auth.json").write_text('{"auths": {}}')
        return {
            "HOME": str(self.home),
            "REGISTRY_AUTH_FILE": str(self.home / "auth.json"),
            "CONTAINERS_REGISTRIES_CONF": str(config),
        }


@pytest.fixture(params=EVERY)
def which(request: pytest.FixtureRequest) -> str:
    if request.param == "native":
        request.getfixturevalue("registry_binary")
    return str(request.param)


@pytest.fixture(params=["token", "basic"])
def locked(request: pytest.FixtureRequest, which: str, tmp_path: Path) -> Iterator[Locked]:
    """Each registry, each way to ask."""
    with open_registry(which, quiet=True, auth=request.param) as reg:
        yield Locked(reg, request.param, tmp_path)


@pytest.fixture
def with_tokens(which: str, tmp_path: Path) -> Iterator[Locked]:
    """Each registry, with tokens and the users of the lessons."""
    with open_registry(which, quiet=True, auth="token") as reg:
        yield Locked(reg, "token", tmp_path)


def test_skopeo_copies_with_credentials(locked: Locked, layout: Path, skopeo: Client, tmp_path: Path) -> None:
    reference = f"docker://{locked.host}/library/hello:v1"
    creds = f"{NAME}:{PASSWORD}"
    skopeo("copy", "--all", "--dest-tls-verify=false", "--dest-creds", creds, f"oci:{layout}:v1", reference)
    skopeo("copy", "--all", "--src-tls-verify=false", "--src-creds", creds, reference, f"oci:{tmp_path / 'out'}:v1")
    (entry,) = json.loads((tmp_path / "out" / "index.json").read_bytes())["manifests"]
    assert entry["digest"] == BOTH.digest
    assert PASSWORD not in locked.reg.logs()


def test_skopeo_logs_in(locked: Locked, layout: Path, skopeo: Client) -> None:
    settings = locked.settings()
    copy = ("copy", "--all", "--dest-tls-verify=false", f"oci:{layout}:v1", f"docker://{locked.host}/library/hello:v1")
    login = ("login", "--tls-verify=false", "--username", NAME, "--password")
    with pytest.raises(AssertionError, match="invalid username/password"):
        skopeo(*login, "wrong", locked.host, **settings)
    with pytest.raises(AssertionError, match=r"unauthorized|denied"):
        skopeo(*copy, **settings)
    skopeo(*login, PASSWORD, locked.host, **settings)
    skopeo(*copy, **settings)


@pytest.mark.container
def test_podman_logs_in_pushes_and_pulls(locked: Locked, layout: Path, containers: Client) -> None:
    settings, reference = locked.settings(), f"{locked.host}/library/hello:v1"
    name = containers("pull", "--quiet", f"oci:{layout}:v1")
    with pytest.raises(AssertionError, match="invalid username/password"):
        containers("login", "--username", NAME, "--password", "wrong", locked.host, **settings)
    with pytest.raises(AssertionError, match=r"unauthorized|denied"):
        containers("push", name, f"docker://{reference}", **settings)
    containers("login", "--username", NAME, "--password", PASSWORD, locked.host, **settings)
    containers("push", name, f"docker://{reference}", **settings)
    containers("rmi", "--all", "--force")
    assert containers("pull", "--quiet", reference, **settings)


def test_skopeo_is_told_what_a_user_may_not_do(with_tokens: Locked, layout: Path, skopeo: Client) -> None:
    push = ("copy", "--dest-tls-verify=false", f"oci:{layout}:v1")

    def pushes(user: str, repository: str) -> None:
        target = f"docker://{with_tokens.host}/{repository}:v1"
        skopeo(*push[:2], "--dest-creds", f"{user}:{user}-password", push[2], target)

    def pulls(repository: str, *creds: str) -> None:
        skopeo("inspect", "--tls-verify=false", *creds, f"docker://{with_tokens.host}/{repository}:v1")

    for repository in ("alice/app", "private/plans"):
        pushes("learner", repository)
    pushes("alice", "alice/app")
    for user, repository in (("reader", "alice/app"), ("alice", "library/hello"), ("alice", "private/plans")):
        with pytest.raises(AssertionError, match=r"unauthorized|denied"):
            pushes(user, repository)
    pulls("alice/app")
    pulls("private/plans", "--creds", "reader:reader-password")
    for creds in ((), ("--creds", "alice:alice-password")):
        with pytest.raises(AssertionError, match=r"unauthorized|denied"):
            pulls("private/plans", *creds)


def test_an_identity_token_takes_the_place_of_a_password(with_tokens: Locked, layout: Path, skopeo: Client) -> None:
    """An auth file may hold a refresh token; the client then asks by OAuth2's POST."""
    server = with_tokens.reg.host.access.tokens  # type: ignore[union-attr]
    auth = base64.b64encode(b"learner:").decode()
    entry = {"auth": auth, "identitytoken": server._new_refresh_token(NAME)}
    settings = with_tokens.settings()
    Path(settings["REGISTRY_AUTH_FILE"]).write_text(json.dumps({"auths": {with_tokens.host: entry}}))
    target = f"docker://{with_tokens.host}/library/hello:v1"
    skopeo("copy", "--dest-tls-verify=false", f"oci:{layout}:v1", target, **settings)


def test_skopeo_asks_for_tokens_over_tls(layout: Path, skopeo: Client) -> None:
    with open_registry("embedded", quiet=True, auth="token", tls=True) as reg:
        trust = ("--dest-cert-dir", str(reg.host.ca_file.parent))  # type: ignore[union-attr]
        target = f"docker://{reg.url.partition('://')[2]}/library/hello:v1"
        skopeo("copy", *trust, "--dest-creds", f"{NAME}:{PASSWORD}", f"oci:{layout}:v1", target)
        assert "GET /token?" in reg.logs()


def test_skopeo_mounts_where_the_user_may_pull_the_source(
    with_tokens: Locked, umoci_layout: Path, skopeo: Client
) -> None:
    for repository in ("umoci/first", "umoci/second"):
        target = f"docker://{with_tokens.host}/{repository}:v1"
        creds = f"{NAME}:{PASSWORD}"
        skopeo("copy", "--dest-tls-verify=false", "--dest-creds", creds, f"oci:{umoci_layout}:v1", target)
    assert "mount=sha256" in with_tokens.reg.logs()
