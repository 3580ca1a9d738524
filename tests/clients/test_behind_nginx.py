"""Registries behind nginx with TLS and a token server: our own push, request by request, then skopeo's and podman's."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import regtutor as rt
from regtutor.backends.behind_nginx import open_behind_nginx
from regtutor.backends.recorder.proxy import RecordingProxy
from regtutor.client.registry import Registry
from regtutor.errors import InsecureTokenServer
from regtutor.exchange import Transcript
from regtutor.protocol.challenges import challenges
from tests.clients.conftest import run

pytestmark = pytest.mark.clients

Client = Callable[..., str]
PRIVATE = "private/plans"
IMAGE, BOTH = rt.sample_image(), rt.sample_index().manifest
WRONG, DENIED = "invalid username/password", r"unauthorized|denied"


@pytest.fixture(
    scope="module",
    params=[
        "embedded",
        pytest.param("native", marks=pytest.mark.registry),
        pytest.param("container", marks=pytest.mark.container),
    ],
)
def behind(request: pytest.FixtureRequest, require_program: Callable[[str, str], str]) -> Iterator[Registry]:
    """Each registry with tokens and the users of the lessons, behind nginx with TLS."""
    require_program("nginx", "nginx-light")
    options: dict[str, Any] = {}
    if request.param != "embedded":
        options = {"binary": request.getfixturevalue("registry_binary")}
    if request.param == "container":
        options |= {"engine": request.getfixturevalue("podman"), "build": True}
    with open_behind_nginx(request.param, **options) as reg:
        yield reg


def test_a_push_request_by_request(behind: Registry) -> None:
    login = rt.login(behind, "learner", "learner-password")
    pushed = rt.push_image(login.registry, IMAGE, PRIVATE, "v1", progress=False)
    assert sequence(login.transcript) == ["401 check_api", "200 request_token", "200 check_api"]
    blob = ["404 head_blob", "202 start_upload", "201 put_blob"]
    assert sequence(pushed) == [
        *("401 head_blob", "200 request_token", "404 head_blob"),
        *("401 start_upload", "200 request_token", "202 start_upload", "201 put_blob"),
        *(3 * blob),
        "201 put_manifest",
    ]
    assert all(exchange.url.startswith(f"{behind.url}/") for exchange in (*login.transcript, *pushed))
    assert all(exchange.headers.get("Location", "/").startswith(("/", behind.url)) for exchange in pushed)


def test_what_each_request_says(behind: Registry) -> None:
    refused = rt.start_upload(behind, PRIVATE)
    (challenge,) = challenges(refused)
    assert (refused.status, challenge.realm) == (401, f"{behind.url}/token")
    assert sorted(challenge.scopes[0].rpartition(":")[2].split(",")) == ["pull", "push"]  # Distribution has no order
    answer = rt.request_token(behind, challenge, username="learner", password="learner-password")
    assert answer.token is not None and not answer.token.missing([f"repository:{PRIVATE}:pull,push"])
    accepted = rt.start_upload(rt.with_token(behind, answer.token), PRIVATE)
    assert accepted.status == 202 and accepted.request_headers["Authorization"] == "Bearer <redacted>"


def test_without_a_token_for_it_nothing_is_pushed_or_pulled(behind: Registry, tmp_path: Path) -> None:
    rt.push_image(rt.login(behind, "learner", "learner-password").registry, IMAGE, PRIVATE, "v1", progress=False)
    reader = rt.login(behind, "reader", "reader-password").registry
    assert rt.pull_image(reader, PRIVATE, "v1", tmp_path / "layout", progress=False)[-1].status == 200
    with pytest.raises(rt.RegtutorError, match="did not grant repository:private/plans:push"):
        rt.push_image(reader, rt.sample_index(), PRIVATE, "v2", progress=False)
    with pytest.raises(rt.RegtutorError, match="did not grant repository:private/plans:pull"):
        rt.pull_image(behind, PRIVATE, "v1", tmp_path / "nobody", progress=False)


@pytest.mark.registry
def test_a_realm_that_was_forgotten_gets_no_password(require_program: Callable[[str, str], str]) -> None:
    """Distribution does not follow nginx's X-Forwarded-Proto in its realm: with its own, a password would go out."""
    require_program("nginx", "nginx-light")
    require_program("docker-registry", "docker-registry")
    forgotten = {"REGISTRY_AUTH_TOKEN_REALM": "http://127.0.0.1:1/token"}
    with open_behind_nginx("native", settings=forgotten) as reg, pytest.raises(InsecureTokenServer) as error:
        rt.login(reg, "learner", "learner-password")
    assert [exchange.status for exchange in error.value.transcript or ()] == [401]


