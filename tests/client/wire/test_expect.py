"""Expect: 100-continue really waits; interim answers are recorded; a refusal keeps the body at home."""

from __future__ import annotations

import threading
from io import BytesIO
from pathlib import Path

import pytest

from regtutor.errors import ConnectionFailed
from regtutor.message import Body, Request, body_of

SIZE = 3_000_000


def zeros():
    """More zero bytes than any test sends."""
    return Path("/dev/zero").open("rb")


def upload(data=b"x" * 1000, expect=True, **more):
    body = data if isinstance(data, Body) else body_of(data)
    headers = (("Content-Length", str(body.size)), *((("Expect", "100-continue"),) if expect else ()))
    return Request("put_blob", "PUT", "/u", headers, body, **more)


def kinds(exchange):
    return [event.kind for event in exchange.events]


def test_the_100_is_recorded_with_its_headers_and_the_body_follows_it(serve, send, answer):
    def script(peer):
        peer.head()
        peer.say(b"HTTP/1.1 100 Go On\r\nX-Interim: yes\r\n\r\n")
        peer.server.seen.append(peer.body(1000))
        peer.say(answer(status="201 Created"))

    server = serve(script)
    exchange = send(server, upload())
    (interim,) = exchange.interims
    assert (interim.start_line, interim.headers) == ("HTTP/1.1 100 Go On", (("X-Interim", "yes"),))
    assert (exchange.status, exchange.request.body.fate, server.seen) == (201, "sent", [b"x" * 1000])
    assert kinds(exchange) == ["connected", "head sent", "interim received", "body sent", "head received"]
    assert [event.at for event in exchange.events] == sorted(event.at for event in exchange.events)
    assert interim.at == exchange.events[2].at


@pytest.mark.parametrize("status", ["401 Unauthorized", "413 Content Too Large", "417 Expectation Failed"])
def test_a_final_answer_first_keeps_the_body_at_home(serve, send, answer, status):
    def script(peer):
        peer.head()
        peer.say(answer(b"no", status=status))
        peer.server.seen.append(peer.until_closed())

    def never():
        raise AssertionError("the body must not be opened")

    server = serve(script)
    exchange = send(server, upload(Body(SIZE, never)))
    server.wait()
    assert server.seen == [b""]
    assert exchange.status == int(status[:3])
    assert (exchange.request.body.fate, exchange.bytes_up, exchange.request.body.digest) == ("withheld", 0, None)
    assert kinds(exchange)[1:] == ["head sent", "head received", "body withheld", "body received"]


def test_after_a_withheld_body_the_connection_is_not_used_again(serve, transports, answer):
    def script(peer):
        while peer.head():
            peer.say(answer(status="401 Unauthorized"))

    server = serve(script)
    transport = transports()
    for _ in range(2):
        transport.send(upload(), server.url + "/u", upload().headers, "test")
    assert server.connections == 2


def test_without_an_answer_in_time_the_body_goes_and_the_record_says_so(serve, send, answer):
    def script(peer):
        peer.head()
        peer.body(1000)
        peer.say(answer(status="201 Created"))

    exchange = send(serve(script), upload(), expect_wait=0.05)
    assert kinds(exchange)[1:] == ["head sent", "waited", "body sent", "head received"]
    assert (exchange.status, exchange.interims, exchange.request.body.fate) == (201, (), "sent")
    assert "No response to Expect came within 0.05 s" in exchange.as_text()


def test_a_late_100_is_recorded_and_is_not_taken_for_the_answer(serve, send, answer):
    def script(peer):
        peer.head()
        peer.body(1000)
        peer.say(b"HTTP/1.1 100 Continue\r\n\r\n" + answer(status="201 Created"))

    exchange = send(serve(script), upload(), expect_wait=0.05)
    assert ([interim.status for interim in exchange.interims], exchange.status) == ([100], 201)


def test_100_and_final_answer_in_one_packet_lose_nothing(serve, send, answer):
    def script(peer):
        peer.head()
        peer.say(b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"done", status="201 Created"))
        peer.until_closed()

    exchange = send(serve(script), upload())
    assert (exchange.status, exchange.content) == (201, b"done")


