"""Names and passwords that are given as data: a password file that is only in memory."""

from __future__ import annotations

import os
from collections.abc import Mapping

import bcrypt

from regtutor.server.shell.authentication import MOST_BYTES, REALM, Htpasswd

_ROUNDS = 5  # what Apache's htpasswd -B takes by default


class ListedUsers(Htpasswd):
    """Users by name.

    Parameters
    ----------
    users: name to password: in plain text, of which only the bcrypt hash is kept, or a bcrypt hash.
    realm: what the 401 asks credentials for.

    Raises
    ------
    ServerError: for a hash that is invalid.
    """

    def __init__(self, users: Mapping[str, str], realm: str = REALM) -> None:
        self._lines = "".join(f"{name}:{_hashed(password)}\n" for name, password in users.items()).encode()
        super().__init__(os.devnull, realm)

    def content(self) -> bytes:
        """The lines ``name:hash``."""
        return self._lines

    def _version(self) -> tuple[int, ...]:
        return (0,)


def _hashed(password: str) -> str:
    if password.startswith("$2"):
        return password
    hashed: bytes = bcrypt.hashpw(password.encode()[:MOST_BYTES], bcrypt.gensalt(_ROUNDS))
    return hashed.decode()
