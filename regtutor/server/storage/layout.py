"""Reading content on disk, in the directory layout of CNCF Distribution. It writes nothing, takes no lock, has no HTTP.

::

    ROOT/docker/registry/v2/
    ├── blobs/sha256/2c/2cf24d.../data            every blob and manifest, once, under its digest
    └── repositories/library/hello/
        ├── _layers/sha256/2cf24d.../link         this repository has this blob
        ├── _manifests/revisions/sha256/a2f5.../link            ... and this manifest
        ├── _manifests/tags/v1/current/link       the tag points to this manifest now
        ├── _manifests/tags/v1/index/sha256/a2f5.../link        ... and has pointed to this one
        └── _uploads/<uuid>/{data,startedat}      an upload session: managed by ``sessions``

A link file contains exactly a digest, without a newline. The *content* of a link counts, not its path: for a blob that
was uploaded under its sha512, Distribution stores ``_layers/sha512/...`` with a sha256 digest inside. Because of the
shared layout, each of the two registries can serve content that the other stored.

A damaged file is reported and counts as missing: a 404 makes a client push the content again, which mends it.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from regtutor.errors import InvalidDigest
from regtutor.message import CHUNK
from regtutor.protocol import digests
from regtutor.protocol.digests import Digest, Hasher
from regtutor.protocol.manifests import MAX_BYTES
from regtutor.server.names import is_repository, is_tag

_LONGEST_LINK = 512
_MOST_REPORTS = 1000
_PROMPTLY = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # a FIFO would wait for its writer


_NO_FILE = (IsADirectoryError, NotADirectoryError, BlockingIOError, PermissionError)
_NO_FOLDER = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


class DamagedLink(ValueError):
    """A link file that contains no digest, or that is no file."""


@dataclass(frozen=True)
class StoredBlob:
    """Stored content: the ``digest`` as requested, the ``path`` of its bytes, and its ``size``."""

    digest: Digest
    path: Path
    size: int

    def read(self) -> bytes:
        """Read all its bytes; meant for manifests."""
        return self.path.read_bytes()

    def matches(self) -> bool:
        """Whether its bytes match its digest; they are read in constant memory."""
        hasher = Hasher(self.digest.algorithm)
        try:
            with self.path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    hasher.update(chunk)
        except OSError:
            return False
        return hasher.digest == str(self.digest)


class Layout:
    """The blobs, manifests and tags below one directory.

    Names must fit their grammars: anything else raises ``ValueError`` before the disk is touched.

    Parameters
    ----------
    root: the directory; it need not exist.

    Attributes
    ----------
    repositories_path: the directory of the repositories; it exists once something has been stored.
    blobs_path: the directory of the bytes.
    report: called with a line for each damaged file that is found, once for each file.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).absolute()
        content = self.root / "docker" / "registry" / "v2"
        self.repositories_path, self.blobs_path = content / "repositories", content / "blobs"
        self.report: Callable[[str], object] = lambda _line: None
        self._reported: set[str] = set()

    def repository_path(self, repository: str) -> Path:
        """The directory of ``repository``, whether or not it exists."""
        return self._below(repository)

    def _below(self, repository: str, *parts: str) -> Path:
        if not is_repository(repository):
            raise ValueError(f"{repository!r} is not a repository name")
        return self.repositories_path.joinpath(repository, *parts)  # at once: each join costs as much as a link's read

    def blob_path(self, digest: Digest) -> Path:
        """The file with the bytes of ``digest``, whether or not it exists."""
        algorithm, encoded = digests.parse(str(digest))
        return self.blobs_path.joinpath(algorithm, encoded[:2], encoded, "data")

    def layer_link(self, repository: str, digest: Digest) -> Path:
        """The link file of the blob ``digest`` in ``repository``, whether or not it exists."""
        return self._below(repository, "_layers", digest.algorithm, digest.encoded, "link")

    def revisions_path(self, repository: str) -> Path:
        """The directory with the links of the manifests of ``repository``."""
        return self._below(repository, "_manifests", "revisions")

    def revision_link(self, repository: str, digest: Digest) -> Path:
        """The link file of the manifest ``digest`` in ``repository``, whether or not it exists."""
        return self._below(repository, "_manifests", "revisions", digest.algorithm, digest.encoded, "link")

    def tags_path(self, repository: str) -> Path:
        """The directory with the tags of ``repository``."""
        return self._below(repository, "_manifests", "tags")

    def tag_path(self, repository: str, tag: str) -> Path:
        """The directory of ``tag``, whether or not it exists."""
        if not is_tag(tag):
            raise ValueError(f"{tag!r} is not a tag")
        return self._below(repository, "_manifests", "tags", tag)

    def blob(self, repository: str, digest: Digest) -> StoredBlob | None:
        """The blob ``digest`` if ``repository`` has it, otherwise None, even if another repository has the blob."""
        return self._linked(self.layer_link(repository, digest), digest)

    def manifest(self, repository: str, digest: Digest) -> StoredBlob | None:
        """The manifest ``digest`` if ``repository`` has it, otherwise None."""
        return self._linked(self.revision_link(repository, digest), digest)

    def whole_manifest(self, repository: str, digest: Digest) -> bytes | None:
        """The bytes of the manifest ``digest``; None if ``repository`` lacks it, or its bytes have another digest."""
        manifest = self.manifest(repository, digest)
        if manifest is None:
            return None
        try:
            data = manifest.read() if manifest.size <= MAX_BYTES else b""
        except FileNotFoundError:  # removed in the meantime
            return None
        hasher = Hasher(digest.algorithm)
        hasher.update(data)
        if hasher.digest != str(digest):
            self.found_damage(manifest.path, f"it does not contain the {digest} that {repository} has as a manifest")
            return None
        return data

    def tagged(self, repository: str, tag: str) -> Digest | None:
        """The digest that ``tag`` points to now, or None."""
        return self.link(self.tag_path(repository, tag) / "current" / "link")

    def has_repository(self, repository: str) -> bool:
        """Whether anything was ever stored in ``repository``."""
        return (self.repository_path(repository) / "_layers").is_dir()

    def repositories(self) -> list[str]:
        """Every repository in which anything was ever stored, sorted."""
        root = self.repositories_path
        found, left = [], [name for name in names_in(root) if is_repository(name)]
        while left:
            name = left.pop()
            children = names_in(root / name)
            if "_layers" in children:
                found.append(name)
            left += [path for path in (f"{name}/{child}" for child in children) if is_repository(path)]
        return sorted(found)

    def tag_names(self, repository: str) -> list[str]:
        """The names of the directories of tags, in no particular order. :meth:`has_tag` tells if a tag has a link."""
        return [tag for tag in names_in(self.tags_path(repository)) if is_tag(tag)]

    def has_tag(self, repository: str, tag: str) -> bool:
        """Whether ``tag`` points to a manifest."""
        return (self.tag_path(repository, tag) / "current" / "link").is_file()

    def tags(self, repository: str) -> list[str]:
        """The tags of ``repository``, in no particular order."""
        return [tag for tag in self.tag_names(repository) if self.has_tag(repository, tag)]

    def manifests(self, repository: str) -> Iterator[StoredBlob]:
        """Every manifest of ``repository``, sorted by digest, without those whose bytes are missing."""
        for digest in digests_in(self.revisions_path(repository)):
            manifest = self.manifest(repository, digest)
            if manifest is not None:
                yield manifest

    def layers(self, repository: str) -> Iterator[Digest]:
        """The digest of every blob link of ``repository``, sorted, whether or not the bytes exist."""
        return digests_in(self.repository_path(repository) / "_layers")

    def link(self, path: Path) -> Digest | None:
        """The digest in the link file ``path``; None without one. A damaged link is reported."""
        try:
            return read_link(path)
        except DamagedLink as error:
            self.found_damage(path, str(error))
            return None

    def found_damage(self, path: Path, why: str) -> None:
        """Report that the file ``path`` is damaged, unless it was reported before."""
        if str(path) not in self._reported and len(self._reported) < _MOST_REPORTS:
            self._reported.add(str(path))
            self.report(f"the file {str(path)!a} is damaged and counts as missing: {why}")

    def _linked(self, link: Path, requested: Digest) -> StoredBlob | None:
        target = self.link(link)
        if target is None:
            return None
        path = self.blob_path(target)
        try:
            status = path.lstat()
        except FileNotFoundError:
            return None
        except NotADirectoryError:
            self.found_damage(path, "a part of its path is not a directory")
            return None
        if not stat.S_ISREG(status.st_mode):
            self.found_damage(path, "it is not a regular file")
            return None
        return StoredBlob(requested, path, status.st_size)


