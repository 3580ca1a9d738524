"""HTTP messages as the server has them: the head of a request that came in, and the response that goes out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from regtutor.message import HeaderList
from regtutor.protocol.endpoints import Match, parse


@dataclass(frozen=True)
class Head:
    """A request's head as a server received it: the body has not been read.

    Attributes
    ----------
    method, target: as they stand in the request line; the target is origin-form.
    headers: name and value, in order and spelling as received.
    """

    method: str
    target: str
    headers: HeaderList = ()

    def header(self, name: str) -> str | None:
        """The first value of the header ``name``, matched without case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @cached_property
    def endpoint(self) -> Match | None:
        """The endpoint that the request is for, found once. HEAD, without an endpoint of its own, is that of GET."""
        match = parse(self.method, self.target)
        return parse("GET", self.target) if match is None and self.method == "HEAD" else match


@dataclass(frozen=True)
class FileRange:
    """Bytes ``start`` (included) to ``stop`` (excluded) of the file at ``path``: a response body that is streamed."""

    path: Path
    start: int
    stop: int


@dataclass(frozen=True)
class Response:
    """An answer that a server is about to send: ``status``, ``headers`` in order, and a body.

    ``body`` is bytes, or a part of a file. For an answer to HEAD the body is empty and ``Content-Length`` says what GET
    would send.
    """

    status: int
    headers: HeaderList = ()
    body: bytes | FileRange = b""

    def header(self, name: str) -> str | None:
        """The first value of the header ``name``, matched without case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)
