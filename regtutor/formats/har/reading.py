"""Reading a HAR file as a transcript: one from regtutor, or from a browser, a proxy or another tool.

No HAR file is trusted, and few are without faults: an odd field costs that field, an odd entry costs that entry, and a
note of the transcript names both. Fields that only regtutor writes (their names begin with an underscore) can be
missing. Records redact their input, so that a secret in the file is not kept.

Source: "HAR 1.2 Spec", Jan Odvarko <http://www.softwareishard.com/blog/har-12-spec/>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from regtutor.exchange import Exchange, Interim, RequestRecord, ResponseRecord, Transcript, WireEvent
from regtutor.formats.har.bodies import Holder, record
from regtutor.formats.har.fields import named, own, pair, stated, text, whole
from regtutor.formats.har.oddities import Oddities
from regtutor.formats.json_value import Value, WrongValue
from regtutor.message import HeaderList, Location
from regtutor.protocol.endpoints import step_of_request
from regtutor.protocol.ranges import length

NO_RESPONSE = "the file contains no response"

_PSEUDO = frozenset({":method", ":authority", ":scheme", ":path", ":status"})
_PHASES = (("connect", "connected"), ("send", "head sent"), ("wait", "head received"), ("receive", "body received"))


def transcript_of_har(value: Value) -> Transcript:
    """Return the transcript in a HAR file; its notes name the fields and the entries that could not be read.

    Parameters
    ----------
    value: the JSON of the file.

    Raises
    ------
    ValueError: if it is not HAR, or if none of its entries can be read; its text names the place.
    """
    log, odd, failed = value["log"], Oddities(), list[WrongValue]()
    exchanges = []
    for entry in log["entries"]:
        try:
            exchanges.append(_exchange(entry, odd))
        except WrongValue as error:
            failed.append(error)
            odd.add(f"{entry.where}, an entry: {error}")
    if failed and not exchanges:
        raise failed[0]
    notes = own(log, "_notes")
    before = () if notes is None else tuple(_notes(notes, odd))
    return Transcript(tuple(exchanges), text(log, "comment", odd), (*before, *odd.notes()))


def _notes(value: Value, odd: Oddities) -> Iterator[str]:
    for item in _items(value, odd):
        found = odd.read(item.text, None)
        if found is not None:
            yield found


def _items(value: Value | None, odd: Oddities) -> list[Value]:
    """Return the items of a list; none if it is missing or not a list."""
    return [] if value is None else odd.read(lambda: list(value), [])


def _exchange(entry: Value, odd: Oddities) -> Exchange:
    """Return the exchange in an entry.

    Raises
    ------
    WrongValue: if it has no request with a method and a URL.
    """
    request, response = entry["request"], named(entry, "response", odd)
    url, method = request["url"].text(), request["method"].text()
    own_target, own_step = stated(request, "_target", odd), stated(entry, "_step", odd)
    target = _target(url) if own_target is None else own_target
    step = step_of_request(method, target) if own_step is None else own_step
    received = _response(step, response, odd, method == "HEAD")
    return Exchange(
        step=step,
        url=url,
        request=_request(step, request, method, target, odd),
        response=received,
        interims=tuple(_interims(entry, odd)),
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


def _target(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:  # such as brackets that are not an IPv6 address
        return re.sub(r"^[^/?#]*//[^/?#]*", "", url).partition("#")[0] or "/"
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _request(step: str, request: Value, method: str, target: str, odd: Oddities) -> RequestRecord:
    holder = Holder(named(request, "postData", odd), request, request, "bodySize")
    version = text(request, "httpVersion", odd)
    return RequestRecord(method, target, _headers(request, odd), record(step, holder, "sent", odd), version)


def _headers(message: Value, odd: Oddities) -> HeaderList:
    """Return names and values, without the pseudo-headers that replace the start line in HTTP/2."""
    found: list[tuple[str, str]] = []
    for item in _items(own(message, "headers"), odd):
        read = odd.read(lambda item=item: pair(item), None)  # type: ignore[misc]
        if read is not None and read[0] not in _PSEUDO:
            found.append(read)
    return tuple(found)


def _response(step: str, response: Value, odd: Oddities, bodiless: bool) -> ResponseRecord | None:
    """Return the response; None if the file has none: a missing status, 0 and negative ones are written for that."""
    found = own(response, "status")
    status = 0 if found is None else odd.read(lambda: whole(found, -(10**6), 999), 0)
    answered = own(response, "_answered")
    if (status <= 0) if answered is None else (answered.value is False or status < 0):
        return None
    headers = _headers(response, odd)
    content = named(response, "content", odd)
    announced = next((value for name, value in headers if name.lower() == "content-length"), None)
    bodiless = bodiless or status in (204, 304)
    holder = Holder(content, response, content, "size", 0 if bodiless else length(announced) or 0)
    body = record(step, holder, "received", odd)
    return ResponseRecord(status, text(response, "statusText", odd), headers, body, text(response, "httpVersion", odd))


def _location(entry: Value, response: ResponseRecord | None, url: str, odd: Oddities) -> Location | None:
    if (ours := stated(entry, "_location", odd)) is not None:
        return Location.from_record(ours)
    if response is None or "_step" in entry.value:
        return None
    value = next((value for name, value in response.headers if name.lower() == "location"), None)
    if value is None:
        return None
    try:
        return Location.from_record(Location(value, url).redacted)
    except ValueError:  # not a URL; it is kept unchanged
        return Location.from_record(value)


def _interims(entry: Value, odd: Oddities) -> Iterator[Interim]:
    for item in _items(own(entry, "_interims"), odd):
        found = odd.read(lambda item=item: _interim(item, odd), None)  # type: ignore[misc]
        if found is not None:
            yield found


def _interim(value: Value, odd: Oddities) -> Interim:
    status, reason = value["status"].whole(0, 999), value["statusText"].text()
    return Interim(status, reason, _headers(value, odd), value["at"].number(), value["httpVersion"].text())


def _events(entry: Value, odd: Oddities) -> tuple[WireEvent, ...]:
    """Return the events as regtutor wrote them, or from the phases for which the file states milliseconds."""
    ours = own(entry, "_events")
    if ours is not None:
        found = [odd.read(lambda item=item: _event(item), None) for item in _items(ours, odd)]  # type: ignore[misc]
        return tuple(event for event in found if event is not None)
    timings = named(entry, "timings", odd)
    at, events = 0.0, []
    for phase, kind in _PHASES:
        milliseconds = own(timings, phase)
        lasted = -1.0 if milliseconds is None else odd.read(milliseconds.number, -1.0)
        if lasted >= 0:
            at += lasted / 1000
            events.append(WireEvent(at, kind))
    return tuple(events)


def _event(item: Value) -> WireEvent:
    return WireEvent(item["at"].number(), item["kind"].text(), item["bytes"].whole(), item["note"].text())
