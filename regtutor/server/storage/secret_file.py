"""The registry's secret, kept in a file of its own directory, so that upload sessions outlive a restart.

It seals the state in upload Locations (``upload_state``). Whoever reads it can make up such Locations, no more.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

SIZE = 32
"""Bytes."""


def kept_secret(path: Path) -> bytes:
    """The secret in the file at ``path``; where there is none, a new one is written, for its owner's eyes only."""
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        found = b""
    if len(found) == SIZE:
        return found
    secret = secrets.token_bytes(SIZE)
    unfinished = path.with_name(f"unfinished-{path.name}")
    unfinished.unlink(missing_ok=True)
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    return secret
