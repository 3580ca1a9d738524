"""JSON from an untrusted file: every value is checked before it is used.

A :class:`Value` has its place in the file, so that an error can name it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

LARGEST = 2**63 - 1


class WrongValue(ValueError):
    """A value with a wrong type or content; its text states the place and the problem."""


class Value:
    """A JSON value and its place in the file (``where``), such as ``exchanges[3].request.method``.

    The place is composed only when an error needs it: a file can have millions of values.
    """

    __slots__ = ("_inside", "_name", "value")

    def __init__(self, value: Any, name: str | int = "the file", inside: Value | None = None) -> None:
        self.value, self._name, self._inside = value, name, inside

    @property
    def where(self) -> str:
        """The place of the value in the file."""
        if self._inside is None:
            return str(self._name)
        if isinstance(self._name, int):
            return f"{self._inside.where}[{self._name}]"
        return self._name if self._inside._inside is None else f"{self._inside.where}.{self._name}"

    def __getitem__(self, name: str) -> Value:
        """Return the member ``name`` of an object."""
        members = self._of(dict, "an object")
        if name not in members:
            raise WrongValue(f"{self.where} has no {name!r}")
        return Value(members[name], name, self)

    def get(self, name: str) -> Value | None:
        """Return the member ``name`` if this is an object that has it, and it is not null."""
        found = self.value.get(name) if isinstance(self.value, dict) else None
        return None if found is None else Value(found, name, self)

    def __iter__(self) -> Iterator[Value]:
        """Yield the items of a list."""
        for index, item in enumerate(self.items()):
            yield Value(item, index, self)

    def items(self) -> list[Any]:
        """Return the value, which must be a list, without the places of its items."""
        items: list[Any] = self._of(list, "a list")
        return items

    def taken(self) -> Iterator[Value]:
        """Yield the items of a list, and take each out of it: the memory of an item can then be released."""
        items = self.items()
        for index in range(len(items)):
            item, items[index] = items[index], None
            yield Value(item, index, self)

    @property
    def absent(self) -> bool:
        """Whether the value is null."""
        return self.value is None

    def text(self) -> str:
        """Return the value, which must be a string."""
        return str(self._of(str, "a string"))

    def whole(self, lowest: int = 0, highest: int = LARGEST) -> int:
        """Return the value, which must be a whole number between ``lowest`` and ``highest``."""
        number = self._of(int, "a whole number")
        if isinstance(number, bool) or not lowest <= number <= highest:
            raise WrongValue(f"{self.where} is not a whole number from {lowest} to {highest}")
        return int(number)

    def number(self) -> float:
        """Return the value, which must be a finite number."""
        number = self._of((int, float), "a number")
        if isinstance(number, bool) or abs(number) > LARGEST or not math.isfinite(number):
            raise WrongValue(f"{self.where} is not a finite number")
        return float(number)

    def one_of(self, choices: frozenset[str]) -> str:
        """Return the value, which must be one of ``choices``."""
        text = self.text()
        if text not in choices:
            raise WrongValue(f"{self.where} is not one of {', '.join(sorted(choices))}")
        return text

    def pair(self) -> tuple[str, str]:
        """Return the value, which must be a list of two strings."""
        items = [item.text() for item in self]
        if len(items) != 2:
            raise WrongValue(f"{self.where} is not a pair of strings")
        return items[0], items[1]

    def _of(self, kind: type | tuple[type, ...], what: str) -> Any:
        if not isinstance(self.value, kind):
            raise WrongValue(f"{self.where} is not {what}")
        return self.value
