"""Who may talk to the registry: Basic credentials, held against a file that Apache's ``htpasswd -B`` wrote.

Knows the Authorization header and the file; knows nothing of sockets and of repositories. It tells nobody which part
was wrong: an unknown name is answered as a wrong password is, after as long a time.

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
"""bcrypt looks at no more of a password; Apache's ``htpasswd`` cuts it there as well."""

_MOST_ROUNDS = 17  # the most that htpasswd -C takes; each one more doubles the time of every check
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
    """The file as it was read: what told it from other versions, its entries, and who has come in with which of them.

    ``let_in`` holds, for each name, a keyed digest of the password that fitted: bcrypt is slow on purpose, and a push
    makes dozens of requests.
    """

    version: tuple[int, ...]
    entries: Mapping[bytes, bytes]
    let_in: dict[bytes, bytes] = field(default_factory=dict)


class Htpasswd:
    """The names and password hashes in a file; it is read again when it changes.

    Parameters
    ----------
    path: lines of ``name:hash``, the hashes of bcrypt. Empty lines and lines that begin with ``#`` are passed over; of
        two lines with one name the first counts.
    realm: what the 401 asks credentials for.

    Raises
    ------
    ServerError: the file cannot be read, or holds a line that is no entry or a hash of another kind; also from
        :meth:`refusal`, when it has become so: then nobody is let in.
    """

    def __init__(self, path: str | os.PathLike[str], realm: str = REALM) -> None:
        self.path, self.realm = Path(path), realm
        self._key = secrets.token_bytes(32)
        self._reading = self._read()

    def remembers(self, head: Head) -> bool:
        """Whether these very credentials have come in before; quick, and only a yes is an answer."""
        given = _credentials(head)
        reading = self._current()
        return given is not None and hmac.compare_digest(reading.let_in.get(given[0], b""), self._digest(given[1]))

    def refusal(self, head: Head) -> Response | None:
        """None for credentials that fit an entry, else the 401; takes as long as bcrypt does."""
        given = _credentials(head)
        if given is None:
            sent = head.header("Authorization") is not None
            return self._unauthorized(head, "an Authorization that is not Basic" if sent else "no Authorization")
        if not self.accepts(*given):
            return self._unauthorized(head, "a name and a password that fit no entry")
        return None

    def accepts(self, name: bytes, password: bytes) -> bool:
        """Whether name and password fit an entry; takes as long as bcrypt does, except for those it remembers."""
        reading = self._current()
        if hmac.compare_digest(reading.let_in.get(name, b""), self._digest(password)):
            return True
        # Of a name that is not there, some entry's hash is computed all the same: always the same one for that name.
        known = reading.entries.get(name)
        if not _fits(password, known or self._stand_in(name, reading)) or known is None:
            return False
        reading.let_in[name] = self._digest(password)
        return True

    @staticmethod
    def name(head: Head) -> str | None:
        """The name in the Authorization header; None if it is missing or not Basic."""
        given = _credentials(head)
        return None if given is None else given[0].decode("utf-8", "replace")

    def _unauthorized(self, head: Head, given: str) -> Response:
        answer = Refusal(
            "UNAUTHORIZED",
            given=given,
            expected="Authorization: Basic, with the name and the password of an entry of the registry's password file",
            next="the same request with them: rt.connect(url, username=..., password=...), or --username NAME",
            headers=(("WWW-Authenticate", f'Basic realm="{self.realm}"'),),
        ).response()
        return Response(answer.status, answer.headers, b"") if head.method == "HEAD" else answer

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
            return ()  # reading it says why
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
        """Name and hash; what is refused is named by its kind and never shown: it may be a password."""
        name, colon, hashed = line.rstrip().partition(b":")
        where = f"Line {number} of the password file {self.path}"
        if not name or not colon:
            raise ServerError(f"{where} is not NAME:HASH", "", _WRITE_IT)
        match = _BCRYPT.fullmatch(hashed)
        if match is None:
            kind = next(kind for prefix, kind in _OTHER_KINDS if hashed.startswith(prefix))
            raise ServerError(f"{where} holds {kind}", "Only bcrypt is taken here", _WRITE_IT)
        if not 4 <= int(match[1]) <= _MOST_ROUNDS:
            why = f"Its cost is {match[1].decode()}, and 4 to {_MOST_ROUNDS} are taken"
            raise ServerError(
                f"{where} cannot be checked in a useful time", why, "Write it again, with htpasswd -B -C 10"
            )
        return name, hashed


def _fits(password: bytes, hashed: bytes) -> bool:
    """Whether ``hashed`` was made of ``password``; takes the same time for each password."""
    # bcrypt ends at a zero byte, so a password that holds one would be another one's beginning.
    return bcrypt.checkpw(password.replace(b"\0", b"?")[:MOST_BYTES], hashed) and b"\0" not in password


def _credentials(head: Head) -> tuple[bytes, bytes] | None:
    """Name and password of the Authorization header; None if it is missing, repeated, or not Basic."""
    given = [value for name, value in head.headers if name.lower() == "authorization"]
    scheme, _, encoded = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return (name, password) if colon else None
