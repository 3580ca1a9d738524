"""Records of what went over the wire: exchanges and transcripts.

An :class:`Exchange` is one request and everything that came back. It is frozen, and secrets are removed when it is
created, so that code that shows, tabulates, explains or saves it cannot leak one. It can print itself as text; other
modules contain all other views.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, overload

from regtutor.errors import UnexpectedStatus
from regtutor.message import Location
from regtutor.protocol.cases import HAVE_CASES, Case, case_of
from regtutor.protocol.endpoints import BY_NAME, Match, identify
from regtutor.protocol.links import next_link
from regtutor.protocol.pages import Page, Received, may_be_a_page, page_in
from regtutor.protocol.responses import meaning
from regtutor.protocol.secrets import redact_text, redact_url
from regtutor.protocol.text import visible
from regtutor.protocol.tokens import Token
from regtutor.protocol.urls import origin_form
from regtutor.recorded_message import (
    MANIFEST_PREVIEW,
    PREVIEW,
    BodyRecord,
    HeaderView,
    Interim,
    RequestRecord,
    ResponseRecord,
    WireEvent,
    body_lines,
    message_lines,
    preview_limit,
)

__all__ = (
    "MANIFEST_PREVIEW",
    "PREVIEW",
    "BodyRecord",
    "Exchange",
    "HeaderView",
    "Interim",
    "RequestRecord",
    "ResponseRecord",
    "Transcript",
    "WireEvent",
    "preview_limit",
)

_TOLD = ("digest", "mount", "from", "n", "last", "artifactType")
"""The query names of the API, which a sentence about a request repeats."""

_EXPECTED_REFUSALS = {("HEAD", 404), ("GET", 404), ("HEAD", 401), ("GET", 401), ("POST", 401)}
"""Refusals that clients expect: with these requests they find out whether something exists, or which credentials they
need."""


@dataclass(frozen=True)
class Exchange:
    """One request and everything that came back.

    Attributes
    ----------
    step: the name of the step that drafted the request; the request can have been edited before it was sent, see
        :attr:`endpoint`.
    url: scheme, host and target, without secrets.
    request, interims, response: as sent and received; ``response`` can be None: no final response came.
    events: what happened on the wire, in order.
    started: when the exchange began, in ISO 8601 and UTC.
    location: the ``Location`` of the response, or None. It can be followed as long as this record has not been saved.
    registry: the name of the registry that the request was sent to.
    proxy: the proxy that the request went through, without secrets, or ``""``.
    error: why no complete response came, or ``""``.
    token: the token in the response of a token server, as long as this record has not been saved; otherwise None.
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
        object.__setattr__(self, "url", redact_url(self.url))
        if self.proxy:
            object.__setattr__(self, "proxy", redact_url(self.proxy))
        if self.error:
            object.__setattr__(self, "error", redact_text(self.error))

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields only: values computed from them are neither copied nor pickled."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @cached_property
    def endpoint(self) -> Match | None:
        """The endpoint that the request was sent to, with the fields of its target; None for any other address.

        It is identified once, from the method and the target that were sent. See
        :func:`~regtutor.protocol.endpoints.identify` for the rule, and for the cases in which the step counts.
        """
        return identify(self.method, self.target, self.step)

    @property
    def case(self) -> Case:
        """The kind of the request, if the documents distinguish kinds; see :mod:`regtutor.protocol.cases`."""
        if self.endpoint is None or self.endpoint.endpoint.name not in HAVE_CASES:
            return ""
        fields = {**self.endpoint.query, **self.endpoint.path}
        chunked = "Content-Range" in self.request_headers or self.request.body.fate == "none"
        return case_of(self.endpoint.endpoint.name, fields, chunked=chunked, codes=self.codes)

    @property
    def codes(self) -> tuple[str, ...]:
        """The error codes of the JSON error body, in order; an entry without a code is left out."""
        return tuple([str(entry["code"]) for entry in self.errors if entry.get("code")]) if self.errors else ()

    @property
    def request_name(self) -> str:
        """The name of the request: the endpoint's name, or method and path if a step's request went to no endpoint.

        For a request that no step of the API drafted, it is the value of :attr:`step`.
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
    def shown_target(self) -> str:
        """The request's target for a sentence: origin-form, without the state of an upload session and signatures."""
        path, _, query = origin_form(self.target).partition("?")
        kept = [pair for pair in query.split("&") if pair.partition("=")[0] in _TOLD]
        return f"{path}?{'&'.join(kept)}" if kept else path

    @property
    def status(self) -> int | None:
        """The status of the final response, or None if none came."""
        return self.response.status if self.response else None

    @property
    def ok(self) -> bool:
        """Whether a final response came with a status below 400."""
        return self.response is not None and self.response.status < 400

    @property
    def outcome(self) -> str:
        """``good``, ``quiet`` (a refusal that clients expect), ``bad``, or ``none`` if no final response came.

        A success with a body that is not the API's is ``bad``.
        """
        if self.response is None:
            return "none"
        if self.ok:
            return "good" if self.page is None else "bad"
        return "quiet" if (self.request.method, self.response.status) in _EXPECTED_REFUSALS else "bad"

    @property
    def headers(self) -> HeaderView:
        """The headers of the final response."""
        return HeaderView(self.response.headers if self.response else ())

    @property
    def request_headers(self) -> HeaderView:
        """The headers of the request, including those that the client added."""
        return HeaderView(self.request.headers)

    @property
    def next_page(self) -> Location | None:
        """The next page of a paginated list (``Link: <...>; rel="next"``), or None on the last page."""
        target = next_link(self.headers.all("Link"))
        try:
            return None if target is None else Location.from_record(Location(target, self.url).redacted)
        except ValueError:  # such as http://[
            return None

    @property
    def milliseconds(self) -> float:
        """The time from the start of the exchange to its last event, in milliseconds."""
        return max([event.at for event in self.events], default=0.0) * 1000

    @property
    def bytes_up(self) -> int:
        """How many bytes of the request's body were sent."""
        return self.request.body.size

    @property
    def bytes_down(self) -> int:
        """How many bytes of the response's body were received."""
        return self.response.body.size if self.response else 0

    @property
    def text(self) -> str:
        """The first part of the response's body, as text."""
        return self.response.body.text if self.response else ""

    @property
    def content(self) -> bytes:
        """The first part of the response's body; all of it if ``response.body.whole``."""
        return self.response.body.preview if self.response else b""

    def json(self) -> Any:
        """Return the response's body, parsed as JSON.

        Raises
        ------
        ValueError: if the body is not JSON, or the record does not hold all of it.
        """
        try:
            return json.loads(self.content)
        except RecursionError as error:
            raise ValueError("the JSON is nested too deeply") from error

    @cached_property
    def errors(self) -> tuple[dict[str, Any], ...]:
        """The entries of a JSON error body (``code``, ``message``, ``detail``); empty for any other body."""
        content = self.content
        if b"errors" not in content and b"\\u" not in content:
            return ()
        try:
            entries = self.json()["errors"]
        except (ValueError, KeyError, TypeError):
            return ()
        return tuple(entry for entry in entries if isinstance(entry, dict)) if isinstance(entries, list) else ()

    @property
    def error_message(self) -> str:
        """The text of the JSON error body, safe to print: code, message and detail of each entry, or ``""``."""
        return visible(" ".join("; ".join(_error_text(entry) for entry in self.errors).split()))

    @cached_property
    def page(self) -> Page | None:
        """The web page or the text that came instead of the API's response, such as a proxy's; None without one.

        The status of such a response does not have the meaning that the API gives it.
        """
        match, response = self.endpoint, self.response
        if match is None or response is None:
            return None
        if not may_be_a_page(self.headers.get("Content-Type", ""), response.body.preview):
            return None
        fields = {**match.query, **match.path}
        named = fields.get("digest") or fields.get("reference", "")
        body = response.body
        name = match.endpoint.name
        return page_in(Received(name, self.method, response.status, self.headers, body.preview, named, body.digest))

    @property
    def meaning(self) -> str:
        """The meaning of the response for this request, in a few words, with the error codes of the registry."""
        if self.status is None:
            return visible(f"no response: {self.error}")
        if self.page is not None:
            http = "" if self.ok else f"; {meaning('', self.status)}"
            return visible(f"{self.page}, which is not a response of the API{http}")
        codes = self.codes
        told = meaning(self.request_name, self.status, self.case, codes)
        if not codes:
            return visible(told)
        counts = Counter(codes).items()
        listed = ", ".join(f"{count} x {code}" if count > 1 else code for code, count in counts)
        return visible(f"{told} ({listed})")

    def expect(self, *statuses: int) -> Exchange:
        """Return this exchange if its status is one of ``statuses``.

        Raises
        ------
        UnexpectedStatus: otherwise; it carries this exchange.
        """
        if self.status in statuses:
            return self
        expected = " or ".join(str(status) for status in statuses)
        raise UnexpectedStatus(
            f"{self.request_name} returned {self.status or 'no response'}, not {expected}",
            self.meaning,
            f"The registry says: {self.error_message}"
            if self.error_message
            else "Print the exchange to see every header",
            exchange=self,
        )

    def as_text(self) -> str:
        """Return the exchange as lines of text: ``>`` marks what was sent, ``<`` what was received, ``*`` comments."""
        lines = [f"* {self.request_name}: {self.meaning}"]
        if self.proxy:
            lines.append(f"* through the proxy {self.proxy}")
        if self.request.method:
            lines += message_lines(">", self.request.start_line, self.request.headers)
        else:
            lines.append("* no request was sent" if self.response is None else "* the request is not in this record")
        lines += [line for interim in self.interims for line in message_lines("<", interim.start_line, interim.headers)]
        lines += body_lines(">", self.request.body)
        if self.response is None:
            lines.append(f"* no response: {self.error}")
        else:
            lines += message_lines("<", self.response.start_line, self.response.headers)
            lines += body_lines("<", self.response.body)
        lines += [f"* {event.note}" for event in self.events if event.note]
        return "\n".join(visible(line) for line in lines)

    def __str__(self) -> str:
        return self.as_text()

    def __repr__(self) -> str:
        return visible(f"<Exchange {self.step}: {self.method} {self.target} -> {self.status or self.error}>")


