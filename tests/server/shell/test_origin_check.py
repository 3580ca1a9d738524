"""Web pages of other sites can neither read nor write, and every registry client can."""

from __future__ import annotations

from pathlib import Path

import pytest

from regtutor.server.app import App
from regtutor.server.shell.authentication import Htpasswd
from regtutor.server.shell.listed_users import ListedUsers
from regtutor.server.shell.listen import Server
from regtutor.server.storage.store import Store
from tests.server.inline import Inline, digest
from tests.server.wire import Wire

HELLO = digest(b"hello")
POST = f"POST /v2/a/blobs/uploads/?digest={HELLO} HTTP/1.1"


def status(server: Server, start: str, *lines: str, body: bytes = b"") -> int:
    with Wire(server) as wire:
        wire.send(start, *lines, f"Content-Length: {len(body)}", body=body)
        return wire.status(body=not start.startswith("HEAD"))


@pytest.mark.parametrize(
    "start", ["GET /v2/ HTTP/1.1", "HEAD /v2/ HTTP/1.1", f"DELETE /v2/a/blobs/{HELLO} HTTP/1.1", POST]
)
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:5000", "127.0.0.1.evil.example", "localhost.evil.example", "rebind.network."]
)
def test_a_host_name_of_someone_else_is_refused(server: Server, start: str, host: str) -> None:
    assert status(server, start, f"Host: {host}", body=b"hello" if start == POST else b"") == 421
    assert Inline(server.app).ask("HEAD", f"/v2/a/blobs/{HELLO}").status == 404


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:5000", "[::1]:5000", "192.0.2.7:80", "localhost", "LOCALHOST:5000", "registry:5000",
     "127.1:5000", "0x7f.1", "0177.0.0.1", "app.localhost", "host.containers.internal:5000", "printer.local"],
)  # fmt: skip
def test_an_address_and_a_name_that_the_public_dns_does_not_have_are_served(server: Server, host: str) -> None:
    assert status(server, "GET /v2/ HTTP/1.1", f"Host: {host}") == 200


def test_further_names_are_an_option(store: Store) -> None:
    with Server(App(store), hosts=("Registry.Example.com",)) as server:
        assert status(server, "GET /v2/ HTTP/1.1", "Host: registry.example.com:443") == 200
        assert status(server, "GET /v2/ HTTP/1.1", "Host: other.example.com") == 421
    with Server(App(store), hosts=("*",)) as server:
        assert status(server, "GET /v2/ HTTP/1.1", "Host: other.example.com") == 200
        assert status(server, POST, "Host: a.example.com", "Origin: http://b.example.com", body=b"hello") == 403


def test_a_refusal_names_the_address_and_the_option(server: Server) -> None:
    with Wire(server) as wire:
        wire.send("GET /v2/ HTTP/1.1", "Host: registry.example.com:5000")
        _, _, body = wire.read()
        assert f"Use {server.url}, or start the registry with --host-name registry.example.com" in body.decode()


def test_a_password_does_not_permit_a_web_page_to_write(store: Store) -> None:
    """A browser that has the password sends it with the requests that any page causes."""
    with Server(App(store), passwords=ListedUsers({"ann": "secret"})) as server:
        ann = ("Host: registry.example.com", "Authorization: Basic YW5uOnNlY3JldA==")
        assert status(server, POST, *ann, "Origin: http://evil.example", body=b"hello") == 403
        assert status(server, POST, *ann, body=b"hello") == 201


def test_with_a_password_every_name_is_served(store: Store) -> None:
    """A page on another site has no password, and the browser sends none for the name of that site."""
    users: Htpasswd = ListedUsers({"ann": "secret"})
    with Server(App(store), passwords=users) as server:
        assert status(server, "GET /v2/ HTTP/1.1", "Host: registry.example.com") == 401
        ann = "Authorization: Basic YW5uOnNlY3JldA=="
        assert status(server, "GET /v2/ HTTP/1.1", "Host: registry.example.com", ann) == 200


@pytest.mark.parametrize(
    "lines",
    [
        ("Origin: http://evil.example", "Content-Type: text/plain"),
        ("Origin: null",),
        ("Origin: http://[",),
        ("Origin: http://127.0.0.1:8888",),
        ("Sec-Fetch-Site: cross-site",),
        ("Sec-Fetch-Site: same-site", "Origin: http://127.0.0.1:8888"),
    ],
)
@pytest.mark.parametrize("start", [POST, "PUT /v2/a/manifests/v1 HTTP/1.1", f"DELETE /v2/a/manifests/{HELLO} HTTP/1.1"])
def test_a_write_from_another_site_is_refused(server: Server, start: str, lines: tuple[str, ...]) -> None:
    assert status(server, start, "Host: 127.0.0.1:5000", *lines, body=b"hello") == 403
    assert Inline(server.app).ask("HEAD", f"/v2/a/blobs/{HELLO}").status == 404


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("Origin: http://127.0.0.1:5000",),
        ("Sec-Fetch-Site: same-origin", "Origin: https://public.example"),
        ("Sec-Fetch-Site: none",),
        ("X-Forwarded-Host: public.example", "Origin: https://public.example"),
    ],
)
def test_a_write_of_a_client_or_of_the_same_site_is_accepted(server: Server, lines: tuple[str, ...]) -> None:
    assert status(server, POST, "Host: 127.0.0.1:5000", *lines, body=b"hello") == 201


def test_the_root_of_a_store_is_not_needed(tmp_path: Path) -> None:
    """A refused request reaches no handler."""
    with Store(tmp_path) as store, Server(App(store)) as server:
        assert status(server, "PUT /v2/a/manifests/v1 HTTP/1.1", "Host: evil.example", body=b"{}") == 421
        assert not list(tmp_path.glob("docker/registry/v2/repositories/*"))
