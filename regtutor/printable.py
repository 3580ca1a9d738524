"""Make text from the wire or from a file safe to print.

Control characters, direction marks and lone surrogates become escapes such as ``\\x1b``, so that the text cannot
control a terminal. Whatever prints text that this package did not write calls :func:`visible`.
"""

from __future__ import annotations


def visible(line: str) -> str:
    """Return ``line`` as one line, with unprintable characters as escapes; a tab is kept."""
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode() for c in line)


def visible_lines(text: str) -> str:
    """Return ``text`` with :func:`visible` applied to each line; only a line feed ends a line."""
    return text if text.isprintable() else "\n".join(visible(line) for line in text.split("\n"))
