"""What a quirk is made of: a wrapper takes a handler and gives another one in its place.

A wrapper may change the request before the handler sees it, answer in its stead, or change what it answered. It uses
what a handler uses, the :class:`~regtutor.server.call.Call` and its store, and knows nothing of sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from regtutor.message import HeaderList
from regtutor.server.answers import Refusal
from regtutor.server.call import BodySink, Call, Handler
from regtutor.server.http import Response

Wrapper = Callable[[Handler], Handler]
Wrappers = Mapping[str, Wrapper]
"""The wrappers of a quirk, by the name of the documented request; ``EVERY`` is around the choice among these."""

EVERY = "*"

Outcome = Response | BodySink


class Ending:
    """A sink that goes to ``inner``, and whose answer is what ``end`` makes of it.

    Parameters
    ----------
    end: is given the ``finish`` of ``inner``; may call it, or not.
    seen: is shown each chunk.
    """

    def __init__(
        self,
        inner: BodySink,
        end: Callable[[Callable[[], Response]], Response],
        seen: Callable[[bytes], object] | None = None,
    ) -> None:
        self._inner, self._end, self._seen = inner, end, seen
        self.limit, self.abort = inner.limit, inner.abort

    def write(self, chunk: bytes) -> None:
        if self._seen is not None:
            self._seen(chunk)
        self._inner.write(chunk)

    def finish(self) -> Response:
        return self._end(self._inner.finish)


class Dropping:
    """A sink that has no use for the body, and answers at its end."""

    limit = 0

    def __init__(self, end: Callable[[], Response]) -> None:
        self.finish = end

    def write(self, chunk: bytes) -> None:
        """Drop it."""

    def abort(self) -> None:
        """Nothing was begun."""


def answered(change: Callable[[Call, Response], Response]) -> Wrapper:
    """The wrapper that makes another answer of each answer; refusals pass."""

    def wrapper(handler: Handler) -> Handler:
        def changed(call: Call) -> Outcome:
            outcome = handler(call)
            if isinstance(outcome, Response):
                return change(call, outcome)
            return Ending(outcome, lambda finish: change(call, finish()))

        return changed

    return wrapper


def asked(change: Callable[[Call], Call]) -> Wrapper:
    """The wrapper that makes another request of each request; ``change`` may refuse."""
    return lambda handler: lambda call: handler(change(call))


def without_header(call: Call, name: str) -> Call:
    """``call`` as if that header had not come."""
    kept = tuple(pair for pair in call.head.headers if pair[0].lower() != name.lower())
    return replace(call, head=replace(call.head, headers=kept))


def without_headers(headers: HeaderList, *names: str) -> HeaderList:
    """``headers`` but for those called so."""
    gone = {name.lower() for name in names}
    return tuple(pair for pair in headers if pair[0].lower() not in gone)


def code_of(refusal: Refusal) -> str:
    """The first error code of it."""
    return refusal.faults[0].code


def recoded(refusal: Refusal, code: str) -> Refusal:
    """The refusal itself, with another code in its first entry."""
    refusal.faults = (replace(refusal.faults[0], code=code), *refusal.faults[1:])
    return refusal


def failure(given: object) -> Refusal:
    """500 UNKNOWN, as a registry answers where the request's fault is found too late."""
    next = "the same request, put right: this registry takes the client's mistake for a failure of its own"
    return Refusal("UNKNOWN", given=given, next=next)
