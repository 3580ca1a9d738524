"""The hashes of upload sessions between their requests, in memory."""

from __future__ import annotations

from collections import OrderedDict

from regtutor.protocol.digests import Hasher


class HashesInProgress:
    """The hashes of sessions between their requests, for at most ``limit`` sessions: the oldest is dropped first.

    The keys are strings: the event loop and workers use the mapping at the same time, and only operations that run no
    Python code, such as the comparison of two paths, are atomic.
    """

    def __init__(self, limit: int = 256) -> None:
        self._limit = limit
        self._kept: OrderedDict[str, Hasher] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, session: str, hasher: Hasher) -> None:
        """Keep the hash so far of the session with this key."""
        self._kept[session] = hasher
        while len(self._kept) > self._limit:
            self._kept.popitem(last=False)

    def pop(self, session: str) -> Hasher | None:
        """Remove the hash of the session with this key and return it, or None."""
        return self._kept.pop(session, None)
