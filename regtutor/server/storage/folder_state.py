"""Whether a directory has changed since its names were read."""

from __future__ import annotations

import os
import time

SETTLED = 2.0
"""Seconds after which the time of a directory can be trusted: some systems count in steps of two seconds."""

State = tuple[int, int, int]


def state_of(status: os.stat_result) -> State:
    """Numbers that change whenever a name is added to a directory, or removed; the first is its time in nanoseconds."""
    return status.st_mtime_ns, status.st_ino, status.st_nlink


def is_settled(modified: int) -> bool:
    """Whether every change after the time ``modified``, in nanoseconds, would give the directory another time."""
    return time.time() - modified / 1e9 > SETTLED
