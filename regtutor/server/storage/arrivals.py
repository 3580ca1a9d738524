"""Content that has arrived for a push which may still be in progress: no manifest names it yet."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice

from regtutor.protocol.digests import Digest

AGE = 3600.0
"""Seconds for which such content is kept by a garbage collection."""


class Arrivals:
    """The digests that arrived in the last hour and that nothing has named since.

    They are kept in memory: after a restart, a client that resumes its push checks again which blobs exist. The event
    loop and workers use it at the same time; each operation on it is atomic.
    """

    def __init__(self) -> None:
        self._at: OrderedDict[Digest, float] = OrderedDict()

    def note(self, digest: Digest) -> None:
        """A blob, or a manifest without a tag, has arrived."""
        now = time.monotonic()
        self._at.pop(digest, None)
        self._at[digest] = now
        with suppress(RuntimeError):  # another thread has just changed it, and will do this as well
            for oldest, at in islice(self._at.items(), 1):
                if at < now - AGE:
                    self._at.pop(oldest, None)

    def named(self, digests: Iterable[Digest]) -> None:
        """A tag or a manifest now names these digests: from now on, they live as long as it does."""
        for digest in digests:
            self._at.pop(digest, None)

    def recent(self) -> frozenset[Digest]:
        """The digests that a manifest or a tag may still name."""
        oldest = time.monotonic() - AGE
        return frozenset(digest for digest, at in [*self._at.items()] if at >= oldest)
