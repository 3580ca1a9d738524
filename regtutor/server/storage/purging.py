"""Removing abandoned upload sessions, when an App opens its store.

CNCF Distribution removes them after 168 hours by default ("uploadpurging"
<https://github.com/distribution/distribution/blob/v2.8.3/docs/configuration.md#uploadpurging>).
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

AGE = 168 * 3600
"""Seconds after which an unfinished session is removed."""

MOST_SESSIONS = 10_000
"""The number of sessions to examine, which limits the time to open a store. The rest waits for the next time."""

_NO_REPOSITORIES = {"_layers", "_manifests"}


def purge(repositories: Path, *, now: float | None = None) -> int:
    """Remove the sessions below ``repositories`` that began more than :data:`AGE` seconds ago.

    Parameters
    ----------
    repositories: the directory of the repositories; it need not exist.
    now: seconds since the epoch.

    Returns
    -------
    The number of removed sessions.
    """
    limit = (time.time() if now is None else now) - AGE
    old = [session for session in islice(_sessions(repositories), MOST_SESSIONS) if _started(session) < limit]
    for session in old:
        shutil.rmtree(session)
    return len(old)


def _sessions(repositories: Path) -> Iterator[Path]:
    for directory, names, _ in os.walk(repositories):
        if "_uploads" in names:
            uploads = Path(directory, "_uploads")
            yield from (path for path in uploads.iterdir() if path.is_dir())
        names[:] = [name for name in names if name not in _NO_REPOSITORIES and name != "_uploads"]


def _started(session: Path) -> float:
    """When ``session`` began, in seconds since the epoch. Without a valid ``startedat``, the directory's time."""
    try:
        return datetime.fromisoformat((session / "startedat").read_text().strip()).timestamp()
    except (OSError, ValueError):
        return session.stat().st_mtime
