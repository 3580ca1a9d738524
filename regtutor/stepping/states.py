"""The states of a walk, one after each request, frozen so that you can look back. This module sends nothing."""

from __future__ import annotations

from dataclasses import dataclass

from regtutor.exchange import Exchange
from regtutor.stepping.draft import Draft
from regtutor.stepping.progress import BlobProgress
from regtutor.storage_tree import StorageTree


@dataclass(frozen=True)
class State:
    """The view of one walk after ``number`` requests.

    Attributes
    ----------
    number: how many requests have been sent; 0 before the first.
    repository: the repository of the walk.
    exchanges: those of this walk so far; one fewer than ``number`` for each request without a record.
    exchange: the last one; in the first state, the one in which the registry refused the preparation. Otherwise None,
        also if sending ended without a record.
    draft: the request about to be sent; None at the end.
    tree: the registry's storage, or None if it cannot be read.
    unseen: why ``tree`` is missing, or ``""``.
    note: a note about this state: what was prepared or left out, or how the walk continues.
    error: what stopped the walk here, or None.
    detour: whether the walk did not receive ``exchange``, since the learner had changed its request.
    edits: what the learner had changed in the request that was sent, a short text for each change.
    log: the lines that the registry logged meanwhile.
    unlogged: why its log cannot be read, or ``""``.
    blobs: the progress of each blob, and of the manifest.
    """

    number: int
    repository: str
    exchanges: tuple[Exchange, ...] = ()
    exchange: Exchange | None = None
    draft: Draft | None = None
    tree: StorageTree | None = None
    unseen: str = ""
    note: str = ""
    error: Exception | None = None
    detour: bool = False
    edits: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    unlogged: str = ""
    blobs: tuple[BlobProgress, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the walk has reached its end."""
        return self.draft is None and self.error is None


@dataclass(frozen=True)
class Change:
    """A file of the registry's storage that differs between two trees: the ``kind`` of change, its path, its bytes."""

    kind: str
    path: str
    size: int


def changes(before: StorageTree | None, after: StorageTree | None) -> tuple[Change, ...]:
    """Return the ``new``, ``changed`` (in size) and ``gone`` files of two trees, by path; empty without both trees."""
    if before is None or after is None:
        return ()
    old, new = dict(before), dict(after)
    found = [Change("new", path, size) for path, size in new.items() if path not in old]
    found += [Change("changed", path, size) for path, size in new.items() if old.get(path, size) != size]
    found += [Change("gone", path, size) for path, size in old.items() if path not in new]
    return tuple(sorted(found, key=lambda change: change.path))
