"""Garbage collection: removing the bytes that no manifest needs any more.

A deletion removes links only. A collection finds the blobs that no manifest of any repository names, and removes their
links and their bytes. In the sense of CNCF Distribution: "Garbage collection"
<https://github.com/distribution/distribution/blob/v2.8.3/docs/garbage-collection.md>. Unlike Distribution's, it keeps
the children of a living index and the manifests with a living subject when it also removes untagged manifests.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from regtutor.protocol.digests import Digest, parse
from regtutor.server.storage.durable import delete
from regtutor.server.storage.purging import AGE, last_change, sessions_in
from regtutor.server.storage.store import Store
from regtutor.server.storage.walking import Repository, alive, read, stored


@dataclass(frozen=True)
class Garbage:
    """One thing that nothing needs any more.

    Attributes
    ----------
    kind: ``manifest``, ``link`` (of a blob, in a repository), ``blob`` (bytes, also those of a manifest), or ``upload
        session``.
    repository: its repository; empty for bytes, which are stored once for all of them.
    name: its digest, or the ID of the upload session.
    size: the number of bytes that its removal frees, without those of small link files.
    why: the reason.
    path: the directory to remove.
    """

    kind: str
    repository: str
    name: str
    size: int
    why: str
    path: Path


def collect(
    store: Store, *, dry_run: bool = True, untagged: bool = False, in_use: Callable[[Path], bool] = lambda _path: False
) -> list[Garbage]:
    """Find what nothing needs any more, and remove it unless this is a dry run.

    Requests that link content wait until it has ended; all others are served. Content of a push that may still be in
    progress is kept: see ``Store.arrivals``.

    Parameters
    ----------
    store: an open store.
    dry_run: only find.
    untagged: whether manifests that no tag leads to are garbage too.
    in_use: whether a request writes to the upload session in a directory.

    Returns
    -------
    What goes, links before the bytes that they point to.
    """
    store.check_root()
    with store.gate.alone():
        for _ in range(_TRIES):
            garbage = list(_Search(store, untagged, in_use).found())
            if dry_run:
                return garbage
            if store.arrivals.doom(parse(item.name) for item in garbage if item.kind != "upload session"):
                break  # otherwise a push has found some of it in the meantime
        else:
            return []
        try:
            for item in garbage:
                _remove(store, item)
        finally:
            store.arrivals.doom(())
        return garbage


_TRIES = 10


class _Search:
    """One search, before anything is removed."""

    def __init__(self, store: Store, untagged: bool, in_use: Callable[[Path], bool]) -> None:
        self._store, self._untagged, self._in_use = store, untagged, in_use
        self._arriving = store.arrivals.recent()
        self._needed = set(self._arriving)

    def found(self) -> Iterator[Garbage]:
        repositories = [read(self._store, name) for name in self._store.repositories()]
        for repository in repositories:
            yield from self._manifests(repository)
        links = [(repository.name, digest) for repository in repositories for digest in repository.layers]
        # The same bytes can be linked under another digest, so all links are seen before one is garbage.
        targets = {name_and_digest: self._target(*name_and_digest) for name_and_digest in links}
        self._needed |= {target for (_, digest), target in targets.items() if digest in self._needed}
        for (name, digest), target in targets.items():
            if target not in self._needed:
                yield Garbage("link", name, str(digest), 0, _WHY, self._store.layer_link(name, digest).parent)
        yield from self._blobs()
        yield from self._sessions()

    def _target(self, repository: str, digest: Digest) -> Digest:
        return self._store.link(self._store.layer_link(repository, digest)) or digest

    def _manifests(self, repository: Repository) -> Iterator[Garbage]:
        """The dead manifests; those that live, and what they need, are noted.

        Nobody knows what a damaged tag or manifest names, so everything that it can name lives until it is mended.
        """
        damaged_tag = None in repository.tags.values()
        living = set(repository.manifests)
        if self._untagged and not damaged_tag:
            living = alive(repository, self._arriving)
        for digest, need in repository.manifests.items():
            link = self._store.revision_link(repository.name, digest)
            if digest not in living:
                yield Garbage("manifest", repository.name, str(digest), 0, "no tag leads to it", link.parent)
                continue
            self._needed |= {digest, self._store.link(link) or digest}
            if need is None:
                self._needed |= set(repository.layers)
            else:
                self._needed |= need.blobs | need.foreign | need.children

    def _blobs(self) -> Iterator[Garbage]:
        for digest, path in stored(self._store):
            if digest not in self._needed:
                yield Garbage("blob", "", str(digest), _size(path), _WHY, path.parent)

    def _sessions(self) -> Iterator[Garbage]:
        for path in sessions_in(self._store.repositories_path):
            if last_change(path) < time.time() - AGE and not self._in_use(path):
                repository = path.parent.parent.relative_to(self._store.repositories_path).as_posix()
                why = f"no byte arrived for {AGE // 3600} hours"
                yield Garbage("upload session", repository, path.name, _size(path / "data"), why, path)


_WHY = "no manifest names it"


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _remove(store: Store, item: Garbage) -> None:
    """Remove ``item``. The links are gone from the disk before the bytes are removed."""
    if item.kind in ("manifest", "link"):
        store.remove(item.path)
        if item.kind == "manifest":
            _remove_history(store, item)
        return
    aside = store.own_path / f"removed-{uuid.uuid4()}"
    with suppress(FileNotFoundError):
        os.rename(item.path, aside)
        delete(aside)
    with suppress(OSError):
        item.path.parent.rmdir()  # if it is empty


def _remove_history(store: Store, item: Garbage) -> None:
    """Remove the links of a manifest from the history of each tag."""
    algorithm, _, encoded = item.name.partition(":")
    for tag in store.tag_names(item.repository):
        shutil.rmtree(store.tag_path(item.repository, tag) / "index" / algorithm / encoded, ignore_errors=True)
