"""What is shown of a body: a few lines where it stands, more when it is opened, and never more than a page can bear.

JSON is indented without a change to its tokens, so that what is read is what was sent. It knows nothing of widgets.
"""

from __future__ import annotations

import json
import re

from regtutor.exchange import BodyRecord
from regtutor.protocol.text import cut, visible, visible_lines

FEW = 12
"""Lines of a text body that stand in the message; the rest comes when its line is opened."""

SMALL = 16
"""A body of so many lines stands in the message whole."""

MOST = 200
"""Lines that are shown at all."""

LONGEST_LINE = 400
"""Characters of such a line."""

LARGEST_JSON = 64 * 1024
"""Bytes of JSON that are indented."""

DUMPED = 64
"""Bytes of a binary body that are shown."""

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[{}\[\],:]|[^\s"{}\[\],:]+')


def body_text(body: BodyRecord) -> dict[str, str | int]:
    """What is shown of a body; empty where nothing of it was kept.

    Returns
    -------
    ``text``: what is shown when it is opened; ``few``: so many lines of it stand in the message; ``note``: what was
    done to it.
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
        notes.append(f"the first {len(body.preview):,} of {body.size:,} bytes were kept")
    if len(lines) > MOST:
        notes.append(f"{len(lines) - MOST:,} lines more are not shown")
    if any(len(line) > LONGEST_LINE for line in lines[:MOST]):
        notes.append(f"lines are cut at {LONGEST_LINE} characters")
    return {"text": "\n".join(shown), "few": len(shown) if len(lines) <= SMALL else FEW, "note": "; ".join(notes)}


def _shown_of(body: BodyRecord, most: int, how: str) -> str:
    shown = min(most, len(body.preview))
    return f"the first {shown:,} of {body.size:,} bytes, {how}" if shown < body.size else f"its bytes, {how}"


def _as_text(data: bytes) -> str | None:
    """The bytes as text; None where they are none, as those of a compressed layer."""
    text = data.decode("utf-8", "replace")
    # The preview may end in the middle of a character.
    strange = text[:-1].count("\ufffd") + text.count("\0")
    return None if strange > len(text) // 50 else text


def indented(text: str) -> str | None:
    """JSON over several lines, every token as it was written; None where it is no JSON object or list."""
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
    """Sixteen bytes in a line: as hexadecimal numbers, and as characters where they are some."""
    rows = (data[at : at + 16] for at in range(0, len(data), 16))
    return visible_lines(
        "\n".join(
            f"{row.hex(' '):<47}  {''.join(chr(b) if 0x20 <= b < 0x7F else '.' for b in row)}".rstrip() for row in rows
        )
    )
