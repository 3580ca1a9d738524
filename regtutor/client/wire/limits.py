"""The limits of one response: how long it can take, and how large it can be.

A response is small by nature, except for the content of a blob: the request was for a list, a manifest or an upload, or
the registry refuses it. A small response has a limit in bytes and a total time. A blob has no total time, but it must
not stall, and it has a limit in bytes unless the file that receives it has its own, as in a pull.
"""

from __future__ import annotations

from dataclasses import dataclass

from regtutor.client.wire.default_limits import BLOB, CONNECT_TIMEOUT, DEADLINE, READ_TIMEOUT, SMALL_BODY
from regtutor.client.wire.head import MalformedResponse
from regtutor.message import Request
from regtutor.protocol.endpoints import BY_NAME

LEAST_RATE = 100
"""Bytes a second: a body that comes more slowly has stalled."""

_SHORTEST_WINDOW = 10.0
_FRAMING = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """The limits of a transport.

    Attributes
    ----------
    connect: seconds to connect.
    read: seconds that can pass without a byte.
    deadline: seconds from the end of the request to the end of a small response, with its interim responses.
    small_body: bytes of the body of a small response, with its framing.
    blob: the same for a blob whose size is not known from a descriptor.
    """

    connect: float = CONNECT_TIMEOUT
    read: float = READ_TIMEOUT
    deadline: float = DEADLINE
    small_body: int = SMALL_BODY
    blob: int = BLOB


class Overdue(TimeoutError):
    """A response was not complete when its time had passed."""


class Stalled(TimeoutError):
    """A body came more slowly than :data:`LEAST_RATE`."""


class TooLarge(Exception):
    """A response has more bytes than its limit; ``option`` is how to change the limit."""

    def __init__(self, why: str, option: str) -> None:
        super().__init__(why)
        self.option = option


def is_small(request: Request, status: int) -> bool:
    """Return whether the response to ``request`` with this status is small by nature.

    Large are the blob that a GET requested, and a response to a request outside the API whose body is written to a
    file.
    """
    if request.method != "GET" or status not in (200, 206):
        return True
    return request.step != "get_blob" and (request.into is None or request.step in BY_NAME)


def has_own_limit(request: Request) -> bool:
    """Return whether the file for the body refuses more bytes than the descriptor of the content states."""
    return hasattr(request.into, "limit")


class Allowance:
    """Counts the bytes and the waiting time of one body, and ends it when it exceeds its limits.

    Parameters
    ----------
    limits: the limits.
    small: whether the response is small by nature.
    bounded: whether something else limits the bytes of a blob.
    """

    def __init__(self, limits: Limits, small: bool, *, bounded: bool = False) -> None:
        self._small = small
        self._most = limits.small_body if small else None if bounded else limits.blob
        self._window = max(limits.read, _SHORTEST_WINDOW)
        self._received = self._content = 0
        self._recent, self._waited = 0, 0.0

    def came(self, size: int, waited: float) -> None:
        """Count ``size`` bytes that came after ``waited`` seconds; only the time that was spent waiting counts.

        Raises
        ------
        Stalled: if too few bytes came in the latest window.
        """
        self._recent += size
        self._waited += waited
        if self._waited < self._window:
            return
        if self._recent < LEAST_RATE * self._waited:
            raise Stalled(f"{self._recent:,} bytes came in {self._waited:.0f} s, fewer than {LEAST_RATE} a second")
        self._recent, self._waited = 0, 0.0

    def announced(self, length: int) -> None:
        """Take note of the length that Content-Length announces.

        Raises
        ------
        TooLarge: if it is more than the limit of a blob. A small response is received up to its limit, as a sample.
        """
        if not self._small:
            self._check(length)

    def used(self, received: int, content: int) -> None:
        """Count bytes of the body: those ``received`` with their framing, and those that are ``content``.

        Raises
        ------
        TooLarge: if they are more than the limit.
        MalformedResponse: if the framing of a large one is many times longer than its content.
        """
        self._received += received
        self._content += content
        self._check(self._received)
        if self._received > 16 * self._content + _FRAMING:
            raise MalformedResponse(
                f"its framing is too long: {self._received:,} bytes for {self._content:,} bytes of content"
            )

    def _check(self, size: int) -> None:
        if self._most is None or size <= self._most:
            return
        more = f"it has more than {self._most:,} bytes"
        if self._small:
            option = "--max-small-body BYTES, in Python rt.connect(url, max_small_body=...)"
            raise TooLarge(f"{more}, and only the content of a blob can be larger", option)
        raise TooLarge(
            f"{more}, which is the limit for a blob of unknown size",
            "--max-blob BYTES, in Python rt.connect(url, max_blob=...)",
        )
