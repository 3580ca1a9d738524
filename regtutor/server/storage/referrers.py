"""The referrers of each manifest: an index in ``ROOT/.regtutor``, which is built from the manifests at any time.

A directory that another registry wrote has no list of referrers, so every manifest must be read, but only once: the
bytes of a digest never change. Before each list, the directory of the manifests is compared with its state at the last
comparison. If it has changed, the new names are read. Therefore nothing needs to tell the index about a push or a
deletion, here or in another registry, and a damaged or lost index is only slow once.

Every listed manifest is looked up again, because Distribution deletes the link of a manifest but not its directory.
"""

from __future__ import annotations

import json
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from regtutor.errors import InvalidDigest, InvalidManifest
from regtutor.protocol import digests
from regtutor.protocol.digests import Digest, Hasher
from regtutor.protocol.manifests import MAX_BYTES, parse_manifest
from regtutor.protocol.referrers import referrer_entry
from regtutor.server.storage.folder_state import is_settled, state_of
from regtutor.server.storage.layout import Layout, digests_in, read_small

if TYPE_CHECKING:
    import sqlite3

_PAGE = 500
VERSION = 1
"""The version of the tables and of the entries in them. An index of another version is made again: raise it whenever
an older index would be misread, also if only ``referrer_entry`` has changed."""

_UNKNOWN = "?"  # instead of a subject: the manifest could not be read yet
_TABLES = """
CREATE TABLE IF NOT EXISTS repository (name TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS manifest (
    repository TEXT NOT NULL, digest TEXT NOT NULL, subject TEXT, type TEXT, entry TEXT,
    PRIMARY KEY (repository, digest)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS referrers ON manifest (repository, subject, digest) WHERE subject IS NOT NULL;
"""

T = TypeVar("T")
Row = tuple[str, str, str | None, str | None, str | None]


class _DamagedRow(Exception):
    """A row of the index that this module cannot have written."""


class _OtherVersion(Exception):
    """An index that another version of this module has written, or another program."""


