"""Content that has arrived for a push which may still be in progress: no manifest names it yet."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from itertools import islice

from regtutor.protocol.digests import Digest

AGE = 3600.0
"""Seconds for which such content is kept by a garbage collection."""


class Arrivals:
    """The digests that pushes sent or found in the last hour, and that nothing has named since.

    Two pushes can need the same digest, so they are counted: a manifest counts for one of them.

    They are kept in memory: after a restart, a client that resumes its push checks again which blobs exist. The event
    loop and workers use it at the same time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at: OrderedDict[Digest, tuple[float, int]] = OrderedDict()  # when the last one arrived, and how many
        self._doomed: frozenset[Digest] = frozenset()

    def note(self, digest: Digest) -> None:
        """A blob, or a manifest without a tag, has arrived."""
        with self._lock:
            self._note(digest)

    def _note(self, digest: Digest) -> None:
        now = time.monotonic()
        _, count = self._at.pop(digest, (now, 0))
        self._at[digest] = now, count + 1
        for oldest, (at, _) in [*islice(self._at.items(), 1)]:
            if at < now - AGE:
                del self._at[oldest]

    def found(self, digest: Digest) -> bool:
        """A push asks for ``digest``, and does not send it if it is there. False if a collection is removing it."""
        with self._lock:
            if digest in self._doomed:
                return False
            self._note(digest)
            return True

    def named(self, digests: Iterable[Digest]) -> None:
        """A tag or a manifest now names these digests: for its push, they live as long as it does."""
        with self._lock:
            for digest in set(digests):
                at, count = self._at.pop(digest, (0.0, 0))
                if count > 1:
                    self._at[digest] = at, count - 1

    def recent(self) -> frozenset[Digest]:
        """The digests that a manifest or a tag may still name."""
        with self._lock:
            return self._recent()

    def _recent(self) -> frozenset[Digest]:
        oldest = time.monotonic() - AGE
        return frozenset(digest for digest, (at, _) in self._at.items() if at >= oldest)

    def doom(self, digests: Iterable[Digest]) -> bool:
        """From now on, a collection removes these digests: False, and no effect, if a push has found one of them."""
        with self._lock:
            doomed = frozenset(digests)
            if doomed & self._recent():
                return False
            self._doomed = doomed
            return True
