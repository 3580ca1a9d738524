"""What ``embedded`` and ``in_process`` share: our own App over a store on this machine's disk.

Imports neither Tornado nor threads, so that ``in_process`` also runs in a browser.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterable
from pathlib import Path

from regtutor.backends.access import Access
from regtutor.backends.directory import own_directory
from regtutor.server.storage.store import Store
from regtutor.storage_tree import StorageTree

_OURS = ".regtutor"  # the store's lock and unfinished files: no part of the layout that all registries share


class LocalHost:
    """A store here, with what runs on it.

    Attributes
    ----------
    ca_file: what clients trust its certificate by, where it made that itself; else None.
    access: the users, where ``auth`` was given; else None.
    """

    ca_file: Path | None = None
    access: Access | None = None

    def __init__(self, name: str, about: str, store: Store, put_away: Callable[[], None]) -> None:
        self.name, self.about, self.store = name, about, store
        self._put_away = put_away
        self._stop: Callable[[], None] | None = None
        self._lines: Iterable[str] = ()
        self._open = True
        atexit.register(self.close)

    @property
    def root(self) -> Path:
        """The directory of its storage."""
        return self.store.root

    def lets_in(self, access: Access | None) -> None:
        """Keep the users; ``about`` names them."""
        if access is not None:
            self.access, self.about = access, f"{self.about}; {access.about}"

    def runs(self, lines: Iterable[str], stop: Callable[[], None] | None = None) -> None:
        """Say where its log is, one line for each request, and how to stop what runs on the store."""
        self._lines, self._stop = lines, stop

    def logs(self) -> str:
        """One line for each request so far; of very many the last."""
        return "".join(f"{line}\n" for line in tuple(self._lines))

    def tree(self) -> StorageTree:
        """Its directory, in the layout of CNCF Distribution; empty once it is closed, if it was made for it."""
        whole = StorageTree.of_directory(self.root)
        return StorageTree.of(
            [(path, size) for path, size in whole if not path.startswith(_OURS)],
            [path for path in whole.folders if not path.startswith(_OURS)],
        )

    def close(self) -> None:
        """Stop it, and delete its directory if it was made for it; a second call does nothing."""
        if not self._open:
            return
        self._open = False
        atexit.unregister(self.close)
        try:
            if self._stop is not None:
                self._stop()
            self.store.close()
        finally:
            self._put_away()


def local_host(name: str, about: str, root: str | Path | None) -> LocalHost:
    """A host with an open store, in ``root`` or in a temporary directory."""
    directory, put_away = own_directory(root, name)
    try:
        return LocalHost(name, about, Store(directory), put_away)
    except BaseException:
        put_away()
        raise
