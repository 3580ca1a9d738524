"""Parts of files, streamed from their place on disk, and images in a folder.

Nothing is copied or extracted. A :class:`FilePart` is a range of bytes in a file; a :class:`Folder` finds a file by
its name and never looks outside itself. This module does not depend on the contents of the files.
"""

from __future__ import annotations

import io
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from regtutor.errors import TruncatedArchive, UnreadableImage, UnsafePath
from regtutor.protocol.urls import address_instead_of_path

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

    from _typeshed import WriteableBuffer


class _Window(io.RawIOBase):
    """The bytes ``start`` to ``start + size`` of an open file, as a file."""

    def __init__(self, part: FilePart) -> None:
        super().__init__()
        self._part = part
        self._file = part.path.open("rb", buffering=0)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._part.size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), max(self._part.size - self._at, 0))
        if not wanted:
            return 0
        try:
            self._file.seek(self._part.start + self._at)
            count = self._file.readinto(view[:wanted]) or 0
        except OSError as error:
            raise unreadable(self._part.path, error) from error
        if not count:
            raise TruncatedArchive(
                f"{self._part.path} ended while it was being read",
                "it is now shorter than when the image was loaded",
                "Load the image again",
                path=self._part.path,
            )
        self._at += count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


@dataclass(frozen=True, eq=False)
class Unpacked:
    """A temporary copy of the compressed file ``origin``, decompressed; it is deleted when nothing refers to it."""

    origin: Path
    folder: TemporaryDirectory[str]

    @property
    def path(self) -> Path:
        """The path of the copy."""
        return Path(self.folder.name) / "unpacked"


@dataclass(frozen=True)
class FilePart:
    """``size`` bytes from offset ``start`` of the file at ``path``; ``name`` is their name in the image.

    If ``path`` is a temporary file, ``unpacked`` keeps it as long as it is needed.
    """

    path: Path
    start: int
    size: int
    name: str = ""
    unpacked: Unpacked | None = field(default=None, compare=False, repr=False)

    def open(self) -> BinaryIO:
        """Open exactly these bytes as a seekable file, at the first byte."""
        try:
            return cast(BinaryIO, io.BufferedReader(_Window(self)))
        except OSError as error:
            raise unreadable(self.path, error) from error

    def read(self) -> bytes:
        """Read all the bytes at once; use this only for parts that are known to be small."""
        with self.open() as file:
            return file.read()

    def __str__(self) -> str:
        path = self.unpacked.origin if self.unpacked else self.path
        inner = self.name and path.name != self.name.rpartition("/")[2]
        return f"{path} ({self.name})" if inner else str(path)


class Files(Protocol):
    """The files of an image, in a folder or an archive."""

    @property
    def path(self) -> Path: ...

    @property
    def complete(self) -> bool:
        """Whether all files seem to be present: False for an archive without its end marker."""

    def find(self, name: str) -> FilePart | None:
        """Return the regular file called ``name`` (parts separated by slashes), or None; UnsafePath if it leads out."""


@dataclass(frozen=True)
class Folder:
    """The files below ``path``. Links are followed as long as they stay below it."""

    path: Path
    complete: bool = True

    def find(self, name: str) -> FilePart | None:
        """Return the regular file called ``name``, or None.

        Raises
        ------
        UnsafePath: if the name or a link on its path leads out of the folder.
        """
        check_name(name, self.path)
        root = os.path.realpath(self.path)
        real = os.path.realpath(os.path.join(root, name))
        if os.path.commonpath([root, real]) != root:
            raise UnsafePath(
                f"{self.path / name} leads out of the image, to {real}",
                "regtutor reads an image only from its own folder",
                "If you trust the image, copy it and follow its links (cp -rL), then load the copy",
                path=self.path / name,
            )
        try:
            status = os.stat(real)
        except OSError:
            return None
        return FilePart(Path(real), 0, status.st_size, name) if stat.S_ISREG(status.st_mode) else None


def check_name(name: str, where: Path) -> None:
    """Refuse a file name that is absolute, contains ``..``, or is not valid on every file system.

    Raises
    ------
    UnsafePath: for such a name; the error reports ``where`` as the file that contains it.
    """
    if name.startswith("/") or ".." in name.split("/") or "\0" in name or "\\" in name or not _encodes(name):
        raise UnsafePath(
            f"{where} contains the unsafe file name {name[:200]!r}",
            "a name in an image must be relative and must stay inside the image",
            "Do not trust this image; create it again with a tool that you know",
            path=where,
        )


def _encodes(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def local_path(path: str | os.PathLike[str]) -> Path:
    """Return ``path`` as a Path.

    Raises
    ------
    UnreadableImage: if it is the address of a registry; the error shows no password.
    """
    if address := address_instead_of_path(path):
        raise UnreadableImage(
            f"{address} is not a path", "images are read from this machine", "Pull the image first: rt.pull_image"
        )
    return Path(path)


def unreadable(path: Path, error: OSError) -> UnreadableImage:
    """Return the error for a file that the operating system cannot read or does not allow us to read."""
    reason = error.strerror or type(error).__name__
    return UnreadableImage(f"{path} cannot be read", reason, "Check its path and its permissions", path=path)