def _error_text(entry: Mapping[str, Any]) -> str:
    text = ": ".join(str(entry[name]) for name in ("code", "message") if entry.get(name))
    detail = entry.get("detail")
    return text if detail in (None, "", [], {}) else f"{text}, detail {json.dumps(detail)}"


@dataclass(frozen=True)
class Transcript(Sequence[Exchange]):
    """Exchanges in the order in which they were made, with a ``title``; ``notes`` list what was left out, and why."""

    exchanges: tuple[Exchange, ...] = ()
    title: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, exchanges: Iterable[Exchange], title: str = "", notes: Iterable[str] = ()) -> Transcript:
        """Return a transcript of ``exchanges``."""
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

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self.exchanges)

    def __add__(self, other: Iterable[Exchange]) -> Transcript:
        notes = other.notes if isinstance(other, Transcript) else ()
        return replace(self, exchanges=self.exchanges + tuple(other), notes=self.notes + notes)

    @property
    def bytes_up(self) -> int:
        """How many bytes of bodies were sent in all exchanges together."""
        return sum(exchange.bytes_up for exchange in self.exchanges)

    @property
    def bytes_down(self) -> int:
        """How many bytes of bodies were received in all exchanges together."""
        return sum(exchange.bytes_down for exchange in self.exchanges)

    def as_text(self) -> str:
        """Return the text of every exchange, separated by empty lines, and the notes."""
        texts = [exchange.as_text() for exchange in self.exchanges]
        return "\n\n".join(texts + [visible(f"* {note}") for note in self.notes])

    def __str__(self) -> str:
        return self.as_text()

    def __repr__(self) -> str:
        return f"<Transcript {self.title!r}: {len(self)} exchanges>"
