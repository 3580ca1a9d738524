"""Handlers as generators: what is raised before and after the body, who may end a request, and what a cut leaves."""

from __future__ import annotations

import io
import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from regtutor.backends.in_process import InProcessTransport
from regtutor.client.registry import Registry
from regtutor.message import Location
from regtutor.protocol.digests import parse
from regtutor.protocol.manifests import MAX_BYTES
from regtutor.protocol.media_types import OCI_MANIFEST
from regtutor.server.app import App
from regtutor.server.call import Call
from regtutor.server.handlers import uploads
from regtutor.server.http import Head, Response
from regtutor.server.receiving import BodySink, Handling, InMemory, receives, response_of
from regtutor.server.respond import Refusal, respond
from regtutor.server.shell.listen import Server
from regtutor.server.storage import sessions
from regtutor.server.storage.store import Store
from regtutor.steps import patch_upload, start_upload
from tests.server.inline import Inline, digest, faults

HELLO = digest(b"hello")


@receives
def echo(seen: list[str], refused: str = "", body: bool = True) -> Handling:
    """Return the body; ``seen`` is told what the handler lives through."""
    if refused == "before":
        raise Refusal("SIZE_INVALID", given="before")
    if not body:
        return respond(204)
    place = InMemory(limit=5)
    try:
        yield place
    except GeneratorExit:
        seen.append("cut off")
        raise
    if refused == "after":
        raise Refusal("SIZE_INVALID", given="after")
    seen.append(f"{place.size} bytes")
    return respond(200, body=place.data)


def sink_of(outcome: Response | BodySink) -> BodySink:
    assert isinstance(outcome, BodySink), outcome
    return outcome


def test_a_handler_that_does_not_yield_has_responded() -> None:
    outcome = echo([], body=False)
    assert isinstance(outcome, Response)
    assert outcome.status == 204


def test_a_refusal_before_the_yield_is_raised_by_the_call_and_one_after_it_by_finish() -> None:
    with pytest.raises(Refusal):
        echo([], "before")
    sink = sink_of(echo([], "after"))
    with pytest.raises(Refusal):
        sink.finish()
    sink.abort()


def test_a_body_is_kept_up_to_the_limit_and_counted_beyond_it() -> None:
    seen: list[str] = []
    sink = sink_of(echo(seen))
    for chunk in (b"abc", b"def", b"ghi"):
        sink.write(chunk)
    assert (sink.limit, sink.finish().body, seen) == (5, b"abcde", ["9 bytes"])


@pytest.mark.parametrize("end", [BodySink.abort, lambda sink: sink.__exit__(None, None, None)])
def test_a_handler_whose_body_is_cut_off_is_closed_once(end: Callable[[BodySink], None]) -> None:
    seen: list[str] = []
    sink = sink_of(echo(seen))
    end(sink)
    end(sink)
    assert seen == ["cut off"]
    with pytest.raises(RuntimeError, match="already finished or aborted"):
        sink.finish()


def test_a_sink_that_nobody_holds_any_more_is_closed() -> None:
    seen: list[str] = []
    assert sink_of(echo(seen)) is not None
    assert seen == ["cut off"]


def test_a_handler_yields_once() -> None:
    @receives
    def twice() -> Handling:
        yield InMemory(0)
        yield InMemory(0)
        return respond(200)

    sink = sink_of(twice())
    with pytest.raises(RuntimeError, match="yield only once"):
        sink.finish()


def test_a_handler_around_another_sees_its_response_its_refusals_and_its_end() -> None:
    seen: list[str] = []

    @receives
    def around(refused: str = "", body: bool = True) -> Handling:
        try:
            response = yield from response_of(echo(seen, refused, body))
        except Refusal as refusal:
            return respond(400, body=str(refusal.faults[0].detail["given"]).encode())
        return respond(response.status + 1, body=response.body)

    before, bodiless = around("before"), around(body=False)
    assert isinstance(before, Response) and isinstance(bodiless, Response)
    assert (before.body, bodiless.status) == (b"before", 205)
    assert sink_of(around("after")).finish().body == b"after"
    sink = sink_of(around())
    sink.write(b"hello")
    assert (sink.limit, sink.finish().status) == (5, 201)
    sink_of(around()).abort()
    assert seen == ["5 bytes", "cut off"]


