"""What goes out: the start line byte for byte, the headers as given, the body as announced."""

from __future__ import annotations

import hashlib
import socket
from io import BytesIO

import pytest

from regtutor.client.recording import Recording
from regtutor.client.wire.limits import Limits
from regtutor.client.wire.sending import Sending, StaleConnection
from regtutor.client.wire.tap import Tap
from regtutor.errors import ConnectionFailed, DigestMismatch, InvalidHeader, InvalidURL
from regtutor.message import Body, Location, Request, body_of
from regtutor.protocol.urls import split_url

DIGEST = "sha256:" + "0" * 64


def get(target, headers=(), **more):
    return Request("check_api", "GET", target, headers, **more)


def put(body, *headers, target="/u", **more):
    content = body if isinstance(body, Body) or body is None else body_of(body)
    return Request("put_blob", "PUT", target, headers, content, **more)


@pytest.fixture
def echo(serve, answer):
    """Answers every request on every connection, after reading the body that Content-Length announces."""

    def script(peer):
        while head := peer.head():
            lengths = [
                line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
            ]
            peer.server.seen.append(peer.body(int(lengths[0]) if lengths else 0))
            peer.say(answer())

    return serve(script)


@pytest.mark.parametrize(
    "target",
    [
        "/v2/a/../b/./c//d",
        "/v2/%7euser/%2f%2F%41?x=%7e&y=%2F..",
        "/v2/?",
        "/v2/x?a=1?b=2&&=",
        '/v2/{braces}|pipe\\back^`"<>',
        "//double/slash",
        "/v2/name:tag@sha256:00?_state=a%3D%3D&digest=sha256:00",
        "/%",
    ],
)
def test_target_goes_out_byte_for_byte(echo, send, target):
    exchange = send(echo, get(target))
    assert echo.heads[0].startswith(b"GET " + target.encode() + b" HTTP/1.1\r\n")
    assert exchange.target == target


def test_a_location_is_followed_byte_for_byte_and_only_digest_is_appended(echo, send):
    location = Location(f"{echo.url}/up/%7e/..//%2f?_state=a%2Bb", "http://elsewhere/")
    send(echo, put(b"", ("Content-Length", "0"), target=location.with_query(digest=DIGEST)))
    assert echo.heads[0].startswith(f"PUT /up/%7e/..//%2f?_state=a%2Bb&digest={DIGEST} HTTP/1.1\r\n".encode())


def test_bytes_beyond_ascii_go_out_as_they_came_in(echo, send):
    send(echo, get("/v2/\xfc"))
    assert echo.heads[0].startswith(b"GET /v2/\xfc HTTP/1.1\r\n")


def test_what_would_end_the_start_line_is_percent_encoded(echo, send):
    exchange = send(echo, get("/v2/ HTTP/1.1\r\nInjected: yes\r\n\r\n"))
    assert echo.heads[0].startswith(b"GET /v2/%20HTTP/1.1%0D%0AInjected:%20yes%0D%0A%0D%0A HTTP/1.1\r\n")
    assert exchange.target == "/v2/%20HTTP/1.1%0D%0AInjected:%20yes%0D%0A%0D%0A"


def test_a_fragment_is_not_sent(echo, send):
    send(echo, get("/v2/?a=b#part"))
    assert echo.heads[0].startswith(b"GET /v2/?a=b HTTP/1.1\r\n")


def test_headers_go_out_in_order_and_spelling_with_duplicates(echo, send):
    given = (("x-LOWER", "1"), ("Accept", "a/b"), ("X-Two", "first"), ("X-Two", "second"), ("X-Empty", ""))
    exchange = send(echo, get("/v2/", given))
    lines = echo.heads[0].decode().split("\r\n")[1:-2]
    assert [tuple(line.split(": ", 1)) for line in lines] == list(exchange.request.headers)
    assert exchange.request.headers[0] == ("Host", f"127.0.0.1:{echo.port}")
    assert [name for name, _ in exchange.request.headers[1:3]] == ["User-Agent", "Accept-Encoding"]
    assert exchange.request.headers[3:] == given


def test_a_client_adds_only_host_user_agent_accept_encoding_and_accept(echo, send):
    exchange = send(echo, put(b"abc", ("Content-Length", "3")))
    names = [name for name, _ in exchange.request.headers]
    assert names == ["Host", "User-Agent", "Accept-Encoding", "Accept", "Content-Length"]
    assert exchange.request_headers["Accept-Encoding"] == "identity"


