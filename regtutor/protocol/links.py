"""Link headers, which name the next page of a list.

Source: RFC 8288, "Web Linking", section 3 <https://www.rfc-editor.org/rfc/rfc8288.html#section-3>.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_TARGET = re.compile(r"[\s,]*<([^>]*)>")
_BARE = re.compile(r"[\s,]*([^\s<>\";,][^\s<>\";]*)(?=\s*;)")
"""A target without the angle brackets, which some servers and proxies leave out."""

_PARAMETER = re.compile(r"\s*;\s*([^\s=;,\"<>]*)(?:\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;,\"]*)))?")


@dataclass(frozen=True)
class Link:
    """One link: its unchanged ``target``, its ``relations`` in lower case, and whether it is ``bracketed``."""

    target: str
    relations: tuple[str, ...]
    bracketed: bool = True


def links(values: Iterable[str]) -> Iterator[Link]:
    """Yield the links in the values of every Link header; one without angle brackets ends the reading of its value."""
    for value in values:
        at = 0
        while found := _TARGET.match(value, at) or _BARE.match(value, at):
            relations, end = _relations(value, found.end())
            yield Link(found[1], relations, found.re is _TARGET)
            comma = value.find(",", end)
            if comma < 0:
                break
            at = comma + 1


def _relations(value: str, at: int) -> tuple[tuple[str, ...], int]:
    """Return the relations of a link, and where its parameters end; only its first ``rel`` counts."""
    relations: tuple[str, ...] | None = None
    while found := _PARAMETER.match(value, at):
        if relations is None and found[1].lower() == "rel":
            relations = tuple((found[2] or found[3] or "").lower().split())
        at = found.end()
    return relations or (), at


def next_link(values: Iterable[str]) -> str | None:
    """Return the unchanged target of the first link with the relation ``next``, or None.

    Parameters
    ----------
    values: the values of every Link header.
    """
    return next((link.target for link in links(values) if "next" in link.relations), None)
