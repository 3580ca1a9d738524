"""The App behind the same client without a socket: its records say what those of the wire say."""

from __future__ import annotations

import hashlib
import io

import pytest

from regtutor.backends.in_process import InProcessTransport
from regtutor.client.registry import Registry
from regtutor.client.wire.transport import WireTransport
from regtutor.errors import ConnectionFailed, ContentMismatch, DigestMismatch
from regtutor.message import Body, Request, body_of
from regtutor.server.app import App
from regtutor.server.shell.listen import Server
from regtutor.server.storage.store import Store

DATA = b"layer " * 100_000
DIGEST = "sha256:" + hashlib.sha256(DATA).hexdigest()
SESSIONS = "/v2/library/hello/blobs/uploads/"
NO_BODY = (("Content-Length", "0"),)


@pytest.fixture
def app(tmp_path):
    store = Store(tmp_path / "store")
    yield App(store, secret=b"the same in both")
    store.close()


@pytest.fixture
def registry(app):
    transport = InProcessTransport(app)
    return Registry(transport.url, transport)


@pytest.fixture
def over_a_socket(tmp_path):
    store = Store(tmp_path / "other")
    with Server(App(store)) as server, Registry(server.url, WireTransport(timeout=10)) as registry:
        yield registry
    store.close()


def upload(registry, data=DATA, digest=DIGEST, expect=True, length=None, body=None):
    start = registry.send(Request("start_upload", "POST", SESSIONS, NO_BODY))
    body = body or body_of(data)
    headers = [("Content-Type", "application/octet-stream"), ("Content-Length", str(length or body.size))]
    headers += [("Expect", "100-continue")] if expect else []
    target = start.location.with_query(digest=digest)
    return start, registry.send(Request("put_blob", "PUT", target, tuple(headers), body))


def story(registry, tmp_path):
    """A push and what comes after it, with two refusals."""
    path = f"/v2/library/hello/blobs/{DIGEST}"
    mount = f"/v2/other/blobs/uploads/?mount={DIGEST}&from=library/hello"
    start, put = upload(registry)
    refused = Request("put_blob", "PUT", f"{SESSIONS}none?digest={DIGEST}",
                      (("Content-Length", str(len(DATA))), ("Expect", "100-continue")), body_of(DATA))  # fmt: skip
    return [
        registry.send(Request("check_api", "GET", "/v2/")),
        start,
        put,
        registry.send(Request("head_blob", "HEAD", path, digest=DIGEST)),
        registry.send(Request("get_blob", "GET", path, into=tmp_path / "layer", digest=DIGEST)),
        registry.send(Request("mount_blob", "POST", mount, NO_BODY)),
        registry.send(refused),
        registry.send(refused.edit(headers={"Expect": None})),
        registry.send(Request("get_manifest", "GET", "/v2/library/hello/manifests/none")),
        registry.send(Request("check_api", "DELETE", "/v2/")),
    ]  # fmt: skip


def shape(exchange):
    """What must be the same however a request travels."""
    response = exchange.response
    return {
        "status line": response.start_line,
        "sent": [name for name, _ in exchange.request.headers],
        "received": sorted(name.lower() for name, _ in response.headers if name != "Connection"),
        "interims": [interim.start_line for interim in exchange.interims],
        "up": (exchange.bytes_up, exchange.request.body.digest, exchange.request.body.fate),
        "down": (exchange.bytes_down, response.body.fate),
        "events": [event.kind for event in exchange.events[1:]],
        "location": exchange.location is not None,
    }


def test_records_are_those_of_the_wire(registry, over_a_socket, tmp_path):
    inside, outside = story(registry, tmp_path), story(over_a_socket, tmp_path)
    assert [shape(exchange) for exchange in inside] == [shape(exchange) for exchange in outside]
    assert [exchange.status for exchange in inside] == [200, 202, 201, 200, 200, 201, 404, 404, 404, 405]


def test_the_100_is_recorded_where_the_app_accepts(registry):
    _, put = upload(registry)
    assert [interim.start_line for interim in put.interims] == ["HTTP/1.1 100 Continue"]
    assert (put.status, put.bytes_up) == (201, len(DATA))


def test_a_refused_body_is_withheld_and_never_opened(registry):
    def never():
        raise AssertionError("the body must not be opened")

    headers = (("Content-Length", "9"), ("Expect", "100-continue"))
    target = f"{SESSIONS}none?digest={DIGEST}"
    refused = registry.send(Request("put_blob", "PUT", target, headers, Body(9, never)))
    assert (refused.status, refused.request.body.fate) == (404, "withheld")


def test_a_blob_is_saved_and_its_digest_compared(registry, tmp_path):
    upload(registry)
    path = f"/v2/library/hello/blobs/{DIGEST}"
    registry.send(Request("get_blob", "GET", path, into=tmp_path / "layer", digest=DIGEST))
    assert (tmp_path / "layer").read_bytes() == DATA
    with pytest.raises(ContentMismatch):
        registry.send(Request("get_blob", "GET", path, digest="sha256:" + "0" * 64))


def test_what_reading_the_body_raises_comes_out_and_nothing_is_stored(registry):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise DigestMismatch("not what it says")

    with pytest.raises(DigestMismatch) as caught:
        upload(registry, body=Body(10, Broken))
    assert (caught.value.exchange.request.body.fate, caught.value.exchange.error) == ("partial", "not what it says")
    assert registry.send(Request("head_blob", "HEAD", f"/v2/library/hello/blobs/{DIGEST}")).status == 404


def test_a_content_length_beyond_the_body_fails_as_it_would_on_a_socket(registry):
    with pytest.raises(ConnectionFailed, match="waits for more") as caught:
        upload(registry, length=len(DATA) + 1)
    assert caught.value.exchange.request.body.fate == "partial"


def test_a_body_that_became_shorter_is_named(registry):
    with pytest.raises(ConnectionFailed, match="ended too early"):
        upload(registry, body=Body(100, lambda: io.BytesIO(b"short")))


def test_another_host_cannot_be_reached(registry):
    with pytest.raises(ConnectionFailed, match="cannot be reached"):
        registry.send(Request("get_blob", "GET", "https://elsewhere.example/blob"))


def test_a_failure_of_the_app_is_an_answer_and_stands_in_the_log(app):
    class Failing(App):
        def begin(self, head, *, scheme="http"):
            raise ZeroDivisionError("a defect")

    transport = InProcessTransport(Failing(app.store))
    exchange = Registry(transport.url, transport).send(Request("check_api", "GET", "/v2/"))
    assert (exchange.status, exchange.errors[0]["code"]) == (500, "UNKNOWN")
    assert "ZeroDivisionError: a defect" in transport.log_lines[0]


def test_each_request_is_logged_without_secrets(registry):
    registry.send(Request("check_api", "GET", "/v2/?token=s3cret"))
    (line,) = registry._transport.log_lines
    assert "GET /v2/?token=<redacted> 200" in line
