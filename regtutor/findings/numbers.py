"""How ranges, lengths and digests are written in headers, read once for all who explain or judge them."""

from __future__ import annotations

import re

_RANGE = re.compile(r"(?:bytes[ =])?(\d{1,18})-(\d{1,18})(?:/(?:\d+|\*))?")
UPLOAD_RANGE = re.compile(r"[0-9]+-[0-9]+")
"""How the distribution-spec writes the range of a chunk: the last byte is included."""


def first_and_last(value: str) -> tuple[int, int] | None:
    """The two positions of a range, however it is introduced; None where they are not both there."""
    match = _RANGE.fullmatch(value.strip())
    return (int(match[1]), int(match[2])) if match else None


def length(value: str | None) -> int | None:
    """A count of bytes; None where it is no number."""
    return int(value) if value is not None and re.fullmatch(r"[0-9]{1,18}", value) else None


def counted(number: int) -> str:
    """``1 byte``, ``2 bytes``."""
    return f"{number} byte{'' if number == 1 else 's'}"


def comparable(digest: str, other: str) -> bool:
    """Whether two digests are of one algorithm, so that they tell whether the contents are the same."""
    return digest.partition(":")[0] == other.partition(":")[0]
