"""A staging folder for downloads: a blob appears under its digest only after it has been verified.

The folder is next to the destination, so that nothing incomplete ever has the final name. It survives an interrupted
pull, and the next attempt resumes from it. Only one pull can use it at a time. File names are made only from parsed
digests, never from other data of a registry. This module does not depend on where the bytes come from.
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
    """A folder into which blobs are received.

    Parameters
    ----------
    folder: the folder; it is created when it is first needed, and its existing contents are used.
    layout: an OCI layout whose blobs need not be downloaded again, or None.
    """

    def __init__(self, folder: Path, layout: Path | None = None) -> None:
        self.folder = folder
        self._layout = layout
        self._found: dict[str, Path] = {}

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Lock the folder for this pull; remove it at the end if it is empty.

        Raises
        ------
        PullLocked: if another pull uses it.
        CannotSave: if it cannot be created.
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
        """The digests of the complete and verified blobs, in the order in which they were found or received."""
        return tuple(self._found)

    def path(self, digest: str) -> Path:
        """Return the file of a blob of :attr:`digests`."""
        return self._found[digest]

    def holds(self, blob: Descriptor) -> bool:
        """Whether ``blob`` exists already: a file under its digest is read once, and used if its digest matches.

        Raises
        ------
        ContentMismatch: if it exists and its size is not the one in ``blob``.
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
        """Store a small blob whose bytes have been verified, such as a manifest."""
        path = self._own(digest)
        with saving(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.with_suffix(_PART).open("wb") as file:
                file.write(data)
            path.with_suffix(_PART).replace(path)
        self._found[digest] = path

    def partial(self, blob: Descriptor) -> PartialBlob:
        """Return the part of ``blob`` that has been received so far, in this attempt or an earlier one."""
        return PartialBlob(blob, self._own(blob.digest), self._found)

    def drop(self, blob: Descriptor) -> None:
        """Delete everything that was received of ``blob``."""
        self.partial(blob).drop()

    def discard(self) -> None:
        """Delete everything that was received."""
        self._found.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def tidy(self) -> None:
        """Delete the files that this pull did not need, such as the remains of a pull of another image."""
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
    """The bytes of one blob that have been received so far, until it is complete and verified.

    Each response body is written to a file of its own, because only its end shows whether it continues those bytes.

    Parameters
    ----------
    blob: the descriptor with which the bytes are compared.
    path: the file of the blob after it has been verified.
    found: a mapping to which the path is then added, under the digest.
    """

    def __init__(self, blob: Descriptor, path: Path, found: dict[str, Path]) -> None:
        self._blob, self._path, self._found = blob, path, found
        self._part, self._tail = path.with_suffix(_PART), path.with_suffix(_TAIL)

    @property
    def size(self) -> int:
        """The number of bytes received."""
        return self._part.stat().st_size if self._part.is_file() else 0

    def receiver(self) -> Receiver:
        """Return a file for the body of one response.

        Use it in a ``with`` statement; then pass it to :meth:`append`, :meth:`start_over` or :meth:`ignore`.
        """
        path = self._tail if self.size else self._part
        with saving(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            return Receiver(path.open("wb"), self._blob.size, lambda: wrong_size(self._blob), path)

    def append(self, received: Receiver) -> None:
        """Append the received bytes to the earlier ones."""
        if received.path == self._part:
            return
        with saving(self._part), received.path.open("rb") as tail, self._part.open("ab") as file:
            shutil.copyfileobj(tail, file, CHUNK)
        received.path.unlink()

    def start_over(self, received: Receiver) -> None:
        """Replace the earlier bytes with the received ones, which begin with the first byte of the blob."""
        with saving(self._part):
            received.path.replace(self._part)

    def ignore(self, received: Receiver) -> None:
        """Delete the received bytes and keep the earlier ones."""
        received.path.unlink(missing_ok=True)

    def settle(self, digest: str | None = None) -> bool:
        """Verify the bytes: if they match the descriptor, move them to the final path; otherwise delete them.

        Parameters
        ----------
        digest: the digest of the bytes, if it is known already; by default the file is read.

        Returns
        -------
        Whether the bytes match.
        """
        wanted = self._blob.digest
        matches = self.size == self._blob.size and (digest or _digest_of(self._part, wanted)) == wanted
        with saving(self._path):
            if matches:
                self._part.replace(self._path)
                self._found[wanted] = self._path
            else:
                self._part.unlink(missing_ok=True)
        return matches

    def drop(self) -> None:
        """Delete everything that was received of the blob."""
        self._found.pop(self._blob.digest, None)
        for path in (self._path, self._part, self._tail):
            path.unlink(missing_ok=True)


class Receiver:
    """A file that accepts at most ``limit`` bytes, even if a registry sends more.

    Attributes
    ----------
    size: the bytes written so far.
    path: the path of the file, if it has one.
    """

    def __init__(
        self, file: BinaryIO, limit: int, refusal: Callable[[], Exception], path: Path = Path(os.devnull)
    ) -> None:
        self._file, self.limit, self._refusal = file, limit, refusal
        self.path = path
        self.size = 0
        self._on_write: list[Callable[[int], object]] = []
        self._on_close: list[Callable[[], object]] = []

    def follow(self, on_write: Callable[[int], object], on_close: Callable[[], object]) -> None:
        """Call ``on_write`` with the size of each write, and ``on_close`` at the end, such as for a progress bar."""
        self._on_write.append(on_write)
        self._on_close.append(on_close)

    def write(self, chunk: bytes) -> int:
        """Write the next bytes; raise the ``refusal`` if they exceed the limit."""
        if self.size + len(chunk) > self.limit:
            raise self._refusal()
        self._file.write(chunk)
        self.size += len(chunk)
        for on_write in self._on_write:
            on_write(len(chunk))
        return len(chunk)

    def empty(self) -> None:
        """Delete the bytes written so far, so that another response can replace them."""
        self._file.seek(0)
        self._file.truncate()
        self.size = 0

    def close(self) -> None:
        """Flush and close the file."""
        for close in (self._file.close, *self._on_close):
            close()

    def __enter__(self) -> Receiver:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def wrong_size(blob: Descriptor, size: int | None = None) -> ContentMismatch:
    """Return the error for a blob with ``size`` bytes (None for too many), where the manifest states another number."""
    found = "more bytes arrived" if size is None else f"it has {size:,} bytes"
    return ContentMismatch(
        f"The blob {blob.digest} does not match the manifest",
        f"{found}, but the manifest states {blob.size:,}",
        "Nothing was saved. Either the manifest is wrong, or the bytes were changed on the way",
    )


@contextmanager
def saving(path: Path) -> Iterator[None]:
    """Raise CannotSave for any failure of the file system while ``path`` is written."""
    try:
        yield
    except OSError as error:
        raise CannotSave(
            f"{path} cannot be written", error.strerror or str(error), "Free some space, or choose another path"
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
        f"{folder} is in use", "another pull writes to it", "Wait until that pull has ended, or choose another path"
    )


def _digest_of(path: Path, like: str) -> str:
    hasher = Hasher(parse(like).algorithm)
    with saving(path), path.open("rb") as file:
        while chunk := file.read(CHUNK):
            hasher.update(chunk)
    return hasher.digest
