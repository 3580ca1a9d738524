"""Find a repository in which a walk shows what its name promises: one that has no blob of the content yet.

A push into a repository that has the blobs already sends none of them. This module sends HEAD requests, and it returns
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count, islice

from regtutor.client.registry import Registry
from regtutor.content.image import Image
from regtutor.content.index import Index
from regtutor.errors import RegtutorError
from regtutor.exchange import Exchange
from regtutor.steps import head_blob

TRIED = 10
"""The most repositories that are looked into; then the last one is taken as it is."""

LOOKED_FOR = 20
"""The most blobs that are looked for in one repository."""


@dataclass(frozen=True)
class Found:
    """A repository for a walk, and the exchanges that were made to find it.

    Attributes
    ----------
    repository: its name.
    looked: a HEAD for each blob that was looked for, in order.
    taken: the first repository that already has a blob of the content; ``""`` if none was found.
    """

    repository: str
    looked: tuple[Exchange, ...] = ()
    taken: str = ""

    @property
    def note(self) -> str:
        """A sentence about a repository that was left as it is; ``""`` if the first one was fresh."""
        if not self.taken or self.taken == self.repository:
            return ""
        return (
            f"{self.taken} already has blobs of this content, so this walk uses the new repository {self.repository}."
        )


def numbered(first: str, reg: Registry, content: Image | Index, *, but: str = "") -> Iterator[str]:
    """Yield ``first``, ``first-2``, ``first-3``, ... without those to which this client has pushed a blob.

    Parameters
    ----------
    first: the first name.
    reg: the registry, which remembers where this client pushed each blob.
    content: the image or index that was pushed.
    but: a further name to leave out.
    """
    used = {name for blob in content.blobs for name in reg.pushed.repositories(blob.digest)}
    names = (first if number == 1 else f"{first}-{number}" for number in count(1))
    return (name for name in names if name not in used and name != but)


def without_content(reg: Registry, content: Image | Index, names: Iterable[str]) -> Found:
    """Return the first of ``names`` in which the registry has no blob of ``content``.

    Any response except 200 counts as no blob: the walk meets a refusal itself, and shows it.

    Parameters
    ----------
    reg: the registry, which receives a HEAD for each blob, until one exists; at most :data:`LOOKED_FOR` for a name.
    content: the image or index that the walk pushes.
    names: at most :data:`TRIED` of them are looked into.
    """
    looked: list[Exchange] = []
    taken, name = "", ""
    for name in islice(names, TRIED):
        if not _has_blob(reg, content, name, looked):
            break
        taken = taken or name
    return Found(name, tuple(looked), taken)


def _has_blob(reg: Registry, content: Image | Index, name: str, looked: list[Exchange]) -> bool:
    for blob in islice(content.blobs, LOOKED_FOR):
        try:
            exchange = head_blob(reg, name, blob.digest)
        except RegtutorError:
            return False
        looked.append(exchange)
        if exchange.status == 200:
            return True
        if exchange.status != 404:
            return False
    return False
