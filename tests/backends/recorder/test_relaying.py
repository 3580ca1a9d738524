"""What passes through the proxy, byte for byte, and what becomes of it when one side stops."""

from __future__ import annotations

import threading
import time

import pytest

from regtutor.backends.recorder.proxy import RecordingProxy
from regtutor.exchange import Exchange
from tests.backends.recorder.raw import Peer, RawRegistry, between, client_of, without_host

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


def responding(*responses: bytes) -> tuple[list[bytes], object]:
    """What each head was, and a script that responds to a head at a time."""
    heads: list[bytes] = []

    def script(peer: Peer) -> None:
        for response in responses:
            heads.append(peer.head())
            peer.send(response)
        peer.rest()

    return heads, script


def only(proxy: RecordingProxy) -> Exchange:
    (exchange,) = recorded(proxy, 1)
    return exchange


def recorded(proxy: RecordingProxy, count: int) -> list[Exchange]:
    """The exchanges, once there are as many; an exchange that a client gave up ends after the client."""
    deadline = time.monotonic() + 20
    while len(proxy.transcript) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(proxy.transcript) == count, proxy.transcript
    return list(proxy.transcript)


def notes(exchange: Exchange) -> str:
    return " ".join(event.note for event in exchange.events)


@pytest.mark.parametrize(
    "target",
    [
        "/v2/%7euser/../x//y/./%2F?",
        "/v2/?digest=sha256:ab+c%20d&&=&x",
        "*",
        "http://elsewhere.example/v2/?a=b",
        "/v2/\xe4\xff",
        "/v2/a#b",
    ],
)
def test_the_target_and_every_line_pass_as_they_are(target: str) -> None:
    heads, script = responding(OK)
    sent = (
        f"GET {target} HTTP/1.1\r\nHost: name.example:1\r\nx-ODD :  two  spaces \r\nAccept: a\r\naccept: b\r\n"
        "Empty:\r\nFolded: a\r\n b\r\n\r\n"
    ).encode("latin-1")
    with between(script) as (registry, proxy):
        client = client_of(proxy)
        client.send(sent)
        assert client.head() + client.read(2) == OK
        exchange = only(proxy)
    assert heads == [sent.replace(b"name.example:1", registry.authority.encode())]
    assert exchange.target == target and ("Host", registry.authority) in exchange.request.headers
    assert "The client sent Host: name.example:1" in notes(exchange)
    assert (exchange.status, exchange.content) == (200, b"hi")


