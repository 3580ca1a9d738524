"""The fields and entries of a HAR file that cannot be read: each is left out, and a note says why."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from regtutor.formats.json_value import WrongValue

T = TypeVar("T")

MOST = 20
"""The most notes about one file."""


@dataclass
class _Kind:
    """Problems of one kind, at different places: the first of them, and how many there are."""

    first: str
    count: int = 0


class Oddities:
    """Collects what was left out while a file is read."""

    def __init__(self) -> None:
        self._found: dict[str, _Kind] = {}

    def add(self, why: str) -> None:
        """Keep ``why``, a sentence that begins with the place in the file."""
        self._found.setdefault(re.sub(r"\[\d+\]", "[]", why), _Kind(why)).count += 1

    def read(self, read: Callable[[], T], otherwise: T) -> T:
        """Return the result of ``read``; if it raises WrongValue, keep the reason and return ``otherwise``."""
        try:
            return read()
        except WrongValue as error:
            self.add(str(error))
            return otherwise

    def notes(self) -> Iterator[str]:
        """Yield a note for each kind of problem, with the first place and the number of further ones."""
        for kind in list(self._found.values())[:MOST]:
            more = kind.count - 1
            yield f"left out: {kind.first}" + (f" (and {more} more of the same kind)" if more else "")
        if len(self._found) > MOST:
            yield f"left out: values of {len(self._found) - MOST} further kinds"