class Referrers:
    """The referrers of the manifests below one directory.

    Parameters
    ----------
    layout: where the manifests are.
    path: the file of the index; created when it is needed.
    """

    def __init__(self, layout: Layout, path: Path) -> None:
        self._layout, self._path = layout, path
        self._blobs = str(layout.blobs_path)
        self._index: sqlite3.Connection | None = None
        self._using = threading.Lock()
        self._updating: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def close(self) -> None:
        """Close the index."""
        with self._using:
            if self._index is not None:
                self._index.close()
                self._index = None

    def of(
        self,
        repository: str,
        subject: Digest,
        artifact_type: str = "",
        after: str = "",
        check: Callable[[], object] = lambda: None,
    ) -> Iterator[dict[str, Any]]:
        """The entries of the manifests of ``repository`` whose subject is ``subject``, sorted by digest.

        Parameters
        ----------
        artifact_type: only those of this type, if it is not empty.
        after: only those whose digest sorts after this text.
        check: called before each manifest is read; it can raise an error, which ends the work.
        """
        try:
            import sqlite3  # noqa: F401
        except ImportError:  # as in a browser's Python
            yield from self._without_index(repository, str(subject), artifact_type, after, check)
            return
        self._with_whole_index(partial(self._update, repository, check))
        while rows := self._with_whole_index(
            partial(self._entries, repository, str(subject), artifact_type, after, check)
        ):
            for digest, entry in rows:
                if self._layout.manifest(repository, digest) is not None:
                    yield entry
            after = str(rows[-1][0])

    def _with_whole_index(self, work: Callable[[], T]) -> T:
        """The result of ``work``; if the index is damaged, with a new one; if the disk takes none, with one in memory.

        Only the part of a damaged file that is read shows the damage, so every use of the index can find it.
        """
        import sqlite3

        for path in (str(self._path), ":memory:"):
            try:
                return work()
            except (sqlite3.DatabaseError, _DamagedRow, _OtherVersion) as error:
                self._begin_again(path, error)
        return work()

    def _entries(
        self, repository: str, subject: str, artifact_type: str, after: str, check: Callable[[], object]
    ) -> list[tuple[Digest, dict[str, Any]]]:
        """The next page of entries, with the digest of each; the index is filled first if it is new."""
        if not self._selected("SELECT name FROM repository WHERE name = ?", repository):
            self._update(repository, check)
        rows = self._page(repository, subject, artifact_type, after)
        try:
            return [(digests.parse(digest), dict(json.loads(entry))) for digest, entry in rows]
        except (ValueError, TypeError, InvalidDigest) as error:
            raise _DamagedRow(f"a row contains no entry: {error}") from error

    def _without_index(
        self, repository: str, subject: str, kind: str, after: str, check: Callable[[], object]
    ) -> Iterator[dict[str, Any]]:
        for manifest in self._layout.manifests(repository):
            check()
            row = self._examined(repository, manifest.digest)
            if row[2] == subject and row[1] > after and (not kind or row[3] == kind) and row[4]:
                yield json.loads(row[4])

    def _page(
        self, repository: str, subject: str, artifact_type: str, after: str, limit: int = _PAGE
    ) -> list[tuple[str, str]]:
        # The index is named, because SQLite might go through all manifests of the repository instead.
        query = "SELECT digest, entry FROM manifest INDEXED BY referrers"
        query = f"{query} WHERE repository = ? AND subject = ? AND digest > ?"
        values = [repository, subject, after]
        if artifact_type:
            query, values = f"{query} AND type = ?", [*values, artifact_type]
        return self._selected(f"{query} ORDER BY digest LIMIT {limit}", *values)

    def _update(self, repository: str, check: Callable[[], object]) -> None:
        """Read the manifests that the index does not have yet, and drop those that are gone."""
        with self._updating[repository]:
            state = self._state(repository)
            settled = state and all(is_settled(int(part.split()[0])) for part in state.split(","))
            unknown = {digest for digest, _ in self._page(repository, _UNKNOWN, "", "", limit=-1)}
            if state and [(state,)] == self._selected("SELECT state FROM repository WHERE name = ?", repository):
                new, gone = unknown, set()
            else:
                known = {
                    row[0] for row in self._selected("SELECT digest FROM manifest WHERE repository = ?", repository)
                }
                present = {str(digest) for digest in digests_in(self._layout.revisions_path(repository))}
                new, gone = (present - known) | (unknown & present), known - present
            rows: list[Row] = []
            try:
                for digest in sorted(new):
                    check()
                    rows.append(self._examined(repository, digests.parse(digest)))
            except BaseException:
                self._store(repository, "", rows, gone)  # for the next request
                raise
            self._store(repository, state if settled else "", rows, gone)

    def _store(self, repository: str, state: str, rows: list[Row], gone: set[str]) -> None:
        changed = rows or gone or [(state,)] != self._selected(
            "SELECT state FROM repository WHERE name = ?", repository)  # fmt: skip
        if not changed:
            return
        with self._using, self._opened() as index:
            index.executemany(
                "DELETE FROM manifest WHERE repository = ? AND digest = ?", [(repository, digest) for digest in gone]
            )
            index.executemany("INSERT OR REPLACE INTO manifest VALUES (?, ?, ?, ?, ?)", rows)
            index.execute("INSERT OR REPLACE INTO repository VALUES (?, ?)", (repository, state))

    def _state(self, repository: str) -> str:
        """A text that changes whenever a name is added to the directories of the manifests, or removed."""
        parts = []
        for algorithm in digests.ALGORITHMS:
            with suppress(FileNotFoundError, NotADirectoryError):
                state = state_of((self._layout.revisions_path(repository) / algorithm).stat())
                parts.append(" ".join(map(str, (*state, algorithm))))
        return ",".join(parts)

    def _examined(self, repository: str, digest: Digest) -> Row:
        """Read a manifest. Its link need not exist: another registry can delete it, and write it again."""
        data = self._bytes(repository, digest)
        if data is None:
            return repository, str(digest), _UNKNOWN, None, None
        if b'"subject"' not in data and b"\\u" not in data:
            return repository, str(digest), None, None, None
        try:
            view = parse_manifest(data)
        except InvalidManifest:
            return repository, str(digest), None, None, None
        if view.subject is None:
            return repository, str(digest), None, None, None
        entry = referrer_entry(view, str(digest), len(data))
        return repository, str(digest), view.subject.digest, entry.get("artifactType"), json.dumps(entry)

    def _bytes(self, repository: str, digest: Digest) -> bytes | None:
        # Not by way of StoredBlob and Path: among 50,000 manifests, this is most of the time of the first list.
        path = os.path.join(self._blobs, digest.algorithm, digest.encoded[:2], digest.encoded, "data")
        try:
            data = read_small(path, MAX_BYTES)
        except OSError:
            data = b""
        hasher = Hasher(digest.algorithm)
        hasher.update(data)
        if hasher.digest == str(digest):
            return data
        return self._layout.whole_manifest(repository, digest)  # stored elsewhere, or damaged, which this reports

    def _selected(self, query: str, *values: str) -> list[Any]:
        with self._using, closing(self._opened().execute(query, values)) as found:
            return found.fetchall()

    def _opened(self) -> sqlite3.Connection:
        if self._index is None:
            self._index = _index(str(self._path))
        return self._index

    def _begin_again(self, path: str, error: Exception) -> None:
        """Remove a damaged index, and begin an empty one at ``path``."""
        import sqlite3

        self._layout.report(f"the index of referrers is built again: {error}")
        self.close()
        with self._using:
            for left in self._path.parent.glob(f"{self._path.name}*"):
                with suppress(OSError):
                    left.unlink()
            with suppress(sqlite3.DatabaseError):  # the next use reports it
                self._index = _index(path)


def _index(path: str) -> sqlite3.Connection:
    """Open or create the index. A power cut can take its last changes, but then also the state that belongs to them."""
    import sqlite3

    index = sqlite3.connect(path, timeout=2, check_same_thread=False)
    try:
        _check_version(index)
        index.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; {_TABLES}")
        index.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        index.close()
        raise
    return index


def _check_version(index: sqlite3.Connection) -> None:
    (version,) = index.execute("PRAGMA user_version").fetchone()
    (count,) = index.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if count and version != VERSION:
        raise _OtherVersion(f"it has version {version}, and this version of regtutor writes {VERSION}")
