"""Writing content on disk, in the layout that ``layout`` describes. No HTTP.

``ROOT/.regtutor`` is our own: the lock, the secret of upload Locations, the index of referrers, and unfinished files.
"""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from regtutor.errors import ServerError, StoreLocked
from regtutor.file_lock import lock_file
from regtutor.protocol.digests import Digest
from regtutor.server.storage.arrivals import Arrivals
from regtutor.server.storage.durable import Change, delete, make_folder, sync_folder
from regtutor.server.storage.gate import Gate
from regtutor.server.storage.layout import Layout, StoredBlob
from regtutor.server.storage.referrers import Referrers
from regtutor.server.storage.repository_lists import RepositoryLists
from regtutor.server.storage.secret_file import kept_secret
from regtutor.server.storage.tag_lists import TagLists

__all__ = ["Store", "StoreLost", "StoredBlob"]

OWN = ".regtutor"
"""The directory below the root that only this registry uses."""


MISPLACED = "misplaced-"
"""The beginning of the names of what was found in the way of content and moved to that directory."""


class StoreLost(ServerError):
    """The directory of the store was deleted or replaced while the store was open."""


class Store(Layout):
    """Blobs, manifests and tags below one directory. While it is open, nothing else writes there.

    Names must fit their grammars: anything else raises ``ValueError`` before the disk is touched.

    Parameters
    ----------
    root: the directory; created if it does not exist.

    Attributes
    ----------
    gate: shared by whatever links content, held alone by a garbage collection.
    arrivals: content that a manifest may still name.
    referrers: the referrers of each manifest.
    tag_lists: the sorted tags of each repository.
    repository_lists: the sorted repositories.

    Raises
    ------
    StoreLocked: another Store, in this process or another one, has ``root`` open.
    ServerError: ``root`` is not a directory, or is not writable.
    """

    def __init__(self, root: Path | str) -> None:
        super().__init__(root)
        self.gate, self.arrivals = Gate(), Arrivals()
        self.own_path = self.root / OWN
        self.referrers = Referrers(self, self.own_path / "referrers.sqlite")
        self.tag_lists, self.repository_lists = TagLists(self), RepositoryLists(self)
        try:
            self.own_path.mkdir(parents=True, exist_ok=True)
            self._lock: BinaryIO | None = _lock(self.own_path / "lock", self.root)
            for left_over in (*self.own_path.glob("unfinished-*"), *self.own_path.glob("removed-*")):
                delete(left_over)
        except OSError as error:
            raise ServerError(
                f"The registry directory {self.root} cannot be used",
                error.strerror or str(error),
                "Use a directory that you can write to",
            ) from error

    def secret(self) -> bytes:
        """The secret that seals the state in upload Locations; it is the same each time this directory is used."""
        return kept_secret(self.own_path / "secret")

    def close(self) -> None:
        """Release the directory for another writer. The content stays."""
        self.referrers.close()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def check_root(self) -> None:
        """Check that the directory is still the one that this store has locked.

        Raises
        ------
        StoreLost: it was deleted or replaced. Content that was written there would be lost, or would be written
            beside that of another registry.
        """
        try:
            if self._lock is None or os.path.samestat(os.fstat(self._lock.fileno()), os.stat(self.own_path / "lock")):
                return
        except OSError:
            pass
        raise StoreLost(
            f"The registry directory {self.root} was deleted or replaced while the registry was running",
            "the registry stores nothing, because its lock file no longer exists",
            "Stop this registry and start it again",
        )

    def change(self) -> Change:
        """Files that will appear together."""
        return Change(self.own_path, self.clear)

    def clear(self, path: Path) -> None:
        """Move something that is where a directory or a file of the registry belongs, so that a push can mend it.

        Nothing is deleted, because nobody knows what it is. A link stays: its target may be on a disk that is missing
        at the moment.

        Raises
        ------
        NotADirectoryError: ``path`` is a link.
        """
        if path.is_symlink():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
        aside = self.own_path / f"{MISPLACED}{uuid.uuid4().hex}"
        with suppress(FileNotFoundError):  # another request has moved it
            os.rename(path, aside)
            self.report(f"{str(path)!a} was no part of a registry and in the way; it was moved to {str(aside)!a}")

    def link_blob(self, repository: str, digest: Digest, kept_as: Digest | None = None) -> None:
        """Link the stored blob ``digest`` into ``repository``; its bytes can be stored under another digest."""
        self.check_root()
        with self.change() as change:
            change.write(self.layer_link(repository, digest), str(kept_as or digest).encode())
            change.commit()

    def mount_blob(self, repository: str, digest: Digest, source: str) -> bool:
        """Link the blob ``digest`` of the repository ``source`` into ``repository``; False if ``source`` lacks it."""
        link = self.layer_link(source, digest)
        with self.gate.shared():
            if self._linked(link, digest) is None:
                return False
            self.link_blob(repository, digest, self.link(link))
            self.arrivals.note(digest)
            return True

    def keep(self, file: Path, repository: str, digest: Digest) -> None:
        """Move ``file``, whose bytes are verified to match ``digest``, into ``repository``."""
        self.check_root()
        with self.gate.shared(), self.change() as change:
            change.move(file, self.blob_path(digest))
            change.write(self.layer_link(repository, digest), str(digest).encode())
            change.commit()
            self.arrivals.note(digest)

    def put_manifest(
        self, repository: str, digest: Digest, data: bytes, *tags: str, names: Iterable[Digest] = ()
    ) -> None:
        """Store ``data``, verified to match ``digest``, as a manifest of ``repository``; then point ``tags`` to it.

        ``names`` are the blobs and manifests that it names.

        A tag that already points to a manifest changes only after the new manifest is on the disk: otherwise a power
        cut could take the manifest and keep the tag, which would then point to nothing.
        """
        self.check_root()
        tag_paths = [self.tag_path(repository, tag) for tag in tags]
        link = str(digest).encode()
        with self.gate.shared(), self.change() as change, self.change() as pointing:
            change.write(self.blob_path(digest), data)
            layers = self.repository_path(repository) / "_layers"
            make_folder(layers, self.clear)  # without it, Distribution does not list the repository
            change.write(self.revision_link(repository, digest), link)
            for tag_path in tag_paths:
                new = not os.path.lexists(tag_path / "current" / "link")
                (change if new else pointing).write(tag_path / "current" / "link", link)
            change.commit()
            pointing.commit()
            for tag_path in tag_paths:
                _note_history(tag_path / "index" / digest.algorithm / digest.encoded / "link", link)
            self.arrivals.named(names)
            self.arrivals.note(digest)
            if tags:
                self.arrivals.named([digest])

    def unlink_blob(self, repository: str, digest: Digest) -> bool:
        """Remove the blob ``digest`` from ``repository``; False if the repository does not have it.

        The bytes stay, as in Distribution: another repository may be about to mount them. A garbage collection finds
        the bytes that nothing needs any more.
        """
        return self.blob(repository, digest) is not None and self.remove(self.layer_link(repository, digest).parent)

    def remove_manifest(self, repository: str, digest: Digest) -> bool:
        """Remove the manifest ``digest`` and every tag that points to it; False if ``repository`` does not have it.

        The bytes stay, like those of a blob.
        """
        if self.manifest(repository, digest) is None:
            return False
        for tag in self.tags(repository):
            if self.tagged(repository, tag) == digest:
                self.remove_tag(repository, tag)
        return self.remove(self.revision_link(repository, digest).parent)

    def remove_tag(self, repository: str, tag: str) -> bool:
        """Remove ``tag`` and its history, but not the manifest that it points to; False if it does not exist."""
        return self.remove(self.tag_path(repository, tag))

    def remove(self, folder: Path) -> bool:
        """Remove ``folder`` completely or not at all: nothing sees it half removed. False if it does not exist."""
        self.check_root()
        aside = self.own_path / f"removed-{uuid.uuid4()}"
        try:
            os.rename(folder, aside)
        except (FileNotFoundError, NotADirectoryError):
            return False
        sync_folder(folder.parent)
        delete(aside)
        return True


def _note_history(path: Path, link: bytes) -> None:
    """Write a link to the history of a tag. Nothing is served from it, so it is neither synced nor needed."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(link)


def _lock(path: Path, root: Path) -> BinaryIO:
    try:
        return lock_file(path)
    except BlockingIOError as error:
        raise StoreLocked(
            f"The registry directory {root} is in use",
            f"another embedded registry writes to it ({error.strerror})",
            "Close that registry, or use another directory for this one",
        ) from error
