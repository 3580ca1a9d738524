"""The limits of one response: how long it can take, and how large it can be.

A response is small by nature, except for the content of a blob: the request was for a list, a manifest or an upload, or
the registry refuses it. A small response has a limit in bytes and a total time; a blob has neither, but it must not
stall.
"""

from __future__ import annotations

from dataclasses import dataclass

from regtutor.client.wire.default_limits import CONNECT_TIMEOUT, DEADLINE, READ_TIMEOUT, SMALL_BODY
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
    """

    connect: float = CONNECT_TIMEOUT
    read: float = READ_TIMEOUT
    deadline: float = DEADLINE
    small_body: int = SMALL_BODY


class Overdue(TimeoutError):
    """A response was not complete when its time had passed."""


class Stalled(TimeoutError):
    """A body came more slowly than :data:`LEAST_RATE`."""


class TooLarge(Exception):
    """A response that is small by nature has more bytes than its limit."""


def is_small(request: Request, status: int) -> bool:
    """Return whether the response to ``request`` with this status is small by nature.

    Large are the blob that a GET requested, and a response to a request outside the API whose body is written to a
    file.
    """
    if request.method != "GET" or status not in (200, 206):
        return True
    return request.step != "get_blob" and (request.into is None or request.step in BY_NAME)


class Allowance:
    """Counts the bytes and the waiting time of one body, and ends it when it exceeds its limits.

    Parameters
    ----------
    limits: the limits.
    small: whether the response is small by nature.
    """

    def __init__(self, limits: Limits, small: bool) -> None:
        self._most = limits.small_body if small else None
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

    def used(self, received: int, content: int) -> None:
        """Count bytes of the body: those ``received`` with their framing, and those that are ``content``.

        Raises
        ------
        TooLarge: if a small response has more than its limit.
        MalformedResponse: if the framing of a large one is many times longer than its content.
        """
        self._received += received
        self._content += content
        if self._most is not None and self._received > self._most:
            raise TooLarge(f"it has more than {self._most:,} bytes, and only the content of a blob can be larger")
        if self._received > 16 * self._content + _FRAMING:
            raise MalformedResponse(
                f"its framing is too long: {self._received:,} bytes for {self._content:,} bytes of content"
            )
