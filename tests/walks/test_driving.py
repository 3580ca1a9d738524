"""The driver of walks, with a walk and answers made for it."""

from __future__ import annotations

import pytest

from regtutor.errors import ConnectionFailed
from regtutor.exchange import Exchange, RequestRecord, ResponseRecord
from regtutor.message import Request
from regtutor.walks import Walk, Walker

FIRST, SECOND = Request("head_blob", "HEAD", "/first"), Request("put_blob", "PUT", "/second")


def answered(request: Request, status: int = 200) -> Exchange:
    record = RequestRecord(request.method, str(request.target))
    return Exchange(request.step, f"http://r{request.target}", record, ResponseRecord(status, ""))


class _Sender:
    """Answers 200, or raises ``failure``."""

    failure: ConnectionFailed | None = None

    def send(self, request: Request) -> Exchange:
        if self.failure is not None:
            raise self.failure
        return answered(request)


class _Told:
    """A walk of two requests that remembers the answers, and whether it was given up."""

    def __init__(self) -> None:
        self.answers: list[Exchange] = []
        self.given_up = False

    def walk(self) -> Walk:
        try:
            self.answers.append((yield FIRST))
            self.answers.append((yield SECOND))
        except GeneratorExit:
            self.given_up = True
            raise
        return ("done",)


def test_an_attempt_is_recorded_and_kept_from_the_walk() -> None:
    told = _Told()
    walker = Walker(told.walk(), _Sender())
    other = FIRST.edit(method="GET")
    exchange = walker.attempt(other)
    assert (walker.exchanges, told.answers, walker.request) == ([exchange], [], FIRST)
    walker.tell(exchange)
    assert (told.answers, walker.request) == ([exchange], SECOND)
    walker.step()
    assert walker.notes == ("done",)


def test_an_attempt_that_fails_leaves_the_walk_where_it_is() -> None:
    told, sender = _Told(), _Sender()
    sender.failure = ConnectionFailed("cut", exchange=answered(FIRST))
    walker = Walker(told.walk(), sender)
    with pytest.raises(ConnectionFailed):
        walker.attempt(FIRST)
    assert (len(walker.exchanges), walker.request, walker.failures) == (1, FIRST, 0)
    sender.failure = None
    walker.step()
    assert walker.request is SECOND


def test_a_walk_that_is_given_up_is_told_and_has_no_further_request() -> None:
    told = _Told()
    walker = Walker(told.walk(), _Sender())
    walker.close()
    assert (told.given_up, walker.request) == (True, None)
    walker.close()
