"""Words of a bash command line: quoted text, and secrets as variables.

This module does not depend on HTTP or curl.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass

from regtutor.protocol.secrets import REDACTED

_BEFORE = 1000
PLAIN = re.compile(r"[ -~\n]*")
_SAFE_IN_DOUBLE_QUOTES = re.compile(r"[^\"$`\\!\x00-\x1f\x7f-\U0010ffff]*")


@dataclass(frozen=True)
class Variable:
    """A shell variable in a word; it must be set where the command is pasted."""

    name: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", re.sub(r"[^A-Z0-9_]", "_", self.name.upper()))


Part = str | Variable


def quoted(text: str) -> str:
    """Quote ``text`` as one word with the bytes that a client sends: latin-1 if possible, else UTF-8."""
    if PLAIN.fullmatch(text):
        return shlex.quote(text)
    try:
        data = text.encode("latin-1")
    except UnicodeEncodeError:
        data = text.encode("utf-8", "surrogateescape")
    return "$'" + "".join(_escaped(byte) for byte in data) + "'"


def _escaped(byte: int) -> str:
    if chr(byte) in "'\\":
        return "\\" + chr(byte)
    # Three octal digits, because a \x escape would include a hexadecimal digit that follows it.
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}"


def word(*parts: Part) -> str:
    """Join texts and variables to one word, in which the shell expands only the variables."""
    texts = [part for part in parts if isinstance(part, str)]
    if len(texts) == len(parts):
        return quoted("".join(texts))
    if all(_SAFE_IN_DOUBLE_QUOTES.fullmatch(text) for text in texts):
        return '"' + "".join(_expanded(parts)) + '"'
    return "".join(quoted(part) if isinstance(part, str) else f'"${{{part.name}}}"' for part in parts if part)


def _expanded(parts: tuple[Part, ...]) -> list[str]:
    """Write ``$NAME``, or ``${NAME}`` if the next character could belong to the name."""
    shown: list[str] = []
    for here, after in zip(parts, (*parts[1:], ""), strict=True):
        continues = isinstance(after, str) and re.match(r"\w", after)
        shown.append(here if isinstance(here, str) else (f"${{{here.name}}}" if continues else f"${here.name}"))
    return shown


def with_variables(text: str, name_of: Callable[[str], str]) -> tuple[Part, ...]:
    """Split ``text`` into texts, and variables for the secrets that were redacted.

    Parameters
    ----------
    text: a redacted text.
    name_of: a function from the text before a secret (its last part, if it is long) to the name of the variable.
    """
    before, *rest = text.split(REDACTED)
    parts: list[Part] = [before]
    for after in rest:
        parts += [Variable(name_of(before[-_BEFORE:])), after]
        before = before[-_BEFORE:] + after
    return tuple(part for part in parts if part != "")
