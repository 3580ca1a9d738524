"""Records of the messages of an exchange: their headers and bodies, and what happened on the wire, without secrets.

Secrets are removed when a record is created. :mod:`regtutor.exchange` has the exchanges and transcripts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, overload

from regtutor.message import HeaderList
from regtutor.protocol.media_types import kind_of
from regtutor.protocol.secrets import redact_body, redact_headers, redact_text, redact_url

T = TypeVar("T")

PREVIEW = 4 * 1024
"""How many bytes of a body a record keeps."""

MANIFEST_PREVIEW = 4 * 1024 * 1024
"""How many bytes of a manifest a record keeps: enough for any manifest that registries accept."""


_MANIFEST_KINDS = ("manifest", "index", "schema1")
_LISTS = ("list_tags", "list_repositories", "get_referrers")


def preview_limit(step: str, media_type: str) -> int:
    """Return how many bytes of a body a record keeps.

    It is :data:`MANIFEST_PREVIEW` for manifests and lists, which are kept whole, and :data:`PREVIEW` for other bodies.

    Parameters
    ----------
    step: the name of the request's step.
    media_type: the Content-Type of the body.
    """
    whole = step.endswith("_manifest") or step in _LISTS or kind_of(media_type) in _MANIFEST_KINDS
    return MANIFEST_PREVIEW if whole else PREVIEW


class HeaderView(Mapping[str, str]):
    """A mapping of header names, matched without case, to values.

    For a repeated header, indexing returns the first value and :meth:`all` returns every value.
    """

    def __init__(self, pairs: HeaderList) -> None:
        self._pairs = pairs

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, /, default: str | T) -> str | T: ...
    def get(self, name: str, /, default: object = None) -> object:
        """Return the first value of the header ``name``, or ``default`` without one."""
        wanted = name.lower()
        for key, value in self._pairs:
            if len(key) == len(wanted) and key.lower() == wanted:
                return value
        return default

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of the header ``name``, in order."""
        return tuple(value for key, value in self._pairs if key.lower() == name.lower())

    def __iter__(self) -> Iterator[str]:
        first: dict[str, str] = {}
        for key, _ in self._pairs:
            first.setdefault(key.lower(), key)
        return iter(first.values())

    def __len__(self) -> int:
        return len({key.lower() for key, _ in self._pairs})

    def __repr__(self) -> str:
        return f"HeaderView({list(self._pairs)})"


@dataclass(frozen=True, slots=True)
class BodyRecord:
    """The record of a body.

    Attributes
    ----------
    size: how many bytes went over the wire.
    digest: the sha256 digest of those bytes, or None if no byte was sent or received.
    preview: their first part, without secrets: at most :data:`PREVIEW` bytes, for a manifest or a list at most
        :data:`MANIFEST_PREVIEW`.
    fate: ``none`` (there was no body), ``sent``, ``withheld`` (the response came first, so no byte was sent),
        ``partial`` (it ended early), ``received``, ``saved`` (received into a file) or ``discarded`` (received, but it
        did not match its digest and was not kept).
    """

    size: int = 0
    digest: str | None = None
    preview: bytes = b""
    fate: str = "none"
    media_type: str = ""

    def __post_init__(self) -> None:
        if self.preview:
            object.__setattr__(self, "preview", redact_body(self.media_type, self.preview))

    @property
    def whole(self) -> bool:
        """Whether ``preview`` holds the whole body."""
        return len(self.preview) >= self.size

    @property
    def text(self) -> str:
        """The preview as text; bytes that are not valid UTF-8 become U+FFFD."""
        return self.preview.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A request as it was sent: the start line, the headers in their order and spelling, and the record of the body."""

    method: str
    target: str
    headers: HeaderList = ()
    body: BodyRecord = field(default_factory=BodyRecord)
    version: str = "HTTP/1.1"

    def __post_init__(self) -> None:
        object.__setattr__(self, "target", redact_url(self.target))
        object.__setattr__(self, "headers", redact_headers(self.headers))

    @property
    def start_line(self) -> str:
        """``METHOD target HTTP/1.1``."""
        return f"{self.method} {self.target} {self.version}"


@dataclass(frozen=True, slots=True)
class Interim:
    """An interim response (1xx), after which another response follows; ``at`` is in seconds from the start."""

    status: int
    reason: str
    headers: HeaderList = ()
    at: float = 0.0
    version: str = "HTTP/1.1"

    def __post_init__(self) -> None:
        object.__setattr__(self, "headers", redact_headers(self.headers))

    @property
    def start_line(self) -> str:
        """``HTTP/1.1 100 Continue``."""
        return f"{self.version} {self.status} {self.reason}".rstrip()


@dataclass(frozen=True, slots=True)
class ResponseRecord:
    """A final response as it was received: the start line, the headers in their order and spelling, and the body."""

    status: int
    reason: str
    headers: HeaderList = ()
    body: BodyRecord = field(default_factory=BodyRecord)
    version: str = "HTTP/1.1"

    def __post_init__(self) -> None:
        object.__setattr__(self, "headers", redact_headers(self.headers))

    @property
    def start_line(self) -> str:
        """``HTTP/1.1 202 Accepted``."""
        return f"{self.version} {self.status} {self.reason}".rstrip()


@dataclass(frozen=True, slots=True)
class WireEvent:
    """Something that happened on the wire.

    Attributes
    ----------
    at: when it happened, in seconds from the start of the exchange.
    kind: in the order in which they can occur: ``connected``, ``reused`` (an open connection was used again),
        ``head sent``, ``interim received``, ``waited`` (no response to Expect came in time), ``body sent``,
        ``head received``, ``body withheld`` (because of that response), ``body received``, ``failed``.
        The recording proxy also has ``rewritten`` (the client received another address than the registry sent) and
        ``leads away`` (the client leaves the proxy if it follows the Location).
    bytes: how many bytes were sent or received, or 0.
    note: a sentence for the reader, without secrets, or ``""``.
    """

    at: float
    kind: str
    bytes: int = 0
    note: str = ""

    def __post_init__(self) -> None:
        if self.note:
            object.__setattr__(self, "note", redact_text(self.note))


def message_lines(mark: str, start_line: str, headers: HeaderList) -> list[str]:
    """Return the start line and the headers as lines of text, each after ``mark``."""
    return [f"{mark} {start_line}", *(f"{mark} {name}: {value}" for name, value in headers), mark]


_TEXT_TYPES = ("json", "text/", "xml", "x-www-form-urlencoded")


def body_lines(mark: str, body: BodyRecord) -> list[str]:
    """Return the size, digest and text of a body as lines of text, each after ``mark``; none if there was no body."""
    if body.fate == "none":
        return []
    digest = f", {body.digest}" if body.digest else ""
    fate = f"body withheld, {body.size} bytes sent" if body.fate == "withheld" else f"{body.size} bytes {body.fate}"
    lines = [f"{mark} [{fate}{digest}]"]
    if body.preview and any(kind in body.media_type for kind in _TEXT_TYPES):
        text = body.text if len(body.text) <= PREVIEW else body.text[:PREVIEW] + " ..."
        lines += [f"{mark} {line}" for line in text.splitlines()]
    return lines
