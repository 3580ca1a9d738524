"""Content on disk, in CNCF Distribution's own directory layout; no HTTP.

::

    ROOT/docker/registry/v2/
    ├── blobs/sha256/2c/2cf24d.../data            every blob and manifest, once, under its digest
    └── repositories/library/hello/
        ├── _layers/sha256/2cf24d.../link         this repository has this blob
        ├── _manifests/revisions/sha256/a2f5.../link            ... and this manifest
        ├── _manifests/tags/v1/current/link       the tag points to this manifest now
        ├── _manifests/tags/v1/index/sha256/a2f5.../link        ... and has pointed to this one
        └── _uploads/<uuid>/{data,startedat}      an upload session: not the store's, see ``sessions``

A link file holds exactly a digest, with no newline after it. What a link *says* counts, not where it stands: for a blob
that was uploaded under its sha512, Distribution keeps ``_layers/sha512/...`` with a sha256 digest inside. The file
layout is Distribution's, so it can serve what is stored here and the other way round. ``ROOT/.regtutor`` is ours: the
lock, the secret of upload Locations, and files that are not finished.
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
    """Content that is there: its ``digest`` as it was asked for, the ``path`` of its bytes, its ``size``."""

    digest: Digest
    path: Path
    size: int

    def read(self) -> bytes:
        """All its bytes, for manifests."""
        return self.path.read_bytes()


class Store:
    """Blobs, manifests and tags below one directory; the only writer there while it is open.

    Names must fit their grammars: anything else is a ``ValueError``, before the disk is touched.

    Parameters
    ----------
    root: created when it is not there.

    Attributes
    ----------
    repositories_path: the directory that the repositories are in; it exists once something was stored.

    Raises
    ------
    StoreLocked: another Store, in this process or another one, has ``root`` open.
    ServerError: ``root`` is no directory, or may not be written to.
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
                "Give a directory that you may write to",
            ) from error

    def secret(self) -> bytes:
        """What seals the state in upload Locations; the same each time this directory is used."""
        return kept_secret(self._own / "secret")

    def close(self) -> None:
        """Give the directory free for another writer; what is stored stays."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def repository_path(self, repository: str) -> Path:
        """Where ``repository`` is kept, whether or not it is there."""
        if not is_repository(repository):
            raise ValueError(f"{repository!r} is not a repository name")
        return self.repositories_path.joinpath(*repository.split("/"))

    def blob_path(self, digest: Digest) -> Path:
        """Where the bytes of ``digest`` are kept, whether or not they are there."""
        algorithm, encoded = digests.parse(str(digest))
        return self._content / "blobs" / algorithm / encoded[:2] / encoded / "data"

    def blob(self, repository: str, digest: Digest) -> StoredBlob | None:
        """The blob ``digest``, if ``repository`` has it; that another repository has it does not count."""
        return self._linked(self._layer_link(repository, digest), digest)

    def manifest(self, repository: str, digest: Digest) -> StoredBlob | None:
        """The manifest ``digest``, if ``repository`` has it."""
        return self._linked(self._revision_link(repository, digest), digest)

    def tagged(self, repository: str, tag: str) -> Digest | None:
        """The digest that ``tag`` points to now."""
        return _read_link(self._tag_path(repository, tag) / "current" / "link")

    def has_repository(self, repository: str) -> bool:
        """Whether something was ever stored in ``repository``."""
        return (self.repository_path(repository) / "_layers").is_dir()

    def repositories(self) -> list[str]:
        """Every repository that something was ever stored in, sorted."""
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
        """The tags of ``repository``, in no order."""
        folder = self.repository_path(repository) / "_manifests" / "tags"
        return [tag for tag in _names_in(folder) if is_tag(tag) and (folder / tag / "current" / "link").is_file()]

    def manifests(self, repository: str) -> Iterator[StoredBlob]:
        """Every manifest of ``repository``, sorted by digest; those whose bytes are gone are left out."""
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
        """Let ``repository`` have the stored blob ``digest``, whose bytes may be kept under another one."""
        self._write(self._layer_link(repository, digest), str(kept_as or digest).encode())

    def mount_blob(self, repository: str, digest: Digest, source: str) -> bool:
        """Let ``repository`` have the blob ``digest`` of the repository ``source``; False if that does not have it."""
        link = self._layer_link(source, digest)
        if self._linked(link, digest) is None:
            return False
        self._write(self._layer_link(repository, digest), str(_read_link(link)).encode())
        return True

    def keep(self, file: Path, repository: str, digest: Digest) -> None:
        """Move ``file``, whose bytes are already on disk and proven to be ``digest``, into ``repository``."""
        blob = self.blob_path(digest)
        blob.parent.mkdir(parents=True, exist_ok=True)
        os.replace(file, blob)
        _sync_directory(blob.parent)
        self.link_blob(repository, digest)

    def put_manifest(self, repository: str, digest: Digest, data: bytes, tag: str | None = None) -> None:
        """Store ``data``, proven to be ``digest``, as a manifest of ``repository``; then let ``tag`` point to it."""
        tag_path = self._tag_path(repository, tag) if tag is not None else None
        self._write(self.blob_path(digest), data)
        (self.repository_path(repository) / "_layers").mkdir(parents=True, exist_ok=True)
        link = str(digest).encode()
        self._write(self._revision_link(repository, digest), link)
        if tag_path is not None:
            self._write(tag_path / "index" / digest.algorithm / digest.encoded / "link", link)
            self._write(tag_path / "current" / "link", link)

    def unlink_blob(self, repository: str, digest: Digest) -> bool:
        """Take the blob ``digest`` from ``repository``; False if that does not have it.

        The bytes stay, as Distribution leaves them: another repository may be about to mount them. Which bytes nobody
        needs any more is for a garbage collection to find out, while the registry is stopped.
        """
        return self.blob(repository, digest) is not None and self._remove(self._layer_link(repository, digest).parent)

    def remove_manifest(self, repository: str, digest: Digest) -> bool:
        """Take the manifest ``digest`` from ``repository``, and every tag that points to it; False if it is not there.

        The bytes stay, as those of a blob do.
        """
        if self.manifest(repository, digest) is None:
            return False
        for tag in self.tags(repository):
            if self.tagged(repository, tag) == digest:
                self.remove_tag(repository, tag)
        return self._remove(self._revision_link(repository, digest).parent)

    def remove_tag(self, repository: str, tag: str) -> bool:
        """Remove ``tag`` and its history, not what it points to; False if it is not there."""
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

    def _linked(self, link: Path, asked: Digest) -> StoredBlob | None:
        target = _read_link(link)
        if target is None:
            return None
        path = self.blob_path(target)
        try:
            return StoredBlob(asked, path, path.stat().st_size)
        except FileNotFoundError:
            return None

    def _write(self, path: Path, data: bytes) -> None:
        """Make ``path`` hold ``data``, whole or not at all: write beside, reach the disk, then take the name."""
        with tempfile.NamedTemporaryFile(dir=self._own, prefix="unfinished-", delete=False) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(file.name, 0o644)
        _move(Path(file.name), path)

    def _remove(self, folder: Path) -> bool:
        """Remove ``folder``, whole or not at all: nobody sees it half removed. False if it is not there."""
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
            "Close that registry, or give this one a directory of its own",
        ) from error


def _move(file: Path, path: Path) -> None:
    """Let ``file`` take the name ``path``, also while a request that removes something takes its folder away."""
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
    """What ``folder`` holds; nothing where there is no such folder."""
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
        raise ServerError(f"The link file {path} is damaged", f"it holds no digest: {error}") from error


def _sync_directory(path: Path) -> None:
    """Let a rename in ``path`` reach the disk, where directories can be opened at all."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
