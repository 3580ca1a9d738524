"""Make text short enough to print, and count its bytes; :mod:`regtutor.printable` makes it safe to print."""

from __future__ import annotations

from collections.abc import Sequence

from regtutor.printable import visible, visible_lines

__all__ = ["counted", "cut", "listed", "visible", "visible_lines"]


def cut(text: str, length: int) -> str:
    """Return ``text``, or its first part and an ellipsis, in at most ``length`` characters."""
    return text if len(text) <= length else text[: length - 1] + "\N{HORIZONTAL ELLIPSIS}"


def listed(parts: Sequence[str]) -> str:
    """Return ``parts`` as a sentence has them: ``one``, ``one and two``, ``one, two and three``."""
    return " and ".join([*([", ".join(parts[:-1])] if parts[1:] else []), *parts[-1:]])


def counted(number: int) -> str:
    """Return ``number`` with its unit: ``1 byte``, ``2 bytes``."""
    return f"{number} byte{'' if number == 1 else 's'}"
