"""JSON from strangers: measured first, then parsed.

A few bytes of JSON can ask for much memory, or for a very deep stack. So the size and the depth of manifests, indexes
and configs are checked on the bytes, before anything is built from them. What they mean is for ``manifests`` to say.

Source: RFC 8259, sections 8.1 (UTF-8) and 9 (a parser may set limits).
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from regtutor.errors import InvalidManifest

MAX_BYTES = 4 * 1024 * 1024
"""The largest manifest. Registries should take at least this much (distribution-spec v1.1.1, "Pushing Manifests")."""

MAX_DEPTH = 64
"""How deep objects and arrays may lie in one another; real manifests need five levels."""

_NOT_BRACKETS = re.compile(rb'(?:"(?:[^"\\]++|\\.)*+"?|[^\[\]{}"]++)++', re.DOTALL)


def parse_json(data: bytes, limit: int = MAX_BYTES) -> dict[str, Any]:
    """``data`` as one JSON object; as :func:`parse_json_value`, and InvalidManifest for any other value."""
    value = parse_json_value(data, limit)
    if not isinstance(value, dict):
        raise InvalidManifest("This is not a manifest", "it is JSON, but not an object")
    return value


def parse_json_value(data: bytes, limit: int = MAX_BYTES) -> Any:
    """``data`` as one JSON value, its size and depth checked before anything is built from it.

    Parameters
    ----------
    data: UTF-8, as RFC 8259 requires.
    limit: the most bytes that are accepted.

    Raises
    ------
    InvalidManifest: with the reason.
    """
    if len(data) > limit:
        reason = f"it has {len(data):,} bytes, and the most that is accepted is {limit:,}"
        raise InvalidManifest("This is not a manifest", reason)
    if _too_deep(data):
        reason = f"its objects and arrays are nested more than {MAX_DEPTH} deep"
        raise InvalidManifest("This is not a manifest", reason)
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidManifest("This is not a manifest", f"it is not JSON: {error}") from error


def _too_deep(data: bytes) -> bool:
    """Whether brackets outside strings lie more than :data:`MAX_DEPTH` deep; one pass, however broken the JSON is."""
    depth = 0
    for bracket in _NOT_BRACKETS.sub(b"", data):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")
