"""HTTP messages on the server side: the head of a received request, and the response to send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from regtutor.message import HeaderList
from regtutor.protocol.endpoints import Match, parse


class Abandoned(Exception):
    """The client has left, so nobody waits for the response any more."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Head:
    """The head of a received request, whose body has not been read.

    Attributes
    ----------
    method, target: as in the request line; the target is origin-form.
    headers: names and values, in the order and spelling in which they were received.
    abandoned: whether the client has left in the meantime. Work that takes long can stop then.
    """

    method: str
    target: str
    headers: HeaderList = ()
    abandoned: Callable[[], bool] = field(default=_never, compare=False, repr=False)

    def check_presence(self) -> None:
        """Stop work for a client that has left.

        Raises
        ------
        Abandoned: if it has.
        """
        if self.abandoned():
            raise Abandoned

    def header(self, name: str) -> str | None:
        """The first value of the header ``name``, matched without case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @cached_property
    def endpoint(self) -> Match | None:
        """The endpoint of the request, looked up once."""
        return parse(self.method, self.target)


@dataclass(frozen=True)
class FileRange:
    """A streamed response body: bytes ``start`` (included) to ``stop`` (excluded) of the file at ``path``."""

    path: Path
    start: int
    stop: int


@dataclass(frozen=True)
class Response:
    """A response that a server is about to send: ``status``, ``headers`` in order, and a body.

    ``body`` is bytes, or a part of a file. In a response to HEAD the body is empty, and ``Content-Length`` is the size
    of the body that GET would send.
    """

    status: int
    headers: HeaderList = ()
    body: bytes | FileRange = b""

    def header(self, name: str) -> str | None:
        """The first value of the header ``name``, matched without case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)
