"""Locks on files and folders, for one holder at a time, in this process or another one.

A lock belongs to an open file, so it ends with its process, however that ends. ``filelock`` knows what each system
calls to take one. A browser has no file locks and no second process: nothing is locked there, and nothing needs to be.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path
from typing import BinaryIO

_TRIES = 5
"""How often a folder is made and locked anew, if a holder that just ended takes it away in between."""

_ONLY_FOLDER = getattr(os, "O_DIRECTORY", 0)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)


def lock_file(path: Path) -> BinaryIO:
    """``path``, made if missing, open and locked; closing it releases the lock.

    Raises
    ------
    BlockingIOError: if another holder has it.
    OSError: if it cannot be opened or locked.
    """
    file = path.open("ab")
    try:
        _take(file.fileno())
    except BaseException:
        file.close()
        raise
    return file


class FolderLock:
    """A locked folder.

    On POSIX systems the lock is on the folder itself, which is opened for it. Windows opens no folder, so there it is
    on a file beside the folder, ``NAME.lock``, which is removed at the end.

    Parameters
    ----------
    folder: made if missing, where a lock exists; its parent must exist.
    beside: whether the lock is on a file beside the folder.

    Raises
    ------
    BlockingIOError: if another holder has it.
    OSError: if it cannot be made or locked.
    """

    def __init__(self, folder: Path, *, beside: bool = sys.platform == "win32") -> None:
        self.folder = folder
        self._beside = folder.with_name(folder.name + ".lock") if beside else None
        self._handle: int | None = None
        if _available():
            self._handle = self._take_beside(self._beside) if self._beside else self._take_folder()

    def _take_beside(self, path: Path) -> int:
        handle = _locked(path, os.O_RDWR | os.O_CREAT | _NO_FOLLOW)
        self.folder.mkdir(exist_ok=True)
        return handle

    def _take_folder(self) -> int:
        for _ in range(_TRIES):
            self.folder.mkdir(exist_ok=True)
            try:
                handle = _locked(self.folder, os.O_RDONLY | _ONLY_FOLDER | _NO_FOLLOW)
            except FileNotFoundError:
                continue
            if _is_at(handle, self.folder):
                return handle
            os.close(handle)
        raise _taken()

    def has_folder(self) -> bool:
        """Whether the folder that was locked still has its name: its holder may have renamed or removed it."""
        if self._handle is None or self._beside:
            return self.folder.is_dir()
        return _is_at(self._handle, self.folder)

    def release(self) -> None:
        """Let the next holder in; a second call does nothing."""
        if self._handle is None:
            return
        os.close(self._handle)
        self._handle = None
        if self._beside:
            with contextlib.suppress(OSError):  # Windows removes no file that the next holder has opened
                self._beside.unlink()


def _locked(path: Path, flags: int) -> int:
    handle = os.open(path, flags)
    try:
        _take(handle)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _is_at(handle: int, folder: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(folder))
    except FileNotFoundError:
        return False


def _take(descriptor: int) -> None:
    if not _available():
        return
    from filelock import lock_descriptor

    if not lock_descriptor(descriptor, blocking=False):
        raise _taken()


def _available() -> bool:
    """Whether this system has file locks: a browser's kernel has an ``fcntl`` that is empty, or none."""
    if sys.platform == "win32":
        return True
    if sys.platform == "emscripten":
        return False
    try:
        import fcntl
    except ImportError:
        return False
    return hasattr(fcntl, "flock")


def _taken() -> BlockingIOError:
    return BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
