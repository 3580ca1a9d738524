"""Authentication: Basic credentials, checked against a file that Apache's ``htpasswd -B`` wrote.

A refusal does not reveal which part was wrong: an unknown name gets the same response as a wrong password, after the
same time. This module depends on neither sockets nor repositories.

Source: RFC 7617, "The 'Basic' HTTP Authentication Scheme" <https://www.rfc-editor.org/rfc/rfc7617.html>; Apache HTTP
Server 2.4, "Password Formats" <https://httpd.apache.org/docs/2.4/misc/password_encryptions.html>.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import bcrypt

from regtutor.errors import ServerError
from regtutor.server.http import Head, Response
from regtutor.server.respond import Refusal

REALM = "regtutor"

MOST_BYTES = 72
"""The number of bytes of a password that bcrypt uses; Apache's ``htpasswd`` cuts it there as well."""

_MOST_ROUNDS = 17  # the maximum of htpasswd -C; each further round doubles the time of every check
_BCRYPT = re.compile(rb"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}")
_OTHER_KINDS = (
    (b"$2", "a damaged bcrypt hash"),
    (b"$apr1$", "Apache's MD5 (apr1)"),
    (b"$1$", "MD5 crypt"),
    (b"$5$", "SHA-256 crypt"),
    (b"$6$", "SHA-512 crypt"),
    (b"$y$", "yescrypt"),
    (b"$argon2", "Argon2"),
    (b"{SHA}", "SHA-1"),
    (b"", "crypt or plain text"),
)
_NOBODY = b"$2b$05$" + b"." * 53
_WRITE_IT = (
    "Write it with Apache's htpasswd: htpasswd -B -c FILE NAME for the first entry, htpasswd -B FILE NAME after it"
)


@dataclass(frozen=True)
class _Reading:
    """One version of the file: how to recognize this version, its entries, and the names that have been accepted.

    ``accepted`` maps each of these names to a keyed digest of the matching password: bcrypt is slow on purpose, and a
    push sends dozens of requests.
    """

    version: tuple[int, ...]
    entries: Mapping[bytes, bytes]
    accepted: dict[bytes, bytes] = field(default_factory=dict)


