"""The repositories of a registry in order, read only as far as a page needs them.

A repository can contain others: ``a`` and ``a/b``. In the order of names, ``a-b`` is between the two, because ``-`` is
before ``/``. Each directory therefore has two entries for each name in it: ``a`` for the repository itself, and ``a/``
for those below it. Sorted, the entries of all directories are in the order of the names.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator

from regtutor.server.names import is_repository
from regtutor.server.storage.folder_state import State, is_settled, state_of
from regtutor.server.storage.layout import Layout, names_in

MOST = 16
"""The number of directories whose entries are remembered."""

LARGE = 100
"""The number of entries from which on a directory is remembered: a smaller one is read in no time."""

Order = Callable[[str], object]


def by_name(name: str) -> object:
    """The sort key for the order of names: ``a-b`` before ``a/b``."""
    return name


def by_path(name: str) -> object:
    """The sort key for the order of directories: ``a/b`` before ``a-b``, as CNCF Distribution 2 sorts."""
    return name.split("/")


class RepositoryLists:
    """The repositories below one directory. Entries of large directories are remembered while these do not change."""

    def __init__(self, layout: Layout) -> None:
        self._root = str(layout.repositories_path)
        self._kept: OrderedDict[tuple[str, Order], tuple[State, list[str]]] = OrderedDict()

    def after(self, last: str, order: Order = by_name, check: Callable[[], object] = lambda: None) -> Iterator[str]:
        """Every repository in which anything was ever stored and that sorts after ``last``, in order.

        Parameters
        ----------
        last: need not be a repository; the empty text is before all.
        order: ``by_name`` or ``by_path``.
        check: called for each entry; it can raise an error, which ends the work.
        """
        return self._below("", last, order, check)

    def _below(self, parent: str, last: str, order: Order, check: Callable[[], object]) -> Iterator[str]:
        """The repositories in the directory ``parent``, which ends with a slash, that sort after ``last`` there."""
        entries = self._entries(parent, order)
        if not entries:
            return
        first = bisect_right(entries, order(last), key=order) if last else 0  # type: ignore[call-overload]
        folder, slash, rest = last.partition("/")
        if slash and is_repository(parent + folder):  # the rest of the directory that last is in comes first
            yield from self._below(f"{parent}{folder}/", rest, order, check)
        for entry in entries[first:]:
            check()
            if entry.endswith("/"):
                yield from self._below(parent + entry, "", order, check)
            elif os.path.lexists(os.path.join(self._root, parent, entry, "_layers")):
                yield parent + entry

    def _entries(self, parent: str, order: Order) -> list[str]:
        """The entries of a directory in order; read again if it has changed."""
        path = os.path.join(self._root, parent)
        kept = self._kept.get((parent, order))
        if kept is not None and kept[0] == _state(path):
            return kept[1]
        names = _repositories_in(path, parent)
        if 2 * len(names) < LARGE:
            return _ordered(names, order)
        state = _state(path)
        entries = _ordered(_repositories_in(path, parent), order)  # again, because they may be newer than the state
        if state and is_settled(state[0]):
            self._kept[parent, order] = state, entries
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return entries


def _repositories_in(path: str, parent: str) -> list[str]:
    return [name for name in names_in(path) if name[0] != "_" and is_repository(parent + name)]


def _ordered(names: list[str], order: Order) -> list[str]:
    return sorted([*names, *(f"{name}/" for name in names)], key=order) if names else []  # type: ignore[arg-type]


def _state(path: str) -> State | None:
    """The state of a directory; None without one."""
    try:
        return state_of(os.stat(path))
    except OSError:
        return None
