"""Locks on files and folders, for one holder at a time, in this process or another one.

A lock belongs to an open file, so the system releases it when the process ends, even if it is killed. POSIX systems
have ``flock``; ``filelock`` has the system call of Windows. A browser has no file locks and no second process: nothing
is locked there, and nothing needs a lock.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path
from typing import BinaryIO

_TRIES = 5
"""How many times a folder is created and locked, if another holder removes it between the two."""

_HELD = (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK)
"""The errors of ``flock`` if another holder has the lock; some file systems have EACCES for it."""

_ONLY_FOLDER = getattr(os, "O_DIRECTORY", 0)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)


def lock_file(path: Path) -> BinaryIO:
    """Open ``path``, create it if it is missing, and lock it; closing the file releases the lock.

    Raises
    ------
    BlockingIOError: if another holder has the lock.
    OSError: if the file cannot be opened or locked.
    """
    file = path.open("ab")
    try:
        _lock(file.fileno())
    except BaseException:
        file.close()
        raise
    return file


class FolderLock:
    """A locked folder.

    On POSIX systems the folder itself is opened and locked. Windows cannot open a folder, so there the lock is on a
    file beside it, ``NAME.lock``, which is removed when the lock is released.

    Parameters
    ----------
    folder: created if it is missing and the system has locks; its parent must exist.
    beside: whether the lock is on a file beside the folder.

    Raises
    ------
    BlockingIOError: if another holder has the lock.
    OSError: if the folder cannot be created or locked.
    """

    def __init__(self, folder: Path, *, beside: bool = sys.platform == "win32") -> None:
        self.folder = folder
        self._beside = folder.with_name(folder.name + ".lock") if beside else None
        self._handle: int | None = None
        if _available():
            self._handle = self._lock_beside(self._beside) if self._beside else self._lock_folder()

    def _lock_beside(self, path: Path) -> int:
        handle = _locked(path, os.O_RDWR | os.O_CREAT | _NO_FOLLOW)
        self.folder.mkdir(exist_ok=True)
        return handle

    def _lock_folder(self) -> int:
        for _ in range(_TRIES):
            self.folder.mkdir(exist_ok=True)
            try:
                handle = _locked(self.folder, os.O_RDONLY | _ONLY_FOLDER | _NO_FOLLOW)
            except FileNotFoundError:
                continue
            if _is_at(handle, self.folder):
                return handle
            os.close(handle)
        raise _already_locked()

    def has_folder(self) -> bool:
        """Return whether the locked folder still exists under its name: its holder can have renamed or removed it."""
        if self._handle is None or self._beside:
            return self.folder.is_dir()
        return _is_at(self._handle, self.folder)

    def release(self) -> None:
        """Release the lock; a second call does nothing."""
        if self._handle is None:
            return
        os.close(self._handle)
        self._handle = None
        if self._beside:
            with contextlib.suppress(OSError):  # Windows does not remove a file that the next holder has opened
                self._beside.unlink()


def _locked(path: Path, flags: int) -> int:
    handle = os.open(path, flags)
    try:
        _lock(handle)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _is_at(handle: int, folder: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(folder))
    except FileNotFoundError:
        return False


def _lock(descriptor: int) -> None:
    if _available() and not _is_free(descriptor):
        raise _already_locked()


def _is_free(descriptor: int) -> bool:
    """Lock an open file, and return whether no other holder has the lock."""
    if sys.platform == "win32":
        from filelock import lock_descriptor

        return lock_descriptor(descriptor, blocking=False)
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise
    return True


def _available() -> bool:
    """Return whether this system has file locks: in a browser, ``fcntl`` is empty or missing."""
    if sys.platform == "win32":
        return True
    if sys.platform == "emscripten":
        return False
    try:
        import fcntl
    except ImportError:
        return False
    return hasattr(fcntl, "flock")


def _already_locked() -> BlockingIOError:
    return BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
