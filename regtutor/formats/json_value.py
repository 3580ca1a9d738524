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
    """A JSON value and its place in the file.

    Parameters
    ----------
    value: the value.
    place: its place, or its name or index in ``parent``.
    parent: the object or the list that it is in.
    """

    __slots__ = ("_parent", "_place", "value")

    def __init__(self, value: Any, place: str | int = "the file", parent: Value | None = None) -> None:
        self.value, self._place, self._parent = value, place, parent

    @property
    def where(self) -> str:
        """The place, such as ``exchanges[3].request.method``. It is composed when it is read: only errors need it."""
        if self._parent is None:
            return str(self._place)
        outside = self._parent.where
        if isinstance(self._place, int):
            return f"{outside}[{self._place}]"
        return self._place if outside == "the file" else f"{outside}.{self._place}"

    def __getitem__(self, name: str) -> Value:
        """Return the member ``name`` of an object."""
        members = self._of(dict, "an object")
        if name not in members:
            raise WrongValue(f"{self.where} has no {name!r}")
        return Value(members[name], name, self)

    def member(self, name: str) -> Value | None:
        """Return the member ``name``; None if it is missing or null, or if this is not an object."""
        found = self.value.get(name) if isinstance(self.value, dict) else None
        return None if found is None else Value(found, name, self)

    def __iter__(self) -> Iterator[Value]:
        """Yield the items of a list."""
        for index, item in enumerate(self._of(list, "a list")):
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