def test_the_response_passes_as_it_is() -> None:
    raw = (
        b"HTTP/1.1 200 Fine  indeed\r\nx-ODD:  v \r\nSet-Cookie: a=planted\r\nSet-Cookie: b\n"
        b"Content-Length: 3\r\n\r\n\x00\r\n"
    )
    _, script = responding(raw)
    with between(script) as (_, proxy):
        client = client_of(proxy)
        client.send(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.read(len(raw)) == raw
        exchange = only(proxy)
    assert exchange.response is not None and exchange.response.reason == "Fine  indeed"
    assert exchange.headers.all("Set-Cookie") == ("<redacted>", "<redacted>")


def test_a_connection_carries_one_request_after_another_over_one_to_the_registry() -> None:
    heads, script = responding(OK, b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n", OK)
    with between(script) as (registry, proxy):
        client = client_of(proxy)
        for method in (b"GET", b"HEAD", b"GET"):
            client.send(b"%s /v2/ HTTP/1.1\r\nHost: x\r\n\r\n" % method)
            client.head()
            if method == b"GET":
                client.read(2)
        exchanges = recorded(proxy, 3)
        assert registry.connections == 1
    assert [exchange.status for exchange in exchanges] == [200, 404, 200]
    assert [exchange.events[0].kind for exchange in exchanges] == ["connected", "reused", "reused"]
    assert len(heads) == 3


def test_requests_that_are_sent_at_once_are_relayed_in_turn() -> None:
    _, script = responding(OK, OK)
    with between(script) as (_, proxy):
        client = client_of(proxy)
        client.send(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n\r\nGET /v2/a/tags/list HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.read(2 * len(OK)) == 2 * OK
        assert [exchange.step for exchange in recorded(proxy, 2)] == ["check_api", "list_tags"]


def test_chunks_pass_with_their_extensions_and_trailers() -> None:
    body = b"3;a=b\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"
    seen: list[bytes] = []

    def script(peer: Peer) -> None:
        peer.head()
        seen.append(peer.read(len(body)))
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
        peer.rest()

    with between(script) as (_, proxy):
        client = client_of(proxy)
        client.send(b"PATCH /v2/a/blobs/uploads/1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
        client.head()
        assert client.read(len(body)) == body
        exchange = only(proxy)
    assert seen == [body]
    assert (exchange.bytes_up, exchange.bytes_down, exchange.request.body.fate) == (3, 3, "sent")
    assert exchange.content == b"abc"


def test_100_continue_is_the_registrys_to_send() -> None:
    go = threading.Event()

    def script(peer: Peer) -> None:
        peer.head()
        assert peer.silent()
        go.wait(20)
        peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
        assert peer.read(3) == b"abc"
        peer.send(OK)
        peer.rest()

    with between(script) as (registry, proxy):
        client = client_of(proxy)
        client.send(b"PUT /v2/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert client.silent()
        go.set()
        assert client.head().startswith(b"HTTP/1.1 103") and client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(b"abc")
        assert client.head().startswith(b"HTTP/1.1 200")
        exchange = only(proxy)
        assert not registry.errors
    assert [interim.status for interim in exchange.interims] == [103, 100]
    kinds = [event.kind for event in exchange.events]
    assert kinds.index("interim received") < kinds.index("body sent") < kinds.index("head received")


def test_a_refusal_before_the_body_reaches_the_client_which_sends_none() -> None:
    refusal = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    _, script = responding(refusal)
    with between(script) as (_, proxy):
        client = client_of(proxy)
        client.send(b"PUT /v2/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 300\r\n\r\n")
        assert client.rest() == refusal
        client.close()
        exchange = only(proxy)
    assert (exchange.status, exchange.request.body.fate, exchange.bytes_up) == (401, "withheld", 0)
    assert "no byte of the body was sent" in notes(exchange)


@pytest.mark.parametrize(
    ("head", "fate"),
    [
        (b"Content-Length: 0", "none"),
        (b"Content-Length: 3", "sent"),
        (b"Content-Length: 300", "partial"),
        (b"Expect: 100-continue\r\nContent-Length: 300", "withheld"),
        (b"Transfer-Encoding: chunked", "partial"),
    ],
)
@pytest.mark.parametrize("response", [b"Content-Length: 0\r\n\r\n", b"Content-Length: 2\r\n\r\nno"])
def test_the_record_is_there_when_the_client_has_its_response(head: bytes, fate: str, response: bytes) -> None:
    """The client keeps its connection open and reads: nothing else tells it that the exchange is in the transcript."""
    body = b"" if fate in ("none", "withheld") else b"3\r\nabc\r\n" if b"chunked" in head else b"abc"

    def script(peer: Peer) -> None:
        peer.head()
        peer.read(len(body))
        peer.send(b"HTTP/1.1 401 Unauthorized\r\n" + response)
        peer.rest()

    with between(script) as (_, proxy):
        client = client_of(proxy)
        client.send(b"PUT /v2/ HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n" + body)
        client.head()
        client.read(len(response.partition(b"\r\n\r\n")[2]))
        (early,) = proxy.transcript
        client.close()
    (final,) = proxy.transcript
    assert (early.status, early.request.body.fate, early.bytes_up) == (401, fate, len(body) and 3)
    assert (final.status, final.request.body, final.response) == (401, early.request.body, early.response)


def test_watchers_see_an_exchange_once_with_its_whole_body() -> None:
    shown: list[int] = []

    def script(peer: Peer) -> None:
        peer.head()
        peer.send(OK)
        peer.rest()

    with between(script) as (_, proxy):
        proxy.watch(lambda exchange: shown.append(exchange.bytes_up))
        client = client_of(proxy)
        client.send(b"PUT /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n")
        assert client.head() + client.read(2) == OK
        assert [exchange.bytes_up for exchange in proxy.transcript] == [0]
        client.send(b"abc")
        client.close()
    assert [exchange.bytes_up for exchange in proxy.transcript] == shown == [3]


def test_a_client_that_does_not_wait_for_100_is_recorded_as_one() -> None:
    def script(peer: Peer) -> None:
        peer.head()
        peer.read(3)
        peer.send(OK)
        peer.rest()

    with between(script) as (_, proxy):
        client = client_of(proxy)
        client.send(b"PUT /v2/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc")
        client.head()
        assert "before a response to Expect" in notes(only(proxy))


@pytest.mark.parametrize("end", ["close", "reset"])
def test_an_early_response_to_a_large_body_reaches_the_client(end: str) -> None:
    refusal = b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbig\n"

    def script(peer: Peer) -> None:
        peer.head()
        peer.read(100)
        peer.send(refusal)
        if end == "close":
            peer.rest()
        else:
            time.sleep(0.2)  # a registry that does not linger: its reset must not overtake its response everywhere
            peer.reset()

    with between(script) as (_, proxy):
        client = client_of(proxy)
        client.send(b"PUT /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n" + bytes(200))
        assert client.head() + client.read(4) == refusal
        client.close()
        exchange = only(proxy)
    assert (exchange.status, exchange.request.body.fate, exchange.content) == (413, "partial", b"big\n")


def test_a_body_that_ends_with_the_connection() -> None:
    def script(peer: Peer) -> None:
        peer.head()
        peer.send(b"HTTP/1.0 200 OK\r\n\r\n" + bytes(1000))

    with between(script) as (_, proxy):
        client = client_of(proxy)
        client.send(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.rest() == b"HTTP/1.0 200 OK\r\n\r\n" + bytes(1000)
        exchange = only(proxy)
    assert exchange.response is not None
    assert (exchange.bytes_down, exchange.response.body.fate, exchange.error) == (1000, "received", "")


def test_a_registry_that_closes_without_a_response_is_a_cut_for_the_client() -> None:
    def script(peer: Peer) -> None:
        peer.head()

    with between(script) as (_, proxy):
        client = client_of(proxy)
        client.send(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.rest() == b""
        exchange = only(proxy)
    assert exchange.status is None and "closed the connection before it" in exchange.error
    assert "The client's connection was cut" in notes(exchange)


def test_a_registry_that_closes_in_the_middle_of_a_body_is_a_cut_for_the_client() -> None:
    partial = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"

    def closing(peer: Peer) -> None:
        peer.head()
        peer.send(partial)

    with between(closing) as (_, proxy):
        client = client_of(proxy)
        client.send(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.rest() == partial
        exchange = only(proxy)
    assert exchange.response is not None
    assert (exchange.status, exchange.bytes_down, exchange.response.body.fate) == (200, 3, "partial")
    assert "in the middle of its" in exchange.error


def test_a_registry_that_sends_no_http_is_a_cut_and_the_record_has_its_first_bytes() -> None:
    _, script = responding(b"SSH-2.0-OpenSSH\r\n")
    with between(script) as (_, proxy):
        client = client_of(proxy)
        client.send(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.rest() == b""
        assert "SSH-2.0" in only(proxy).error


def test_a_registry_that_is_not_there_is_502_for_the_client() -> None:
    registry = RawRegistry(lambda _peer: None)
    registry.close()
    with RecordingProxy(registry.url) as proxy:
        client = client_of(proxy)
        client.send(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        told = client.rest().decode()
        exchange = only(proxy)
    assert told.startswith("HTTP/1.1 502 Bad Gateway\r\n") and f"{registry.url} refused the connection" in told
    assert exchange.status is None and "refused the connection" in exchange.error
    assert "The client received 502 from this proxy" in notes(exchange)


def test_a_client_that_goes_in_the_middle_of_its_body_is_recorded() -> None:
    ended = threading.Event()

    def script(peer: Peer) -> None:
        peer.head()
        peer.rest()
        ended.set()

    with between(script) as (_, proxy):
        client = client_of(proxy)
        client.send(b"PUT /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        time.sleep(0.1)
        client.close()
        exchange = only(proxy)
        assert ended.wait(10), "the registry must see that its client is gone"
    assert "closed the connection after 3 bytes of its body" in exchange.error
    assert (exchange.request.body.fate, exchange.bytes_up, exchange.response) == ("partial", 3, None)


def test_a_client_that_goes_in_the_middle_of_a_download_is_recorded() -> None:
    def script(peer: Peer) -> None:
        peer.head()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 500000000\r\n\r\n")
        for _ in range(500):
            peer.send(bytes(1_000_000))

    with between(script) as (_, proxy):
        client = client_of(proxy)
        client.send(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        client.read(100_000)
        client.close()
        exchange = only(proxy)
    assert exchange.response is not None and exchange.response.body.fate == "partial"
    assert "The client closed the connection after" in exchange.error


def test_a_client_that_closes_its_side_still_reads_the_response() -> None:
    def script(peer: Peer) -> None:
        peer.head()
        time.sleep(0.3)
        peer.send(OK)
        peer.rest()

    with between(script) as (_, proxy):
        client = client_of(proxy)
        client.send(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        client.sock.shutdown(1)
        assert client.rest() == OK
        assert "closed its side before" in notes(only(proxy))


def test_an_idle_connection_that_the_registry_closes_is_closed_for_the_client() -> None:
    timeout = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"

    def script(peer: Peer) -> None:
        peer.head()
        peer.send(OK)
        time.sleep(0.2)
        peer.send(timeout)

    with between(script) as (_, proxy):
        client = client_of(proxy)
        client.send(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.rest() == OK + timeout
        assert only(proxy).status == 200


@pytest.mark.parametrize(
    ("sent", "response", "note"),
    [
        (b"\x16\x03\x01\x02\x00\x01", b"HTTP/1.1 400 Bad Request", "tried TLS"),
        (b"hello\r\n\r\n", b"HTTP/1.1 400 Bad Request", "not a method, a target and a version"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 50_000, b"HTTP/1.1 431 ", "more than 262144 bytes"),
    ],
)
def test_what_is_no_request_is_refused_and_noted(sent: bytes, response: bytes, note: str) -> None:
    with between(lambda _peer: None) as (registry, proxy):
        client = client_of(proxy)
        client.send(sent)
        assert client.rest().startswith(response)
        assert registry.connections == 0 and len(proxy.transcript) == 0
        assert note in "".join(proxy.transcript.notes)


def test_the_location_that_the_client_follows_is_the_name_by_which_it_called_the_proxy() -> None:
    def script(peer: Peer) -> None:
        host = without_host(peer.head())
        assert host
        peer.send(f"HTTP/1.1 202 -\r\nLocation: {url[0]}/v2/u%7e?_state=1\r\nContent-Length: 0\r\n\r\n".encode())
        peer.rest()

    url: list[str] = []
    with between(script) as (registry, proxy):
        url.append(registry.url)
        client = client_of(proxy)
        client.send(b"POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: localhost:41234\r\nContent-Length: 0\r\n\r\n")
        assert b"\r\nLocation: http://localhost:41234/v2/u%7e?_state=1\r\n" in client.head()
        exchange = only(proxy)
    assert exchange.headers["Location"] == f"{registry.url}/v2/u%7e?_state=1"
    assert "In Location the client received http://localhost:41234" in notes(exchange)


def test_a_redirect_to_another_host_passes_and_the_record_says_that_the_client_leaves() -> None:
    away = b"HTTP/1.1 307 -\r\nLocation: http://cdn.example/x?token=planted\r\nContent-Length: 0\r\n\r\n"
    _, script = responding(away)
    with between(script) as (_, proxy):
        client = client_of(proxy)
        client.send(b"GET /v2/a/blobs/sha256:1 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.read(len(away)) == away
        exchange = only(proxy)
    assert "leaves this proxy if it follows http://cdn.example/x?token=<redacted>" in notes(exchange)


def test_secrets_pass_and_are_in_no_record() -> None:
    heads, script = responding(
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n{"token": "planted4"}'
    )
    sent = (
        b"GET /token?password=planted1&access_token=planted2 HTTP/1.1\r\nHost: user:planted5@x\r\n"
        b"Authorization: Bearer planted3\r\n\r\n"
    )
    with between(script) as (_, proxy):
        client = client_of(proxy)
        client.send(sent)
        assert b"planted4" in client.head() + client.read(21)
        exchange = only(proxy)
        shown = f"{proxy.transcript} {exchange!r} {exchange.url} {exchange.request} {exchange.response}"
    assert b"planted1" in heads[0] and b"planted3" in heads[0]
    assert "planted" not in shown


@pytest.mark.parametrize(
    ("realm", "path"), [("{url}/auth/v1?x=y", "/auth/v1"), ("/oauth2/token", "/oauth2/token"), ("/token", "/token")]
)
def test_a_token_request_is_recognized_at_the_address_that_the_registry_named(realm: str, path: str) -> None:
    answer = b'{"access_token": "planted1", "refresh_token": "planted2"}'
    form = b"grant_type=password&username=ann&password=planted3&client_secret=planted4"

    def script(peer: Peer) -> None:
        peer.head()
        challenge = f'Bearer realm="{realm.format(url=url[0])}",service="s"'
        peer.send(f"HTTP/1.1 401 -\r\nWWW-Authenticate: {challenge}\r\nContent-Length: 0\r\n\r\n".encode())
        for length in (len(form), 0):
            peer.head()
            peer.read(length)
            peer.send(b"HTTP/1.1 200 -\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))
        peer.rest()

    url: list[str] = []
    with between(script) as (registry, proxy):
        url.append(registry.url)
        client = client_of(proxy)
        client.send(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        client.head()
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        client.send(f"{head}Content-Length: {len(form)}\r\n\r\n".encode() + form)
        assert client.head() and client.read(len(answer)) == answer
        client.send(f"GET {path}?service=s&scope=a:b:pull HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert client.head() and client.read(len(answer)) == answer
        _, post, get = recorded(proxy, 3)
    assert (post.step, get.step) == ("request_token", "request_token")
    assert post.request.body.digest is None, "a short password could be guessed from it"
    assert "planted" not in f"{post} {get} {post!r} {post.request.body.preview!r} {post.content!r} {get.content!r}"


def test_what_is_in_progress_when_the_recording_ends_is_cut_and_recorded() -> None:
    with between(lambda peer: peer.rest() and None) as (_, proxy):
        client = client_of(proxy)
        client.send(b"PUT /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        time.sleep(0.2)
        proxy.close()
        assert client.rest() == b""
        assert "The recording was stopped" in only(proxy).error


def test_a_hundred_connections_at_once() -> None:
    def script(peer: Peer) -> None:
        path = peer.head().split()[1]
        peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(path), path))

    with between(script) as (_, proxy):
        clients = [client_of(proxy) for _ in range(100)]
        for number, client in enumerate(clients):
            client.send(b"GET /v2/%d HTTP/1.1\r\nHost: x\r\n\r\n" % number)
        assert [client.rest().endswith(b"/v2/%d" % number) for number, client in enumerate(clients)] == [True] * 100
        assert {exchange.target for exchange in recorded(proxy, 100)} == {f"/v2/{number}" for number in range(100)}


def test_a_client_that_goes_after_an_early_response_has_had_that_response() -> None:
    refusal = b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n"
    _, script = responding(refusal)
    with between(script) as (_, proxy):
        client = client_of(proxy)
        client.send(b"PUT /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
        assert client.head() == refusal
        client.close()
    exchange = only(proxy)
    assert (exchange.status, exchange.error, exchange.request.body.fate) == (413, "", "partial")
    assert "closed the connection after 3 bytes of its body" in notes(exchange)


def test_the_whole_body_of_an_early_response_without_close_may_still_be_sent() -> None:
    heads: list[bytes] = []

    def script(peer: Peer) -> None:
        heads.append(peer.head())
        peer.send(b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n")
        assert peer.read(10) == bytes(10)
        heads.append(peer.head())
        peer.send(OK)
        peer.rest()

    with between(script) as (registry, proxy):
        client = client_of(proxy)
        client.send(b"PUT /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
        assert client.head().startswith(b"HTTP/1.1 413")
        client.send(bytes(10) + b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.head() + client.read(2) == OK
        first, second = recorded(proxy, 2)
        assert not registry.errors and registry.connections == 1
    assert (first.request.body.fate, second.status) == ("sent", 200)
