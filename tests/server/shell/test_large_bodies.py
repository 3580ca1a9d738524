"""Large bodies, which arrive in blocks that are used again: whole, in order, and within the limits of each body."""

from __future__ import annotations

import os
import random
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import trustme

from regtutor.server.app import App
from regtutor.server.shell.limits import Limits
from regtutor.server.shell.listen import Server
from regtutor.server.storage import beside, blocks
from regtutor.server.storage.blocks import Blocks
from regtutor.server.storage.store import Store
from tests.server.inline import Inline, digest
from tests.server.wire import Wire

BLOCK = 4096
NEVER = threading.Event()


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in (("SMALL", 1000), ("AT_ONCE", BLOCK), ("QUEUE", 8 * BLOCK)):
        monkeypatch.setattr(beside, name, size)
    monkeypatch.setattr(blocks, "BLOCK", BLOCK)
    monkeypatch.setattr(blocks, "SHARED", Blocks(20))


@pytest.fixture(autouse=True)
def no_block_is_lost(small_blocks: None) -> Iterator[None]:
    yield
    assert blocks.SHARED._left == 20


def pieces(data: bytes, seed: int) -> Iterator[bytes]:
    chance, at = random.Random(seed), 0
    while at < len(data):
        size = chance.choice([1, 7, 1000, BLOCK - 1, BLOCK, BLOCK + 1, 50_000])
        yield data[at : at + size]
        at += size


@pytest.mark.parametrize("with_tls", [False, True])
def test_bodies_at_the_same_time_arrive_whole_and_the_next_request_follows(store: Store, with_tls: bool) -> None:
    authority, served, trusting = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(served)
    authority.configure_trust(trusting)
    inline = Inline(App(store))

    def push(seed: int) -> list[bytes]:
        blob = os.urandom(400_000 + seed)
        target = f"{inline.start('a')}&digest={digest(blob)}"
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            sending = trusting.wrap_socket(connection, server_hostname="127.0.0.1") if with_tls else connection
            head = f"PUT {target} HTTP/1.1\r\nHost: r\r\nContent-Length: {len(blob)}\r\n\r\n".encode()
            then = b"GET /v2/ HTTP/1.1\r\nHost: r\r\nConnection: close\r\n\r\n"
            for piece in pieces(head + blob + then, seed):
                sending.sendall(piece)
            lines = [line for line in sending.makefile("rb") if line.startswith(b"HTTP/1.1")]
        assert inline.ask("GET", f"/v2/a/blobs/{digest(blob)}").body == blob
        return lines

    with Server(inline.app, ssl_context=served if with_tls else None) as server, ThreadPoolExecutor(4) as clients:
        for lines in clients.map(push, range(8)):
            assert lines == [b"HTTP/1.1 201 Created\r\n", b"HTTP/1.1 200 OK\r\n"]


def test_what_has_arrived_in_a_block_stays_in_the_session_if_the_connection_is_cut(store: Store) -> None:
    inline, data = Inline(App(store)), os.urandom(10 * BLOCK)
    location = inline.start("a")
    with Server(inline.app) as server:
        with Wire(server) as wire:
            wire.send(f"PATCH {location} HTTP/1.1", "Host: r", f"Content-Length: {len(data)}")
            wire.socket.sendall(data[: 5 * BLOCK + 77])
            wire.socket.shutdown(socket.SHUT_WR)
            assert wire.ended()
        state = inline.ask("GET", location)
        assert state.header("Range") == f"0-{5 * BLOCK + 76}"
        rest = (state.header("Location") or "").removeprefix("http://r.example:5000")
        assert inline.ask("PUT", f"{rest}&digest={digest(data)}", data[5 * BLOCK + 77 :]).status == 201


def test_clients_that_stop_share_the_blocks_and_delay_nobody(store: Store) -> None:
    """More of them than there are blocks; and one whose session another request takes over while it sends."""
    inline, data = Inline(App(store)), os.urandom(30 * BLOCK)
    with Server(inline.app) as server:
        stopped = [Wire(server) for _ in range(30)]
        locations = [inline.start("a") for _ in stopped]
        for wire, location in zip(stopped, locations, strict=True):
            wire.send(f"PATCH {location} HTTP/1.1", "Host: r", "Content-Length: 100000", body=data[:2000])
        while sum(session.received for session in inline.app.sessions.uploading.values()) < 30 * 1000:
            NEVER.wait(0.01)
        assert blocks.SHARED.take() is None, "all are in use"
        pushed = [inline.start("a") for _ in range(3)] + locations[:3]
        for location in pushed:
            with Wire(server) as wire:
                head = f"PUT {location}&digest={digest(data)} HTTP/1.1"
                wire.send(head, "Host: r", f"Content-Length: {len(data)}", body=data)
                start, _, body = wire.read()
                assert start == "HTTP/1.1 201 Created" or (location in locations and b"Location for offset" in body), (
                    body
                )
        assert inline.ask("GET", f"/v2/a/blobs/{digest(data)}").body == data
        for wire in stopped:
            wire.close()


@pytest.mark.parametrize("pause", [0.05, 5.0])
def test_a_large_body_that_drips_or_stops_gets_408(store: Store, pause: float) -> None:
    inline = Inline(App(store))
    limits = Limits(body_timeout=0.6, rate_window=0.3 if pause < 1 else 20, least_rate=1000)
    with Server(inline.app, limits=limits) as server, Wire(server) as wire:
        wire.send(f"PATCH {inline.start('a')} HTTP/1.1", "Host: r", "Content-Length: 100000", body=bytes(1500))
        for _ in range(200):
            NEVER.wait(0.05)
            with suppress(OSError):
                wire.socket.sendall(b"x" if pause < 1 else b"")
            if server.log_lines:
                break
        start, _, body = wire.read()
        assert start == "HTTP/1.1 408 Request Timeout"
        assert (b"bytes of the body in" if pause < 1 else b"no byte of the body for") in body


def test_a_large_body_that_is_slow_but_never_stops_is_not_ended(store: Store) -> None:
    """It takes longer than a pause may, and no block is full in that time."""
    inline, data = Inline(App(store)), os.urandom(3000)
    target = f"{inline.start('a')}&digest={digest(data)}"
    limits = Limits(body_timeout=2, rate_window=0.5, least_rate=10)
    with Server(inline.app, limits=limits) as server, Wire(server) as wire:
        wire.send(f"PUT {target} HTTP/1.1", "Host: r", f"Content-Length: {len(data)}", body=data[:1500])
        for at in range(1500, 3000, 50):
            NEVER.wait(0.1)
            wire.socket.sendall(data[at : at + 50])
        assert wire.status() == 201
