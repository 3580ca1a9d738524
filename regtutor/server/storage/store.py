"""Content on disk, in the directory layout of CNCF Distribution. No HTTP.

::

    ROOT/docker/registry/v2/
    ├── blobs/sha256/2c/2cf24d.../data            every blob and manifest, once, under its digest
    └── repositories/library/hello/
        ├── _layers/sha256/2cf24d.../link         this repository has this blob
        ├── _manifests/revisions/sha256/a2f5.../link            ... and this manifest
        ├── _manifests/tags/v1/current/link       the tag points to this manifest now
        ├── _manifests/tags/v1/index/sha256/a2f5.../link        ... and has pointed to this one
        └── _uploads/<uuid>/{data,startedat}      an upload session: managed by ``sessions``, not by the store

A link file contains exactly a digest, without a newline. The *content* of a link counts, not its path: for a blob that
was uploaded under its sha512, Distribution stores ``_layers/sha512/...`` with a sha256 digest inside. Because of the
shared layout, each of the two registries can serve content that the other stored. ``ROOT/.regtutor`` is our own: the
lock, the secret of upload Locations, and unfinished files.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from regtutor.errors import InvalidDigest, ServerError, StoreLocked
from regtutor.file_lock import lock_file
from regtutor.protocol import digests
from regtutor.protocol.digests import Digest
from regtutor.server.names import is_repository, is_tag
from regtutor.server.storage.secret_file import kept_secret


@dataclass(frozen=True)
class StoredBlob:
    """Stored content: the ``digest`` as requested, the ``path`` of its bytes, and its ``size``."""

    digest: Digest
    path: Path
    size: int

    def read(self) -> bytes:
        """Read all its bytes; meant for manifests."""
        return self.path.read_bytes()


class Store:
    """Blobs, manifests and tags below one directory. While it is open, nothing else writes there.

    Names must fit their grammars: anything else raises ``ValueError`` before the disk is touched.

    Parameters
    ----------
    root: the directory; created if it does not exist.

    Attributes
    ----------
    repositories_path: the directory of the repositories; it exists once something has been stored.

    Raises
    ------
    StoreLocked: another Store, in this process or another one, has ``root`` open.
    ServerError: ``root`` is not a directory, or is not writable.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).absolute()
        self._own = self.root / ".regtutor"
        self._content = self.root / "docker" / "registry" / "v2"
        self.repositories_path = self._content / "repositories"
        try:
            self._own.mkdir(parents=True, exist_ok=True)
            self._lock: BinaryIO | None = _lock(self._own / "lock", self.root)
            for left_over in self._own.glob("unfinished-*"):
                left_over.unlink()
            for left_over in self._own.glob("removed-*"):
                shutil.rmtree(left_over)
        except OSError as error:
            raise ServerError(
                f"The registry directory {self.root} cannot be used",
                error.strerror or str(error),
                "Use a directory that you can write to",
            ) from error

    def secret(self) -> bytes:
        """The secret that seals the state in upload Locations; it is the same each time this directory is used."""
        return kept_secret(self._own / "secret")

    def close(self) -> None:
        """Release the directory for another writer. The content stays."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def repository_path(self, repository: str) -> Path:
        """The directory of ``repository``, whether or not it exists."""
        if not is_repository(repository):
            raise ValueError(f"{repository!r} is not a repository name")
        return self.repositories_path.joinpath(*repository.split("/"))

    def blob_path(self, digest: Digest) -> Path:
        """The file with the bytes of ``digest``, whether or not it exists."""
        algorithm, encoded = digests.parse(str(digest))
        return self._content / "blobs" / algorithm / encoded[:2] / encoded / "data"

    def blob(self, repository: str, digest: Digest) -> StoredBlob | None:
        """The blob ``digest`` if ``repository`` has it, otherwise None, even if another repository has the blob."""
        return self._linked(self._layer_link(repository, digest), digest)

    def manifest(self, repository: str, digest: Digest) -> StoredBlob | None:
        """The manifest ``digest`` if ``repository`` has it, otherwise None."""
        return self._linked(self._revision_link(repository, digest), digest)

    def tagged(self, repository: str, tag: str) -> Digest | None:
        """The digest that ``tag`` points to now, or None."""
        return _read_link(self._tag_path(repository, tag) / "current" / "link")

    def has_repository(self, repository: str) -> bool:
        """Whether anything was ever stored in ``repository``."""
        return (self.repository_path(repository) / "_layers").is_dir()

    def repositories(self) -> list[str]:
        """Every repository in which anything was ever stored, sorted."""
        root = self.repositories_path
        found, left = [], [name for name in _names_in(root) if is_repository(name)]
        while left:
            name = left.pop()
            children = _names_in(root / name)
            if "_layers" in children:
                found.append(name)
            left += [path for path in (f"{name}/{child}" for child in children) if is_repository(path)]
        return sorted(found)

    def tags(self, repository: str) -> list[str]:
        """The tags of ``repository``, in no particular order."""
        folder = self.repository_path(repository) / "_manifests" / "tags"
        return [tag for tag in _names_in(folder) if is_tag(tag) and (folder / tag / "current" / "link").is_file()]

    def manifests(self, repository: str) -> Iterator[StoredBlob]:
        """Every manifest of ``repository``, sorted by digest, without those whose bytes are missing."""
        revisions = self.repository_path(repository) / "_manifests" / "revisions"
        for algorithm in sorted(set(_names_in(revisions)) & set(digests.ALGORITHMS)):
            for encoded in sorted(_names_in(revisions / algorithm)):
                try:
                    digest = digests.parse(f"{algorithm}:{encoded}")
                except InvalidDigest:
                    continue
                manifest = self.manifest(repository, digest)
                if manifest is not None:
                    yield manifest

    def link_blob(self, repository: str, digest: Digest, kept_as: Digest | None = None) -> None:
        """Link the stored blob ``digest`` into ``repository``; its bytes can be stored under another digest."""
        self._write(self._layer_link(repository, digest), str(kept_as or digest).encode())

    def mount_blob(self, repository: str, digest: Digest, source: str) -> bool:
        """Link the blob ``digest`` of the repository ``source`` into ``repository``; False if ``source`` lacks it."""
        link = self._layer_link(source, digest)
        if self._linked(link, digest) is None:
            return False
        self._write(self._layer_link(repository, digest), str(_read_link(link)).encode())
        return True

    def keep(self, file: Path, repository: str, digest: Digest) -> None:
        """Move ``file``, whose bytes are synced to disk and verified to match ``digest``, into ``repository``."""
        blob = self.blob_path(digest)
        blob.parent.mkdir(parents=True, exist_ok=True)
        os.replace(file, blob)
        _sync_directory(blob.parent)
        self.link_blob(repository, digest)

    def put_manifest(self, repository: str, digest: Digest, data: bytes, *tags: str) -> None:
        """Store ``data``, verified to match ``digest``, as a manifest of ``repository``; then point ``tags`` to it."""
        tag_paths = [self._tag_path(repository, tag) for tag in tags]
        self._write(self.blob_path(digest), data)
        (self.repository_path(repository) / "_layers").mkdir(parents=True, exist_ok=True)
        link = str(digest).encode()
        self._write(self._revision_link(repository, digest), link)
        for tag_path in tag_paths:
            self._write(tag_path / "index" / digest.algorithm / digest.encoded / "link", link)
            self._write(tag_path / "current" / "link", link)

    def unlink_blob(self, repository: str, digest: Digest) -> bool:
        """Remove the blob ``digest`` from ``repository``; False if the repository does not have it.

        The bytes stay, as in Distribution: another repository may be about to mount them. A garbage collection, while
        the registry is stopped, finds the bytes that nothing needs any more.
        """
        return self.blob(repository, digest) is not None and self._remove(self._layer_link(repository, digest).parent)

    def remove_manifest(self, repository: str, digest: Digest) -> bool:
        """Remove the manifest ``digest`` and every tag that points to it; False if ``repository`` does not have it.

        The bytes stay, like those of a blob.
        """
        if self.manifest(repository, digest) is None:
            return False
        for tag in self.tags(repository):
            if self.tagged(repository, tag) == digest:
                self.remove_tag(repository, tag)
        return self._remove(self._revision_link(repository, digest).parent)

    def remove_tag(self, repository: str, tag: str) -> bool:
        """Remove ``tag`` and its history, but not the manifest that it points to; False if it does not exist."""
        return self._remove(self._tag_path(repository, tag))

    def _layer_link(self, repository: str, digest: Digest) -> Path:
        return self.repository_path(repository) / "_layers" / digest.algorithm / digest.encoded / "link"

    def _revision_link(self, repository: str, digest: Digest) -> Path:
        manifests = self.repository_path(repository) / "_manifests"
        return manifests / "revisions" / digest.algorithm / digest.encoded / "link"

    def _tag_path(self, repository: str, tag: str) -> Path:
        if not is_tag(tag):
            raise ValueError(f"{tag!r} is not a tag")
        return self.repository_path(repository) / "_manifests" / "tags" / tag

    def _linked(self, link: Path, requested: Digest) -> StoredBlob | None:
        target = _read_link(link)
        if target is None:
            return None
        path = self.blob_path(target)
        try:
            return StoredBlob(requested, path, path.stat().st_size)
        except FileNotFoundError:
            return None

    def _write(self, path: Path, data: bytes) -> None:
        """Write ``data`` to ``path``, completely or not at all: write another file, sync it to disk, then rename it."""
        with tempfile.NamedTemporaryFile(dir=self._own, prefix="unfinished-", delete=False) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(file.name, 0o644)
        _move(Path(file.name), path)

    def _remove(self, folder: Path) -> bool:
        """Remove ``folder`` completely or not at all: nothing sees it half removed. False if it does not exist."""
        aside = self._own / f"removed-{uuid.uuid4()}"
        try:
            os.rename(folder, aside)
        except FileNotFoundError:
            return False
        _sync_directory(folder.parent)
        shutil.rmtree(aside)
        return True


def _lock(path: Path, root: Path) -> BinaryIO:
    try:
        return lock_file(path)
    except BlockingIOError as error:
        raise StoreLocked(
            f"The registry directory {root} is in use",
            f"another embedded registry writes to it ({error.strerror})",
            "Close that registry, or use another directory for this one",
        ) from error


def _move(file: Path, path: Path) -> None:
    """Rename ``file`` to ``path``, even while another request removes the folder of ``path``."""
    for last_try in (False, False, True):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.replace(file, path)
            break
        except FileNotFoundError:
            if last_try:
                raise
    _sync_directory(path.parent)


def _names_in(folder: Path) -> list[str]:
    """The names in ``folder``; none if it does not exist."""
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _read_link(path: Path) -> Digest | None:
    try:
        return digests.parse(path.read_text("ascii").strip())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (InvalidDigest, UnicodeDecodeError) as error:
        raise ServerError(f"The link file {path} is damaged", f"it does not contain a digest: {error}") from error


def _sync_directory(path: Path) -> None:
    """Sync a rename in ``path`` to disk, on systems where directories can be opened."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
