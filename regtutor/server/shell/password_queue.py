"""The order in which passwords are checked: a slow hash makes each check cost a good part of a second.

The newest check comes first. Whoever sends many wrong passwords fills the queue, and a first-in, first-out queue would
make the next client wait for all of them. A client that left is dropped; so is the oldest check if too many wait.
Identical checks, as in the first requests of a parallel push, are made once.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from regtutor.server.http import Abandoned, Response
from regtutor.server.respond import Refusal
from regtutor.server.shell.channel import Channel


@dataclass
class _Check:
    work: Callable[[], Any]
    result: asyncio.Future[Any]
    clients: int = 0


class PasswordQueue:
    """Checks one password after the other in a single thread: guesses wait only for each other.

    Parameters
    ----------
    most: the number of checks that may wait.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._thread = ThreadPoolExecutor(1, "regtutor-password")
        self._waiting: OrderedDict[Hashable, _Check] = OrderedDict()  # the newest is the last
        self._running: dict[Hashable, _Check] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    async def run(self, channel: Channel, key: Hashable, work: Callable[[], Any]) -> Any:
        """Do ``work`` in the thread, or share the result of the same work for another client.

        Parameters
        ----------
        channel: the connection of the client.
        key: equal for equal work.

        Returns
        -------
        The result, or the response 429 if too many clients sent passwords after this one.

        Raises
        ------
        Abandoned: the client has left before its turn.
        """
        check = self._running.get(key) or self._waiting.get(key)
        if check is None:
            check = self._waiting[key] = _Check(work, asyncio.get_running_loop().create_future())
        elif key in self._waiting:
            self._waiting.move_to_end(key)
        check.clients += 1
        try:
            self._refuse_oldest()
            self._start()
            await asyncio.wait({check.result, channel.left}, return_when=asyncio.FIRST_COMPLETED)
            if not check.result.done() and self._waiting.get(key) is check:
                raise Abandoned
            return await asyncio.shield(check.result)
        finally:
            check.clients -= 1
            if not check.clients and self._waiting.get(key) is check:
                del self._waiting[key]

    def _refuse_oldest(self) -> None:
        while len(self._waiting) > self._most:
            _, oldest = self._waiting.popitem(last=False)
            oldest.result.set_result(_too_many())

    def _start(self) -> None:
        if self._running or not self._waiting:
            return
        key, check = self._waiting.popitem()
        self._running[key] = check
        job: Future[Any] = self._thread.submit(check.work)
        asyncio.wrap_future(job).add_done_callback(lambda done: self._end(key, check, done))

    def _end(self, key: Hashable, check: _Check, done: asyncio.Future[Any]) -> None:
        del self._running[key]
        if check.result.done():
            pass
        elif done.cancelled():
            check.result.cancel()
        elif (error := done.exception()) is not None:
            check.result.set_exception(error)
            check.result.exception()  # retrieved, even if every client has left
        else:
            check.result.set_result(done.result())
        self._start()

    def close(self) -> None:
        """End the thread; checks that wait are dropped."""
        self._thread.shutdown(wait=True, cancel_futures=True)


def _too_many() -> Response:
    return Refusal(
        "TOOMANYREQUESTS",
        given="a password, while too many others wait to be checked",
        expected="fewer passwords at once",
        next="Send the same request again after the seconds in Retry-After",
        headers=(("Retry-After", "1"),),
    ).response()
