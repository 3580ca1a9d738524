"""What the bytes of upload sessions hash to so far: kept in memory between the requests of a session."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from regtutor.protocol.digests import Hasher


class HashesInProgress:
    """The hashes of sessions between their requests, of at most ``limit`` sessions: the oldest is forgotten first."""

    def __init__(self, limit: int = 256) -> None:
        self._limit = limit
        self._kept: OrderedDict[Path, Hasher] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, session: Path, hasher: Hasher) -> None:
        """Remember what the bytes of ``session`` hash to so far."""
        self._kept[session] = hasher
        while len(self._kept) > self._limit:
            self._kept.popitem(last=False)

    def pop(self, session: Path) -> Hasher | None:
        """What was kept for ``session``, no longer kept."""
        return self._kept.pop(session, None)