def test_102_and_103_do_not_end_the_wait_and_are_recorded(serve, send, answer):
    def script(peer):
        peer.head()
        peer.say(b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\n\r\n")
        peer.say(b"HTTP/1.1 100 Continue\r\n\r\n")
        peer.body(1000)
        peer.say(b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer(b"ok"))

    exchange = send(serve(script), upload())
    assert [interim.status for interim in exchange.interims] == [102, 103, 100, 103]
    assert exchange.interims[1].headers == (("Link", "</a>"), ("Link", "</b>"))
    assert (exchange.status, exchange.content) == (200, b"ok")


def test_interim_answers_without_end_are_a_named_failure(serve, send):
    def script(peer):
        peer.head()
        peer.say(b"HTTP/1.1 102 Processing\r\n\r\n" * 500)
        peer.until_closed()

    with pytest.raises(ConnectionFailed, match="more than 100 interim responses"):
        send(serve(script), upload())


def test_a_refusal_while_the_body_is_sent_stops_it(serve, send, answer):
    def script(peer):
        peer.head()
        peer.body(1000)
        peer.say(answer(b"too large", status="413 Content Too Large", headers="Connection: close\r\n"))
        peer.until_closed()

    size = 64 * 1024 * 1024
    exchange = send(serve(script), upload(Body(size, zeros), expect=False))
    assert (exchange.status, exchange.text) == (413, "too large")
    assert exchange.request.body.fate == "partial"
    assert 1000 <= exchange.bytes_up < size
    assert "A response came, or the connection broke" in exchange.as_text()


def test_a_refusal_is_seen_though_the_server_reads_no_more(serve, send, answer):
    done = threading.Event()

    def script(peer):
        peer.head()
        peer.say(answer(status="413 Content Too Large"))
        assert done.wait(10)

    size = 64 * 1024 * 1024
    exchange = send(serve(script), upload(Body(size, zeros), expect=False))
    done.set()
    assert (exchange.status, exchange.request.body.fate) == (413, "partial")


def test_a_server_that_neither_reads_nor_answers_ends_in_the_time_limit(serve, send):
    done = threading.Event()

    def script(peer):
        peer.head()
        assert done.wait(10)

    body = Body(64 * 1024 * 1024, zeros)
    with pytest.raises(ConnectionFailed, match="silent for") as caught:
        send(serve(script), upload(body, expect=False), timeout=(5.0, 0.2))
    done.set()
    assert caught.value.exchange.request.body.fate == "partial"
    assert 0 < caught.value.exchange.bytes_up < body.size


def test_a_server_that_hangs_up_in_the_body_is_a_named_failure(serve, send):
    def script(peer):
        peer.head()
        peer.body(1000)

    body = Body(64 * 1024 * 1024, zeros)
    with pytest.raises(ConnectionFailed, match="closed the connection before it responded") as caught:
        send(serve(script), upload(body, expect=False))
    assert caught.value.exchange.request.body.fate == "partial"


def test_expect_without_a_body_does_not_wait(serve, send, answer):
    server = serve(lambda peer: (peer.head(), peer.say(answer())))
    request = Request("check_api", "GET", "/v2/", (("Expect", "100-continue"),))
    assert kinds(send(server, request)) == ["connected", "head sent", "head received"]


def test_the_body_is_read_once_and_in_chunks(serve, send, answer):
    class Counting(BytesIO):
        sizes: list[int] = []  # noqa: RUF012 - shared by the one instance of this test

        def read(self, size=-1):
            self.sizes.append(size)
            return super().read(size)

    def script(peer):
        peer.head()
        peer.say(b"HTTP/1.1 100 Continue\r\n\r\n")
        peer.body(SIZE)
        peer.say(answer())

    send(serve(script), upload(Body(SIZE, lambda: Counting(b"y" * SIZE))))
    assert max(Counting.sizes) <= 256 * 1024
    assert -1 not in Counting.sizes


def test_an_interim_answer_is_a_sign_of_life(serve, send, answer):
    def script(peer):
        peer.head()
        peer.sock.settimeout(0.15)
        for _ in range(3):
            with pytest.raises(TimeoutError):
                peer.sock.recv(1)
            peer.say(b"HTTP/1.1 102 Processing\r\n\r\n")
        peer.say(answer())

    exchange = send(serve(script), Request("check_api", "GET", "/v2/"), timeout=(5.0, 0.3))
    assert (exchange.status, len(exchange.interims)) == (200, 3)
