"""Writing an image as a tar file whose headers contain nothing about this machine or the current time.

This module does not depend on the contents of the members. ``archive`` reads such files.
"""

from __future__ import annotations

import io
import secrets
import tarfile
from collections.abc import Sequence
from pathlib import Path

from regtutor.content.writing.staging import saving

Member = tuple[str, bytes | Path]
"""A name in the archive, and its content: bytes, or the path of a file."""


def write_archive(path: Path, members: Sequence[Member]) -> None:
    """Write a tar file of ``members``, in this order; it appears at ``path`` only when it is complete.

    Raises
    ------
    CannotSave: if it cannot be written; no partial file is left.
    """
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with saving(path), tarfile.open(new, "x", format=tarfile.PAX_FORMAT) as archive:
            for name, content in members:
                _add(archive, name, content)
        with saving(path):
            new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _add(archive: tarfile.TarFile, name: str, content: bytes | Path) -> None:
    info = tarfile.TarInfo(name)
    if isinstance(content, bytes):
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
        return
    info.size = content.stat().st_size
    with content.open("rb") as file:
        archive.addfile(info, file)
