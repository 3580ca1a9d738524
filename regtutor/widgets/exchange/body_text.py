"""A body as text for display: a few lines in the message, more when it is opened, and never too many for a page.

JSON is indented without a change to its tokens, so that the reader sees what was sent. This module does not depend on
widgets.
"""

from __future__ import annotations

import json
import re

from regtutor.exchange import BodyRecord
from regtutor.protocol.text import cut, visible, visible_lines

FEW = 12
"""The number of lines of a text body that the message shows; the rest is shown when its line is opened."""

SMALL = 16
"""The most lines of a body that the message shows whole."""

MOST = 200
"""The most lines that are ever shown."""

LONGEST_LINE = 400
"""The most characters of such a line."""

LARGEST_JSON = 64 * 1024
"""The most bytes of JSON that are indented."""

DUMPED = 64
"""The most bytes of a binary body that are shown."""

# A string without its end is a token too: otherwise each of its quotes would look for the end again.
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*+"?|[{}\[\],:]|[^\s"{}\[\],:]+')


def body_text(body: BodyRecord) -> dict[str, str | int]:
    """Return a body for display; empty if no bytes of it were recorded.

    Returns
    -------
    ``text``: the text that is shown when it is opened; ``few``: how many of its lines the message shows; ``note``: how
    the text differs from the body.
    """
    if not body.preview:
        return {}
    text = _as_text(body.preview)
    if text is None:
        dump = hex_dump(body.preview[:DUMPED])
        return {"text": dump, "few": 0, "note": _shown_of(body, DUMPED, "in hexadecimal")}
    pretty = indented(text) if body.whole and body.size <= LARGEST_JSON else None
    lines = (pretty or text).splitlines()
    shown = [cut(visible(line), LONGEST_LINE) for line in lines[:MOST]]
    notes = ["indented here, not on the wire"] if pretty and pretty != text.strip() else []
    if not body.whole:
        notes.append(f"the first {len(body.preview):,} of {body.size:,} bytes were recorded")
    if len(lines) > MOST:
        notes.append(f"{len(lines) - MOST:,} more lines are not shown")
    if any(len(line) > LONGEST_LINE for line in lines[:MOST]):
        notes.append(f"lines are cut at {LONGEST_LINE} characters")
    return {"text": "\n".join(shown), "few": len(shown) if len(lines) <= SMALL else FEW, "note": "; ".join(notes)}


def _shown_of(body: BodyRecord, most: int, how: str) -> str:
    shown = min(most, len(body.preview))
    return f"the first {shown:,} of {body.size:,} bytes, {how}" if shown < body.size else f"its bytes, {how}"


def _as_text(data: bytes) -> str | None:
    """Return the bytes as text, or None if they are binary, such as those of a compressed layer."""
    text = data.decode("utf-8", "replace")
    # The preview can end in the middle of a character.
    strange = text[:-1].count("\ufffd") + text.count("\0")
    return None if strange > len(text) // 50 else text


def indented(text: str) -> str | None:
    """Return JSON on several lines, every token as it was written, or None if it is not a JSON object or list."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return None
    parts: list[str] = []
    depth, before = 0, ""
    for token in _TOKEN.findall(text):
        if token in ("}", "]"):
            depth -= 1
            parts.append("" if before in ("{", "[") else _line(depth))
        elif before in ("{", "[", ","):
            parts.append(_line(depth))
        parts.append(": " if token == ":" else token)
        depth += token in ("{", "[")
        before = token
    return "".join(parts)


def _line(depth: int) -> str:
    return "\n" + "  " * min(depth, 20)


def hex_dump(data: bytes) -> str:
    """Return lines of sixteen bytes: as hexadecimal numbers, and as characters if they are printable ASCII."""
    rows = (data[at : at + 16] for at in range(0, len(data), 16))
    return visible_lines(
        "\n".join(
            f"{row.hex(' '):<47}  {''.join(chr(b) if 0x20 <= b < 0x7F else '.' for b in row)}".rstrip() for row in rows
        )
    )