@dataclass(frozen=True)
class Settings:
    """A client's own settings in one directory, with the auth file that a test chooses."""

    home: Path
    reg: Registry

    @property
    def host(self) -> str:
        return self.reg.url.removeprefix("https://")

    @property
    def auth_file(self) -> Path:
        return self.home / "chosen" / "auth.json"

    def environment(self) -> dict[str, str]:
        trusted = self.home / ".config/containers/certs.d" / self.host / "ca.crt"
        trusted.parent.mkdir(parents=True)
        trusted.write_text(self.reg.host.ca_file.read_text())  # type: ignore[union-attr]
        self.auth_file.parent.mkdir()
        self.auth_file.write_text('{"auths": {}}')
        return {"HOME": str(self.home), "REGISTRY_AUTH_FILE": str(self.home / "never.json")}


@pytest.fixture
def settings(behind: Registry, tmp_path: Path) -> Settings:
    return Settings(tmp_path, behind)


def test_skopeo_logs_in_pushes_and_pulls(settings: Settings, layout: Path, skopeo: Client, tmp_path: Path) -> None:
    own, file, target = (
        settings.environment(),
        ("--authfile", settings.auth_file),
        f"docker://{settings.host}/{PRIVATE}",
    )
    login = ("login", *file, settings.host, "--username")
    push = ("copy", "--all", *file, f"oci:{layout}:v1", f"{target}:skopeo")
    with pytest.raises(AssertionError, match=WRONG):
        skopeo(*login, "learner", "--password", "wrong", **own)
    with pytest.raises(AssertionError, match=DENIED):
        skopeo(*push, **own)
    skopeo(*login, "reader", "--password", "reader-password", **own)
    with pytest.raises(AssertionError, match=DENIED):
        skopeo(*push, **own)
    skopeo(*login, "learner", "--password", "learner-password", **own)
    skopeo(*push, **own)
    skopeo("copy", "--all", *file, f"{target}:skopeo", f"oci:{tmp_path / 'out'}:v1", **own)
    (entry,) = json.loads((tmp_path / "out" / "index.json").read_bytes())["manifests"]
    assert entry["digest"] == BOTH.digest
    assert not (tmp_path / "never.json").exists()


@pytest.mark.container
def test_podman_logs_in_pushes_and_pulls(settings: Settings, layout: Path, podman: str) -> None:
    own, file = settings.environment(), ("--authfile", settings.auth_file)
    reference = f"{settings.host}/{PRIVATE}:podman"
    login = (podman, "login", *file, settings.host, "--username")
    name = run(podman, "pull", "--quiet", f"oci:{layout}:v1").strip()
    push = (podman, "push", *file, name, f"docker://{reference}")
    with pytest.raises(AssertionError, match=WRONG):
        run(*login, "learner", "--password", "wrong", **own)
    with pytest.raises(AssertionError, match=DENIED):
        run(*push, **own)
    run(*login, "reader", "--password", "reader-password", **own)
    with pytest.raises(AssertionError, match=DENIED):
        run(*push, **own)
    run(*login, "learner", "--password", "learner-password", **own)
    run(*push, **own)
    run(podman, "rmi", name)  # not all of them: one is the registry's
    assert run(podman, "pull", "--quiet", *file, reference, **own).strip() == name
    run(podman, "rmi", reference)


def test_a_recorded_push_of_skopeo_has_its_token_requests_without_the_tokens(
    settings: Settings, layout: Path, skopeo: Client
) -> None:
    own = settings.environment()
    with RecordingProxy(settings.reg) as proxy:
        target, creds = f"docker://{proxy.registry}/{PRIVATE}:recorded", ("--dest-creds", "learner:learner-password")
        skopeo("copy", "--dest-tls-verify=false", *creds, f"oci:{layout}:v1", target, **own)
        recorded = proxy.transcript
    steps = Counter(sequence(recorded))
    assert steps["401 check_api"] == 1 and steps["201 put_manifest"] == 1 and steps["200 request_token"] >= 1
    assert all(exchange.url.startswith(f"{settings.reg.url}/") for exchange in recorded)
    assert f"the client received {proxy.url}, this proxy, instead of {settings.reg.url}" in str(recorded[0])
    shown = f"{recorded} {recorded.exchanges!r} {[exchange.content for exchange in recorded]}"
    assert "Bearer <redacted>" in shown and "Basic <redacted>" in shown
    assert "learner-password" not in shown and "eyJ" not in shown


def sequence(transcript: Transcript) -> list[str]:
    """Each exchange as its status and its step."""
    return [f"{exchange.status} {exchange.step}" for exchange in transcript]
