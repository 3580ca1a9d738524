"""Receiving a request body: the handler yields a destination for the body, and resumes when the body has arrived.

A walk yields a request and is sent an exchange; a handler yields a :class:`Destination` and then returns the response.
An error before the ``yield`` refuses the request before its body is sent; an error after it refuses the body. If the
body is cut off, the generator is closed at its ``yield``, so a ``with`` around it cleans up.

::

    @receives
    def put_note(call: Call) -> Handling:
        note = InMemory(limit=1000)
        yield note  # 100 Continue goes out, and the bytes arrive
        call.store.keep_note(note.data)
        return respond(201)
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import wraps
from typing import ParamSpec, Protocol

from regtutor.server.http import Response
from regtutor.server.once import Once

P = ParamSpec("P")


class Destination(Protocol):
    """The destination of a request body.

    ``limit`` is the number of bytes that it can use, or None for any number. It drops further bytes, and the rest of
    the body may remain unread.

    One for large bodies can also have a method ``block``, which returns room for the next bytes, or None. The bytes
    that have arrived there are passed to ``write`` next, as a slice from the start of the room; from then on it belongs
    to the destination again.
    """

    @property
    def limit(self) -> int | None: ...

    def write(self, chunk: bytes | memoryview) -> None: ...


Handling = Generator[Destination, None, Response]
"""A running handler: it yields at most once, and returns the response."""


class BodySink:
    """Receives the body of an accepted request: ``write`` each chunk, then ``finish``, or ``abort`` if it is cut off.

    Only the first call of ``finish`` or ``abort`` has an effect, from whichever thread. So nothing can close a handler
    that is finishing its request, although its writer can still be ended from elsewhere, even during a ``write``: the
    bytes that follow are then only counted, and ``finish`` raises the refusal. See ``SessionWriter``.

    As a context manager, it aborts at the end of the block unless it was finished.

    Parameters
    ----------
    handling: the handler, which has yielded ``destination``.
    """

    def __init__(self, handling: Handling, destination: Destination) -> None:
        self._handling = handling
        self.limit, self.write = destination.limit, destination.write
        self.block: Callable[[], memoryview | None] = getattr(destination, "block", _no_block)
        self._end = Once()  # the event loop and a worker can both try to end this sink

    def finish(self) -> Response:
        """Resume the handler; its destination has the whole body.

        Returns
        -------
        The response.

        Raises
        ------
        Refusal, or any other exception that the handler raises.
        RuntimeError: the sink was already finished or aborted.
        """
        if not self._end.take():
            raise RuntimeError("this body was already finished or aborted")
        try:
            next(self._handling)
        except StopIteration as end:
            response: Response = end.value
            return response
        raise RuntimeError("a handler can yield only once: a request has one body")

    def abort(self) -> None:
        """Close the handler where it waits for the body. Has no effect after ``finish``."""
        if self._end.take():
            self._handling.close()

    def __enter__(self) -> BodySink:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.abort()


def receives(handler: Callable[P, Handling]) -> Callable[P, Response | BodySink]:
    """Make the generator function ``handler`` callable like any other handler.

    The call runs it up to its ``yield`` and returns the sink for the body, or the response if it does not yield. The
    call raises a ``Refusal`` that occurs before the ``yield``; ``BodySink.finish`` raises one that occurs after it.
    """

    @wraps(handler)
    def begin(*args: P.args, **kwargs: P.kwargs) -> Response | BodySink:
        handling = handler(*args, **kwargs)
        try:
            destination = next(handling)
        except StopIteration as end:
            response: Response = end.value
            return response
        return BodySink(handling, destination)

    return begin


def response_of(outcome: Response | BodySink) -> Handling:
    """Get the response of an inner handler, whether or not the handler needs a body.

    Use it inside a generator: ``response = yield from response_of(handler(call))``.
    """
    if isinstance(outcome, Response):
        return outcome
    with outcome:
        yield outcome
        return outcome.finish()


def _no_block() -> None:
    return None


class InMemory:
    """A destination that keeps the first ``limit`` bytes of a body in memory, and only counts the rest.

    Attributes
    ----------
    size: the number of bytes that arrived.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.size = limit, 0
        self._data = bytearray()

    @property
    def data(self) -> bytes:
        """The first ``limit`` bytes."""
        return bytes(self._data)

    def write(self, chunk: bytes | memoryview) -> None:
        """Keep ``chunk``, up to the limit."""
        self.size += len(chunk)
        self._data += chunk[: max(self.limit - len(self._data), 0)]
