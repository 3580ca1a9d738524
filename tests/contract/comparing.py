"""Compares what two registries respond to the same literal request: a real one, and the imitation of it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.contract.language import PATTERNS, Answered

NOT_COMPARED = frozenset(
    ["cache-control", "connection", "content-length", "date", "docker-distribution-api-version", "server"]
) | {"x-content-type-options"}
"""Headers that the library of an HTTP server sets, or that follow from a body that is not compared."""

_CHANGING = {
    "<uuid>": re.compile(PATTERNS["uuid"]),
    "_state=<state>": re.compile(rf"_state={PATTERNS['state']}"),
    "": re.compile(r"https?://[^/]+(?=/v2/)"),
}


def differences(real: Answered, ours: Answered) -> list[str]:
    """The differences between two responses, one sentence each. What an error says in detail is not compared."""
    pairs: Mapping[str, tuple[object, object]] = {
        "status": (real.status, ours.status),
        "error codes": (real.errors, ours.errors),
        "interim responses": (real.interims, ours.interims),
        "whether the body had to be sent first": (real.waited, ours.waited),
        "headers": (_headers(real), _headers(ours)),
        "body": (_body(real), _body(ours)),
    }
    return [f"{name}: the real one {one!r}, ours {other!r}" for name, (one, other) in pairs.items() if one != other]


def _headers(answered: Answered) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in answered.headers:
        if name.lower() not in NOT_COMPARED:
            for text, pattern in _CHANGING.items():
                value = pattern.sub(text, value)
            found.setdefault(name.lower(), []).append(value)
    return found


def _body(answered: Answered) -> object:
    """The JSON of a body, or its bytes; nothing for an error."""
    return None if answered.errors else answered.json or answered.body
