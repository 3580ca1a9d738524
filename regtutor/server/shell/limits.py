"""The limits of a server: connections, times and rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from regtutor.errors import ServerError
from regtutor.server.shell.descriptors import descriptor_limit

MOST_CONNECTIONS = 1000
_COUNTS = frozenset({"max_connections", "waiting_passwords"})
_RESERVED = 64  # descriptors for the interpreter, the storage and the notebook around the registry


def default_connections() -> int:
    """The number of connections to serve at once: each upload takes two descriptors, its socket and its file."""
    limit = descriptor_limit()
    return MOST_CONNECTIONS if limit is None else max(8, min(MOST_CONNECTIONS, (limit - _RESERVED) // 2))


@dataclass(frozen=True)
class Limits:
    """The share of a server that one client can occupy.

    Attributes
    ----------
    max_connections: the number of connections at once; further connections get 503. By default up to 1,000, and
        fewer if the process may open few files.
    head_timeout: seconds from the first byte of a head to its last, and for a TLS handshake.
    body_timeout: seconds between two pieces of a body, in either direction.
    idle_timeout: seconds for which an unused connection is kept.
    least_rate: bytes a second that a body must reach on average over ``rate_window`` seconds; 0 for any rate.
    rate_window: seconds.
    waiting_passwords: the number of password checks that may wait; the oldest one is refused then (429).
    """

    max_connections: int = field(default_factory=default_connections)
    head_timeout: float = 30.0
    body_timeout: float = 60.0
    idle_timeout: float = 300.0
    least_rate: int = 100
    rate_window: float = 60.0
    waiting_passwords: int = 256


def limits_of(values: Mapping[str, float] | None) -> Limits:
    """The limits with these values by name, and the defaults for the others.

    Raises
    ------
    ServerError: for a name that does not exist, or a number that is not positive.
    """
    given = dict(values or {})
    names = [row.name for row in fields(Limits)]
    unknown = sorted(given.keys() - set(names))
    if unknown:
        raise ServerError(f"There is no limit {unknown[0]!r}", "", f"Use one of {', '.join(names)}")
    for name, value in given.items():
        least = 0 if name == "least_rate" else 1 if name in _COUNTS else 0.001
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= least:
            raise ServerError(f"The limit {name}={value!r} has no effect", "", f"Use a number of at least {least}")
    return Limits(**{name: int(value) if name in _COUNTS else value for name, value in given.items()})  # type: ignore[arg-type]
