"""Text from the wire or from a file, made safe and short enough to print; it knows no format.

Control characters, direction marks and lone surrogates become escapes such as ``\\x1b``, so that a registry's response
cannot control a terminal.
"""

from __future__ import annotations


def visible(line: str) -> str:
    """``line`` in one line, with everything that does not print written as an escape; a tab stays."""
    return "".join(c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode() for c in line)


def visible_lines(text: str) -> str:
    """``text`` with each of its lines made visible; only a line feed ends a line."""
    return "\n".join(visible(line) for line in text.split("\n"))


def cut(text: str, length: int) -> str:
    """``text``, or its first part and an ellipsis, in at most ``length`` characters."""
    return text if len(text) <= length else text[: length - 1] + "\N{HORIZONTAL ELLIPSIS}"


def counted(number: int) -> str:
    """``1 byte``, ``2 bytes``."""
    return f"{number} byte{'' if number == 1 else 's'}"
