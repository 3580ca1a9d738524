"""The driver of walks: sends each Request that a walk yields, and passes the Exchange back to the walk."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import sleep

from regtutor.errors import ConnectionFailed, RegtutorError
from regtutor.exchange import Exchange, Transcript
from regtutor.message import Request
from regtutor.steps.sender import Sender
from regtutor.walks.authenticating import Authenticating

Notes = tuple[str, ...]
Walk = Generator[Request, Exchange, Notes]

WAITS = (0.2, 0.5, 1.0, 2.0)
"""Seconds to wait after the first, second, ... failed connection in a row; the last value is used for all further ones.

The walk limits the number of requests."""

_AT_ONCE: ContextVar[bool] = ContextVar("at_once", default=False)


def is_driven_at_once() -> bool:
    """Return whether the request that is being sent belongs to a walk that one call drives to its end.

    It is False for a step, and for the requests of a walk in the stepper, of which each is sent by itself.
    """
    return _AT_ONCE.get()


@contextmanager
def driven_at_once() -> Iterator[None]:
    """Let :func:`is_driven_at_once` be True for what this thread sends inside the block."""
    before = _AT_ONCE.set(True)
    try:
        yield
    finally:
        _AT_ONCE.reset(before)


class Walker:
    """Drives one walk, a request at a time.

    Parameters
    ----------
    walk: a walk that has not started yet.
    reg: the registry that its requests are sent to.
    source: the registry for requests whose ``side`` is ``"source"``; by default ``reg``.
    prepare: called with each request before it is sent, and returns the request to send, for example one that counts
        its bytes for a progress bar.
    watch: called with each exchange as soon as it is made, before the walk receives it.

    Attributes
    ----------
    request: the next request to send, or None at the end.
    exchanges: the exchanges made so far.
    notes: the notes that the walk returned at its end.
    failures: how many connections have failed in a row; 0 after a response.
    """

    def __init__(
        self,
        walk: Walk,
        reg: Sender,
        *,
        source: Sender | None = None,
        prepare: Callable[[Request], Request] | None = None,
        watch: Callable[[Exchange], None] | None = None,
    ) -> None:
        self._walk = walk
        self._reg, self._source = Authenticating(reg), Authenticating(source or reg)
        self._senders = (reg, source or reg)
        self._prepare = prepare or (lambda request: request)
        self._watch = watch
        self.exchanges: list[Exchange] = []
        self.notes: Notes = ()
        self.failures = 0
        self.request: Request | None = None
        self._advance(lambda: next(walk))

    def step(self, request: Request | None = None) -> Exchange | None:
        """Send :attr:`request` (or ``request`` instead), pass the exchange to the walk, and return it.

        Returns None if sending failed and the walk can continue.

        Raises
        ------
        RegtutorError: the error that stopped the walk; its ``transcript`` holds every exchange made so far.
        """
        sent = request or self.request
        if sent is None:
            raise RegtutorError("This walk has ended", "it has no further request", "Start a new walk")
        try:
            exchange = self.attempt(sent)
        except RegtutorError as error:
            failure = error
            self.failures += isinstance(error, ConnectionFailed)
            self._advance(lambda: self._walk.throw(failure))
            return None
        self.failures = 0
        self.tell(exchange)
        return exchange

    def attempt(self, request: Request) -> Exchange:
        """Send ``request`` without passing the exchange to the walk, which still waits for the one of :attr:`request`.

        Raises
        ------
        RegtutorError: if sending failed; its ``exchange``, if there is one, is among :attr:`exchanges`.
        """
        source = request.side == "source"
        sender = (self._source if source else self._reg).send
        return sender(request, lambda one: self._send(one, self._senders[source]))

    def _send(self, request: Request, registry: Sender) -> Exchange:
        try:
            exchange = registry.send(self._prepare(request))
        except RegtutorError as error:
            if error.exchange is not None:
                self._add(error.exchange)
            raise
        self._add(exchange)
        return exchange

    def tell(self, exchange: Exchange) -> None:
        """Pass the walk an exchange as that of :attr:`request`, for example one that :meth:`attempt` returned.

        Raises
        ------
        RegtutorError: the error that stopped the walk; its ``transcript`` holds every exchange made so far.
        """
        self._advance(lambda: self._walk.send(exchange))

    def close(self) -> None:
        """End the walk early, so that it closes its open files and releases its locks."""
        self.request = None
        self._walk.close()

    def _add(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        if self._watch is not None:
            self._watch(exchange)

    def _advance(self, move: Callable[[], Request]) -> None:
        self.request = None
        try:
            self.request = move()
        except StopIteration as end:
            self.notes = end.value or ()
        except RegtutorError as error:
            error.transcript = self.transcript()
            raise

    def transcript(self, title: str = "") -> Transcript:
        """Return the exchanges made so far, with the notes of the walk."""
        return Transcript.of(self.exchanges, title, self.notes)


def run(
    walk: Walk,
    reg: Sender,
    *,
    source: Sender | None = None,
    prepare: Callable[[Request], Request] | None = None,
    watch: Callable[[Exchange], None] | None = None,
    title: str = "",
    wait: Callable[[float], object] | None = None,
) -> Transcript:
    """Drive ``walk`` to its end.

    After a failed connection it waits (see :data:`WAITS`), because the registry might be restarting.

    Parameters
    ----------
    walk, reg, source, prepare, watch: see :class:`Walker`.
    title: the transcript's title.
    wait: called with the number of seconds to wait; by default ``time.sleep``.

    Returns
    -------
    The transcript of every request that the walk made.

    Raises
    ------
    RegtutorError: the error that stopped the walk; its ``transcript`` holds every exchange made so far.
    """
    walker = Walker(walk, reg, source=source, prepare=prepare, watch=watch)
    finish(walker, wait=wait)
    return walker.transcript(title)


def finish(walker: Walker, *, wait: Callable[[float], object] | None = None) -> None:
    """Drive the walk of ``walker`` to its end, as :func:`run` does; ``wait`` and the errors are the same."""
    with driven_at_once():
        while walker.request is not None:
            if walker.failures:
                (wait or sleep)(WAITS[min(walker.failures, len(WAITS)) - 1])
            walker.step()
