"""Files that only their owner can read, and that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from regtutor.errors import CannotSave


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """A binary file that becomes ``path`` (mode 0600) when the block ends without an error; else nothing is left.

    Raises
    ------
    CannotSave: if the directory is not there or cannot be written to, or ``path`` is there and no file.
    """
    if path.exists() and not path.is_file():
        # A device would be replaced by the renaming at the end, where one may do that.
        raise CannotSave(f"{path} cannot be written", "it is there and is no file", "Give the name of a file")
    try:
        # mkstemp makes the file with mode 0600, so it is private from its first byte.
        number, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise _cannot_save(path, error) from error
    try:
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        try:
            os.replace(name, path)
        except OSError as error:
            raise _cannot_save(path, error) from error
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _cannot_save(path: Path, error: OSError) -> CannotSave:
    why = f"{error.strerror or error}: {path.parent}"
    return CannotSave(f"{path} cannot be written", why, "Give a file in a directory that is there and that you own")
