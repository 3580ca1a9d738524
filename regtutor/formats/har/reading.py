"""Reading a HAR file as a transcript: one from regtutor, or from a browser, a proxy or another tool.

No HAR file is trusted, and few are without faults: an odd field costs that field, an odd entry costs that entry, and a
note of the transcript names both. Fields that only regtutor writes (their names begin with an underscore) can be
missing. Records redact their input, so that a secret in the file is not kept.

Source: "HAR 1.2 Spec", Jan Odvarko <http://www.softwareishard.com/blog/har-12-spec/>.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

from regtutor.exchange import Exchange, Interim, RequestRecord, ResponseRecord, Transcript, WireEvent
from regtutor.formats.har.bodies import NO_BODY, Holder, record
from regtutor.formats.har.fields import milliseconds, named, own, pairs, required, stated, text, whole
from regtutor.formats.har.oddities import Oddities
from regtutor.formats.json_value import Value, WrongValue
from regtutor.message import HeaderList, Location
from regtutor.protocol.endpoints import step_of_request
from regtutor.protocol.ranges import length

T = TypeVar("T")

NO_RESPONSE = "the file contains no response"

_PSEUDO = frozenset({":method", ":authority", ":scheme", ":path", ":status"})
_PHASES = {"connect": "connected", "send": "head sent", "wait": "head received", "receive": "body received"}


def transcript_of_har(value: Value) -> Transcript:
    """Return the transcript in a HAR file; its notes name the fields and the entries that could not be read.

    Parameters
    ----------
    value: the JSON of the file; each entry is taken out of it as it is read.

    Raises
    ------
    ValueError: if it is not HAR, or if none of its entries can be read; its text names the place.
    """
    log, odd, failed = value["log"], Oddities(), ""
    exchanges = []
    for entry in log["entries"].taken():
        try:
            exchanges.append(_exchange(entry, odd))
        except WrongValue as error:
            failed = failed or str(error)
            odd.add(f"{entry.where}, an entry: {error}")
    if failed and not exchanges:
        raise WrongValue(failed)
    before = _read_items(log, "_notes", Value.text, odd)
    return Transcript(tuple(exchanges), text(log, "comment", odd), (*before, *odd.notes()))


def _read_items(value: Value, name: str, read: Callable[[Value], T], odd: Oddities) -> tuple[T, ...]:
    """Return the items of a list, each as ``read`` returns it; one that it cannot read is left out."""
    listed = value.get(name)
    if listed is None:
        return ()
    items = odd.read(lambda: list(listed), list[Value]())
    found = [odd.read(partial(read, item), None) for item in items]
    return tuple(item for item in found if item is not None)


def _exchange(entry: Value, odd: Oddities) -> Exchange:
    """Return the exchange in an entry.

    Raises
    ------
    WrongValue: if it has no request with a method and a URL.
    """
    request, response = entry["request"], named(entry, "response", odd)
    url, method = required(request, "url"), required(request, "method")
    own_target, own_step = stated(request, "_target", odd), stated(entry, "_step", odd)
    target = _target(url) if own_target is None else own_target
    step = step_of_request(method, target) if own_step is None else own_step
    received = _response(step, response, odd, method == "HEAD")
    return Exchange(
        step=step,
        url=url,
        request=_request(step, request, method, target, odd),
        response=received,
        interims=_read_items(entry, "_interims", lambda item: _interim(item, odd), odd),
        events=_events(entry, odd),
        started=_started(entry, odd),
        location=_location(entry, received, url, odd),
        registry=text(entry, "_registry", odd),
        proxy=text(entry, "_proxy", odd),
        error=_error(response, received, odd),
    )


def _started(entry: Value, odd: Oddities) -> str:
    found = stated(entry, "_started", odd)
    return text(entry, "startedDateTime", odd) if found is None else found


def _error(response: Value, received: ResponseRecord | None, odd: Oddities) -> str:
    """Return the reason why no response came: that of regtutor, of a browser (``_error``) or of Playwright."""
    found = stated(response, "_error", odd)
    if found is not None or received is not None:
        return found or ""
    return text(response, "_failureText", odd, NO_RESPONSE)


_PLAIN_URL = re.compile(r"https?://[\w.:-]+(?P<target>/[!\"$->@-~]*(?:\?[!\"$-~]+)?)", re.ASCII)
"""A URL whose target is a part of it; only others need a parser."""


def _target(url: str) -> str:
    plain = _PLAIN_URL.fullmatch(url)
    if plain is not None:
        return plain["target"]
    try:
        parts = urlsplit(url)
    except ValueError:  # such as brackets that are not an IPv6 address
        return re.sub(r"^[^/?#]*//[^/?#]*", "", url).partition("#")[0] or "/"
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _request(step: str, request: Value, method: str, target: str, odd: Oddities) -> RequestRecord:
    holder = None if _has_no_body(request) else Holder(named(request, "postData", odd), request, request, "bodySize")
    version, headers = text(request, "httpVersion", odd), _headers(request, odd)
    body = NO_BODY if holder is None else record(step, holder, "sent", odd)
    return RequestRecord(method, target, headers, body, version)


def _has_no_body(request: Value) -> bool:
    """Whether nothing in the file is about a body, as in nearly every request."""
    names = request.value
    count = names.get("bodySize", -1)
    return count.__class__ is int and -1 <= count <= 0 and "postData" not in names and "_body" not in names


def _headers(message: Value, odd: Oddities) -> HeaderList:
    """Return names and values, without the pseudo-headers that replace the start line in HTTP/2."""
    return tuple([pair for pair in pairs(message, "headers", odd) if pair[0] not in _PSEUDO])


def _first(headers: HeaderList, wanted: str) -> str | None:
    """Return the first value of the header ``wanted``, whose name is in lowercase."""
    for name, value in headers:
        if len(name) == len(wanted) and name.lower() == wanted:
            return value
    return None


def _response(step: str, response: Value, odd: Oddities, bodiless: bool) -> ResponseRecord | None:
    """Return the response; None if the file has none: a missing status, 0 and negative ones are written for that."""
    status = _status(response, odd)
    answered = own(response, "_answered")
    if (status <= 0) if answered is None else (answered.value is False or status < 0):
        return None
    headers = _headers(response, odd)
    content = named(response, "content", odd)
    announced = 0 if bodiless or status in (204, 304) else length(_first(headers, "content-length")) or 0
    holder = Holder(content, response, content, "size", announced)
    body = record(step, holder, "received", odd)
    return ResponseRecord(status, text(response, "statusText", odd), headers, body, text(response, "httpVersion", odd))


def _status(response: Value, odd: Oddities) -> int:
    found = response.value.get("status")
    if found.__class__ is int and 0 <= found <= 999:
        return found
    return 0 if found is None else odd.read(lambda: whole(Value(found, "status", response), -(10**6), 999), 0)


def _location(entry: Value, response: ResponseRecord | None, url: str, odd: Oddities) -> Location | None:
    if (ours := stated(entry, "_location", odd)) is not None:
        return Location.from_record(ours)
    if response is None or "_step" in entry.value:
        return None
    value = _first(response.headers, "location")
    if value is None:
        return None
    try:
        return Location.from_record(Location(value, url).redacted)
    except ValueError:  # not a URL; it is kept unchanged
        return Location.from_record(value)


def _interim(value: Value, odd: Oddities) -> Interim:
    status, reason = value["status"].whole(0, 999), value["statusText"].text()
    return Interim(status, reason, _headers(value, odd), value["at"].number(), value["httpVersion"].text())


def _events(entry: Value, odd: Oddities) -> tuple[WireEvent, ...]:
    """Return the events as regtutor wrote them, or from the phases for which the file states milliseconds."""
    if entry.get("_events") is not None:
        return _read_items(entry, "_events", _event, odd)
    timings = named(entry, "timings", odd)
    at, events = 0.0, []
    for kind, lasted in zip(_PHASES.values(), milliseconds(timings, _PHASES, odd), strict=True):
        if lasted >= 0:
            at += lasted / 1000
            events.append(WireEvent(at, kind))
    return tuple(events)


def _event(item: Value) -> WireEvent:
    return WireEvent(item["at"].number(), item["kind"].text(), item["bytes"].whole(), item["note"].text())
