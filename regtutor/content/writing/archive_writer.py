"""Writes the archive form of an image: a tar file whose headers say nothing of this machine or this day.

What is in the members is not known here. ``archive`` reads such files.
"""

from __future__ import annotations

import io
import secrets
import tarfile
from collections.abc import Sequence
from pathlib import Path

from regtutor.content.writing.staging import saving

Member = tuple[str, bytes | Path]
"""A name in the archive, and its bytes or the file that holds them."""


def write_archive(path: Path, members: Sequence[Member]) -> None:
    """A tar file of ``members`` at ``path``, in this order; it appears there when it is complete.

    Raises
    ------
    CannotSave: if it cannot be written; nothing is left behind.
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
