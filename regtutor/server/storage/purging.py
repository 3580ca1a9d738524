"""Removing abandoned upload sessions: when an App opens its store, and while it runs.

CNCF Distribution removes them 168 hours after they began ("uploadpurging"
<https://github.com/distribution/distribution/blob/v2.8.3/docs/configuration.md#uploadpurging>). Here, the time since
the last byte counts, so a session that is in use is never removed.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

AGE = 24 * 3600
"""Seconds without a new byte after which an unfinished session is removed."""

PAUSE = 3600
"""Seconds between the end of one search for abandoned sessions and the next one."""

OF_A_REPOSITORY = frozenset({"_layers", "_manifests", "_uploads"})
"""The directories in that of a repository which are not repositories."""


class Purging:
    """A search for abandoned sessions that advances in small steps, so that it needs no thread and delays nobody.

    Parameters
    ----------
    repositories: the directory of the repositories; it need not exist.
    in_use: whether a request writes to the session in a directory.
    """

    def __init__(self, repositories: Path, in_use: Callable[[Path], bool] = lambda _session: False) -> None:
        self._repositories, self._in_use = repositories, in_use
        self._search: Iterator[bool] | None = None
        self._next = 0.0

    def proceed(self, steps: int) -> int:
        """Examine at most ``steps`` directories, and return the number of removed sessions.

        After the last directory, the search rests for :data:`PAUSE`. Only one thread may call this at a time.
        """
        now = time.monotonic()
        if self._search is None:
            if now < self._next:
                return 0
            self._search = self._examined()
        found = list(islice(self._search, steps))
        if len(found) < steps:
            self._search, self._next = None, now + PAUSE
        return sum(found)

    def _examined(self) -> Iterator[bool]:
        """Whether a session was removed, for each directory of a repository and each session."""
        for directory, names, _ in os.walk(self._repositories):
            yield False
            if "_uploads" in names:
                yield from (self._removed(path) for path in sorted(Path(directory, "_uploads").iterdir()))
            names[:] = [name for name in names if name not in OF_A_REPOSITORY]

    def _removed(self, session: Path) -> bool:
        if self._in_use(session) or not session.is_dir() or last_change(session) > time.time() - AGE:
            return False
        try:
            shutil.rmtree(session)
        except FileNotFoundError:  # it ended in the meantime
            return False
        return True


def sessions_in(repositories: Path) -> Iterator[Path]:
    """The directory of every upload session below ``repositories``."""
    for directory, names, _ in os.walk(repositories):
        if "_uploads" in names:
            yield from (path for path in sorted(Path(directory, "_uploads").iterdir()) if path.is_dir())
        names[:] = [name for name in names if name not in OF_A_REPOSITORY]


def last_change(session: Path) -> float:
    """When the last byte of ``session`` arrived, or else when it began, in seconds since the epoch.

    Without a valid ``startedat``, the directory's time counts.
    """
    try:
        if not (session / "startedat").is_file():  # a FIFO would wait for its writer
            raise FileNotFoundError
        began = datetime.fromisoformat((session / "startedat").read_text().strip()).timestamp()
    except (OSError, ValueError):
        began = session.stat().st_mtime
    try:
        data = (session / "data").stat()
    except OSError:
        return began
    return max(began, data.st_mtime) if data.st_size else began


def purge(repositories: Path) -> int:
    """Remove every abandoned session below ``repositories``, and return their number."""
    return Purging(repositories).proceed(sys.maxsize)
