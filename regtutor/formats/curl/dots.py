"""JSON in which ``curl --trace-ascii`` wrote a dot for each line break."""

from __future__ import annotations

import re

from regtutor.errors import InvalidManifest
from regtutor.protocol.bounded_json import parse_json_value

_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|\d\.\d|\.')


def with_line_breaks(data: bytes) -> bytes:
    """Return JSON with line breaks instead of the dots outside of its strings and numbers; other data unchanged."""
    if data[:1] not in (b"{", b"["):
        return data
    restored = _TOKENS.sub(lambda found: b"\n" if found[0] == b"." else found[0], data)
    try:
        parse_json_value(restored)
    except InvalidManifest:
        return data
    return restored
