"""How a handler receives a body: it yields the place where the body goes, and is resumed when the body is there.

A walk yields a request and is sent an exchange; a handler yields a :class:`Receiver` and then returns the response. An
error before the ``yield`` refuses the request before its body is sent, an error after it refuses the body. If the body
is cut off, the generator is closed at its ``yield``: a ``with`` around it cleans up.

::

    @receives
    def put_note(call: Call) -> Handling:
        note = InMemory(limit=1000)
        yield note  # 100 Continue goes out, and the bytes arrive
        call.store.keep_note(note.data)
        return answer(201)
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import wraps
from typing import ParamSpec, Protocol

from regtutor.server.http import Response

P = ParamSpec("P")


class Receiver(Protocol):
    """The place where a body goes.

    ``limit`` is how many bytes it can use, None for any number. It drops what follows, and the rest may not be read.
    """

    @property
    def limit(self) -> int | None: ...

    def write(self, chunk: bytes) -> None: ...


Handling = Generator[Receiver, None, Response]
"""A handler at work: it yields at most once, and returns the response."""


class BodySink:
    """Takes the body of an accepted request: ``write`` each chunk, then ``finish``, or ``abort`` if it is cut off.

    Only the first call of ``finish`` or ``abort`` has an effect, whichever threads they come from. So nothing can close
    a handler that is finishing its request; what it writes to may still be ended from elsewhere, see ``SessionWriter``.

    As a context manager it aborts at the end of the block if it was not finished.

    Parameters
    ----------
    handling: the handler, which has yielded ``receiver``.
    """

    def __init__(self, handling: Handling, receiver: Receiver) -> None:
        self._handling = handling
        self.limit, self.write = receiver.limit, receiver.write
        # Taken by whoever ends this sink. The loop and a worker may both try: taking from a list is atomic.
        self._may_end = [True]

    def finish(self) -> Response:
        """Resume the handler, with the whole body in its receiver.

        Returns
        -------
        The response.

        Raises
        ------
        Refusal, or whatever else the handler raises.
        RuntimeError: the sink was finished or aborted before.
        """
        if not self._take_end():
            raise RuntimeError("this body was finished or aborted before")
        try:
            next(self._handling)
        except StopIteration as end:
            response: Response = end.value
            return response
        raise RuntimeError("a handler yields once: a request has one body")

    def abort(self) -> None:
        """Close the handler where it waits for the body; no effect after ``finish``."""
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
    """Let the generator function ``handler`` be called like any other handler.

    The call runs it up to its ``yield`` and returns the sink for the body, or its response if it does not yield. A
    ``Refusal`` before the ``yield`` is raised by the call, one after it by ``BodySink.finish``.
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
    """Inside a generator: ``response = yield from response_of(handler(call))``, whether or not that wants a body."""
    if isinstance(outcome, Response):
        return outcome
    with outcome:
        yield outcome
        return outcome.finish()


class InMemory:
    """A receiver that keeps a body of at most ``limit`` bytes; of a longer one it counts the rest.

    Attributes
    ----------
    size: how many bytes arrived.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.size = limit, 0
        self._data = bytearray()

    @property
    def data(self) -> bytes:
        """The first ``limit`` bytes."""
        return bytes(self._data)

    def write(self, chunk: bytes) -> None:
        """Keep ``chunk``, as far as there is room."""
        self.size += len(chunk)
        self._data += chunk[: max(self.limit - len(self._data), 0)]
