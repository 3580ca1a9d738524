"""A registry's storage as the rows of a tree, with its changes: the model behind ``RegistryTree``.

Two moments of a storage are merged into one tree, which still contains the entries that are gone. The tree becomes
rows, at most as many as a page can show, changes first. This module does not depend on widgets.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from regtutor.stepping.states import Change, changes
from regtutor.storage_tree import StorageTree
from regtutor.widgets.storage.path_meanings import LAYOUT, part_of, place_of, shorten

MOST_ROWS = 400
"""The most rows that are returned at once."""

PAGE = 100
"""The most rows of one folder that are returned at once."""

OPEN_ROWS = 40
"""The number of rows that are visible at first in a tree without changes."""

KINDS = ("new", "changed", "gone")
SIGNS = {"new": "+", "changed": "~", "gone": "-", "": " "}


@dataclass
class Entry:
    """A file or a folder, at one moment or at the moment before.

    Attributes
    ----------
    size, files: bytes and number of the files below, or of the file itself, without those that are gone.
    kind: ``new``, ``changed``, ``gone`` or ``""``; a folder is new or gone as a whole, and never changed.
    inside: kind -> number of files below; kind and a slash -> number of empty folders below.
    """

    name: str
    path: str
    folder: bool = True
    size: int = 0
    files: int = 0
    kind: str = ""
    inside: Counter[str] = field(default_factory=Counter)
    children: dict[str, Entry] = field(default_factory=dict)

    @property
    def touched(self) -> int:
        """The number of files and empty folders below that changed in any way."""
        return sum(number for kind, number in self.inside.items() if kind.strip("/"))

    def sorted(self) -> list[Entry]:
        """Return the children by name; among many children, those with changes come first."""
        crowded = len(self.children) > PAGE
        return sorted(self.children.values(), key=lambda child: (crowded and not child.touched, child.name))


@dataclass(frozen=True)
class Row:
    """One line of the tree: a file, or a folder with single folders below it that are shown on the same line.

    Attributes
    ----------
    entries: from the first folder of the line to its last folder or file, which the row describes.
    of: the path of the row above it in the tree, ``""`` at the top.
    total: how many rows are directly below it.
    opened: whether it is open until the learner opens or closes it.
    """

    entries: tuple[Entry, ...]
    of: str
    total: int
    opened: bool = False

    @property
    def entry(self) -> Entry:
        """The entry that the row describes."""
        return self.entries[-1]

    def as_json(self) -> dict[str, object]:
        """Return the row for the browser; each of its ``parts`` is the text, the whole name if it differs, and the
        index in :data:`LAYOUT`."""
        entry = self.entry
        parts = [_part(one) for one in self.entries]
        return {
            "path": entry.path,
            "of": self.of,
            "folder": entry.folder,
            "parts": parts,
            "size": entry.size,
            "files": entry.files,
            "kind": entry.kind,
            "inside": [entry.inside[kind] for kind in KINDS],
            "total": self.total,
            "open": self.opened,
        }


def _part(entry: Entry) -> list[str | int]:
    shown, place = shorten(entry.name), place_of(entry.path)
    mark = "/" if entry.folder else ""
    return [shown + mark, entry.name if shown != entry.name else "", -1 if place is None else place]


def grow(tree: StorageTree, before: StorageTree | None = None) -> Entry:
    """Return both moments as one tree; without ``before``, no entry has a kind."""
    root = Entry("", "")
    kinds = {change.path: change.kind for change in changes(before, tree)}
    then = before or StorageTree()
    for path, size in {**dict(then), **dict(tree)}.items():
        kind = kinds.get(path, "")
        leaf = _put(root, path)
        leaf.folder, leaf.kind, leaf.size, leaf.files = False, kind, size * (kind != "gone"), int(kind != "gone")
    empty, empty_then = set(tree.folders), set(then.folders)
    for path in sorted(empty | empty_then):
        _put(root, path)
    _sum(root, empty, empty_then, before is not None)
    return root


def _put(root: Entry, path: str) -> Entry:
    entry = root
    for name in path.split("/"):
        found = entry.children.get(name)
        if found is None:
            found = entry.children[name] = Entry(name, f"{entry.path}/{name}" if entry.path else name)
        entry = found
    return entry


def _sum(root: Entry, empty: set[str], empty_then: set[str], compared: bool) -> None:
    """Sum up sizes, files and kinds from the leaves to the root, without recursion, since a path can be very deep."""
    every = [root]
    for entry in every:
        every.extend(entry.children.values())
    for entry in reversed(every):
        below = entry.children.values()
        if below:
            entry.folder = True
            entry.size, entry.files = sum(one.size for one in below), sum(one.files for one in below)
            for one in below:
                entry.inside.update(one.inside)
            entry.kind = _whole(entry, empty, empty_then)
        else:
            if entry.folder and compared:
                entry.kind = "" if entry.path in empty_then else "new"
                entry.kind = entry.kind if entry.path in empty else "gone"
            entry.inside[entry.kind + "/" * entry.folder] = 1


def _whole(entry: Entry, empty: set[str], empty_then: set[str]) -> str:
    """Return the kind of a folder: new if its whole content is new and no empty folder was there before, or gone."""
    kinds = {kind.strip("/") for kind in entry.inside}
    if kinds == {"new"} and entry.path not in empty_then:
        return "new"
    return "gone" if kinds == {"gone"} and entry.path not in empty else ""


def _folded(child: Entry) -> tuple[Entry, ...]:
    """Return ``child`` with the chain of single entries below it that share its line."""
    chain = [child]
    while len(chain[-1].children) == 1:
        (only,) = chain[-1].children.values()
        place = place_of(only.path)
        if (LAYOUT[place].apart if place is not None else not only.folder) or only.kind != chain[-1].kind:
            break
        chain.append(only)
    return tuple(chain)


def page(root: Entry, path: str, start: int = 0, most: int = PAGE) -> list[Row]:
    """Return the rows of one folder, from number ``start`` on; an empty list if the folder does not exist."""
    entry = root
    for name in path.split("/") if path else ():
        found = entry.children.get(name)
        if found is None:
            return []
        entry = found
    return list(_rows(entry, start, most))


def _rows(entry: Entry, start: int, most: int) -> Iterator[Row]:
    for child in entry.sorted()[max(start, 0) : max(start, 0) + most]:
        chain = _folded(child)
        yield Row(chain, entry.path, len(chain[-1].children))


def outline(root: Entry, opened: Mapping[str, bool], most: int = MOST_ROWS) -> list[Row]:
    """Return the rows that are shown at first, and more as far as there is room; those of one folder in their order.

    Folders with changes come first and are open; without changes, folders near the root are.

    Parameters
    ----------
    opened: path of a folder -> whether the learner opened or closed it; those folders are included as well.
    most: the most rows that are returned.
    """
    made: dict[str, Row] = {}
    shown, serial = 0, count()
    queue = [(0, 0, next(serial), Row((root,), "", len(root.children)))]
    while queue and len(made) < most:
        rank, depth, _, row = heapq.heappop(queue)
        below = list(_rows(row.entry, 0, min(PAGE, most - len(made))))
        opened_first = rank == 0 if root.touched else shown + len(below) <= OPEN_ROWS
        if opened_first and row.entry is not root:
            made[row.entry.path] = replace(row, opened=True)
        shown += len(below) * opened_first
        for one in below:
            made[one.entry.path] = one
            if one.total:
                rank = 0 if one.entry.touched or opened.get(one.entry.path) else 1
                heapq.heappush(queue, (rank, depth + 1, next(serial), one))
    return list(made.values())


def visible(rows: Sequence[Row], opened: Mapping[str, bool]) -> Iterator[tuple[int, Row]]:
    """Yield the visible rows, in order, each with its depth from 0."""
    below: dict[str, list[Row]] = {}
    for row in rows:
        below.setdefault(row.of, []).append(row)
    order = [(0, row) for row in reversed(below.get("", []))]
    while order:
        depth, row = order.pop()
        yield depth, row
        path = row.entry.path
        if opened.get(path, row.opened):
            order += [(depth + 1, child) for child in reversed(below.get(path, []))]


SAID = {
    "new": ("new file", "new files", "in"),
    "changed": ("file changed", "files changed", "in"),
    "gone": ("file gone", "files gone", "from"),
}
"""Kind of change -> the words for one file and for several files, and the preposition before their place."""

_MOST_PARTS = 6


def summary(found: Sequence[Change], folders: Mapping[str, int]) -> str:
    """Return the changes in one sentence.

    Parameters
    ----------
    found: the files that changed.
    folders: kind of change -> number of empty folders.
    """
    counted = Counter((part_of(change.path), change.kind) for change in found)
    parts = [f"{number:,} {SAID[kind][number != 1]} {SAID[kind][2]} {part}" for (part, kind), number in counted.items()]
    if not parts:
        empty = [f"{number:,} empty folder{'s' * (number != 1)} {kind}" for kind, number in folders.items() if number]
        return f"No file changed; {', '.join(empty)}." if empty else "Nothing in the storage changed."
    rest = len(parts) - _MOST_PARTS
    return ", ".join(parts[:_MOST_PARTS]) + (f", and {rest:,} changes in other places." if rest > 0 else ".")
