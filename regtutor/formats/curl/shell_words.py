"""Words of a bash command line: any text quoted, and secrets as variables.

It knows nothing of HTTP or curl.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass

from regtutor.protocol.secrets import REDACTED

_PLAIN = re.compile(r"[ -~\n]*")
_SAFE_IN_DOUBLE_QUOTES = re.compile(r"[^\"$`\\!\x00-\x1f\x7f-\U0010ffff]*")


@dataclass(frozen=True)
class Variable:
    """A shell variable in the middle of a word; whoever pastes the command has set it."""

    name: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", re.sub(r"[^A-Z0-9_]", "_", self.name.upper()))


Part = str | Variable


def quoted(text: str) -> str:
    """``text`` as one word, byte for byte what a client sends: latin-1 where it can be, else UTF-8."""
    if _PLAIN.fullmatch(text):
        return shlex.quote(text)
    try:
        data = text.encode("latin-1")
    except UnicodeEncodeError:
        data = text.encode("utf-8", "surrogateescape")
    return "$'" + "".join(_escaped(byte) for byte in data) + "'"


def _escaped(byte: int) -> str:
    if chr(byte) in "'\\":
        return "\\" + chr(byte)
    # Three octal digits, because a \x escape would swallow a hexadecimal digit that follows it.
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}"


def word(*parts: Part) -> str:
    """One word of texts and variables, the variables expanded by the shell and nothing else."""
    texts = [part for part in parts if isinstance(part, str)]
    if len(texts) == len(parts):
        return quoted("".join(texts))
    if all(_SAFE_IN_DOUBLE_QUOTES.fullmatch(text) for text in texts):
        return '"' + "".join(_expanded(parts)) + '"'
    return "".join(quoted(part) if isinstance(part, str) else f'"${{{part.name}}}"' for part in parts if part)


def _expanded(parts: tuple[Part, ...]) -> list[str]:
    """``$NAME`` where the next character ends the name, ``${NAME}`` where it would go on with it."""
    shown: list[str] = []
    for here, after in zip(parts, (*parts[1:], ""), strict=True):
        goes_on = isinstance(after, str) and re.match(r"\w", after)
        shown.append(here if isinstance(here, str) else (f"${{{here.name}}}" if goes_on else f"${here.name}"))
    return shown


def with_variables(text: str, name_of: Callable[[str], str]) -> tuple[Part, ...]:
    """``text`` with a variable wherever a record has taken a secret out.

    Parameters
    ----------
    text: a redacted text.
    name_of: the text before a secret -> the variable's name.
    """
    before, *rest = text.split(REDACTED)
    parts: list[Part] = [before]
    for after in rest:
        parts += [Variable(name_of("".join(part for part in parts if isinstance(part, str)))), after]
    return tuple(part for part in parts if part != "")
