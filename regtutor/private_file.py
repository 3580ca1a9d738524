"""Files that only their owner can read, and that are written completely or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from regtutor.errors import CannotSave


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """Open a binary file that becomes ``path`` (mode 0600) if the block ends without an error, or is deleted otherwise.

    Raises
    ------
    CannotSave: if the directory does not exist or cannot be written to, or ``path`` exists and is not a regular file.
    """
    from tempfile import mkstemp  # only here: most commands write no such file

    if path.exists() and not path.is_file():
        # Renaming at the end would replace a device, where permissions allow it.
        raise CannotSave(f"{path} cannot be written", "it exists and is not a regular file", "Give the name of a file")
    try:
        # mkstemp creates the file with mode 0600, so it is private from its first byte.
        number, name = mkstemp(prefix=f".{path.name[:100]}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise _cannot_save(path, error) from error
    try:
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):  # such as a full disk
            raise _cannot_save(path, error) from error
        raise


def _cannot_save(path: Path, error: OSError) -> CannotSave:
    why = f"{error.strerror or error}: {path.parent}"
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    again = "Free some space, or choose" if full else "Choose"
    return CannotSave(f"{path} cannot be written", why, f"{again} a directory that exists and that you can write to")
