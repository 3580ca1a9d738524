"""The fields of a HAR file, read leniently: a missing field has a default, and a wrong one costs only itself."""

from __future__ import annotations

import re

from regtutor.formats.har.oddities import Oddities
from regtutor.formats.json_value import LARGEST, Value


def own(value: Value, name: str) -> Value | None:
    """Return the member ``name`` of an object, if it exists and is not null."""
    return value.get(name)


def text(value: Value, name: str, odd: Oddities, otherwise: str = "") -> str:
    """Return a string; ``otherwise`` if it is missing or not a string."""
    found = stated(value, name, odd)
    return otherwise if found is None else found


def stated(value: Value, name: str, odd: Oddities) -> str | None:
    """Return a string, which can be empty; None if it is missing or not a string."""
    member = value.get(name)
    if member is None or isinstance(member.value, str):
        return None if member is None else member.value
    return odd.read(member.text, None)


def size(value: Value, name: str, otherwise: int, odd: Oddities) -> int:
    """Return a size in bytes. Tools write -1, or leave it out, if they do not know it; some write 64.0 or "64"."""
    member = own(value, name)
    found = -1 if member is None else odd.read(lambda: whole(member, -1), -1)
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


def pair(value: Value) -> tuple[str, str]:
    """Return a name and its value, as in ``{"name": "Accept", "value": "*/*"}``; the value can be a number.

    Raises
    ------
    WrongValue: if one of them is missing, or is something else.
    """
    name, found = value["name"].text(), value["value"]
    if isinstance(found.value, int | float) and not isinstance(found.value, bool):
        return name, str(found.value)
    return name, found.text()
