"""The fields of a HAR file, read leniently: a missing field has a default, and a wrong one costs only itself.

A file has millions of fields, and nearly all of them are right. A right one is returned at once. A :class:`Value`, with
the place for a note, is made only for the others. Each function is given an object: a Value that holds a dict.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from regtutor.formats.har.oddities import Oddities
from regtutor.formats.json_value import LARGEST, Value


def own(value: Value, name: str) -> Value | None:
    """Return the member ``name`` of an object, if it exists and is not null."""
    found = value.value.get(name)
    return None if found is None else Value(found, name, value)


def text(value: Value, name: str, odd: Oddities, otherwise: str = "") -> str:
    """Return a string; ``otherwise`` if it is missing or not a string."""
    found = value.value.get(name)
    if found.__class__ is str:
        return found
    return otherwise if found is None else odd.read(Value(found, name, value).text, otherwise)


def required(value: Value, name: str) -> str:
    """Return a string.

    Raises
    ------
    WrongValue: if it is missing or not a string, or if ``value`` is not an object.
    """
    found = value.value.get(name) if value.value.__class__ is dict else None
    return found if found.__class__ is str else value[name].text()


def stated(value: Value, name: str, odd: Oddities) -> str | None:
    """Return a string, which can be empty; None if it is missing or not a string."""
    found = value.value.get(name)
    if found is None or found.__class__ is str:
        return found
    return odd.read(Value(found, name, value).text, None)


def size(value: Value, name: str, otherwise: int, odd: Oddities) -> int:
    """Return a size in bytes. Tools write -1, or leave it out, if they do not know it; some write 64.0 or "64"."""
    found = value.value.get(name)
    if found is None:
        return otherwise
    if found.__class__ is not int or not -1 <= found <= LARGEST:
        found = odd.read(lambda: whole(Value(found, name, value), -1), -1)
    return otherwise if found < 0 else found


def whole(value: Value, lowest: int = 0, highest: int = LARGEST) -> int:
    """Return a whole number, which can also be written as a float or as digits in a string.

    Raises
    ------
    WrongValue: for anything else.
    """
    found = value.value
    if isinstance(found, str) and re.fullmatch(r"\s*-?[0-9]{1,18}\s*", found):
        return Value(int(found), value.where).whole(lowest, highest)
    if isinstance(found, float) and abs(found) < LARGEST and found.is_integer():
        return Value(int(found), value.where).whole(lowest, highest)
    return value.whole(lowest, highest)


def named(value: Value, name: str, odd: Oddities) -> Value:
    """Return an object; an empty one if it is missing, null, or not an object."""
    member = own(value, name)
    if member is not None and not isinstance(member.value, dict):
        odd.add(f"{member.where} is not an object")
        member = None
    return Value({}, name, value) if member is None else member


def milliseconds(value: Value, names: Iterable[str], odd: Oddities) -> list[float]:
    """Return durations; for each that is missing or no number -1, as tools write for a phase that did not happen."""
    found = []
    for name in names:
        duration = value.value.get(name, -1.0)
        if duration.__class__ is not float or not -LARGEST <= duration <= LARGEST:
            duration = _duration(value, name, odd)
        found.append(duration)
    return found


def _duration(value: Value, name: str, odd: Oddities) -> float:
    found = value.value[name]
    if found.__class__ is int and -LARGEST <= found <= LARGEST:
        return float(found)
    return -1.0 if found is None else odd.read(Value(found, name, value).number, -1.0)


def items(value: Value, name: str, odd: Oddities) -> list[Any]:
    """Return the items of a list; none if it is missing or not a list."""
    found = value.value.get(name)
    if found is None or found.__class__ is list:
        return found or []
    return odd.read(Value(found, name, value).items, [])


def pairs(value: Value, name: str, odd: Oddities) -> list[tuple[str, str]]:
    """Return a list of names and values, such as headers; none if it is missing or not a list."""
    read = []
    for index, item in enumerate(items(value, name, odd)):
        if item.__class__ is dict:
            key, held = item.get("name"), item.get("value")
            if key.__class__ is str and held.__class__ is str:
                read.append((key, held))
                continue
        read += _read_pair(Value(item, index, value[name]), odd)
    return read


def _read_pair(item: Value, odd: Oddities) -> list[tuple[str, str]]:
    found = odd.read(lambda: _pair(item), None)
    return [] if found is None else [found]


def _pair(value: Value) -> tuple[str, str]:
    """Return a name and its value, as in ``{"name": "Accept", "value": "*/*"}``; the value can be a number.

    Raises
    ------
    WrongValue: if one of them is missing, or is something else.
    """
    name, found = value["name"].text(), value["value"]
    if isinstance(found.value, int | float) and not isinstance(found.value, bool):
        return name, str(found.value)
    return name, found.text()
