"""Nobody's slow request delays the push of another: counted by events, not by time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from regtutor.server.app import App
from regtutor.server.http import Head, Response
from regtutor.server.respond import respond
from regtutor.server.shell.listen import Server
from regtutor.server.storage.repository_lists import RepositoryLists
from regtutor.server.storage.store import Store
from tests.server.inline import digest
from tests.server.wire import Wire

HELLO = digest(b"hello")
LISTS = (f"GET /v2/a/referrers/{HELLO} HTTP/1.1", "GET /v2/a/tags/list HTTP/1.1", "GET /v2/_catalog HTTP/1.1")


class HeldLists(RepositoryLists):
    """Lists of repositories, which are held up too."""

    def __init__(self, store: Held) -> None:
        super().__init__(store)
        self._store = store

    def after(self, *arguments: Any, **named: Any) -> Iterator[str]:
        self._store._hold()
        return super().after(*arguments, **named)


class Held(Store):
    """A store whose lists wait for ``go``; ``began`` counts them."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.repository_lists = HeldLists(self)
        self.began, self.go = 0, threading.Event()
        self.first = threading.Event()
        self.tag_lists.names = self._held(self.tag_lists.names)  # type: ignore[method-assign]
        self.referrers.of = self._held(self.referrers.of)  # type: ignore[method-assign]

    def _held(self, listing: Callable[..., Any]) -> Callable[..., Any]:
        def held(*args: Any) -> Any:
            self._hold()
            return listing(*args)

        return held

    def _hold(self) -> None:
        self.began += 1
        self.first.set()
        assert self.go.wait(30)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Held]:
    with Held(tmp_path) as store:
        yield store
        store.go.set()


def push(server: Server) -> int:
    with Wire(server) as wire:
        wire.send(f"POST /v2/a/blobs/uploads/?digest={HELLO} HTTP/1.1", "Host: r", "Content-Length: 5", body=b"hello")
        return wire.status()


@pytest.mark.parametrize("start", LISTS)
def test_slow_lists_delay_no_push_and_no_deletion(store: Held, start: str) -> None:
    with Server(App(store)) as server:
        assert push(server) == 201  # the repository exists
        wires = [Wire(server) for _ in range(12)]
        for wire in wires:
            wire.send(start, "Host: r")
        assert store.first.wait(20)
        assert push(server) == 201
        with Wire(server) as wire:
            for line in ("DELETE /v2/a/manifests/none HTTP/1.1", f"HEAD /v2/a/blobs/{HELLO} HTTP/1.1"):
                wire.send(line, "Host: r")
                assert wire.status(body=line[0] == "D") == (404 if line[0] == "D" else 200)
        assert not any(line.split(" HTTP")[0] in text for text in server.log_lines for line in LISTS)
        store.go.set()
        assert [wire.status() for wire in wires] == [200] * 12
        for wire in wires:
            wire.close()


def logged(server_log: Callable[[str], None], count: int, word: str) -> tuple[Callable[[str], None], threading.Event]:
    """A log that sets the event when ``count`` lines with ``word`` were written."""
    reached, seen = threading.Event(), [0]

    def log(line: str) -> None:
        server_log(line)
        seen[0] += word in line
        if seen[0] >= count:
            reached.set()

    return log, reached


def test_the_lists_of_clients_that_left_are_never_begun(store: Held) -> None:
    log, dropped = logged(lambda _line: None, 38, " cut ")
    with Server(App(store), log=log) as server:
        assert push(server) == 201
        wires = [Wire(server) for _ in range(40)]
        for wire in wires:
            wire.send("GET /v2/a/tags/list HTTP/1.1", "Host: r")
        assert store.first.wait(20)
        for wire in wires:
            wire.close()
        assert dropped.wait(20), "the lists of the clients that left were not dropped"
        store.go.set()
        with Wire(server) as wire:
            wire.send("GET /v2/a/tags/list HTTP/1.1", "Host: r")
            assert wire.status() == 200
        assert store.began == 3, "two threads list; the third is for the client that stayed"


def test_a_client_that_sends_nothing_more_still_gets_its_list(store: Held) -> None:
    with Server(App(store)) as server:
        assert push(server) == 201
        with Wire(server) as wire:
            wire.send("GET /v2/a/tags/list HTTP/1.1", "Host: r")
            assert store.first.wait(20)
            wire.socket.shutdown(1)
            store.go.set()
            assert wire.status() == 200


class Endless(App):
    """An App whose list ends when the client has left."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.begun, self.ended = threading.Event(), threading.Event()

    def begin(self, head: Head, *, scheme: str = "http") -> Response:
        if head.target == "/v2/_catalog":
            self.begun.set()
            try:
                while True:
                    head.check_presence()
                    threading.Event().wait(0.01)
            finally:
                self.ended.set()
        return respond(200)


def test_a_list_that_was_begun_stops_when_its_client_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regtutor.server.shell.channel.GRACE", 0.0)
    log, cut = logged(lambda _line: None, 1, "/v2/_catalog cut ")
    with Store(tmp_path) as store:
        app = Endless(store)
        with Server(app, log=log) as server:
            with Wire(server) as wire:
                wire.send("GET /v2/_catalog HTTP/1.1", "Host: r")
                assert app.begun.wait(20)
            assert app.ended.wait(20)
            assert cut.wait(20)
            assert not any("because of" in line for line in server.log_lines)
