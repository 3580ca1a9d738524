"""Where the body of an answer goes: hashed and dropped, or streamed into a file as well.

A file that is named by its path appears only when it is complete and is what its digest says. An error body never goes
into it. How the bytes travelled is not known here.
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
from regtutor.protocol import digests
from regtutor.protocol.tokens import Token

_CONTENT = (200, 206)

_T = TypeVar("_T")


def check_destination(request: Request) -> None:
    """See before anything is sent whether the file that ``request.into`` names can be made.

    Raises
    ------
    CannotSave: if its directory is not there, or it is a directory itself.
    """
    if not isinstance(request.into, (str, os.PathLike)):
        return
    path = Path(request.into)
    if not path.parent.is_dir():
        raise CannotSave(f"{path} cannot be written", f"there is no directory {path.parent}", "Make it first")
    if path.is_dir():
        raise CannotSave(f"{path} cannot be written", "it is a directory", "Give the path of a file in it")


class Download:
    """The body of one answer while it comes in.

    Parameters
    ----------
    request: says what is wanted: ``into`` and ``digest``.
    status: of the answer; only 200 and 206 bring what was asked for.
    media_type: the answer's Content-Type, or ``""``.
    """

    def __init__(self, request: Request, status: int, media_type: str) -> None:
        self._tally = response_tally(request, media_type)
        self._succeeded = status in _CONTENT
        wanted = status in _CONTENT and request.method != "HEAD"
        self._expected = request.digest if wanted and status == 200 else None
        self._algorithm = _algorithm(self._expected)
        # The tally has the sha256 anyway.
        self._hasher = digests.Hasher(self._algorithm) if self._algorithm not in (None, "sha256") else None
        self._path = Path(request.into) if wanted and isinstance(request.into, (str, os.PathLike)) else None
        self._file: BinaryIO | None = None
        self._partial: Path | None = None
        if self._path is not None:
            self._partial = partial = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}.partial")
            self._file = self._saved(lambda: partial.open("xb"))
        elif wanted and request.into is not None and not isinstance(request.into, (str, os.PathLike)):
            self._file = request.into

    def write(self, chunk: bytes) -> None:
        """Take in the next bytes.

        Raises
        ------
        CannotSave: if they cannot be written to the file.
        """
        self._tally.update(chunk)
        if self._hasher is not None:
            self._hasher.update(chunk)
        if self._file is not None:
            file = self._file
            self._saved(lambda: file.write(chunk))

    def finish(self) -> BodyRecord:
        """The body is complete: put the file in its place, if it is what it should be."""
        if self.mismatch:
            self._drop()
            return self._tally.record("discarded")
        if self._file is None:
            return self._tally.record("received" if self._tally.size else "none")
        if self._path is not None and self._partial is not None:
            partial, path, file = self._partial, self._path, self._file
            self._saved(file.close)
            self._saved(lambda: partial.replace(path))
        return self._tally.record("saved")

    def abort(self) -> BodyRecord:
        """The body ended early: nothing is left behind at a path."""
        self._drop()
        return self._tally.record("partial" if self._tally.size else "none")

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._tally.size

    @property
    def token(self) -> Token | None:
        """The token in the response of a token server; None in any other, and in a refusal."""
        return self._tally.token() if self._succeeded and isinstance(self._tally, TokenTally) else None

    @property
    def mismatch(self) -> str:
        """Why the bytes are not what their digest says, or ``""``; to be asked at the end."""
        if self._expected is None:
            return ""
        if self._algorithm is None:
            return f"{self._expected!r} is no digest that anything could have"
        found = self._hasher.digest if self._hasher else self._tally.digest
        return "" if found == self._expected else f"its digest is {found}, not {self._expected}"

    def _drop(self) -> None:
        if self._partial is not None and self._file is not None:
            self._file.close()
            self._partial.unlink(missing_ok=True)

    def _saved(self, act: Callable[[], _T]) -> _T:
        try:
            return act()
        except (OSError, TypeError) as error:
            self._drop()
            name = self._path or "the file that was given"
            raise CannotSave(f"The body cannot be written to {name}", str(error)) from error


def _algorithm(digest: str | None) -> str | None:
    try:
        return digests.parse(digest).algorithm if digest else None
    except InvalidDigest:
        return None


def completed(recording: Recording, download: Download) -> Exchange:
    """The record of an exchange whose answer's body is all there.

    Raises
    ------
    ContentMismatch: if the body is not what ``request.digest`` says.
    CannotSave: if it cannot be put in its place.
    """
    body = download.finish()
    if download.size:
        recording.event("body received", download.size)
    exchange = recording.exchange(body, token=download.token)
    if download.mismatch:
        raise ContentMismatch(
            f"The answer to {exchange.step} is not the content that was asked for",
            download.mismatch,
            "Nothing was kept. The registry's storage is damaged, or something between changed the bytes",
            exchange=exchange,
        )
    return exchange
