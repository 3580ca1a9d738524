"""Receives the body of a response: hashes it, and writes it to a file if the request names one.

A file that is given by its path appears only once it is complete and matches its digest. The body of an error response
is never written to it. This module does not depend on the transport.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar

from regtutor.client.recording import Recording, TokenTally, response_tally
from regtutor.errors import CannotSave, ContentMismatch, InvalidDigest
from regtutor.exchange import BodyRecord, Exchange
from regtutor.message import Request
from regtutor.protocol import digests, encodings
from regtutor.protocol.tokens import Token

_CONTENT = (200, 206)

_BEYOND = 1024 * 1024
"""The most encoded bytes that are received after the file refused them; or one percent of all, if that is more."""

_T = TypeVar("_T")


def check_destination(request: Request) -> None:
    """Check, before anything is sent, whether the file that ``request.into`` names can be created.

    Raises
    ------
    CannotSave: if its directory does not exist, or the path is a directory itself.
    """
    if not isinstance(request.into, (str, os.PathLike)):
        return
    path = Path(request.into)
    if not path.parent.is_dir():
        raise CannotSave(f"{path} cannot be written", f"the directory {path.parent} does not exist", "Create it first")
    if path.is_dir():
        raise CannotSave(f"{path} cannot be written", "it is a directory", "Give the path of a file in it")


class Download:
    """The body of one response while it is received.

    Parameters
    ----------
    request: its ``into`` and ``digest`` say where the body is written, and which digest it must have.
    status: the status of the response; only 200 and 206 bring the requested content.
    media_type, encoding: the Content-Type and the Content-Encoding of the response, or ``""``.
    """

    def __init__(self, request: Request, status: int, media_type: str, encoding: str = "") -> None:
        self._tally = response_tally(request, media_type)
        self._succeeded = status in _CONTENT
        wanted = status in _CONTENT and request.method != "HEAD"
        self._expected = request.digest if wanted and status == 200 else None
        self._algorithm = _algorithm(self._expected)
        # The tally computes sha256 anyway.
        self._hasher = digests.Hasher(self._algorithm) if self._algorithm not in (None, "sha256") else None
        self._coding = encodings.applied(encoding)
        self._unpacked = encodings.UnpackingHasher(self._coding, self._algorithm or digests.CANONICAL)
        # Encoded bytes can be more than the file takes: they are then counted to the end, to name the real reason.
        self._refusal: ContentMismatch | None = None
        self._beyond = 0
        self._path = Path(request.into) if wanted and isinstance(request.into, (str, os.PathLike)) else None
        self._file: BinaryIO | None = None
        self._partial: Path | None = None
        if self._path is not None:
            self._partial = partial = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}.partial")
            self._file = self._saving(lambda: partial.open("xb"))
        elif wanted and request.into is not None and not isinstance(request.into, (str, os.PathLike)):
            self._file = request.into

    def write(self, chunk: bytes) -> None:
        """Hash the next bytes, and write them to the file, if there is one.

        Raises
        ------
        CannotSave: if they cannot be written.
        """
        self._tally.update(chunk)
        if self._hasher is not None:
            self._hasher.update(chunk)
        if self._coding and self._expected is not None:
            self._unpacked.update(chunk)
        if self._file is not None and self._refusal is None:
            file = self._file
            try:
                self._saving(lambda: file.write(chunk))
            except ContentMismatch as refusal:
                self._refusal = refusal
        if self._refusal is not None:
            self._beyond += len(chunk)
            if not self._coding or self._expected is None or self._beyond > max(_BEYOND, self._tally.size // 100):
                raise self._refusal

    def finish(self) -> BodyRecord:
        """Finish a complete body: move the file to its path, unless the body does not match its digest."""
        if self.mismatch:
            self._drop()
            return self._tally.record("discarded")
        if self._file is None:
            return self._tally.record("received" if self._tally.size else "none")
        if self._path is not None and self._partial is not None:
            partial, path, file = self._partial, self._path, self._file
            self._saving(file.close)
            self._saving(lambda: partial.replace(path))
        return self._tally.record("saved")

    def abort(self) -> BodyRecord:
        """Give up a body that ended early, and remove its partial file."""
        self._drop()
        return self._tally.record("partial" if self._tally.size else "none")

    @property
    def size(self) -> int:
        """How many bytes were received so far."""
        return self._tally.size

    @property
    def token(self) -> Token | None:
        """The token in the response of a token server; None for a refusal and for any other response."""
        return self._tally.token() if self._succeeded and isinstance(self._tally, TokenTally) else None

    @property
    def mismatch(self) -> str:
        """Why the bytes do not match the expected digest, or ``""``; valid once the body is complete."""
        if self._expected is None:
            return ""
        if self._algorithm is None:
            return f"{self._expected!r} is not a digest of a supported algorithm"
        found = self._hasher.digest if self._hasher else self._tally.digest
        if found == self._expected:
            return ""
        plain = f"its digest is {found}, not {self._expected}"
        if not self._coding:
            return plain
        return f"{plain}: {encodings.why_encoded(self._coding, self._unpacked.digest, self._expected)}"

    @property
    def next(self) -> str:
        """The next step after a mismatch."""
        if self._coding:
            return encodings.ENCODED_NEXT
        return "Nothing was kept. The registry's storage is damaged, or something in between changed the bytes"

    def _drop(self) -> None:
        if self._partial is not None and self._file is not None:
            self._file.close()
            self._partial.unlink(missing_ok=True)

    def _saving(self, act: Callable[[], _T]) -> _T:
        try:
            return act()
        except (OSError, TypeError) as error:
            self._drop()
            name = self._path or "the given file"
            raise CannotSave(f"The body cannot be written to {name}", str(error)) from error


def _algorithm(digest: str | None) -> str | None:
    try:
        return digests.parse(digest).algorithm if digest else None
    except InvalidDigest:
        return None


def completed(recording: Recording, download: Download) -> Exchange:
    """Return the record of an exchange after the whole body of its response was received.

    Raises
    ------
    ContentMismatch: if the body does not match ``request.digest``.
    CannotSave: if the file cannot be moved to its path.
    """
    body = download.finish()
    if download.size:
        recording.event("body received", download.size)
    exchange = recording.exchange(body, token=download.token)
    if download.mismatch:
        raise ContentMismatch(
            f"The response to {exchange.step} is not the requested content",
            download.mismatch,
            download.next,
            exchange=exchange,
        )
    return exchange
