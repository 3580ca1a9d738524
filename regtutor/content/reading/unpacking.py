"""Decompressing an archive to a temporary file, because the members of a compressed one cannot be read at an offset.

``docker load``, ``podman load`` and ``skopeo copy`` read compressed archives too, which Nix writes, for example.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from regtutor.content.reading.files import Unpacked
from regtutor.errors import UnreadableImage

COMPRESSED = {
    b"\x1f\x8b": ("gzip", "gunzip"),
    b"BZh": ("bzip2", "bunzip2"),
    b"\xfd7zXZ\x00": ("xz", "unxz"),
    b"\x28\xb5\x2f\xfd": ("zstd", "unzstd"),
}
"""First bytes of a compressed file: the format, and the program that decompresses it."""

_OPENERS: Mapping[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
"""First bytes of a compressed file, and the function that opens it."""

_DAMAGED = (EOFError, zlib.error, lzma.LZMAError)
_BLOCK = 1024 * 1024


def unpacked(path: Path, start: bytes) -> Unpacked | None:
    """Decompress the file at ``path``, which begins with ``start``; None if it is not compressed in a known format.

    Raises
    ------
    UnreadableImage: if it is damaged, or if there is no room for the decompressed file.
    """
    magic = next((magic for magic in _OPENERS if start.startswith(magic)), None)
    if magic is None:
        return None
    copy = Unpacked(path, TemporaryDirectory(prefix="regtutor-unpacked-"))
    try:
        with _OPENERS[magic](path) as source, copy.path.open("wb") as file:
            shutil.copyfileobj(source, file, _BLOCK)
    except (*_DAMAGED, OSError) as error:
        if not isinstance(error, OSError) or error.errno is None:  # bz2 and gzip raise OSError for damaged data
            raise UnreadableImage(
                f"{path} is a damaged compressed file",
                str(error) or type(error).__name__,
                f"Copy or download it again, or save the image again; {COMPRESSED[magic][1]} --test {path} checks it",
                path=path,
            ) from error
        raise UnreadableImage(
            f"{path} cannot be decompressed to {copy.folder.name}",
            error.strerror or str(error),
            "Free some space, or choose another folder for temporary files: TMPDIR=FOLDER",
            path=path,
        ) from error
    return copy
