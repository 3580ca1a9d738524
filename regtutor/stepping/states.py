"""What there was to see after each request of a walk: frozen, so that one can look back. Nothing is sent from here."""

from __future__ import annotations

from dataclasses import dataclass

from regtutor.exchange import Exchange
from regtutor.stepping.draft import Draft
from regtutor.stepping.progress import BlobProgress
from regtutor.storage_tree import StorageTree


@dataclass(frozen=True)
class State:
    """What there was to see after ``number`` requests of one walk.

    Attributes
    ----------
    number: how many requests had been sent; 0 before the first.
    repository: where the walk goes to.
    exchanges: those of this walk so far; one fewer than ``number`` for each request that got no record.
    exchange: the last one, or in the first state the one that refused what is done beforehand; else None, as where
        sending ended without a record.
    draft: the request about to be sent; None at the end.
    tree: the registry's storage, or None where it cannot be seen.
    unseen: why ``tree`` is None, or ``""``.
    note: what is to be said about this state: what was done beforehand or left out, or how the walk goes on.
    error: what stopped the walk here, or None.
    detour: whether ``exchange`` was kept from the walk: it answered a request that the learner had changed.
    edits: what the learner had changed in the request that was sent, a short text each.
    log: the lines that the registry logged meanwhile.
    unlogged: why its log cannot be seen, or ``""``.
    blobs: how far each blob, and the manifest, has come.
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
        """Whether the walk came to its end."""
        return self.draft is None and self.error is None


@dataclass(frozen=True)
class Change:
    """A file of the registry's storage that two trees do not agree on: what ``kind`` of change, path and bytes."""

    kind: str
    path: str
    size: int


def changes(before: StorageTree | None, after: StorageTree | None) -> tuple[Change, ...]:
    """What became ``new``, ``changed`` (its size) or ``gone`` between two trees, by path; empty if one is unknown."""
    if before is None or after is None:
        return ()
    old, new = dict(before), dict(after)
    found = [Change("new", path, size) for path, size in new.items() if path not in old]
    found += [Change("changed", path, size) for path, size in new.items() if old.get(path, size) != size]
    found += [Change("gone", path, size) for path, size in old.items() if path not in new]
    return tuple(sorted(found, key=lambda change: change.path))
