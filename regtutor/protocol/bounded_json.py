"""Parsing untrusted JSON within limits of size and depth.

A few bytes of JSON can require much memory or a very deep stack. The size and the depth of manifests, indexes and
configs are therefore checked on the bytes, before anything is built from them. ``manifests.py`` interprets the result.

Source: RFC 8259, sections 8.1 (UTF-8) and 9 (a parser may set limits).
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from regtutor.errors import InvalidManifest

MAX_BYTES = 4 * 1024 * 1024
"""The largest manifest. Registries should accept at least this much (distribution-spec v1.1.1, "Pushing Manifests")."""

MAX_DEPTH = 64
"""How deep objects and arrays can be nested; real manifests need five levels."""

_NOT_BRACKETS = re.compile(rb'(?:"(?:[^"\\]++|\\.)*+"?|[^\[\]{}"]++)++', re.DOTALL)


def parse_json(data: bytes, limit: int = MAX_BYTES) -> dict[str, Any]:
    """Return ``data`` as one JSON object, like :func:`parse_json_value`; any other value raises InvalidManifest."""
    value = parse_json_value(data, limit)
    if not isinstance(value, dict):
        raise InvalidManifest("This is not a manifest", "it is JSON, but not an object")
    return value


def parse_json_value(data: bytes, limit: int = MAX_BYTES) -> Any:
    """Return ``data`` as one JSON value; its size and depth are checked before anything is built from it.

    Parameters
    ----------
    data: UTF-8, as RFC 8259 requires.
    limit: the largest number of bytes that is accepted.

    Raises
    ------
    InvalidManifest: if the data is too large, too deeply nested, or not JSON; with the reason.
    """
    if len(data) > limit:
        reason = f"it has {len(data):,} bytes, and the limit is {limit:,}"
        raise InvalidManifest("This is not a manifest", reason)
    if _too_deep(data):
        reason = f"its objects and arrays are nested more than {MAX_DEPTH} deep"
        raise InvalidManifest("This is not a manifest", reason)
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidManifest("This is not a manifest", f"it is not JSON: {error}") from error


def _too_deep(data: bytes) -> bool:
    """Whether brackets outside strings are nested more than :data:`MAX_DEPTH` deep, in one pass over any bytes."""
    depth = 0
    for bracket in _NOT_BRACKETS.sub(b"", data):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")
