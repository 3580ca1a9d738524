"""The blobs of an image while they come in: each under its digest, and only once it is what its digest says.

They lie in a folder beside the one that they are meant for, so that nothing half-written ever has the final name. The
folder outlives whatever ends a pull: the next try goes on from what is there. One pull at a time has it. File names are
made of digests that have been parsed, never of anything else that a registry says. Where the bytes come from is not
known here.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from regtutor.content.image import CHUNK
from regtutor.errors import CannotSave, ContentMismatch, PullLocked
from regtutor.file_lock import FolderLock
from regtutor.protocol.digests import Hasher, parse
from regtutor.protocol.manifests import Descriptor

_PART, _TAIL = ".part", ".tail"


class Incoming:
    """A folder that blobs are received into.

    Parameters
    ----------
    folder: where they are gathered; it is made when it is first needed, and what is in it already is used.
    layout: an OCI layout whose blobs need not come again, or None.
    """

    def __init__(self, folder: Path, layout: Path | None = None) -> None:
        self.folder = folder
        self._layout = layout
        self._found: dict[str, Path] = {}

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have the folder for this pull alone; at the end it stays only if it holds something.

        Raises
        ------
        PullLocked: if another pull has it.
        CannotSave: if it cannot be made.
        """
        lock = _lock(self.folder)
        try:
            yield
        finally:
            if lock.has_folder():
                _remove_empty(self.folder)
            lock.release()

    @property
    def digests(self) -> tuple[str, ...]:
        """The blobs that are there, whole and verified, in the order in which they were asked for or came."""
        return tuple(self._found)

    def path(self, digest: str) -> Path:
        """Where a blob of :attr:`digests` lies."""
        return self._found[digest]

    def holds(self, blob: Descriptor) -> bool:
        """Whether ``blob`` is there already: a file under its digest is read once, and believed if it has that digest.

        Raises
        ------
        ContentMismatch: if it is there and has another size than ``blob`` says.
        """
        if blob.digest not in self._found:
            for path in (self._own(blob.digest), *self._in_layout(blob.digest)):
                if path.is_file() and _digest_of(path, blob.digest) == blob.digest:
                    self._found[blob.digest] = path
                    break
        found = self._found.get(blob.digest)
        if found is not None and found.stat().st_size != blob.size:
            raise wrong_size(blob, found.stat().st_size)
        return found is not None

    def keep(self, digest: str, data: bytes) -> None:
        """Take in a small blob whose bytes have been verified, such as a manifest."""
        path = self._own(digest)
        with saving(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.with_suffix(_PART).open("wb") as file:
                file.write(data)
            path.with_suffix(_PART).replace(path)
        self._found[digest] = path

    def begun(self, blob: Descriptor) -> int:
        """How many bytes of ``blob`` are there from an earlier try."""
        part = self._own(blob.digest).with_suffix(_PART)
        return part.stat().st_size if part.is_file() else 0

    def receiver(self, blob: Descriptor) -> Receiver:
        """A file for the bytes of one answer, which goes beside what is there from an earlier try.

        Use it with ``with``; then hand it to :meth:`append` or :meth:`begin_anew`.
        """
        path = self._own(blob.digest).with_suffix(_TAIL if self.begun(blob) else _PART)
        with saving(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            return Receiver(path.open("wb"), blob.size, lambda: wrong_size(blob), path)

    def append(self, blob: Descriptor, received: Receiver) -> None:
        """What was received goes on from what was there before."""
        part = self._own(blob.digest).with_suffix(_PART)
        if received.path == part:
            return
        with saving(part), received.path.open("rb") as tail, part.open("ab") as file:
            shutil.copyfileobj(tail, file, CHUNK)
        received.path.unlink()

    def begin_anew(self, blob: Descriptor, received: Receiver) -> None:
        """What was received begins at the first byte, whatever was there before."""
        part = self._own(blob.digest).with_suffix(_PART)
        with saving(part):
            received.path.replace(part)

    def settle(self, blob: Descriptor, *, seen: str | None = None) -> bool:
        """Put the received bytes in their place, if they are ``blob``; else they are dropped.

        Parameters
        ----------
        seen: the digest of what was received, where somebody has computed it already; else the file is read.
        """
        path = self._own(blob.digest)
        part = path.with_suffix(_PART)
        right = self.begun(blob) == blob.size and (seen or _digest_of(part, blob.digest)) == blob.digest
        with saving(path):
            if right:
                part.replace(path)
                self._found[blob.digest] = path
            else:
                part.unlink(missing_ok=True)
        return right

    def drop(self, blob: Descriptor) -> None:
        """Forget ``blob``, and delete all of it that was received."""
        self._found.pop(blob.digest, None)
        path = self._own(blob.digest)
        for name in (path, path.with_suffix(_PART), path.with_suffix(_TAIL)):
            name.unlink(missing_ok=True)

    def discard(self) -> None:
        """Delete everything that was received."""
        self._found.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def tidy(self) -> None:
        """Delete what no one asked for this time: the rest of an earlier try at something else."""
        wanted = {str(path) for path in self._found.values()}
        for path in sorted(self.folder.rglob("*"), reverse=True):
            if path.is_file() and str(path) not in wanted:
                path.unlink()

    def _own(self, digest: str) -> Path:
        algorithm, encoded = parse(digest)
        return self.folder / "blobs" / algorithm / encoded

    def _in_layout(self, digest: str) -> tuple[Path, ...]:
        algorithm, encoded = parse(digest)
        return (self._layout / "blobs" / algorithm / encoded,) if self._layout else ()


class Receiver:
    """A file that takes at most ``limit`` bytes, whatever a registry sends.

    Attributes
    ----------
    size: bytes so far.
    path: of the file, if it has one.
    """

    def __init__(
        self, file: BinaryIO, limit: int, refusal: Callable[[], Exception], path: Path = Path(os.devnull)
    ) -> None:
        self._file, self.limit, self._refusal = file, limit, refusal
        self.path = path
        self.size = 0
        self._told: list[Callable[[int], object]] = []
        self._closing: list[Callable[[], object]] = []

    def follow(self, told: Callable[[int], object], closing: Callable[[], object]) -> None:
        """Have ``told`` called with the size of each piece, and ``closing`` at the end: for a progress bar."""
        self._told.append(told)
        self._closing.append(closing)

    def write(self, chunk: bytes) -> int:
        """Take in the next bytes; the refusal is raised if they are too many."""
        if self.size + len(chunk) > self.limit:
            raise self._refusal()
        self._file.write(chunk)
        self.size += len(chunk)
        for told in self._told:
            told(len(chunk))
        return len(chunk)

    def empty(self) -> None:
        """Forget what was taken in, so that another answer can come in its place."""
        self._file.seek(0)
        self._file.truncate()
        self.size = 0

    def close(self) -> None:
        """Write out what is left."""
        for close in (self._file.close, *self._closing):
            close()

    def __enter__(self) -> Receiver:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def wrong_size(blob: Descriptor, size: int | None = None) -> ContentMismatch:
    """The error for a blob that has ``size`` bytes (None for too many), and another number in the manifest."""
    found = "more bytes come" if size is None else f"it has {size:,} bytes"
    return ContentMismatch(
        f"The blob {blob.digest} is not what the manifest says",
        f"{found}, and the manifest names {blob.size:,}",
        "Nothing was kept. The manifest is wrong, or something between changed the bytes",
    )


@contextmanager
def saving(path: Path) -> Iterator[None]:
    """Any failure of the file system, while ``path`` is written, as CannotSave."""
    try:
        yield
    except OSError as error:
        raise CannotSave(
            f"{path} cannot be written", error.strerror or str(error), "Make room, or choose another place"
        ) from error


def _lock(folder: Path) -> FolderLock:
    with saving(folder):
        try:
            return FolderLock(folder)
        except BlockingIOError as error:
            raise _locked(folder) from error


def _remove_empty(folder: Path) -> None:
    for path, _, _ in os.walk(folder, topdown=False):
        if not os.listdir(path):
            os.rmdir(path)


def _locked(folder: Path) -> PullLocked:
    return PullLocked(
        f"{folder} is in use", "another pull writes there", "Wait until it has ended, or choose another place"
    )


def _digest_of(path: Path, like: str) -> str:
    hasher = Hasher(parse(like).algorithm)
    with saving(path), path.open("rb") as file:
        while chunk := file.read(CHUNK):
            hasher.update(chunk)
    return hasher.digest