def test_a_given_host_takes_the_place_of_our_own(echo, send):
    exchange = send(echo, get("/v2/", (("X-A", "1"), ("host", "registry.example"))))
    assert exchange.request.headers[-1] == ("host", "registry.example")
    assert [name.lower() for name, _ in exchange.request.headers].count("host") == 1


@pytest.mark.parametrize(
    ("name", "value"), [("X-A", "b\r\nC: d"), ("X-A", "b\nC"), ("X-A", "\0"), ("X A", "b"), ("", "b"), ("X:", "b")]
)
def test_a_header_that_would_break_the_head_is_refused_before_anything_is_sent(echo, send, name, value):
    with pytest.raises(InvalidHeader):
        send(echo, get("/v2/", ((name, value),)))
    assert echo.connections == 0


def test_a_method_that_would_break_the_head_is_refused(echo, send):
    with pytest.raises(InvalidHeader):
        send(echo, Request("check_api", "GET /x HTTP/1.1\r\nA: b\r\n\r\nGET", "/v2/"))


def test_a_strange_method_is_sent_for_the_registry_to_judge(echo, send):
    send(echo, Request("check_api", "get", "/v2/"))
    assert echo.heads[0].startswith(b"get /v2/ HTTP/1.1\r\n")


@pytest.mark.parametrize("url", ["ftp://x/", "http:///x", "http://host:0/", "http://host:99999/", "http://h st/", "x",
                                 "http://host:5000v2/", "http://b\xfccher/"])  # fmt: skip
def test_a_url_that_cannot_be_connected_to_is_refused_by_name(transports, url):
    with pytest.raises(InvalidURL):
        transports().send(get("/"), url, (), "test")


def test_the_body_is_sent_counted_and_hashed_as_it_went_out(echo, send):
    data = bytes(range(256)) * 4096
    exchange = send(echo, put(data, ("Content-Length", str(len(data)))))
    assert echo.seen == [data]
    record = exchange.request.body
    assert (record.size, record.digest) == (len(data), "sha256:" + hashlib.sha256(data).hexdigest())
    assert (record.fate, len(record.preview)) == ("sent", 4096)


def test_a_manifest_is_kept_whole_and_another_body_is_not(echo, send):
    manifest = b'{"layers": [' + b" " * 10_000 + b"]}"
    headers = (("Content-Type", "application/vnd.oci.image.manifest.v1+json"), ("Content-Length", str(len(manifest))))
    request = Request("put_manifest", "PUT", "/v2/a/manifests/b", headers, body_of(manifest))
    assert send(echo, request).request.body.preview == manifest


def test_a_body_without_a_length_is_sent_chunked(serve, send, answer):
    def script(peer):
        peer.head()
        peer.server.seen.append(peer.body(len(b"5\r\nhello\r\n0\r\n\r\n")))
        peer.say(answer())

    server = serve(script)
    exchange = send(server, put(b"hello"))
    assert server.seen == [b"5\r\nhello\r\n0\r\n\r\n"]
    assert exchange.request.headers[-1] == ("Transfer-Encoding", "chunked")
    assert (exchange.bytes_up, exchange.request.body.fate) == (5, "sent")


def test_a_removed_content_type_stays_removed(echo, send):
    request = put(b"abc", ("Content-Type", "a/b"), ("Content-Length", "3")).edit(headers={"Content-Type": None})
    send(echo, request)
    assert b"content-type" not in echo.heads[0].lower()


def test_a_smaller_content_length_sends_only_so_many_bytes_and_says_so(echo, send):
    exchange = send(echo, put(b"abcdef", ("Content-Length", "4")))
    assert echo.seen == [b"abcd"]
    assert (exchange.bytes_up, exchange.request.body.fate) == (4, "sent")
    assert "only the first 4 of 6 bytes" in exchange.as_text()


def test_a_larger_content_length_waits_at_most_the_read_timeout_and_is_partial(serve, send):
    server = serve(lambda peer: (peer.head(), peer.until_closed()))
    with pytest.raises(ConnectionFailed) as caught:
        send(server, put(b"abc", ("Content-Length", "10")), timeout=(5.0, 0.2))
    record = caught.value.exchange
    assert (record.request.body.fate, record.bytes_up, record.status) == ("partial", 3, None)
    assert "silent for 0.2 s" in caught.value.what
    assert "waits for the rest" in record.as_text()


