"""Clients that send slowly, half, or not at all; and clocks that jump."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest
import trustme

from regtutor.message import CHUNK
from regtutor.protocol.media_types import OCI_MANIFEST
from regtutor.server.app import App
from regtutor.server.buffered import Memory
from regtutor.server.http import FileRange, Response
from regtutor.server.shell.channel import MOST_UNREAD, Channel
from regtutor.server.shell.head import UNKNOWN_LINE
from regtutor.server.shell.limits import Limits
from regtutor.server.shell.listen import Server
from regtutor.server.shell.request_log import RequestLog
from regtutor.server.shell.sending import Ending, send
from regtutor.server.storage.store import Store
from tests.server.inline import Inline, digest
from tests.server.wire import Wire

HELLO = digest(b"hello")
FOREVER = threading.Event()


class Recording(asyncio.Transport):
    """A transport that records when it is paused and resumed."""

    def __init__(self, name: str, calls: list[str]) -> None:
        super().__init__()
        self.name, self.calls, self.ended = name, calls, False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.calls.append(f"{self.name} sends {len(data)}")
        self.ended = True

    def is_closing(self) -> bool:
        return self.ended

    def pause_reading(self) -> None:
        self.calls.append(f"{self.name} pauses")

    def resume_reading(self) -> None:
        self.calls.append(f"{self.name} resumes")


class Taking(Recording):
    """A transport whose socket takes everything at once."""

    def is_closing(self) -> bool:
        return False


async def nothing() -> None:
    """Serve nothing."""


@pytest.fixture
def quick(store: Store) -> Iterator[Server]:
    """A server with short limits."""
    with Server(App(store), limits=Limits(head_timeout=0.2, idle_timeout=0.2)) as server:
        yield server


@pytest.mark.parametrize("sent", [b"G", b"GET /v2/ HTTP/1.1\r\nHost: r\r\nX-Slow: "])
def test_a_head_that_is_not_completed_gets_408_and_a_line_in_the_log(quick: Server, sent: bytes) -> None:
    with Wire(quick) as wire:
        wire.socket.sendall(sent)
        start, headers, body = wire.read()
        assert (start, headers["connection"]) == ("HTTP/1.1 408 Request Timeout", "close")
        assert b"a head that took longer than 0.2 s" in body
        assert wire.ended()
    assert " 408 bad request: a head that took longer" in quick.log_lines[-1]


def test_a_head_of_a_byte_now_and_then_gets_408(quick: Server) -> None:
    with Wire(quick) as wire:
        for byte in b"GET /v2/ HTTP/1.1\r\nHost: r\r\nX: " + b"a" * 1000:
            with suppress(OSError):
                wire.socket.sendall(bytes([byte]))
            if quick.log_lines:
                break
            FOREVER.wait(0.02)
        assert wire.status() == 408


def test_an_idle_connection_is_closed_without_a_word(quick: Server) -> None:
    with Wire(quick) as never, Wire(quick) as idle, Wire(quick) as empty:
        empty.socket.sendall(b"\r\n")
        idle.send("GET /v2/ HTTP/1.1", "Host: r")
        assert idle.status() == 200
        assert never.ended() and idle.ended() and empty.ended()
    assert len(quick.log_lines) == 1


def test_a_body_that_drips_is_ended_by_its_rate(store: Store) -> None:
    inline = Inline(App(store))
    target = f"{inline.start('a')}&digest={HELLO}"
    limits = Limits(body_timeout=20, rate_window=0.3, least_rate=100)
    with Server(inline.app, limits=limits) as server, Wire(server) as wire:
        wire.send(f"PUT {target} HTTP/1.1", "Host: r", "Content-Length: 100000")
        for _ in range(1000):
            with suppress(OSError):
                wire.socket.sendall(b"x")
            if server.log_lines:
                break
            FOREVER.wait(0.02)
        start, headers, body = wire.read()
        assert (start, headers["connection"]) == ("HTTP/1.1 408 Request Timeout", "close")
        assert b"bytes of the body in" in body
    assert inline.ask("PUT", target, b"hello").status == 201  # the session is as it was


def test_a_body_that_arrives_fast_enough_is_not_ended(store: Store) -> None:
    inline = Inline(App(store))
    target = f"{inline.start('a')}&digest={digest(b'x' * 4000)}"
    with Server(inline.app, limits=Limits(rate_window=0.05, least_rate=100)) as server, Wire(server) as wire:
        wire.send(f"PUT {target} HTTP/1.1", "Host: r", "Content-Length: 4000")
        for _ in range(40):
            wire.socket.sendall(b"x" * 100)
            FOREVER.wait(0.01)
        assert wire.status() == 201


def test_stalled_tls_handshakes_end_and_are_logged(store: Store) -> None:
    authority, served, trusting = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(served)
    authority.configure_trust(trusting)
    with Server(App(store), ssl_context=served, limits=Limits(head_timeout=0.3)) as server:
        stalled = [socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in range(20)]
        for connection in stalled[:10]:
            connection.sendall(b"\x16\x03\x01")
        with (
            socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain,
            trusting.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
        ):
            secure.sendall(b"GET /v2/ HTTP/1.1\r\nHost: r\r\nConnection: close\r\n\r\n")
            assert secure.recv(100).startswith(b"HTTP/1.1 200")
        for connection in stalled:
            with suppress(ConnectionResetError):
                assert connection.recv(1) == b""
            connection.close()
    lines = [line for line in server.log_lines if "tls failed" in line]  # once it is closed, all are written
    assert len(lines) == 20 and "handshake" in lines[0]


def hello_of(context: ssl.SSLContext) -> bytes:
    """The first bytes of a TLS handshake."""
    hello = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), hello, server_hostname="127.0.0.1").do_handshake()
    return hello.read()


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("ending", [socket.socket.close, reset])
@pytest.mark.parametrize("sent", ["nothing", "a part", "a hello"])
def test_a_tls_client_that_leaves_at_once_has_one_line_in_the_log(
    store: Store, ending: Callable[[socket.socket], None], sent: str, caplog: pytest.LogCaptureFixture
) -> None:
    served, client, logged = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(), threading.Event()
    trustme.CA().issue_cert("127.0.0.1").configure_cert(served)
    sends = {"nothing": b"", "a part": b"\x16\x03\x01", "a hello": hello_of(client)}[sent]
    with Server(App(store), ssl_context=served, log=lambda _line: logged.set()) as server:
        for _ in range(5):
            logged.clear()
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
            connection.sendall(sends)
            ending(connection)
            assert logged.wait(20)
    lines = list(server.log_lines)  # once it is closed, all are written
    assert len(lines) == 5 and all(" tls failed: " in line for line in lines), lines
    assert not caplog.records


def test_a_tls_client_that_leaves_with_requests_under_way_has_one_line_and_no_warnings(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """asyncio warns, outside our log, of each write after the end of a connection."""
    authority, served, trusting = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(served)
    authority.configure_trust(trusting)
    cut = threading.Event()
    with Server(App(store), ssl_context=served, log=lambda line: cut.set() if " cut" in line else None) as server:
        assert server._loop is not None
        for _ in range(5):
            cut.clear()
            secure = trusting.wrap_socket(
                socket.create_connection(("127.0.0.1", server.port), timeout=20), server_hostname="127.0.0.1"
            )
            server._loop.call_soon_threadsafe(FOREVER.wait, 0.1)  # so that the client is gone before the first response
            secure.sendall(b"GET /v2/ HTTP/1.1\r\nHost: r\r\n\r\n" * 100)
            secure.close()
            assert cut.wait(20)
    assert sum(" cut" in line for line in server.log_lines) == 5
    assert not caplog.records


def test_over_tls_a_body_that_follows_the_handshake_at_once_arrives_whole(store: Store) -> None:
    """It may arrive while the server still shakes hands, and must not stop the connection."""
    authority, served, trusting = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(served)
    authority.configure_trust(trusting)
    blob = bytes(range(256)) * 4096
    start = f"POST /v2/a/blobs/uploads/?digest={digest(blob)} HTTP/1.1"
    request = f"{start}\r\nHost: r\r\nContent-Length: {len(blob)}\r\n\r\n"
    with Server(App(store), ssl_context=served) as server:
        for _ in range(20):
            with (
                socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain,
                trusting.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
            ):
                secure.sendall(request.encode() + blob)
                assert secure.recv(100).startswith(b"HTTP/1.1 201")


def scratch() -> memoryview:
    return memoryview(bytearray(2 * MOST_UNREAD))


def _arrives(channel: Channel, data: bytes) -> None:
    """As asyncio does it."""
    channel.get_buffer(-1)[: len(data)] = data
    channel.buffer_updated(len(data))


def test_bytes_that_arrive_during_the_handshake_do_not_stop_the_connection() -> None:
    """Whichever callback asyncio runs first."""

    async def run() -> tuple[list[str], bytes]:
        calls: list[str] = []
        channel = Channel(lambda _channel: nothing(), scratch())
        below, above = Recording("below", calls), Recording("above", calls)
        channel.transport, channel._shakes_hands = below, True
        _arrives(channel, bytes(MOST_UNREAD + 1))
        channel.transport, channel._shakes_hands = above, False
        channel._pause_if_full()
        first = await channel.read()
        reading = asyncio.create_task(channel.read())
        await asyncio.sleep(0)
        _arrives(channel, b"next")
        return calls, first[:0] + await reading

    calls, then = asyncio.run(run())
    assert calls == ["above pauses", "above resumes"]
    assert then == b"next"


@pytest.mark.parametrize("leaves", [False, True])
def test_a_client_that_reads_fast_delays_nobody(tmp_path: Path, leaves: bool) -> None:
    """Its socket takes every byte at once, so that nothing waits for it; or it has left, and nothing fails."""
    file = tmp_path / "blob"
    with file.open("wb") as blob:
        blob.truncate(20 * CHUNK)

    async def run() -> tuple[int, int]:
        channel = Channel(lambda _channel: nothing(), scratch())
        calls: list[str] = []
        channel.transport, rounds = Taking("socket", calls), 0

        async def other() -> None:
            nonlocal rounds
            while True:
                rounds += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        response = Response(200, (), FileRange(file, 0, 20 * CHUNK))
        if leaves:
            asyncio.get_running_loop().call_soon(channel.connection_lost, None)
        with pytest.raises(ConnectionResetError) if leaves else nullcontext():
            await send(channel, response, Ending(keeps=True), UNKNOWN_LINE, 60, RequestLog(str, "-"))
        task.cancel()
        return rounds, len(calls)

    rounds, sent = asyncio.run(run())
    assert sent < 5 if leaves else rounds >= 19 and sent == 20


def test_a_client_that_leaves_after_its_response_has_one_line_in_the_log() -> None:
    """The response was sent: it was not cut."""

    async def run() -> None:
        channel = Channel(lambda _channel: nothing(), scratch())
        transport = channel.transport = Recording("socket", [])
        await channel.write(b"the whole response")
        transport.ended = True
        with pytest.raises(ConnectionResetError):
            await channel.write(b"more")
        assert transport.calls == ["socket sends 18"]

    asyncio.run(run())


@pytest.mark.parametrize("chunked", [False, True])
def test_a_client_that_ends_in_the_middle_of_a_body_gets_a_clean_close(server: Server, chunked: bool) -> None:
    inline = Inline(server.app)
    target = f"{inline.start('a')}&digest={HELLO}"
    framing = "Transfer-Encoding: chunked" if chunked else "Content-Length: 5"
    with Wire(server) as wire:
        wire.send(f"PUT {target} HTTP/1.1", "Host: r", framing, body=b"5\r\nhel" if chunked else b"hel")
        wire.socket.shutdown(socket.SHUT_WR)
        assert wire.ended()
    assert f"digest={HELLO} cut " in server.log_lines[-1]
    assert not server.app.sessions.uploading  # type: ignore[attr-defined]
    assert inline.ask("PUT", target, b"hello").status == 201


def test_a_client_that_sends_nothing_more_gets_its_responses(server: Server) -> None:
    with Wire(server) as wire:
        wire.socket.sendall(b"GET /v2/ HTTP/1.1\r\nHost: r\r\n\r\n" * 3 + b"GET /v2/ HTT")
        wire.socket.shutdown(socket.SHUT_WR)
        assert [wire.status() for _ in range(3)] == [200] * 3
        assert wire.ended()
    assert server.log_lines[-1].split()[2:5] == ["-", "-", "cut"]


@pytest.mark.parametrize("target", ["/v2/a/tags/list", "/v2/_catalog", f"/v2/a/referrers/{HELLO}"])
def test_a_client_that_sends_nothing_more_gets_its_lists(server: Server, target: str) -> None:
    Inline(server.app).push_blob("a", b"{}")
    for _ in range(20):  # a thread that is free begins either before or after the end is seen
        with Wire(server) as wire:
            wire.socket.sendall(f"GET {target} HTTP/1.1\r\nHost: r\r\n\r\n".encode() * 2)
            wire.socket.shutdown(socket.SHUT_WR)
            assert [wire.status(), wire.status()] == [200, 200]
            assert wire.ended()


def test_every_write_has_a_limit(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that does not read would otherwise hold its connection forever, even at 100 Continue."""
    limits: list[float | None] = []
    writes = Channel.write

    async def noted(channel: Channel, data: bytes, seconds: float | None = None) -> None:
        limits.append(seconds)
        await writes(channel, data, seconds)

    monkeypatch.setattr(Channel, "write", noted)
    target = f"{Inline(server.app).start('a')}&digest={HELLO}"
    with Wire(server) as wire:
        wire.send(f"PUT {target} HTTP/1.1", "Host: r", "Content-Length: 5", "Expect: 100-continue")
        assert wire.status() == 100
        wire.socket.sendall(b"hello")
        assert wire.status() == 201
    assert limits == [server.limits.body_timeout] * 2


