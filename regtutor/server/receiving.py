"""Receiving a request body: the handler yields a receiver for the body, and resumes when the body has arrived.

A walk yields a request and is sent an exchange; a handler yields a :class:`Receiver` and then returns the response. An
error before the ``yield`` refuses the request before its body is sent; an error after it refuses the body. If the body
is cut off, the generator is closed at its ``yield``, so a ``with`` around it cleans up.

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

P = ParamSpec("P")


class Receiver(Protocol):
    """The destination of a request body.

    ``limit`` is the number of bytes that it can use, or None for any number. It drops further bytes, and the rest of
    the body may remain unread.
    """

    @property
    def limit(self) -> int | None: ...

    def write(self, chunk: bytes) -> None: ...


Handling = Generator[Receiver, None, Response]
"""A running handler: it yields at most once, and returns the response."""


class BodySink:
    """Receives the body of an accepted request: ``write`` each chunk, then ``finish``, or ``abort`` if it is cut off.

    Only the first call of ``finish`` or ``abort`` has an effect, from whichever thread. So nothing can close a handler
    that is finishing its request, although its writer can still be ended from elsewhere: see ``SessionWriter``.

    As a context manager, it aborts at the end of the block unless it was finished.

    Parameters
    ----------
    handling: the handler, which has yielded ``receiver``.
    """

    def __init__(self, handling: Handling, receiver: Receiver) -> None:
        self._handling = handling
        self.limit, self.write = receiver.limit, receiver.write
        # The thread that takes the element ends this sink. The loop and a worker may both try: list.pop is atomic.
        self._may_end = [True]

    def finish(self) -> Response:
        """Resume the handler; its receiver has the whole body.

        Returns
        -------
        The response.

        Raises
        ------
        Refusal, or any other exception that the handler raises.
        RuntimeError: the sink was already finished or aborted.
        """
        if not self._take_end():
            raise RuntimeError("this body was already finished or aborted")
        try:
            next(self._handling)
        except StopIteration as end:
            response: Response = end.value
            return response
        raise RuntimeError("a handler can yield only once: a request has one body")

    def abort(self) -> None:
        """Close the handler where it waits for the body. Has no effect after ``finish``."""
        if self._take_end():
            self._handling.close()

    def __enter__(self) -> BodySink:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.abort()

    def _take_end(self) -> bool:
        try:
            return self._may_end.pop()
        except IndexError:
            return False


def receives(handler: Callable[P, Handling]) -> Callable[P, Response | BodySink]:
    """Make the generator function ``handler`` callable like any other handler.

    The call runs it up to its ``yield`` and returns the sink for the body, or the response if it does not yield. The
    call raises a ``Refusal`` that occurs before the ``yield``; ``BodySink.finish`` raises one that occurs after it.
    """

    @wraps(handler)
    def begin(*args: P.args, **kwargs: P.kwargs) -> Response | BodySink:
        handling = handler(*args, **kwargs)
        try:
            receiver = next(handling)
        except StopIteration as end:
            response: Response = end.value
            return response
        return BodySink(handling, receiver)

    return begin


def response_of(outcome: Response | BodySink) -> Handling:
    """Get the response of an inner handler, whether or not that needs a body.

    Use it inside a generator: ``response = yield from response_of(handler(call))``.
    """
    if isinstance(outcome, Response):
        return outcome
    with outcome:
        yield outcome
        return outcome.finish()


class InMemory:
    """A receiver that keeps the first ``limit`` bytes of a body in memory, and only counts the rest.

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

    def write(self, chunk: bytes) -> None:
        """Keep ``chunk``, up to the limit."""
        self.size += len(chunk)
        self._data += chunk[: max(self.limit - len(self._data), 0)]