def test_nobody_closes_a_handler_that_finishes() -> None:
    reached, go_on = threading.Event(), threading.Event()

    @receives
    def slow() -> Handling:
        yield InMemory(0)
        reached.set()
        assert go_on.wait(20)
        return respond(201)

    sink = sink_of(slow())
    with ThreadPoolExecutor(1) as worker:
        finishing = worker.submit(sink.finish)
        assert reached.wait(20)
        sink.abort()
        go_on.set()
        assert finishing.result(20).status == 201


# The registry: requests that contend for one session.


def begun(inline: Inline, method: str, target: str, body: bytes, **headers: str) -> BodySink:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    sink = sink_of(inline.app.begin(Head(method, target, pairs)))
    sink.write(body)
    return sink


@contextmanager
def held_at_the_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Inside the block a commit waits before its bytes reach the disk: ``reached`` says so, ``go_on`` lets it go on."""
    reached, go_on, sync = threading.Event(), threading.Event(), os.fsync

    def wait(descriptor: int) -> None:
        if not go_on.is_set():
            reached.set()
            assert go_on.wait(20)
        sync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", wait)
        try:
            yield reached, go_on
        finally:
            go_on.set()


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_while_a_request_finishes_in_a_worker_no_other_takes_its_session_over(
    inline: Inline, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    location = inline.start("a")
    sink = begun(inline, "PUT", f"{location}&digest={HELLO}", b"hello")
    with ThreadPoolExecutor(1) as worker, held_at_the_disk(monkeypatch) as (reached, go_on):
        finishing: Future[Response] = worker.submit(sink.finish)
        assert reached.wait(20)
        (fault,) = faults(inline.ask(method, f"{location}&digest={HELLO}", b"hello"))
        assert (fault["code"], fault["detail"]["expected"]) == (
            "BLOB_UPLOAD_INVALID",
            "a session that no other request is finishing",
        )
        sink.abort()
        go_on.set()
        assert finishing.result(20).status == 201
    assert inline.ask("GET", f"/v2/a/blobs/{HELLO}").body == b"hello"


def test_a_request_is_taken_over_even_in_its_worker_as_long_as_it_has_not_ended_its_writer(
    inline: Inline, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go_on, check = threading.Event(), threading.Event(), uploads.check_length

    def wait(*args: Any) -> None:
        if not reached.is_set():
            reached.set()
            assert go_on.wait(20)
        check(*args)

    monkeypatch.setattr(uploads, "check_length", wait)
    target = f"{inline.start('a')}&digest={HELLO}"
    first = begun(inline, "PUT", target, b"hello")
    with ThreadPoolExecutor(1) as worker:
        finishing: Future[Response] = worker.submit(first.finish)
        assert reached.wait(20)
        second = begun(inline, "PUT", target, b"hello")
        first.abort()
        go_on.set()
        refused = finishing.result(20)
    assert (refused.status, faults(refused)[0]["code"]) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert second.finish().status == 201


@pytest.mark.parametrize("ended_by", ["DELETE", "PUT"])
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_request_whose_session_was_ended_from_elsewhere_comes_to_nothing(
    inline: Inline, method: str, ended_by: str
) -> None:
    location = inline.start("a")
    late = begun(inline, method, f"{location}&digest={HELLO}", b"")
    assert inline.ask(ended_by, f"{location}&digest={HELLO}", b"hello").status in (201, 204)
    late.write(b"hello")
    refused = late.finish()
    assert (refused.status, faults(refused)[0]["code"]) == (404, "BLOB_UPLOAD_UNKNOWN")
    late.abort()
    assert inline.ask("HEAD", f"/v2/a/blobs/{HELLO}").status == (200 if ended_by == "PUT" else 404)


def test_of_two_requests_to_one_session_the_second_goes_on_and_the_first_is_refused(inline: Inline) -> None:
    location = inline.start("a")
    first = begun(inline, "PUT", f"{location}&digest={HELLO}", b"hel")
    second = begun(inline, "PUT", f"{location}&digest={HELLO}", b"hello")
    first.write(b"lo")
    assert first.finish().status == 404
    assert second.finish().status == 201
    first.abort()
    assert inline.ask("GET", f"/v2/a/blobs/{HELLO}").body == b"hello"


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_request_begins_where_the_session_ends_when_it_is_opened_even_if_that_was_elsewhere_when_it_was_checked(
    inline: Inline, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    location = inline.start("a")
    first = begun(inline, "PATCH", location, b"01234", Content_Range="0-9")
    state = inline.ask("GET", location)
    assert state.header("Range") == "0-4"
    location = (state.header("Location") or "").removeprefix("http://r.example:5000")
    check = uploads.session_in_order

    def checked_too_early(call: Call) -> Any:
        found = check(call)
        assert faults(first.finish())[0]["code"] == "SIZE_INVALID"  # its bytes are discarded
        return found

    with monkeypatch.context() as patch:
        patch.setattr(uploads, "session_in_order", checked_too_early)
        second = inline.ask(method, f"{location}&digest={HELLO}", b"56789", Content_Range="5-9", Content_Length="5")
    (fault,) = faults(second)
    assert (second.status, fault["code"], second.header("Range")) == (416, "BLOB_UPLOAD_INVALID", "0-0")
    assert fault["detail"]["given"] == "a Location for offset 5"
    latest = (second.header("Location") or "").removeprefix("http://r.example:5000")
    assert inline.ask("PUT", f"{latest}&digest={HELLO}", b"hello").status == 201


def test_a_cut_before_the_end_of_a_put_leaves_the_session_as_it_was(inline: Inline) -> None:
    location = inline.start("a")
    begun(inline, "PUT", f"{location}&digest={HELLO}", b"hel").abort()
    assert inline.ask("PUT", f"{location}&digest={HELLO}", b"hello").status == 201


def test_a_single_post_that_is_refused_or_fails_leaves_no_session(
    inline: Inline, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = f"/v2/a/blobs/uploads/?digest={HELLO}"
    assert begun(inline, "POST", target, b"hel", Content_Length="5").finish().status == 400
    assert begun(inline, "POST", target, b"hellx").finish().status == 400
    sink = begun(inline, "POST", target, b"hello")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _no_space)
        with pytest.raises(OSError, match="No space"):
            sink.finish()
    assert not [path for path in (store.root / "docker").rglob("*") if path.is_file()]


def _no_space(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("chunk", [b"x" * MAX_BYTES, b"x" * (MAX_BYTES // 2)])
def test_a_manifest_that_turns_out_too_large_is_refused_at_its_end(inline: Inline, chunk: bytes) -> None:
    sink = begun(inline, "PUT", "/v2/a/manifests/v1", chunk, Content_Type=OCI_MANIFEST)
    assert sink.limit == MAX_BYTES
    for _ in range(2):
        sink.write(chunk)
    refused = sink.finish()
    (fault,) = faults(refused)
    assert (refused.status, fault["code"], fault["detail"]["given"]) == (
        413,
        "MANIFEST_INVALID",
        f"{3 * len(chunk)} bytes",
    )


# On a socket, and in process.


def sent(server: Server, *lines: str, body: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    connection.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode() + body)
    return connection


def test_a_client_that_leaves_while_its_request_finishes_has_its_blob_stored(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    inline, logged = Inline(App(store)), threading.Event()
    with Server(inline.app, log=lambda line: logged.set() if f"digest={HELLO}" in line else None) as server:
        location = inline.start("a")
        with held_at_the_disk(monkeypatch) as (reached, go_on):
            request = f"PUT {location}&digest={HELLO} HTTP/1.1"
            sent_all = sent(server, request, "Host: r", "Content-Length: 5", body=b"hello")
            assert reached.wait(20)
            sent_all.close()
            assert faults(inline.ask("DELETE", location))[0]["code"] == "BLOB_UPLOAD_INVALID"
            go_on.set()
            assert logged.wait(20)
        assert not [line for line in server.log_lines if "500" in line]
    assert store.blob("a", parse(HELLO)) is not None


def test_a_request_that_no_worker_finishes_is_aborted(store: Store) -> None:
    inline = Inline(App(store))
    with Server(inline.app) as server:
        location = inline.start("a")
        server.workers.close()
        connection = sent(
            server, f"PUT {location}&digest={HELLO} HTTP/1.1", "Host: r", "Content-Length: 5", body=b"hello"
        )
        with connection, connection.makefile("rb") as file:
            assert file.readline() == b"HTTP/1.1 500 Internal Server Error\r\n"
        assert not inline.app.sessions.uploading
    assert inline.ask("PUT", f"{location}&digest={HELLO}", b"hello").status == 201


class Disk(io.FileIO):
    """A file that takes two bytes at a time, and no more once ``room`` is used up."""

    room = 0

    def write(self, data: Any) -> int:
        if self.room < 1:
            raise OSError(28, "No space left on device")
        self.room -= 2
        return super().write(bytes(data)[:2])


@contextmanager
def disk_with(room: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Inside the block, each new writer of a session writes to such a disk."""
    began = sessions.SessionWriter.__init__

    def begin(writer: sessions.SessionWriter, *args: Any) -> None:
        began(writer, *args)
        writer._file.close()
        writer._file = Disk(writer.session.data, "ab")
        writer._file.room = room

    with monkeypatch.context() as patch:
        patch.setattr(sessions.SessionWriter, "__init__", begin)
        yield