class Htpasswd:
    """The names and password hashes in a file; it is read again when it changes.

    Parameters
    ----------
    path: a file of lines ``name:hash`` with bcrypt hashes. Empty lines and lines that begin with ``#`` are ignored. If
        two lines have the same name, the first one counts.
    realm: the realm in the 401 response.

    Raises
    ------
    ServerError: the file cannot be read, or contains a malformed line or a hash of another kind. :meth:`refusal` raises
        it, too, if the file changes in such a way later; then nobody has access.
    """

    def __init__(self, path: str | os.PathLike[str], realm: str = REALM) -> None:
        self.path, self.realm = Path(path), realm
        self._key = secrets.token_bytes(32)
        self._reading = self._read()

    def remembers(self, head: Head) -> bool:
        """Whether exactly these credentials were accepted before. Quick; False does not mean that they are wrong."""
        given = _credentials(head)
        reading = self._current()
        return given is not None and hmac.compare_digest(reading.accepted.get(given[0], b""), self._digest(given[1]))

    def refusal(self, head: Head) -> Response | None:
        """None for credentials that match an entry, otherwise the 401 response; takes as long as bcrypt does."""
        given = _credentials(head)
        if given is None:
            sent = head.header("Authorization") is not None
            return self._unauthorized(head, "an Authorization that is not Basic" if sent else "no Authorization")
        if not self.accepts(*given):
            return self._unauthorized(head, "a name and a password that match no entry")
        return None

    def accepts(self, name: bytes, password: bytes) -> bool:
        """Whether name and password match an entry; as slow as bcrypt, except for those that it remembers."""
        reading = self._current()
        if hmac.compare_digest(reading.accepted.get(name, b""), self._digest(password)):
            return True
        # An unknown name costs the check of some entry's hash as well: always the same entry for the same name.
        known = reading.entries.get(name)
        if not _fits(password, known or self._stand_in(name, reading)) or known is None:
            return False
        reading.accepted[name] = self._digest(password)
        return True

    @staticmethod
    def name(head: Head) -> str | None:
        """The name in the Authorization header; None if it is missing or not Basic."""
        given = _credentials(head)
        return None if given is None else given[0].decode("utf-8", "replace")

    def _unauthorized(self, head: Head, given: str) -> Response:
        response = Refusal(
            "UNAUTHORIZED",
            given=given,
            expected="Authorization: Basic, with the name and password of an entry in the registry's password file",
            next="the same request with credentials: rt.connect(url, username=..., password=...), or --username NAME",
            headers=(("WWW-Authenticate", f'Basic realm="{self.realm}"'),),
        ).response()
        return Response(response.status, response.headers, b"") if head.method == "HEAD" else response

    def _stand_in(self, name: bytes, reading: _Reading) -> bytes:
        hashes = tuple(reading.entries.values()) or (_NOBODY,)
        return hashes[int.from_bytes(self._digest(name)[:8]) % len(hashes)]

    def _digest(self, text: bytes) -> bytes:
        return hmac.digest(self._key, text, "sha256")

    def _current(self) -> _Reading:
        if self._version() != self._reading.version:
            self._reading = self._read()
        return self._reading

    def _version(self) -> tuple[int, ...]:
        try:
            status = os.stat(self.path)
        except OSError:
            return ()  # reading the file reports why
        return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns

    def content(self) -> bytes:
        """The lines of the file, as they are now."""
        return self.path.read_bytes()

    def _read(self) -> _Reading:
        version = self._version()
        try:
            lines = self.content().splitlines()
        except OSError as error:
            why = error.strerror or str(error)
            raise ServerError(f"The password file {self.path} cannot be read", why, _WRITE_IT) from error
        entries: dict[bytes, bytes] = {}
        for number, line in enumerate(lines, 1):
            if line.strip() and not line.startswith(b"#"):
                name, hashed = self._entry(line, number)
                entries.setdefault(name, hashed)
        return _Reading(version, entries)

    def _entry(self, line: bytes, number: int) -> tuple[bytes, bytes]:
        """The name and hash in ``line``. An error names only the kind of a refused hash: it can be a password."""
        name, colon, hashed = line.rstrip().partition(b":")
        where = f"Line {number} of the password file {self.path}"
        if not name or not colon:
            raise ServerError(f"{where} is not NAME:HASH", "", _WRITE_IT)
        match = _BCRYPT.fullmatch(hashed)
        if match is None:
            kind = next(kind for prefix, kind in _OTHER_KINDS if hashed.startswith(prefix))
            raise ServerError(f"{where} contains {kind}", "Only bcrypt is accepted", _WRITE_IT)
        if not 4 <= int(match[1]) <= _MOST_ROUNDS:
            why = f"Its cost is {match[1].decode()}; 4 to {_MOST_ROUNDS} are accepted"
            raise ServerError(
                f"{where} cannot be checked in a reasonable time", why, "Write it again with htpasswd -B -C 10"
            )
        return name, hashed


def _fits(password: bytes, hashed: bytes) -> bool:
    """Whether ``hashed`` is the hash of ``password``; takes the same time for every password."""
    # bcrypt stops at a zero byte, so a password with one would match any password with the same beginning.
    return bcrypt.checkpw(password.replace(b"\0", b"?")[:MOST_BYTES], hashed) and b"\0" not in password


def _credentials(head: Head) -> tuple[bytes, bytes] | None:
    """The name and password in the Authorization header, or None if it is missing, repeated, or not Basic."""
    given = [value for name, value in head.headers if name.lower() == "authorization"]
    scheme, _, encoded = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return (name, password) if colon else None
