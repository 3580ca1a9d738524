"""Records: what went over the wire, kept for good.

An :class:`Exchange` is one request and everything that came back. It is frozen, and secrets are taken out when it is
made, so that whatever shows, tabulates, explains or saves it cannot leak one. It knows its own text and nothing else
about how it is shown.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, overload

from regtutor.errors import UnexpectedStatus
from regtutor.message import HeaderList, Location
from regtutor.protocol.endpoints import BY_NAME, Match, identify
from regtutor.protocol.links import next_link
from regtutor.protocol.media_types import kind_of
from regtutor.protocol.responses import meaning
from regtutor.protocol.secrets import redact_body, redact_headers, redact_text, redact_url
from regtutor.protocol.text import visible
from regtutor.protocol.tokens import Token
from regtutor.protocol.urls import origin_form

PREVIEW = 4 * 1024
"""Bytes of a body that a record keeps."""

MANIFEST_PREVIEW = 4 * 1024 * 1024
"""Bytes of a manifest's body that a record keeps: all of any manifest that registries take."""


_MANIFEST_KINDS = ("manifest", "index", "schema1")
_LISTS = ("list_tags", "list_repositories", "get_referrers")


def preview_limit(step: str, media_type: str) -> int:
    """How many bytes of a body a record keeps: all of a manifest or a list, the first part of any other body.

    Parameters
    ----------
    step: the name of the request's step.
    media_type: of the body, as its Content-Type gives it.
    """
    whole = step.endswith("_manifest") or step in _LISTS or kind_of(media_type) in _MANIFEST_KINDS
    return MANIFEST_PREVIEW if whole else PREVIEW


