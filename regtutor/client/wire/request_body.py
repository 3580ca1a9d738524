"""How much of a body goes out, and what may go wrong while it is read.

What the headers say decides it, right or wrong: a draft may be broken on purpose. How the bytes travel is not known
here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from regtutor.message import CHUNK, Body, HeaderList


class BodyUnreadable(Exception):
    """Reading the body that is to be sent raised ``error``; the transport raises that one."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class BodyTooShort(Exception):
    """The body to be sent ended before the size that it said it has."""


@dataclass(frozen=True)
class Framing:
    """Where a body ends, as the request's headers say it.

    Attributes
    ----------
    chunked: whether its pieces carry their own lengths.
    length: Content-Length as a number; None where it is absent, or no number.
    """

    chunked: bool
    length: int | None

    @classmethod
    def of(cls, headers: HeaderList) -> Framing:
        """What ``headers`` say; Transfer-Encoding comes before Content-Length (RFC 9112, section 6.3)."""
        values = [(name.lower(), value.strip()) for name, value in headers]
        codings = [part.strip().lower() for name, value in values if name == "transfer-encoding"
                   for part in value.split(",")]  # fmt: skip
        length = next((value for name, value in values if name == "content-length"), "")
        number = int(length) if re.fullmatch("[0-9]{1,18}", length) else None
        return cls(codings[-1:] == ["chunked"], number)

    def limit(self, body: Body) -> int:
        """How many bytes of ``body`` may go out."""
        return body.size if self.chunked or self.length is None else self.length

    def note(self, body: Body, sent: int, complete: bool) -> str:
        """What a reader should know about ``sent`` bytes of ``body`` having gone out; mostly nothing."""
        limit = self.limit(body)
        if not complete:
            return f"An answer came, or the connection broke, after {sent} of {body.size} bytes"
        if limit < body.size:
            return f"Content-Length is {limit}, so only the first {sent} of {body.size} bytes were sent"
        if limit > body.size:
            return f"Content-Length is {limit}, but there are only {body.size} bytes: the registry waits for the rest"
        return ""


def pieces(body: Body, limit: int) -> Iterator[bytes]:
    """The body's bytes, at most ``limit`` of them.

    Raises
    ------
    BodyUnreadable: with whatever reading raises.
    BodyTooShort: if it ends before the size that it said it has.
    """
    left = limit
    chunks = body.chunks(CHUNK)
    while left > 0:
        try:
            chunk = next(chunks, b"")
        except Exception as error:  # whatever the opener's file raises is passed on as it is
            raise BodyUnreadable(error) from error
        if not chunk:
            read = limit - left
            if read < min(limit, body.size):
                raise BodyTooShort(f"{read} of {body.size} bytes")
            return
        yield chunk[:left]
        left -= len(chunk)
