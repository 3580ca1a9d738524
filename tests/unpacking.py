"""Extract an archive that a test made, on every Python: 3.11.2, which Debian 12 has, knows no extraction filters."""

from __future__ import annotations

import tarfile
from pathlib import Path


def unpack(archive: Path, folder: Path) -> Path:
    """``folder``, with everything that ``archive`` holds."""
    with tarfile.open(archive) as opened:
        if hasattr(tarfile, "data_filter"):
            opened.extractall(folder, filter="data")
        else:
            opened.extractall(folder)
    return folder
