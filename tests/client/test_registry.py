"""Registry: where a request goes, what is attached to it, and what is remembered of it."""

from __future__ import annotations

import pytest

from regtutor.client.credentials import Credentials
from regtutor.client.registry import Registry
from regtutor.errors import InvalidArgument, InvalidCredentials, InvalidURL
from regtutor.message import Location, Request, body_of
from regtutor.storage_tree import StorageTree

DIGEST = "sha256:" + "a" * 64


class Host:
    name = "embedded"

    def __init__(self):
        self.closed = 0

    def logs(self):
        return "a line"

    def tree(self):
        return StorageTree.of([("blobs/data", 3)])

    def close(self):
        self.closed += 1


@pytest.fixture
def registry_at(transports):
    def make(url, **options):
        return Registry(url, transports(), **options)

    return make


@pytest.fixture
def server(serve, answer):
    def script(peer):
        while peer.head():
            peer.say(answer())

    return serve(script)


def authorization(server):
    return [b"authorization" in head.lower() for head in server.heads]


def test_credentials_go_to_this_host_only(server, serve, registry_at, answer):
    other = serve(lambda peer: (peer.head(), peer.say(answer())))
    registry = registry_at(server.url, armed=Credentials("me", "s3cret"))
    exchange = registry.send(Request("check_api", "GET", "/v2/"))
    registry.send(Request("get_blob", "GET", Location(f"{other.url}/elsewhere")))
    assert (authorization(server), authorization(other)) == ([True], [False])
    assert exchange.request_headers["Authorization"] == "Basic <redacted>"
    assert "s3cret" not in repr(registry)


def test_a_given_authorization_is_left_alone(server, registry_at):
    registry = registry_at(server.url, armed=Credentials("me", "s3cret"))
    registry.send(Request("check_api", "GET", "/v2/", (("authorization", "Bearer mine"),)))
    assert b"authorization: Bearer mine\r\n" in server.heads[0]
    assert server.heads[0].lower().count(b"authorization") == 1


def test_with_auth_shares_connection_host_and_memory(server, registry_at):
    registry = registry_at(server.url, host=Host())
    registry.send(Request("check_api", "GET", "/v2/"))
    other = registry.with_auth("me", "pw")
    assert other.send(Request("check_api", "GET", "/v2/")).events[0].kind == "reused"
    assert (other.host, other.pushed, authorization(server)) == (registry.host, registry.pushed, [False, True])


def test_credentials_that_nobody_asked_for_are_not_sent(server, registry_at):
    registry = registry_at(server.url, credentials=Credentials("me", "s3cret"))
    registry.send(Request("check_api", "GET", "/v2/"))
    registry.with_auth(token="a-token").send(Request("check_api", "GET", "/v2/"))
    assert authorization(server) == [False, True]
    assert b"Authorization: Bearer a-token\r\n" in server.heads[1]


@pytest.mark.parametrize("given", [{"token": "a b"}, {"token": ""}, {"token": "x\r\ny"}, {"username": ""}])
def test_what_cannot_be_sent_is_refused_when_a_registry_is_armed(registry_at, given):
    with pytest.raises(InvalidCredentials):
        registry_at("http://127.0.0.1:1").with_auth(**given)
    with pytest.raises(InvalidArgument, match="No credentials were given"):
        registry_at("http://127.0.0.1:1").with_auth()


@pytest.mark.parametrize("target", ["v2/", "@evil.example/v2/", "?x", "ftp://h/"])
def test_a_target_that_is_neither_path_nor_url_is_refused(server, registry_at, target):
    with pytest.raises(InvalidURL):
        registry_at(server.url).send(Request("check_api", "GET", target))


def test_what_is_no_request_is_refused_by_name(registry_at):
    reg = registry_at("http://127.0.0.1:1")
    for wrong in (None, "/v2/", object()):
        with pytest.raises(InvalidArgument, match=f"of type {type(wrong).__name__}"):
            reg.send(wrong)


def test_host_is_looked_behind_and_closed(registry_at):
    host = Host()
    with registry_at("http://127.0.0.1:1", host=host) as registry:
        assert (registry.name, registry.logs(), registry.tree().size) == ("embedded", "a line", 3)
    assert host.closed == 1


def test_uploads_and_mounts_are_remembered_through_a_proxy_too(serve, transports, answer):
    answers = iter([
        answer(status="202 Accepted", headers="Location: /v2/one/blobs/uploads/1?_state=x\r\n"),
        answer(status="201 Created"),
        answer(status="201 Created"),
    ])  # fmt: skip

    def script(peer):
        while head := peer.head():
            peer.body(3 if head.startswith(b"PUT") else 0)
            peer.say(next(answers))

    proxy = serve(script)
    registry = Registry("http://registry.test", transports(proxies={"http": f"127.0.0.1:{proxy.port}"}))
    start = registry.send(Request("start_upload", "POST", "/v2/one/blobs/uploads/", (("Content-Length", "0"),)))
    assert registry.pushed.repositories(DIGEST) == ()
    target = start.location.with_query(digest=DIGEST)
    registry.send(Request("put_blob", "PUT", target, (("Content-Length", "3"),), body_of(b"abc")))
    assert registry.pushed.repositories(DIGEST) == ("one",)
    registry.send(Request("mount_blob", "POST", f"/v2/two/blobs/uploads/?mount={DIGEST}&from=one"))
    assert registry.pushed.repositories(DIGEST) == ("two", "one")