def read_link(path: Path) -> Digest | None:
    """The digest in the link file ``path``, or None if the file does not exist.

    Raises
    ------
    DamagedLink: if it contains anything else, or is a directory, for example.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _PROMPTLY)
        try:
            data = os.read(descriptor, _LONGEST_LINK)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return None
    except OSError as error:
        if not (isinstance(error, _NO_FILE) or error.errno == errno.ELOOP):
            raise
        raise DamagedLink(f"it cannot be read ({error.strerror})") from error
    try:
        return digests.parse(data.decode("ascii").strip())
    except (InvalidDigest, UnicodeDecodeError) as error:
        raise DamagedLink(f"it does not contain a digest: {error}") from error


def read_small(path: Path | str, most: int) -> bytes:
    """The bytes of the file ``path``; none if it has more than ``most``, or is not a regular file.

    Raises
    ------
    OSError: such as for a file that does not exist.
    """
    descriptor = os.open(path, os.O_RDONLY | _PROMPTLY)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > most:
            return b""
        return os.read(descriptor, status.st_size)
    finally:
        os.close(descriptor)


def digests_in(folder: Path) -> Iterator[Digest]:
    """The digests that the directories in ``folder`` are named after, ``<algorithm>/<encoded>``, sorted."""
    for algorithm in sorted(set(names_in(folder)) & set(digests.ALGORITHMS)):
        for encoded in sorted(names_in(folder / algorithm)):
            try:
                yield digests.parse(f"{algorithm}:{encoded}")
            except InvalidDigest:
                continue


def names_in(folder: Path | str) -> list[str]:
    """The names in ``folder``; none if it does not exist, or is not a directory."""
    try:
        return os.listdir(folder)
    except OSError as error:
        if error.errno not in _NO_FOLDER:
            raise
        return []
