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

    def partial(self, blob: Descriptor) -> PartialBlob:
        """What has come of ``blob`` so far, now or in an earlier try."""
        return PartialBlob(blob, self._own(blob.digest), self._found)

    def drop(self, blob: Descriptor) -> None:
        """Forget ``blob``, and delete all of it that was received."""
        self.partial(blob).drop()

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


class PartialBlob:
    """The bytes of one blob that have come so far, until it is complete and verified.

    The body of each response goes into a file of its own, since only its end shows whether it continues those bytes.

    Parameters
    ----------
    blob: its digest and size are what the bytes are compared with.
    path: where the blob goes once it is verified.
    found: where its path is entered then, under its digest.
    """

    def __init__(self, blob: Descriptor, path: Path, found: dict[str, Path]) -> None:
        self._blob, self._path, self._found = blob, path, found
        self._part, self._tail = path.with_suffix(_PART), path.with_suffix(_TAIL)

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return self._part.stat().st_size if self._part.is_file() else 0

    def receiver(self) -> Receiver:
        """A file for the body of one response.

        Use it with ``with``; then hand it to :meth:`append`, :meth:`start_over` or :meth:`ignore`.
        """
        path = self._tail if self.size else self._part
        with saving(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            return Receiver(path.open("wb"), self._blob.size, lambda: wrong_size(self._blob), path)

    def append(self, received: Receiver) -> None:
        """Keep what was received: it continues the bytes that were there."""
        if received.path == self._part:
            return
        with saving(self._part), received.path.open("rb") as tail, self._part.open("ab") as file:
            shutil.copyfileobj(tail, file, CHUNK)
        received.path.unlink()

    def start_over(self, received: Receiver) -> None:
        """Keep what was received instead of the bytes that were there: it begins with the first byte."""
        with saving(self._part):
            received.path.replace(self._part)

    def ignore(self, received: Receiver) -> None:
        """Delete what was received; the bytes that were there stay."""
        received.path.unlink(missing_ok=True)

    def settle(self, digest: str | None = None) -> bool:
        """Verify the bytes: if they are the blob, move them into its place, else delete them.

        Parameters
        ----------
        digest: of the bytes, if it is known already; by default the file is read.

        Returns
        -------
        Whether they are the blob.
        """
        wanted = self._blob.digest
        right = self.size == self._blob.size and (digest or _digest_of(self._part, wanted)) == wanted
        with saving(self._path):
            if right:
                self._part.replace(self._path)
                self._found[wanted] = self._path
            else:
                self._part.unlink(missing_ok=True)
        return right

    def drop(self) -> None:
        """Forget the blob, and delete all of it that was received."""
        self._found.pop(self._blob.digest, None)
        for path in (self._path, self._part, self._tail):
            path.unlink(missing_ok=True)


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
