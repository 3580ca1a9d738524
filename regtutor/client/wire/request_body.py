"""How many bytes of a request's body are sent, and the errors of reading it.

The headers of the request decide how many, right or wrong, because a request can be broken on purpose. This module
does not depend on the transport.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from regtutor.message import CHUNK, Body, HeaderList


class BodyUnreadable(Exception):
    """Reading the request's body raised ``error``, which the transport raises instead of this exception."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class BodyTooShort(Exception):
    """The request's body ended before its announced size."""


@dataclass(frozen=True)
class Framing:
    """Where a body ends, according to the headers of the request.

    Attributes
    ----------
    chunked: whether the body is sent in chunked transfer coding.
    length: Content-Length as a number; None if it is missing or not a number.
    """

    chunked: bool
    length: int | None

    @classmethod
    def of(cls, headers: HeaderList) -> Framing:
        """Read the framing from ``headers``; Transfer-Encoding overrides Content-Length (RFC 9112, section 6.3)."""
        values = [(name.lower(), value.strip()) for name, value in headers]
        codings = [part.strip().lower() for name, value in values if name == "transfer-encoding"
                   for part in value.split(",")]  # fmt: skip
        length = next((value for name, value in values if name == "content-length"), "")
        number = int(length) if re.fullmatch("[0-9]{1,18}", length) else None
        return cls(codings[-1:] == ["chunked"], number)

    def limit(self, body: Body) -> int:
        """Return how many bytes of ``body`` can be sent at most."""
        return body.size if self.chunked or self.length is None else self.length

    def note(self, body: Body, sent: int, complete: bool) -> str:
        """Return a note for the reader if something is unusual about the ``sent`` bytes of ``body``, else ``""``."""
        limit = self.limit(body)
        if not complete:
            return f"A response came, or the connection broke, after {sent} of {body.size} bytes"
        if limit < body.size:
            return f"Content-Length is {limit}, so only the first {sent} of {body.size} bytes were sent"
        if limit > body.size:
            return (
                f"Content-Length is {limit}, but the body has only {body.size} bytes: the registry waits for the rest"
            )
        return ""


def pieces(body: Body, limit: int) -> Iterator[bytes]:
    """Yield the bytes of the body, at most ``limit`` of them.

    Raises
    ------
    BodyUnreadable: if reading raises an exception; it carries that exception.
    BodyTooShort: if the body ends before its announced size.
    """
    left = limit
    chunks = body.chunks(CHUNK)
    while left > 0:
        try:
            chunk = next(chunks, b"")
        except Exception as error:  # the file of the opener can raise anything; the transport re-raises it
            raise BodyUnreadable(error) from error
        if not chunk:
            read = limit - left
            if read < min(limit, body.size):
                raise BodyTooShort(f"{read} of {body.size} bytes")
            return
        yield chunk[:left]
        left -= len(chunk)