def test_a_disk_that_takes_bytes_a_few_at_a_time_gets_them_all(inline: Inline, monkeypatch: pytest.MonkeyPatch) -> None:
    with disk_with(100, monkeypatch):
        assert inline.push_blob("a", b"hello") == HELLO
    assert inline.ask("GET", f"/v2/a/blobs/{HELLO}").body == b"hello"


@pytest.mark.parametrize(("method", "kept"), [("PATCH", b"hell"), ("PUT", b"")])
def test_a_disk_that_is_full_is_a_500_and_the_session_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch, method: str, kept: bytes
) -> None:
    inline = Inline(App(store))
    location = inline.start("a")
    with Server(inline.app) as server:
        with disk_with(4, monkeypatch):
            request = f"{method} {location}&digest={HELLO} HTTP/1.1"
            connection = sent(server, request, "Host: r", "Content-Length: 5", body=b"hello")
            with connection, connection.makefile("rb") as file:
                assert file.readline() == b"HTTP/1.1 500 Internal Server Error\r\n"
        assert "500 because of OSError: [Errno 28] No space left on device" in server.log_lines
        stands = inline.ask("GET", location)
        assert stands.header("Range") == f"0-{max(len(kept) - 1, 0)}"
        latest = (stands.header("Location") or "").removeprefix("http://r.example:5000")
        assert inline.ask("PUT", f"{latest}&digest={HELLO}", b"hello"[len(kept) :]).status == 201


def test_a_disk_that_is_full_is_a_500_in_process_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = InProcessTransport(App(store))
    registry = Registry(transport.url, transport)
    location = start_upload(registry, "a").location
    assert isinstance(location, Location)
    with disk_with(0, monkeypatch):
        assert patch_upload(registry, location, b"hello").status == 500
    assert patch_upload(registry, location, b"hello").status == 202


def test_a_request_that_cannot_be_cleaned_up_is_answered_all_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    inline = Inline(App(store))
    with Server(inline.app) as server, disk_with(0, monkeypatch):
        monkeypatch.setattr(Disk, "truncate", lambda *_: _no_space(0))
        request = f"PUT {inline.start('a')}&digest={HELLO} HTTP/1.1"
        connection = sent(server, request, "Host: r", "Content-Length: 5", body=b"hello")
        with connection, connection.makefile("rb") as file:
            assert file.readline() == b"HTTP/1.1 500 Internal Server Error\r\n"
        assert any(line.startswith("a request that was cut off was not cleaned up") for line in server.log_lines)
