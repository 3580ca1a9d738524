"""The request about to be sent, without its secrets, for display. Editing it is the task of ``editing.py``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from regtutor.message import Request
from regtutor.protocol.secrets import redact_headers
from regtutor.protocol.urls import split_origin

AS_IT_IS = "as it is"
"""The name of the original body."""


@dataclass(frozen=True)
class Draft:
    """The request about to be sent, without its secrets. The connection adds its own headers when it sends it.

    Attributes
    ----------
    step: the name of the endpoint.
    method: as it will be sent.
    target: in origin-form, without secrets.
    origin: scheme and host, if the target names them (a Location can, and so can the learner), or ``""``.
    headers: name and value, without secrets.
    size: bytes of the body; None without a body.
    label: where the body's bytes come from.
    body: the name of the body, one of ``bodies``.
    bodies: the names of the bodies that can be sent, the original first.
    edits: a short text for each change to the request; empty for the original request.
    warning: what the learner should know before sending it, or ``""``.
    """

    step: str
    method: str
    target: str
    origin: str
    headers: tuple[tuple[str, str], ...]
    size: int | None
    label: str
    body: str = AS_IT_IS
    bodies: tuple[str, ...] = (AS_IT_IS,)
    edits: tuple[str, ...] = ()
    warning: str = ""

    @classmethod
    def of(
        cls, request: Request, *, body: str = AS_IT_IS, bodies: Sequence[str] = (AS_IT_IS,), edits: Sequence[str] = ()
    ) -> Draft:
        """Return ``request`` without its secrets."""
        origin, target = split_origin(request.shown_target)
        return cls(
            step=request.step,
            method=request.method,
            target=target,
            origin=origin,
            headers=redact_headers(request.headers),
            size=request.body.size if request.body else None,
            label=request.body.label if request.body else "",
            body=body,
            bodies=tuple(bodies),
            edits=tuple(edits),
            warning=_warning(request),
        )

    @property
    def edited(self) -> bool:
        """Whether it differs from the original request of the walk."""
        return bool(self.edits)

    @property
    def start_line(self) -> str:
        """Method, target in origin-form, and HTTP version."""
        return f"{self.method} {self.target} HTTP/1.1"

    @property
    def source(self) -> str:
        """Where the body's bytes come from, for a reader."""
        return "bytes in memory" if self.label == "bytes" else self.label

    def as_text(self) -> str:
        """Return the request line by line, in the format of :meth:`Exchange.as_text`."""
        lines = [f"> {self.start_line}", *(f"> {name}: {value}" for name, value in self.headers), ">"]
        if self.size is not None:
            lines.append(f"> [{self.size} bytes to be sent, from {self.source}]")
        if self.origin:
            lines.append(f"* to {self.origin}, which its target names")
        return "\n".join(lines)


def _warning(request: Request) -> str:
    """Return a warning if the headers announce bytes that the body lacks: the registry waits for them for a while."""
    if request.body is None and (coding := request.header("Transfer-Encoding")):
        return f"Transfer-Encoding: {coding} announces a body, but the request has none: {_WAITS}"
    length = request.header("Content-Length") or ""
    size = request.body.size if request.body else 0
    if not length.isdecimal() or request.header("Transfer-Encoding") or int(length[:18]) <= size:
        return ""
    return f"Content-Length announces {length} bytes, but the body has {size}: {_WAITS}"


_WAITS = "the registry will wait for the rest, perhaps for a minute"
