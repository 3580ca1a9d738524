"""The number of files and sockets that this process may have open at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def descriptor_limit() -> int | None:
    """The limit of this process, or None if it has none, as on Windows."""
    try:
        import resource
    except ImportError:
        return None
    limits: Callable[[Any], tuple[int, int]] | None = getattr(resource, "getrlimit", None)
    kind, unlimited = getattr(resource, "RLIMIT_NOFILE", None), getattr(resource, "RLIM_INFINITY", None)
    if limits is None or kind is None:
        return None
    soft, _ = limits(kind)
    return None if soft == unlimited else soft
