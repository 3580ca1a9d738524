"""The head of a request as a client sent it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from regtutor.client.wire.head import END_OF_HEAD, HEAD_LIMIT, split_head
from regtutor.message import HeaderList

_VERSION = re.compile(rb"HTTP/[0-9]\.[0-9]")
_TLS_HANDSHAKE = 0x16


class NoRequest(Exception):
    """A client sent something else than a request: a sentence, and the ``status`` that the client receives."""

    def __init__(self, what: str, status: int = 400) -> None:
        super().__init__(what)
        self.status = status


@dataclass(frozen=True)
class RequestHead:
    """A request's head.

    Attributes
    ----------
    raw: its bytes, the empty line at its end included.
    method, target, version: of the request line, as sent.
    headers: in order and spelling; folded lines are joined by one space.
    """

    raw: bytes
    method: str
    target: str
    version: str
    headers: HeaderList

    def header(self, name: str) -> str:
        """The first value of the header ``name``, matched without case, or ``""``."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


def request_head_end(received: bytes | bytearray) -> int | None:
    """Where the head at the beginning of ``received`` ends; None if more of it must come.

    Raises
    ------
    NoRequest: for TLS, and for a head that is too large.
    """
    if received[:1] and received[0] == _TLS_HANDSHAKE:
        raise NoRequest(
            "A client tried TLS, and the proxy serves plain HTTP; give --tls, or tls=True in Python, for TLS"
        )
    match = END_OF_HEAD.search(received, 0, HEAD_LIMIT)
    if match is None and len(received) >= HEAD_LIMIT:
        raise NoRequest(f"A client sent a head of more than {HEAD_LIMIT} bytes", 431)
    return match.end() if match else None


def parse_request_head(raw: bytes) -> RequestHead:
    """Take the head of a request apart.

    Raises
    ------
    NoRequest: if its first line is not a method, a target and a version.
    """
    first, headers = split_head(raw)
    method, _, rest = first.partition(b" ")
    target, space, version = rest.rpartition(b" ")
    if not method or not space or b"\r" in first or not _VERSION.fullmatch(version):
        raise NoRequest(f"A client sent {first[:80]!r}, which is not a method, a target and a version")
    shown = target.strip(b" ").decode("latin-1")
    return RequestHead(raw, method.decode("latin-1"), shown, version.decode("latin-1"), headers)