class HeaderView(Mapping[str, str]):
    """Headers by name, matched without case; the first of a repeated one, or :meth:`all` of them."""

    def __init__(self, pairs: HeaderList) -> None:
        self._pairs = pairs

    def __getitem__(self, name: str) -> str:
        for key, value in self._pairs:
            if key.lower() == name.lower():
                return value
        raise KeyError(name)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of the header ``name``, in order."""
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


@dataclass(frozen=True)
class BodyRecord:
    """What is kept of a body.

    Attributes
    ----------
    size: bytes that really went over the wire.
    digest: sha256 of those bytes; None where there were none.
    preview: their first part, secrets taken out: at most :data:`PREVIEW` bytes, of a manifest :data:`MANIFEST_PREVIEW`.
    fate: ``none`` (there was no body), ``sent``, ``withheld`` (an answer came first, so no byte was sent), ``partial``
        (it ended early), ``received``, ``saved`` (received into a file) or ``discarded`` (received, not what its digest
        says, and not kept).
    """

    size: int = 0
    digest: str | None = None
    preview: bytes = b""
    fate: str = "none"
    media_type: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "preview", redact_body(self.media_type, self.preview))

    @property
    def whole(self) -> bool:
        """Whether ``preview`` holds everything."""
        return len(self.preview) >= self.size

    @property
    def text(self) -> str:
        """The preview as text; bytes that are no UTF-8 show as U+FFFD."""
        return self.preview.decode("utf-8", "replace")


@dataclass(frozen=True)
class RequestRecord:
    """A request as it was sent: the start line, the headers in order and spelling, and what became of the body."""

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


@dataclass(frozen=True)
class Interim:
    """An interim answer (1xx), which is followed by another: its ``status``, and ``at``, in seconds from the start."""

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


@dataclass(frozen=True)
class ResponseRecord:
    """A final answer as it was received: the start line, the headers in order and spelling, and the body."""

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


@dataclass(frozen=True)
class WireEvent:
    """Something that happened on the wire: ``at`` seconds from the start, what ``kind``, how many ``bytes``.

    Kinds, in the order in which they can come: ``connected``, ``reused`` (an open connection was used again),
    ``head sent``, ``interim received``, ``waited`` (no answer to Expect came in time), ``body sent``,
    ``head received``, ``body withheld`` (because of that answer), ``body received``, ``failed``.
    """

    at: float
    kind: str
    bytes: int = 0
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "note", redact_text(self.note))


_EXPECTED_REFUSALS = {("HEAD", 404), ("GET", 404), ("HEAD", 401), ("GET", 401), ("POST", 401)}
"""Refusals after which a client continues: it asked whether something exists, or which credentials it needs."""


@dataclass(frozen=True)
class Exchange:
    """One request and everything that came back.

    Attributes
    ----------
    step: the name of the step that drafted the request; what was sent may be another request, see :attr:`endpoint`.
    url: scheme, host and target, without secrets.
    request, interims, response: as sent and received; ``response`` is None if no final answer came.
    events: what happened when.
    started: when it began, ISO 8601 in UTC.
    location: where the answer says to go on, followable while this record has not been saved; None without one.
    registry: the name of the registry that was asked.
    proxy: the proxy it went through, without secrets, or ``""``.
    error: why no final answer came, or ``""``.
    token: the token that a token server gave, while this record has not been saved; None for any other exchange.
    """

    step: str
    url: str
    request: RequestRecord
    response: ResponseRecord | None = None
    interims: tuple[Interim, ...] = ()
    events: tuple[WireEvent, ...] = ()
    started: str = ""
    location: Location | None = field(default=None, compare=False)
    registry: str = ""
    proxy: str = ""
    error: str = ""
    token: Token | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        for name in ("url", "proxy"):
            object.__setattr__(self, name, redact_url(getattr(self, name)))
        object.__setattr__(self, "error", redact_text(self.error))

    def __getstate__(self) -> dict[str, Any]:
        """The fields alone: what was computed from them is neither copied nor pickled."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @cached_property
    def endpoint(self) -> Match | None:
        """The endpoint that was asked, with the fields of the target; None if it is no endpoint of the API.

        It is found once, from the method and the target that were really sent; see
        :func:`~regtutor.protocol.endpoints.identify` for the rule, and for when the step counts.
        """
        return identify(self.method, self.target, self.step)

    @property
    def request_name(self) -> str:
        """What was asked, by name: the endpoint's, or method and path for a step's request that went to no endpoint.

        The name of the step for a request that no step of the API drafted.
        """
        if self.endpoint is not None:
            return self.endpoint.endpoint.name
        return f"{self.method} {origin_form(self.target).partition('?')[0]}" if self.step in BY_NAME else self.step

    @property
    def method(self) -> str:
        """The request's method."""
        return self.request.method

    @property
    def target(self) -> str:
        """The request's target, as sent."""
        return self.request.target

    @property
    def status(self) -> int | None:
        """The final answer's status, or None if there was none."""
        return self.response.status if self.response else None

    @property
    def ok(self) -> bool:
        """Whether a final answer came and its status is below 400."""
        return self.response is not None and self.response.status < 400

    @property
    def outcome(self) -> str:
        """``good``, ``quiet`` (a refusal that clients expect), ``bad``, or ``none`` if no final answer came."""
        if self.response is None:
            return "none"
        if self.ok:
            return "good"
        return "quiet" if (self.request.method, self.response.status) in _EXPECTED_REFUSALS else "bad"

    @property
    def headers(self) -> HeaderView:
        """The final answer's headers."""
        return HeaderView(self.response.headers if self.response else ())

    @property
    def request_headers(self) -> HeaderView:
        """The request's headers, those that the client added included."""
        return HeaderView(self.request.headers)

    @property
    def next_page(self) -> Location | None:
        """Where a list goes on that this answer gave in part (``Link: <...>; rel="next"``); None at its end."""
        target = next_link(self.headers.all("Link"))
        return None if target is None else Location.from_record(Location(target, self.url).redacted)

    @property
    def milliseconds(self) -> float:
        """From the first event's preparation to the last event."""
        return max((event.at for event in self.events), default=0.0) * 1000

    @property
    def bytes_up(self) -> int:
        """Body bytes that were sent."""
        return self.request.body.size

    @property
    def bytes_down(self) -> int:
        """Body bytes that were received."""
        return self.response.body.size if self.response else 0

    @property
    def text(self) -> str:
        """The first part of the answer's body, as text."""
        return self.response.body.text if self.response else ""

    @property
    def content(self) -> bytes:
        """The first part of the answer's body: all of it where ``response.body.whole``."""
        return self.response.body.preview if self.response else b""

    def json(self) -> Any:
        """The answer's body as JSON; ValueError if it is none or was not kept whole."""
        try:
            return json.loads(self.content)
        except RecursionError as error:
            raise ValueError("the JSON is nested too deep") from error

    @property
    def errors(self) -> tuple[dict[str, Any], ...]:
        """The entries of a JSON error body (``code``, ``message``, ``detail``); empty where there is none."""
        try:
            entries = self.json()["errors"]
        except (ValueError, KeyError, TypeError):
            return ()
        return tuple(entry for entry in entries if isinstance(entry, dict)) if isinstance(entries, list) else ()

    @property
    def told(self) -> str:
        """What the registry says in its JSON error body: code, message and detail of each entry, or ``""``."""
        return "; ".join(_told(entry) for entry in self.errors)

    @property
    def meaning(self) -> str:
        """What the answer says to this request, in a few words, with the registry's own error codes."""
        if self.status is None:
            return f"no answer: {self.error}"
        named = [str(entry.get("code")) for entry in self.errors if entry.get("code")]
        told = ", ".join(f"{count} x {name}" if count > 1 else name for name, count in Counter(named).items())
        return meaning(self.request_name, self.status) + (f" ({told})" if told else "")

    def expect(self, *statuses: int) -> Exchange:
        """This exchange, if its status is one of ``statuses``.

        Raises
        ------
        UnexpectedStatus: otherwise; it carries this exchange.
        """
        if self.status in statuses:
            return self
        wanted = " or ".join(str(status) for status in statuses)
        raise UnexpectedStatus(
            f"{self.request_name} was answered {self.status or 'not at all'}, not {wanted}",
            self.meaning,
            f"The registry says: {self.told}" if self.told else "Print the exchange to see every header",
            exchange=self,
        )

    def as_text(self) -> str:
        """The exchange line by line: ``>`` was sent, ``<`` was received, ``*`` is said about it."""
        lines = [f"* {self.request_name}: {self.meaning}"]
        if self.proxy:
            lines.append(f"* through the proxy {self.proxy}")
        if self.request.method:
            lines += _message_lines(">", self.request.start_line, self.request.headers)
        else:
            lines.append("* no request was sent")
        lines += [
            line for interim in self.interims for line in _message_lines("<", interim.start_line, interim.headers)
        ]
        lines += _body_lines(">", self.request.body)
        if self.response is None:
            lines.append(f"* no answer: {self.error}")
        else:
            lines += _message_lines("<", self.response.start_line, self.response.headers)
            lines += _body_lines("<", self.response.body)
        lines += [f"* {event.note}" for event in self.events if event.note]
        return "\n".join(visible(line) for line in lines)

    def __str__(self) -> str:
        return self.as_text()

    def __repr__(self) -> str:
        return f"<Exchange {self.step}: {self.method} {self.target} -> {self.status or self.error}>"


