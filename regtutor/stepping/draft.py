"""A request about to be sent, as far as it may be shown and edited. How it is edited is not known here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from regtutor.message import Request
from regtutor.protocol.secrets import redact_headers
from regtutor.protocol.urls import split_origin

AS_IT_IS = "as it is"
"""The name of the body that the walk meant to send."""


@dataclass(frozen=True)
class Draft:
    """A request about to be sent, as far as it may be shown; the connection adds headers of its own when it is sent.

    Attributes
    ----------
    step: the name of the documented request.
    method: as it will be sent.
    target: in origin-form, without secrets.
    origin: scheme and host, if the target names them (a Location may, and so may the learner), or ``""``.
    headers: name and value, without secrets.
    size: bytes of the body; None without a body.
    label: where the body's bytes come from.
    body: which of ``bodies`` it is.
    bodies: what may be sent in the body's place, the original first.
    edits: what was changed in the request, a short text each; empty for the request that the walk meant to send.
    warning: what is to be known before it is sent, or ``""``.
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
        """What of ``request`` may be shown."""
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
        """Whether it is another request than the walk meant to send."""
        return bool(self.edits)

    @property
    def start_line(self) -> str:
        """Method, target in origin-form, version."""
        return f"{self.method} {self.target} HTTP/1.1"

    @property
    def source(self) -> str:
        """Where the body's bytes come from, for a reader."""
        return "bytes in memory" if self.label == "bytes" else self.label

    def as_text(self) -> str:
        """The request line by line, as :meth:`Exchange.as_text` writes it."""
        lines = [f"> {self.start_line}", *(f"> {name}: {value}" for name, value in self.headers), ">"]
        if self.size is not None:
            lines.append(f"> [{self.size} bytes to be sent, from {self.source}]")
        if self.origin:
            lines.append(f"* to {self.origin}, which its target names")
        return "\n".join(lines)


def _warning(request: Request) -> str:
    """A registry waits for bytes that were announced, as long as its patience lasts: say so beforehand."""
    if request.body is None and (coding := request.header("Transfer-Encoding")):
        return f"Transfer-Encoding: {coding} announces a body, and there is none: {_WAITS}"
    length = request.header("Content-Length") or ""
    size = request.body.size if request.body else 0
    if not length.isdecimal() or request.header("Transfer-Encoding") or int(length[:18]) <= size:
        return ""
    return f"Content-Length announces {length} bytes, and there are {size}: {_WAITS}"


_WAITS = "the registry will wait for the rest, perhaps for a minute"