def test_a_connection_is_not_used_again_after_a_body_that_was_cut_short(serve, transports, answer):
    def script(peer):
        while peer.head():
            peer.say(answer())

    server = serve(script)
    transport = transports()
    request = put(b"abc", ("Content-Length", "10"))
    transport.send(request, server.url + "/u", request.headers, "test")
    transport.send(get("/v2/"), server.url + "/v2/", (), "test")
    assert server.connections == 2


class _Raises(BytesIO):
    def __init__(self, error):
        super().__init__(b"x" * 600_000)
        self._error = error

    def read(self, size=-1):
        if self.tell() > 300_000:
            raise self._error
        return super().read(size)


@pytest.mark.parametrize("error", [DigestMismatch("not what it says"), PermissionError("gone"), BrokenPipeError("own")])
def test_what_reading_the_body_raises_comes_out_and_the_server_sees_an_incomplete_body(serve, send, error):
    server = serve(lambda peer: (peer.head(), peer.server.seen.append(peer.until_closed())))
    body = Body(600_000, lambda: _Raises(error))
    with pytest.raises(type(error)) as caught:
        send(server, put(body, ("Content-Length", "600000")))
    assert caught.value is error
    server.wait()
    assert 0 < len(server.seen[0]) < 600_000


def test_what_was_sent_before_the_body_could_not_be_read_is_recorded(serve, send):
    server = serve(lambda peer: (peer.head(), peer.server.seen.append(peer.until_closed())))
    body = Body(600_000, lambda: _Raises(DigestMismatch("The blob is wrong", "not what it says")))
    with pytest.raises(DigestMismatch) as caught:
        send(server, put(body, ("Content-Length", "600000")))
    partial = caught.value.exchange
    server.wait()
    assert (partial.method, partial.status, partial.error) == ("PUT", None, "The blob is wrong: not what it says")
    assert (partial.request.body.fate, partial.bytes_up) == ("partial", len(server.seen[0]))


def test_keyboard_interrupt_closes_the_connection(serve, send):
    server = serve(lambda peer: (peer.head(), peer.server.seen.append(peer.until_closed())))
    body = Body(600_000, lambda: _Raises(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        send(server, put(body, ("Content-Length", "600000")))
    server.wait()
    assert len(server.seen[0]) < 600_000


def test_a_body_that_became_shorter_is_a_named_failure_at_once(serve, send):
    server = serve(lambda peer: (peer.head(), peer.server.seen.append(peer.until_closed())))
    with pytest.raises(ConnectionFailed, match="ended too early") as caught:
        send(server, put(Body(10, lambda: BytesIO(b"abc")), ("Content-Length", "10")))
    assert caught.value.exchange.request.body.fate == "partial"


def test_an_open_connection_is_used_again(echo, transports):
    transport = transports()
    first, second = (transport.send(get("/v2/"), echo.url + "/v2/", (), "test") for _ in range(2))
    assert (first.events[0].kind, second.events[0].kind) == ("connected", "reused")
    assert echo.connections == 1


def test_a_connection_that_the_server_closed_while_idle_is_replaced(serve, transports, answer):
    def script(peer):
        peer.head()
        peer.say(answer())

    server = serve(script)
    transport = transports()
    for count in range(1, 6):
        assert transport.send(get("/v2/"), server.url + "/v2/", (), "test").status == 200
        server.wait(count)
    assert server.connections == 5


def test_a_kept_connection_that_dies_before_its_answer_is_named_and_not_tried_again(serve, transports, answer):
    def script(peer):
        peer.head()
        peer.say(answer())
        peer.head()

    server = serve(script)
    transport = transports()
    transport.send(get("/v2/"), server.url + "/v2/", (), "test")
    with pytest.raises(ConnectionFailed, match="opened for an earlier request"):
        transport.send(get("/v2/"), server.url + "/v2/", (), "test")
    assert (server.connections, len(server.heads)) == (1, 2)


@pytest.mark.parametrize("left", [b"", b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"])
def test_what_came_on_an_idle_connection_is_no_answer_and_nothing_is_written_on_it(left):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(left)
        theirs.shutdown(socket.SHUT_WR)
        theirs.settimeout(5)
        tap = Tap(ours)
        tap.used = True
        recording = Recording(get("/v2/"), "http://h/v2/", "test")
        sending = Sending(recording, split_url("http://h/v2/"), (), user_agent="t", limits=Limits(), expect_wait=1)
        with pytest.raises(StaleConnection):
            sending.over(tap, forwarding=False, extra=(), note="")
        ours.close()
        assert theirs.recv(100) == b""
    assert recording.exchange().response is None
