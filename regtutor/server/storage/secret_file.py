"""The secret of a registry, kept in a file in its directory, so that upload sessions survive a restart.

It seals the state in upload Locations (``location_state``). Somebody who reads it can forge such Locations, but nothing
else.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

SIZE = 32
"""The size of a secret, in bytes."""


def kept_secret(path: Path) -> bytes:
    """Read the secret from the file at ``path``. Without a valid one, write a new one that only its owner can read."""
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
