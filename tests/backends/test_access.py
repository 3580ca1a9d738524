"""``auth=`` on each back end: 401, a token or a password, and a push by raw requests that carry it."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
import requests

from regtutor.backends.opening import open_registry
from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_image
from regtutor.errors import ServerError, UnknownOption
from regtutor.message import Request
from regtutor.steps import check_api, get_manifest
from regtutor.walks.pushing import push_image

PLANTED = "planted-s3cret"
SERVICE = "regtutor-registry"
PASSWORDS = {"learner": "learner-password", "reader": "reader-password", "alice": "alice-password"}
Open = Callable[..., AbstractContextManager[Registry]]
SOCKETS = ["embedded", pytest.param("native", marks=pytest.mark.registry)]


@pytest.fixture(params=SOCKETS)
def open_one(request: pytest.FixtureRequest, require_program: Callable[[str, str], str]) -> Open:
    """Opens one back end that has a socket."""
    if request.param == "native":
        require_program("docker-registry", "docker-registry")
    return lambda **options: open_registry(request.param, quiet=True, **options)


@pytest.fixture
def locked(open_one: Open) -> Iterator[Registry]:
    """A registry that asks for tokens, with the users of the lessons."""
    with open_one(auth="token") as reg:
        yield reg


def parameters(answer: requests.Response) -> dict[str, str]:
    """The parameters of the only challenge."""
    header = answer.headers["WWW-Authenticate"]
    assert header.startswith("Bearer ")
    return dict(re.findall(r'(\w+)="([^"]*)"', header))


def token_for(reg: Registry, user: str, *scopes: str) -> str:
    challenge = parameters(requests.get(f"{reg.url}/v2/", timeout=20))
    query = {"service": challenge["service"], "scope": list(scopes)}
    credentials = (user, PASSWORDS[user]) if user else None
    answer = requests.get(challenge["realm"], params=query, auth=credentials, timeout=20)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


class Client:
    """Sends raw requests, and for each 401 asks once for a token with the scope of the challenge."""

    def __init__(self, reg: Registry, user: str) -> None:
        self.reg, self.user = reg, user
        self.token = ""
        self.statuses: list[int] = []

    def send(self, method: str, target: str, **options: Any) -> requests.Response:
        url = target if target.startswith("http") else self.reg.url + target
        answer = self._once(method, url, **options)
        if answer.status_code == 401:
            self.token = token_for(self.reg, self.user, parameters(answer).get("scope", ""))
            answer = self._once(method, url, **options)
        return answer

    def _once(self, method: str, url: str, headers: dict[str, str] | None = None, data: bytes = b"") -> Any:
        sent = {**(headers or {}), **({"Authorization": f"Bearer {self.token}"} if self.token else {})}
        answer = requests.request(method, url, data=data, headers=sent, timeout=20)
        self.statuses.append(answer.status_code)
        return answer

    def push_blob(self, repository: str, data: bytes) -> str:
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        opened = self.send("POST", f"/v2/{repository}/blobs/uploads/")
        assert opened.status_code == 202, opened.text
        location = opened.headers["Location"]
        done = self.send("PUT", f"{location}{'&' if '?' in location else '?'}digest={digest}", data=data)
        assert done.status_code == 201, done.text
        return digest


def test_a_push_of_the_sample_image_by_raw_requests(locked: Registry) -> None:
    client, image = Client(locked, "learner"), sample_image()
    contents = [image.config.data, *(layer.open().read() for layer in image.layers)]
    for content in contents:
        client.push_blob("library/hello", content)
    kind = {"Content-Type": image.manifest.media_type}
    pushed = client.send("PUT", "/v2/library/hello/manifests/v1", headers=kind, data=image.manifest.data)
    assert (pushed.status_code, client.statuses.count(401)) == (201, 1)
    anonymous = Client(locked, "")
    pulled = anonymous.send("GET", "/v2/library/hello/manifests/v1", headers={"Accept": image.manifest.media_type})
    assert (pulled.content, anonymous.statuses) == (image.manifest.data, [401, 200])


@pytest.mark.parametrize(
    ("user", "method", "target", "status"),
    [
        ("", "GET", "/v2/", 200),
        ("", "GET", "/v2/library/hello/tags/list", 404),
        ("", "GET", "/v2/private/plans/tags/list", 401),
        ("", "POST", "/v2/library/hello/blobs/uploads/", 401),
        ("", "GET", "/v2/_catalog", 401),
        ("learner", "GET", "/v2/_catalog", 200),
        ("learner", "GET", "/v2/private/plans/tags/list", 404),
        ("learner", "DELETE", f"/v2/library/hello/blobs/sha256:{'0' * 64}", 404),
        ("reader", "GET", "/v2/private/plans/tags/list", 404),
        ("reader", "POST", "/v2/library/hello/blobs/uploads/", 401),
        ("reader", "DELETE", f"/v2/library/hello/blobs/sha256:{'0' * 64}", 401),
        ("alice", "POST", "/v2/alice/app/blobs/uploads/", 202),
        ("alice", "POST", "/v2/library/hello/blobs/uploads/", 401),
        ("alice", "GET", "/v2/private/plans/tags/list", 401),
    ],
)
def test_what_each_user_may_do(locked: Registry, user: str, method: str, target: str, status: int) -> None:
    answer = Client(locked, user).send(method, target)
    assert answer.status_code == status
    if status == 401:
        assert parameters(answer)["error"] == "insufficient_scope"


def test_a_mount_needs_pull_on_its_source_too(locked: Registry) -> None:
    digest = Client(locked, "learner").push_blob("private/plans", b"a layer of the plans")
    target = f"/v2/alice/app/blobs/uploads/?mount={digest}&from=private/plans"
    alice = Client(locked, "alice")
    refused = alice.send("POST", target)
    assert refused.status_code == 401
    assert set(parameters(refused)["scope"].split()) in (
        {"repository:alice/app:pull,push", "repository:private/plans:pull"},
        {"repository:alice/app:push,pull", "repository:private/plans:pull"},
    )
    assert Client(locked, "learner").send("POST", target).status_code == 201


def test_a_token_that_has_expired_is_refused(locked: Registry) -> None:
    tokens = locked.host.access.tokens  # type: ignore[union-attr]
    now = int(time.time())
    claims = {"iss": tokens.issuer, "aud": SERVICE, "sub": "", "exp": now - 61, "nbf": now - 300, "access": []}
    expired = requests.get(
        f"{locked.url}/v2/", headers={"Authorization": f"Bearer {tokens.key.sign(claims)}"}, timeout=20
    )
    assert (expired.status_code, parameters(expired)["error"]) == (401, "invalid_token")


def test_a_token_of_another_registry_is_refused(open_one: Open, locked: Registry) -> None:
    with open_one(auth="token") as other:
        headers = {"Authorization": f"Bearer {token_for(other, 'learner')}"}
        assert requests.get(f"{locked.url}/v2/", headers=headers, timeout=20).status_code == 401


def test_the_embedded_registry_takes_a_token_to_its_last_second_and_no_longer() -> None:
    with open_registry("embedded", quiet=True, auth="token", token_seconds=1) as reg:
        client = Client(reg, "learner")
        assert client.send("GET", "/v2/").status_code == 200
        time.sleep(1.2)
        expired = client._once("GET", f"{reg.url}/v2/")
        assert parameters(expired)["error"] == "invalid_token"


def test_basic_takes_the_users_and_nobody_else(open_one: Open) -> None:
    hashed = "$2y$05$UzavWQQnJG1WfrJIaGsiaeO5rQbKMIHveq6IERNR5Vq0.SKA914li"  # htpasswd -nbB ann "correct horse"
    with open_one(auth="basic", users={"ann": hashed, "bob": PLANTED}) as reg:
        assert check_api(reg).status == 401
        answer = requests.get(f"{reg.url}/v2/", timeout=20)
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="regtutor"'
        for name, password, status in (("ann", "correct horse", 200), ("bob", PLANTED, 200), ("ann", PLANTED, 401)):
            got = requests.get(f"{reg.url}/v2/_catalog", auth=(name, password), timeout=20)
            assert got.status_code == status
        pushed = push_image(reg.with_auth("bob", PLANTED), sample_image(), "library/hello", "v1", progress=False)
        assert pushed[-1].status == 201
        host: Any = reg.host
        seen = [repr(reg), repr(host.access), host.about, reg.logs(), repr(pushed), str(vars(host))]
    assert not [text for text in seen if PLANTED in text]


def test_a_planted_password_and_its_tokens_are_shown_nowhere(open_one: Open, capsys: Any, tmp_path: Any) -> None:
    with open_one(auth="token", users={"ann": PLANTED}) as reg:
        challenge = parameters(requests.get(f"{reg.url}/v2/", timeout=20))
        query = {"service": SERVICE, "scope": "repository:a:pull,push", "offline_token": "true"}
        answer = requests.get(challenge["realm"], params=query, auth=("ann", PLANTED), timeout=20).json()
        form = {"grant_type": "password", "client_id": "t", "service": SERVICE, "username": "ann", "password": PLANTED}
        assert requests.post(challenge["realm"], data=form, timeout=20).status_code == 200
        refused = requests.post(challenge["realm"], data={**form, "username": "x"}, timeout=20)
        again = requests.get(challenge["realm"], params=query, auth=("bob", PLANTED), timeout=20)
        headers = {"Authorization": f"Bearer {answer['token']}"}
        requests.post(f"{reg.url}/v2/a/blobs/uploads/", headers=headers, timeout=20)
        told = requests.get(f"{reg.url}/v2/_catalog", headers=headers, timeout=20)
        assert reg.host is not None
        host: Any = reg.host
        seen = [repr(reg), repr(host), repr(host.access), host.about, reg.logs(), str(vars(host))]
        seen += [refused.text, again.text, told.text, str(told.headers), *map(str, capsys.readouterr())]
        if getattr(host, "asks", None) is not None:
            seen += [repr(host.distribution_access), *host.distribution_access.server.log_lines]
    for secret in (PLANTED, answer["token"], answer["refresh_token"]):
        assert not [text for text in seen if secret in text]
    assert "auth: token; users: ann" in host.about


def test_the_users_of_the_lessons_are_printed_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with open_registry("embedded", auth="token") as reg:
        assert reg.credentials is None
    (line,) = capsys.readouterr().out.splitlines()
    assert "auth: token; users: learner/learner-password, reader/reader-password, alice/alice-password" in line


def test_nothing_of_it_is_left_after_closing(open_one: Open, temporary: Any) -> None:
    with open_one(auth="token") as reg:
        realm = parameters(requests.get(f"{reg.url}/v2/", timeout=20))["realm"]
    with socket.socket() as probe:
        assert probe.connect_ex((urlsplit(realm).hostname, urlsplit(realm).port)) != 0
    assert not list(temporary.iterdir())


@pytest.mark.registry
def test_the_real_registry_takes_the_key_by_its_certificate_and_by_its_id(registry_binary: str) -> None:
    """And by no other: see docs/decisions/033-token-server.md."""
    with open_registry("native", quiet=True, auth="token") as reg:
        key = reg.host.access.tokens.key  # type: ignore[union-attr]
        now = int(time.time())
        claims = {"iss": "regtutor-token-server", "aud": SERVICE, "exp": now + 60, "nbf": now, "access": []}
        statuses = {}
        for name, header in {
            "certificate": {"x5c": [key._x5c]},
            "id": {"kid": key.key_id},
            "another id": {"kid": key.key_id[::-1]},
            "neither": {},
        }.items():
            token = jwt.encode(claims, key._key, algorithm="ES256", headers=header)
            answer = requests.get(f"{reg.url}/v2/", headers={"Authorization": f"Bearer {token}"}, timeout=20)
            statuses[name] = answer.status_code
    assert statuses == {"certificate": 200, "id": 200, "another id": 401, "neither": 401}


@pytest.mark.registry
def test_the_realm_can_be_that_of_a_proxy(registry_binary: str) -> None:
    settings = {"REGISTRY_AUTH_TOKEN_REALM": "https://r.example/token"}
    with open_registry("native", quiet=True, auth="token", settings=settings) as reg:
        assert parameters(requests.get(f"{reg.url}/v2/", timeout=20))["realm"] == "https://r.example/token"


@pytest.mark.container
@pytest.mark.parametrize("auth", ["token", "basic"])
def test_in_a_container(auth: str, podman: str, image: str, temporary: Any) -> None:
    with open_registry("container", quiet=True, engine=podman, image=image, auth=auth) as reg:
        if auth == "token":
            client = Client(reg, "learner")
            client.push_blob("library/hello", b"a layer")
            assert client.statuses == [401, 202, 201]
        else:
            pushed = push_image(reg.with_auth("learner", "learner-password"), sample_image(), "a", "v1", progress=False)
            assert pushed[-1].status == 201
        assert check_api(reg).status == 401
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("auth", ["token", "basic"])
def test_in_process_asks_too(auth: str) -> None:
    with open_registry("in_process", quiet=True, auth=auth) as reg:
        refused = get_manifest(reg, "library/hello", "v1")
        assert refused.status == 401
        assert (refused.headers["WWW-Authenticate"] or "").lower().startswith({"token": "bearer"}.get(auth, auth))
        if auth == "basic":
            assert check_api(reg.with_auth("learner", "learner-password")).status == 200


def test_in_process_has_the_token_server_at_its_own_address() -> None:
    with open_registry("in_process", quiet=True, auth="token") as reg:
        credentials = (("Authorization", "Basic " + base64.b64encode(b"learner:learner-password").decode()),)
        issued = reg.send(Request("request", "GET", f"/token?service={SERVICE}&scope=registry:catalog:*", credentials))
        assert issued.status == 200
        tokens = reg.host.access.tokens  # type: ignore[union-attr]
        now = int(time.time())
        claims = {"iss": tokens.issuer, "aud": tokens.service, "exp": now + 60, "nbf": now, "access": []}
        bearer = (("Authorization", f"Bearer {tokens.key.sign(claims)}"),)
        assert [reg.send(Request("request", "GET", path, bearer)).status for path in ("/v2/", "/v2/_catalog")] == [
            200,
            401,
        ]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"auth": "kerberos"}, "there are basic and token"),
        ({"users": {"ann": PLANTED}}, "auth= is missing"),
        ({"auth": "token", "users": {"ann": PLANTED}, "policy": {}}, "do not go together"),
        ({"auth": "basic", "policy": {}}, "need tokens"),
        ({"auth": "token", "htpasswd": "file"}, "cannot be used together"),
        ({"auth": "token", "policy": {"users": {"ann": {"password": PLANTED, "access": {"*": "fly"}}}}}, "'fly'"),
        ({"auth": "token", "users": {"a:b": PLANTED}}, "is invalid"),
    ],
)
def test_options_that_do_not_fit_are_a_named_error(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ServerError, match=re.escape(told)) as caught:
        open_registry("embedded", quiet=True, **options)
    assert PLANTED not in str(caught.value)


def test_a_registry_that_is_known_by_its_url_has_no_such_option() -> None:
    with pytest.raises(UnknownOption):
        open_registry("http://127.0.0.1:1", auth="token")


@pytest.mark.parametrize("missing", ["jwt", "cryptography.hazmat.primitives.asymmetric"])
def test_without_pyjwt_the_error_says_what_to_install(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ServerError, match=r"pip install 'regtutor\[auth\]'"):
        open_registry("embedded", quiet=True, auth="token")
