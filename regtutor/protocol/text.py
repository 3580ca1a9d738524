"""Make text from the wire or from a file safe and short enough to print.

Control characters, direction marks and lone surrogates become escapes such as ``\\x1b``, so that a registry's response
cannot control a terminal.
"""

from __future__ import annotations


def visible(line: str) -> str:
    """Return ``line`` as one line, with unprintable characters as escapes; a tab is kept."""
    return "".join(c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode() for c in line)


def visible_lines(text: str) -> str:
    """Return ``text`` with :func:`visible` applied to each line; only a line feed ends a line."""
    return "\n".join(visible(line) for line in text.split("\n"))


def cut(text: str, length: int) -> str:
    """Return ``text``, or its first part and an ellipsis, in at most ``length`` characters."""
    return text if len(text) <= length else text[: length - 1] + "\N{HORIZONTAL ELLIPSIS}"


def counted(number: int) -> str:
    """Return ``number`` with its unit: ``1 byte``, ``2 bytes``."""
    return f"{number} byte{'' if number == 1 else 's'}"
