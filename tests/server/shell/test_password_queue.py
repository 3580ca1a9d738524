"""A right password does not wait for the wrong ones of others."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator

import pytest

from regtutor.server.app import App
from regtutor.server.http import Head, Response
from regtutor.server.shell.limits import Limits
from regtutor.server.shell.listed_users import ListedUsers
from regtutor.server.shell.listen import Server
from regtutor.server.storage.store import Store
from tests.server.wire import Wire


class Slow(ListedUsers):
    """Checks each password after ``go``, and records the names in the order in which they were checked."""

    def __init__(self) -> None:
        super().__init__({"ann": "right"})
        self.order: list[str | None] = []
        self.first, self.go = threading.Event(), threading.Event()

    def refusal(self, head: Head) -> Response | None:
        self.order.append(self.name(head))
        self.first.set()
        assert self.go.wait(30)
        return super().refusal(head)


@pytest.fixture
def passwords() -> Iterator[Slow]:
    slow = Slow()
    yield slow
    slow.go.set()


def ask(server: Server, name: str, password: str) -> Wire:
    wire = Wire(server)
    encoded = base64.b64encode(f"{name}:{password}".encode()).decode()
    wire.send("GET /v2/ HTTP/1.1", "Host: r", f"Authorization: Basic {encoded}")
    return wire


def settled(server: Server, waiting: int) -> None:
    """Wait until ``waiting`` checks wait."""
    for _ in range(2000):
        if len(server._password_queue) == waiting:
            return
        threading.Event().wait(0.01)
    pytest.fail(f"{len(server._password_queue)} checks wait, not {waiting}")


def test_a_right_password_waits_for_one_check_and_not_for_200_wrong_ones(store: Store, passwords: Slow) -> None:
    with Server(App(store), passwords=passwords) as server:
        wires = [ask(server, "first", "wrong")]
        assert passwords.first.wait(20)
        wires += [ask(server, f"wrong{number}", "wrong") for number in range(200)]
        settled(server, 200)
        for wire in wires[101:]:
            wire.close()  # a hundred of them leave
        settled(server, 100)
        right = ask(server, "ann", "right")
        settled(server, 101)
        passwords.go.set()
        assert right.status() == 200
        assert passwords.order[:2] == ["first", "ann"]
        assert [wire.status() for wire in wires[:101]] == [401] * 101
        assert len(passwords.order) == 102, "the checks of those that left were not made"
        for wire in [right, *wires]:
            wire.close()


def test_equal_credentials_are_checked_once(store: Store, passwords: Slow) -> None:
    with Server(App(store), passwords=passwords) as server:
        wires = [ask(server, "x", "wrong")]
        assert passwords.first.wait(20)
        wires += [ask(server, "ann", "right") for _ in range(6)]
        settled(server, 1)
        wires[1].close()
        passwords.go.set()
        assert [wire.status() for wire in wires[2:]] == [200] * 5
        assert passwords.order == ["x", "ann"]
        for wire in wires:
            wire.close()


def test_too_many_checks_refuse_the_oldest_that_waits(store: Store, passwords: Slow) -> None:
    with Server(App(store), passwords=passwords, limits=Limits(waiting_passwords=2)) as server:
        wires = [ask(server, "x0", "wrong")]
        assert passwords.first.wait(20)
        for number, waiting in ((1, 1), (2, 2), (3, 2)):
            wires.append(ask(server, f"x{number}", "wrong"))
            settled(server, waiting)
            if number == 2:
                order = wires[:]
        start, headers, body = order[1].read()
        assert start == "HTTP/1.1 429 Too Many Requests"
        assert headers["retry-after"] == "1" and b"TOOMANYREQUESTS" in body
        passwords.go.set()
        assert [wires[number].status() for number in (0, 2, 3)] == [401] * 3
        for wire in wires:
            wire.close()
