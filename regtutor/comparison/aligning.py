"""Match the requests of several walks: the same endpoint, the same fields, and the same count of earlier ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from regtutor.exchange import Exchange

Key = tuple[str, tuple[tuple[str, str], ...], int]

_FIELDS = ("repository", "digest", "reference", "mount", "from")
"""The fields that identify a request. Session names and other query fields differ between registries."""


def keyed(exchanges: Iterable[Exchange]) -> dict[Key, Exchange]:
    """Return each exchange under a key that is the same for the same request on another registry."""
    seen: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()
    found: dict[Key, Exchange] = {}
    for exchange in exchanges:
        match = exchange.endpoint
        fields = {**match.query, **match.path} if match else {}
        about = exchange.request_name, tuple((name, fields[name]) for name in _FIELDS if name in fields)
        seen[about] += 1
        found[(*about, seen[about])] = exchange
    return found


def aligned(walks: Sequence[Iterable[Exchange]]) -> list[tuple[Exchange | None, ...]]:
    """Return the requests of all walks in one order: for each request the exchange of each walk, or None."""
    columns = [keyed(walk) for walk in walks]
    order: list[Key] = []
    for column in columns:
        place = 0
        for key in column:
            if key in order:
                place = max(place, order.index(key) + 1)
            else:
                order.insert(place, key)
                place += 1
    return [tuple(column.get(key) for column in columns) for key in order]
