"""The threads of a server, for work that waits for the disk or that grows with the content.

Each kind of work has threads of its own, so that slow lists do not delay a push.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from regtutor.server.application import CHANGE, LIST, Work
from regtutor.server.http import Abandoned
from regtutor.server.shell.channel import Channel

T = TypeVar("T")

COMMIT = "commit"
"""The end of a request body: flushing it to the disk, and storing it."""

_THREADS: Mapping[Work | str, int] = {COMMIT: 4, CHANGE: 2, LIST: 2}


class Workers:
    """A pool of threads for each kind of work."""

    def __init__(self) -> None:
        self._pools = {kind: ThreadPoolExecutor(count, f"regtutor-{kind}") for kind, count in _THREADS.items()}
        self._jobs = Counter[Work | str]()  # of each kind, from run_for

    async def run(self, kind: Work | str, work: Callable[[], T]) -> T:
        """Do ``work`` in a thread, even if the client leaves meanwhile."""
        return await asyncio.wrap_future(self._pools[kind].submit(work))

    async def run_for(self, channel: Channel, kind: Work | str, work: Callable[[], T]) -> T:
        """Do ``work`` in a thread, unless the client leaves before a thread is free.

        Raises
        ------
        Abandoned: the client has left while all threads were busy, and the work was not begun.
        """
        job, is_free = self._pools[kind].submit(work), self._jobs[kind] < _THREADS[kind]
        self._jobs[kind] += 1
        try:
            return await (asyncio.wrap_future(job) if is_free else unless_left(channel, job))
        finally:
            self._jobs[kind] -= 1

    def close(self) -> None:
        """Finish the work that was begun, and drop the rest."""
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)


async def unless_left(channel: Channel, job: Future[T]) -> T:
    """The result of ``job``, which is dropped if the client leaves before it was begun.

    A client that has sent its last byte counts as one that left, since the two look the same. Work that was begun is
    finished, so such a client gets its response, unless others are waiting.
    """
    running = asyncio.wrap_future(job)
    waits: set[asyncio.Future[Any]] = {running, channel.left}
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    if not running.done() and job.cancel():
        raise Abandoned
    return await running
