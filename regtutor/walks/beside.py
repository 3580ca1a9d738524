"""Driving several walks beside each other, each in a thread of its own, such as one for each layer of a push.

The exchanges are in the order of the walks, whichever finishes first, so that the same push has the same transcript.
The first walk makes its first exchange alone. If that met a challenge, the walks begin one after the other until one of
them sends a body: each challenge is met once, and the others use the same tokens. An error in one walk ends the others:
they cancel their uploads.

This is for a registry behind a socket. A Python without threads, as in a browser, drives one walk at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from threading import Event, Lock
from typing import Any, BinaryIO

from regtutor.errors import ImageError, InvalidArgument, RegtutorError
from regtutor.exchange import Exchange, Transcript
from regtutor.message import Request
from regtutor.steps.sender import Sender
from regtutor.walks.driving import Walk, Walker, driven_at_once, finish

MOST_JOBS = 8
"""The most walks that are driven at a time."""


class Stopped(ImageError):
    """A walk was ended because another one failed. It is an ImageError, so that an upload is canceled."""


def run_beside(
    parts: Iterable[Walk],
    reg: Sender,
    *,
    jobs: int,
    prepare: Callable[[Request], Request] | None = None,
    watch: Callable[[Exchange], None] | None = None,
) -> tuple[Exchange, ...]:
    """Drive the walks to their ends, at most ``jobs`` at a time.

    Parameters
    ----------
    parts: walks that do not depend on each other.
    jobs: from 1 to :data:`MOST_JOBS`.
    reg, prepare, watch: see :class:`~regtutor.walks.driving.Walker`; ``watch`` is called by one thread at a time, in
        the order in which the exchanges are made.

    Returns
    -------
    Every exchange, in the order of the walks.

    Raises
    ------
    RegtutorError: the first error that stopped a walk; its ``transcript`` holds every exchange of all walks.
    InvalidArgument: if ``jobs`` is not a number that is allowed.
    """
    if not 1 <= jobs <= MOST_JOBS:
        raise InvalidArgument(f"jobs={jobs} is not possible", f"1 to {MOST_JOBS} layers are pushed at a time")
    stop = Event()
    watched = _one_at_a_time(watch) if watch is not None else None
    walkers = [Walker(part, reg, prepare=_unless(stop, prepare), watch=watched) for part in parts]
    try:
        _drive(walkers, jobs, stop)
    except RegtutorError as error:
        error.transcript = Transcript.of(_exchanges(walkers))
        raise
    finally:
        for walker in walkers:
            walker.close()
    return _exchanges(walkers)


def _exchanges(walkers: Sequence[Walker]) -> tuple[Exchange, ...]:
    return tuple(exchange for walker in walkers for exchange in walker.exchanges)


def _drive(walkers: Sequence[Walker], jobs: int, stop: Event) -> None:
    with driven_at_once():
        _begin(walkers)
    with ThreadPoolExecutor(min(jobs, len(walkers)) or 1, "regtutor-walk") as pool:
        running = [pool.submit(_finish, walker, stop) for walker in walkers]
        try:
            done, _ = wait(running, return_when=FIRST_EXCEPTION)
        except BaseException:  # includes Ctrl-C
            _end(running, stop)
            raise
        if any(one.exception() is not None for one in done):
            _end(running, stop)
    # A walk that failed by itself comes before those that were stopped because of it.
    errors = [one.exception() for one in running if not one.cancelled()]
    for error in sorted((one for one in errors if one is not None), key=lambda one: isinstance(one, Stopped)):
        raise error


def _finish(walker: Walker, stop: Event) -> None:
    """Drive a walk to its end. If it fails, ``stop`` is set before its thread takes the next walk."""
    try:
        finish(walker, wait=stop.wait)
    except BaseException:
        stop.set()
        raise


def _begin(walkers: Sequence[Walker]) -> None:
    """Make the first exchange, and after a challenge those that can meet others: all until a body must be sent."""
    first = walkers[0] if walkers else None
    if first is None or first.request is None:
        return
    first.step()
    if first.exchanges[0].status != 401:
        return
    for walker in walkers:
        while walker.request is not None and (walker.request.body is None or not walker.request.body.size):
            walker.step()
        if walker.request is not None:
            return


def _end(running: Sequence[Future[None]], stop: Event) -> None:
    stop.set()
    for one in running:
        one.cancel()


def _one_at_a_time(watch: Callable[[Exchange], None]) -> Callable[[Exchange], None]:
    lock = Lock()

    def watched(exchange: Exchange) -> None:
        with lock:
            watch(exchange)

    return watched


def _unless(stop: Event, prepare: Callable[[Request], Request] | None) -> Callable[[Request], Request]:
    """Return a ``prepare`` that raises Stopped once ``stop`` is set, also while a body is read."""

    def check() -> None:
        if stop.is_set():
            raise Stopped("This upload was stopped", "another layer of the same push failed")

    def prepared(request: Request) -> Request:
        if request.step != "cancel_upload":
            check()
        if prepare is not None:
            request = prepare(request)
        body = request.body
        if body is None:
            return request

        def opener() -> BinaryIO:
            return _Stoppable(body.opener(), check)  # type: ignore[return-value]

        return replace(request, body=replace(body, opener=opener))

    return prepared


class _Stoppable:
    """A file whose reading fails once the walk must end."""

    def __init__(self, file: BinaryIO, check: Callable[[], None]) -> None:
        self._file, self._check = file, check

    def read(self, size: int = -1) -> bytes:
        self._check()
        return self._file.read(size)

    def __enter__(self) -> _Stoppable:
        self._file.__enter__()
        return self

    def __exit__(self, *exc: Any) -> None:
        self._file.__exit__(*exc)