def _told(entry: Mapping[str, Any]) -> str:
    said = ": ".join(str(entry[name]) for name in ("code", "message") if entry.get(name))
    detail = entry.get("detail")
    return said if detail in (None, "", [], {}) else f"{said}, detail {json.dumps(detail)}"


def _message_lines(mark: str, start_line: str, headers: HeaderList) -> list[str]:
    return [f"{mark} {start_line}", *(f"{mark} {name}: {value}" for name, value in headers), mark]


_TEXT_TYPES = ("json", "text/", "xml", "x-www-form-urlencoded")


def _body_lines(mark: str, body: BodyRecord) -> list[str]:
    if body.fate == "none":
        return []
    digest = f", {body.digest}" if body.digest else ""
    fate = f"body withheld, {body.size} bytes sent" if body.fate == "withheld" else f"{body.size} bytes {body.fate}"
    lines = [f"{mark} [{fate}{digest}]"]
    if body.preview and any(kind in body.media_type for kind in _TEXT_TYPES):
        text = body.text if len(body.text) <= PREVIEW else body.text[:PREVIEW] + " ..."
        lines += [f"{mark} {line}" for line in text.splitlines()]
    return lines


@dataclass(frozen=True)
class Transcript(Sequence[Exchange]):
    """Exchanges in the order in which they were made, under a ``title``; ``notes`` say what was left out, and why."""

    exchanges: tuple[Exchange, ...] = ()
    title: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, exchanges: Iterable[Exchange], title: str = "", notes: Iterable[str] = ()) -> Transcript:
        """A transcript of any exchanges."""
        return cls(tuple(exchanges), title, tuple(notes))

    @overload
    def __getitem__(self, index: int) -> Exchange: ...
    @overload
    def __getitem__(self, index: slice) -> Transcript: ...
    def __getitem__(self, index: int | slice) -> Exchange | Transcript:
        if isinstance(index, slice):
            return replace(self, exchanges=self.exchanges[index])
        return self.exchanges[index]

    def __len__(self) -> int:
        return len(self.exchanges)

    def __add__(self, other: Iterable[Exchange]) -> Transcript:
        notes = other.notes if isinstance(other, Transcript) else ()
        return replace(self, exchanges=self.exchanges + tuple(other), notes=self.notes + notes)

    @property
    def bytes_up(self) -> int:
        """Body bytes that all of it sent."""
        return sum(exchange.bytes_up for exchange in self.exchanges)

    @property
    def bytes_down(self) -> int:
        """Body bytes that all of it received."""
        return sum(exchange.bytes_down for exchange in self.exchanges)

    def as_text(self) -> str:
        """Every exchange's text, an empty line between them."""
        texts = [exchange.as_text() for exchange in self.exchanges]
        return "\n\n".join(texts + [f"* {note}" for note in self.notes])

    def __str__(self) -> str:
        return self.as_text()

    def __repr__(self) -> str:
        return f"<Transcript {self.title!r}: {len(self)} exchanges>"