@pytest.mark.parametrize("years", [-50, 50])
def test_a_clock_that_jumps_changes_neither_sessions_nor_connections(
    store: Store, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    inline = Inline(App(store))
    with Server(inline.app, limits=Limits(idle_timeout=30)) as server, Wire(server) as wire:
        wire.send("POST /v2/a/blobs/uploads/ HTTP/1.1", "Host: r", "Content-Length: 0")
        location = wire.read()[1]["location"].partition("//r")[2]
        now = time.time
        monkeypatch.setattr(time, "time", lambda: now() + years * 365 * 86400)
        wire.send(f"PATCH {location} HTTP/1.1", "Host: r", "Content-Length: 3", body=b"hel")
        start, headers, _ = wire.read()
        assert start == "HTTP/1.1 202 Accepted"
        location = headers["location"].partition("//r")[2]
        monkeypatch.setattr(time, "time", now)
        wire.send(f"PUT {location}&digest={HELLO} HTTP/1.1", "Host: r", "Content-Length: 2", body=b"lo")
        assert wire.status() == 201


def test_manifests_that_stop_arriving_share_bounded_memory_and_delay_nobody(store: Store) -> None:
    """24 clients hold 2 MiB each, of which 8 MiB fit into the memory; the rest waits in files, and a push succeeds."""
    memory = Memory(8 * 1024 * 1024)
    app = App(store, memory=memory)
    inline = Inline(app)
    inline.push_image("a", "v0", b"{}")
    size = 2 * 1024 * 1024
    with Server(app) as server:
        wires = [Wire(server) for _ in range(24)]
        for number, wire in enumerate(wires):
            head = [f"PUT /v2/a/manifests/v{number} HTTP/1.1", "Host: r", f"Content-Type: {OCI_MANIFEST}"]
            wire.send(*head, f"Content-Length: {size}", "Expect: 100-continue")
            assert wire.read()[0] == "HTTP/1.1 100 Continue"
            wire.socket.sendall(b" " * (size - 1))
        with Wire(server) as other:
            other.send("GET /v2/a/manifests/v0 HTTP/1.1", "Host: r")
            _, headers, manifest = other.read()
            kind = f"Content-Type: {headers['content-type']}"
            other.send(
                "PUT /v2/a/manifests/v1 HTTP/1.1", "Host: r", kind, f"Content-Length: {len(manifest)}", body=manifest
            )
            assert other.status() == 201
        assert memory.free < size
        for wire in wires[:12]:
            wire.socket.sendall(b" ")
            assert wire.status() == 400  # blanks are no manifest; all of them were read
        for wire in wires:
            wire.close()
    assert memory.free == 8 * 1024 * 1024
