"""The fields and entries of a HAR file that cannot be read: each is left out, and a note says why."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from regtutor.formats.json_value import WrongValue

T = TypeVar("T")

MOST = 20
"""The most notes about one file."""


class Oddities:
    """Collects what was left out while a file is read."""

    def __init__(self) -> None:
        self._found: dict[str, list[str]] = {}

    def add(self, why: str) -> None:
        """Keep ``why``, a sentence that begins with the place in the file."""
        self._found.setdefault(re.sub(r"\[\d+\]", "[]", why), []).append(why)

    def read(self, read: Callable[[], T], otherwise: T) -> T:
        """Return the result of ``read``; if it raises WrongValue, keep the reason and return ``otherwise``."""
        try:
            return read()
        except WrongValue as error:
            self.add(str(error))
            return otherwise

    def notes(self) -> Iterator[str]:
        """Yield a note for each kind of problem, with the first place and the number of further ones."""
        for first, *more in list(self._found.values())[:MOST]:
            yield f"left out: {first}" + (f" (and {len(more)} more of the same kind)" if more else "")
        if len(self._found) > MOST:
            yield f"left out: values of {len(self._found) - MOST} further kinds"
