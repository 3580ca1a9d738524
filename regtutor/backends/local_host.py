"""The host of regtutor's own registry, for ``embedded`` and ``in_process``: a store on the disk of this machine.

This module imports neither Tornado nor threads, so that ``in_process`` also runs in a browser.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from regtutor.backends.access import Access
from regtutor.backends.directory import own_directory
from regtutor.server.storage.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from regtutor.storage_tree import StorageTree

_OURS = ".regtutor"  # the lock and the unfinished files of the store, which other registries do not have


class LocalHost:
    """An open store, with the log of the registry that uses it and the function that stops it.

    Attributes
    ----------
    in_use: whether a request writes to the upload session in a directory.
    ca_file: the file of the CA for clients, if regtutor made the certificate; else None.
    access: the users, if ``auth`` was given; else None.
    """

    ca_file: Path | None = None
    access: Access | None = None

    def __init__(self, name: str, about: str, store: Store, clean_up: Callable[[], None]) -> None:
        self.name, self.about, self.store = name, about, store
        self._clean_up = clean_up
        self.in_use: Callable[[Path], bool] = lambda _session: False
        self._stop: Callable[[], None] | None = None
        self._lines: Iterable[str] = ()
        self._open = True
        atexit.register(self.close)

    @property
    def root(self) -> Path:
        """The storage directory."""
        return self.store.root

    def lets_in(self, access: Access | None) -> None:
        """Keep the users; ``about`` names them."""
        if access is not None:
            self.access, self.about = access, f"{self.about}; {access.about}"

    def runs(self, lines: Iterable[str], stop: Callable[[], None] | None = None) -> None:
        """Set the log, with one line for each request, and the function that stops the registry."""
        self._lines, self._stop = lines, stop

    def logs(self) -> str:
        """Return the log, one line for each request; if it is very long, only the last requests."""
        return "".join(f"{line}\n" for line in tuple(self._lines))

    def tree(self) -> StorageTree:
        """Return the storage directory, in the layout of CNCF Distribution; a temporary one is empty after closing."""
        from regtutor.storage_tree import StorageTree

        whole = StorageTree.of_directory(self.root)
        return StorageTree.of(
            [(path, size) for path, size in whole if not path.startswith(_OURS)],
            [path for path in whole.folders if not path.startswith(_OURS)],
        )

    def collect_garbage(self, *, dry_run: bool = True, untagged: bool = False) -> pd.DataFrame:
        """List what no manifest needs any more, and remove it unless this is a dry run: see ``rt.collect_garbage``.

        Requests that link content wait until the collection has ended. Content that arrived within the last hour and is
        not named by a manifest yet stays, because its push may be in progress.
        """
        from regtutor.server.storage.collecting import collect
        from regtutor.tables.storage import garbage_table

        return garbage_table(collect(self.store, dry_run=dry_run, untagged=untagged, in_use=self.in_use))

    def close(self) -> None:
        """Stop the registry, and delete a temporary storage directory; a second call does nothing."""
        if not self._open:
            return
        self._open = False
        atexit.unregister(self.close)
        try:
            if self._stop is not None:
                self._stop()
            self.store.close()
        finally:
            self._clean_up()


def local_host(name: str, about: str, root: str | Path | None) -> LocalHost:
    """Return a host with an open store, in ``root`` or in a temporary directory."""
    directory, clean_up = own_directory(root, name)
    try:
        return LocalHost(name, about, Store(directory), clean_up)
    except BaseException:
        clean_up()
        raise
