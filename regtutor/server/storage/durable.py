"""Files that appear together, complete, and still there after a power cut.

The order is: write each file under a temporary name; sync the files; rename them, in the order in which they were
given; sync the directories of the new names. A reader sees each file as it was before or as it is afterwards, never
half of it. Only after the last sync is a change acknowledged.

A directory that was created for a name is synced, but not the one above it: journaling file systems (ext4, XFS, btrfs,
APFS) write their changes in order, so the older name of the directory is on the disk when the newer name in it is.

The calls are grouped, because the first sync after a change writes the journal of the file system, for all files at
once, and the next one then has little to do. ``docs/decisions/063-durable-order.md`` has the figures.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

_BINARY = getattr(os, "O_BINARY", 0)
_start_writing = getattr(os, "posix_fadvise", None)
_TRIES = 3

Clear = Callable[[Path], object]
"""Called with a path at which a directory or a file belongs, but something else is; moves it elsewhere."""


class Change:
    """Files that will appear together. At the end of the ``with`` block, what was not committed is removed.

    Parameters
    ----------
    folder: where the temporary files are; on the same file system as their targets.
    clear: as :data:`Clear`, for what damage has put in the way.
    """

    def __init__(self, folder: Path, clear: Clear) -> None:
        self._folder, self._clear = folder, clear
        self._left: list[tuple[Path, Path, int]] = []
        self._new: list[int] = []  # the descriptors of the files that it has written

    def write(self, path: Path, data: bytes) -> None:
        """Let a file with ``data`` appear at ``path``."""
        temporary = self._folder / f"unfinished-{uuid.uuid4().hex}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o644)
        self._left.append((temporary, path, descriptor))
        self._new.append(descriptor)
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]

    def move(self, file: Path, path: Path) -> None:
        """Let ``file``, whose bytes need not be synced yet, appear at ``path``."""
        self._left.append((file, path, os.open(file, os.O_RDWR | _BINARY)))

    def commit(self) -> None:
        """Let the files appear. When this returns, they are on the disk.

        Raises
        ------
        OSError: such as for a full disk. The files that were not renamed yet do not appear.
        """
        self._sync_files()
        changed: dict[Path, None] = {}
        while self._left:
            temporary, path, _ = self._left[0]
            self._rename(temporary, path)
            changed[path.parent] = None
            del self._left[0]
        for folder in changed:
            sync_folder(folder)

    def _sync_files(self) -> None:
        if _start_writing is not None and len(self._left) > 1:
            for descriptor in self._new:  # not a moved blob: the call would also drop its bytes from memory
                _start_writing(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)  # type: ignore[attr-defined, unused-ignore]
        for at, (temporary, path, descriptor) in enumerate(self._left):
            os.fsync(descriptor)
            os.close(descriptor)  # a file that is open cannot be renamed on every system
            self._left[at] = temporary, path, -1

    def _rename(self, file: Path, path: Path) -> None:
        """Rename ``file`` to ``path``, even while another request removes the folder of ``path``."""
        for left in reversed(range(_TRIES)):
            new_folders(path.parent, self._clear)
            try:
                os.replace(file, path)
                return
            except FileNotFoundError:
                if not left:
                    raise
            except (IsADirectoryError, PermissionError):
                if not left or not path.is_dir() or path.is_symlink():
                    raise
                self._clear(path)  # damage: only a file belongs there

    def __enter__(self) -> Change:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for temporary, _, descriptor in self._left:
            with suppress(OSError):
                if descriptor >= 0:
                    os.close(descriptor)
            with suppress(OSError):
                temporary.unlink()
        self._left.clear()


def make_folder(path: Path, clear: Clear) -> None:
    """Create the directory ``path`` with its parents; those that are new are on the disk afterwards."""
    for folder in dict.fromkeys(new_folders(path, clear)):
        sync_folder(folder)


def new_folders(path: Path, clear: Clear) -> list[Path]:
    """Create the directory ``path`` with its parents; the directories in which a name is new.

    Raises
    ------
    NotADirectoryError: at ``path`` or above it is something else that ``clear`` did not move.
    """
    found = _new_folders(path, clear)
    if not found and not path.is_dir():
        clear(path)
        found = _new_folders(path, clear)
    return found


def _new_folders(path: Path, clear: Clear) -> list[Path]:
    try:
        os.mkdir(path)
    except FileExistsError:  # perhaps as something else
        return []
    except (FileNotFoundError, NotADirectoryError):
        return [*new_folders(path.parent, clear), *_new_folders(path, clear)]
    return [path.parent]


def delete(path: Path) -> None:
    """Delete a directory with everything in it, or anything else; no error if it does not exist."""
    with suppress(FileNotFoundError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def sync_folder(path: Path) -> None:
    """Sync the names in ``path`` to disk, on systems where directories can be opened.

    Raises
    ------
    OSError: such as when no descriptor is left. The names may then not be on the disk.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except (PermissionError, FileNotFoundError):  # Windows; a directory that another request has removed
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
