"""JSON from a file that anybody may have written: every value is looked at before it is used.

A :class:`Value` knows where it stands in the file, so that a wrong one is named by its place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

LARGEST = 2**63 - 1


class WrongValue(ValueError):
    """A value that is not what it must be; its text says where and what."""


@dataclass(frozen=True)
class Value:
    """A JSON value, and ``where`` it stands, such as ``exchanges[3].request.method``."""

    value: Any
    where: str = "the file"

    def __getitem__(self, name: str) -> Value:
        """The member ``name`` of an object."""
        members = self._of(dict, "an object")
        if name not in members:
            raise WrongValue(f"{self.where} has no {name!r}")
        return Value(members[name], name if self.where == "the file" else f"{self.where}.{name}")

    def __iter__(self) -> Iterator[Value]:
        """The items of a list."""
        for index, item in enumerate(self._of(list, "a list")):
            yield Value(item, f"{self.where}[{index}]")

    @property
    def absent(self) -> bool:
        """Whether it is null."""
        return self.value is None

    def text(self) -> str:
        """The text that it must be."""
        return str(self._of(str, "a text"))

    def whole(self, lowest: int = 0, highest: int = LARGEST) -> int:
        """The whole number between ``lowest`` and ``highest`` that it must be."""
        number = self._of(int, "a whole number")
        if isinstance(number, bool) or not lowest <= number <= highest:
            raise WrongValue(f"{self.where} is no whole number from {lowest} to {highest}")
        return int(number)

    def number(self) -> float:
        """The finite number that it must be."""
        number = self._of((int, float), "a number")
        if isinstance(number, bool) or abs(number) > LARGEST or not math.isfinite(number):
            raise WrongValue(f"{self.where} is no finite number")
        return float(number)

    def one_of(self, choices: frozenset[str]) -> str:
        """The one of ``choices`` that it must be."""
        text = self.text()
        if text not in choices:
            raise WrongValue(f"{self.where} is none of {', '.join(sorted(choices))}")
        return text

    def pair(self) -> tuple[str, str]:
        """The list of two texts that it must be."""
        items = [item.text() for item in self]
        if len(items) != 2:
            raise WrongValue(f"{self.where} is no pair of texts")
        return items[0], items[1]

    def _of(self, kind: type | tuple[type, ...], what: str) -> Any:
        if not isinstance(self.value, kind):
            raise WrongValue(f"{self.where} is not {what}")
        return self.value
