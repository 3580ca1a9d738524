"""Reading a HAR file as a transcript: one from regtutor, or from a browser, a proxy or another tool.

No HAR file is trusted: required fields are checked, and an error names the place of a wrong one. Fields that only
regtutor writes (their names begin with an underscore) can be missing. Records redact their input, so that a secret in
the file is not kept.

Source: "HAR 1.2 Spec", Jan Odvarko <http://www.softwareishard.com/blog/har-12-spec/>.
"""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import urlsplit

from regtutor.exchange import (
    BodyRecord,
    Exchange,
    Interim,
    RequestRecord,
    ResponseRecord,
    Transcript,
    WireEvent,
    preview_limit,
)
from regtutor.formats.json_value import LARGEST, Value, WrongValue
from regtutor.message import HeaderList, Location
from regtutor.protocol.digests import sha256
from regtutor.protocol.endpoints import step_of_request

FATES = frozenset({"none", "sent", "withheld", "partial", "received", "saved", "discarded"})
_PSEUDO = frozenset({":method", ":authority", ":scheme", ":path", ":status"})
_PHASES = (("connect", "connected"), ("send", "head sent"), ("wait", "head received"), ("receive", "body received"))


def transcript_of_har(value: Value) -> Transcript:
    """Return the transcript in a HAR file.

    Parameters
    ----------
    value: the JSON of the file.

    Raises
    ------
    ValueError: if it is not valid HAR; its text names the place.
    """
    log = value["log"]
    notes = _own(log, "_notes")
    return Transcript(
        tuple(_exchange(entry) for entry in log["entries"]),
        _text(log, "comment"),
        () if notes is None else tuple(note.text() for note in notes),
    )


def _own(value: Value, name: str) -> Value | None:
    """Return the member ``name`` of an object, if it exists and is not null."""
    present = isinstance(value.value, dict) and value.value.get(name) is not None
    return value[name] if present else None


def _text(value: Value, name: str, otherwise: str = "") -> str:
    member = _own(value, name)
    return otherwise if member is None else member.text()


def _size(value: Value, name: str, otherwise: int) -> int:
    """Return a size; tools write -1, or leave it out, if they do not know it."""
    member = _own(value, name)
    size = -1 if member is None else member.whole(-1, LARGEST)
    return otherwise if size < 0 else size


def _exchange(entry: Value) -> Exchange:
    request, response = entry["request"], entry["response"]
    url, method = request["url"].text(), request["method"].text()
    own = _own(request, "_target")
    target = _target(url) if own is None else own.text()
    step = _text(entry, "_step", step_of_request(method, target))
    received = _response(step, response)
    return Exchange(
        step=step,
        url=url,
        request=RequestRecord(
            method, target, _headers(request["headers"]), _sent(step, request), _text(request, "httpVersion")
        ),
        response=received,
        interims=tuple(_interim(item) for item in _own(entry, "_interims") or ()),
        events=_events(entry),
        started=_text(entry, "_started", entry["startedDateTime"].text()),
        location=_location(entry, received, url),
        registry=_text(entry, "_registry"),
        proxy=_text(entry, "_proxy"),
        error=_text(response, "_error", "" if received else "the file contains no response"),
    )


def _target(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise WrongValue(f"{url[:60]!r} is not a valid URL: {error}") from error
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _headers(value: Value) -> HeaderList:
    """Return names and values, without the pseudo-headers that replace the start line in HTTP/2."""
    pairs = ((item["name"].text(), item["value"].text()) for item in value)
    return tuple(pair for pair in pairs if pair[0] not in _PSEUDO)


def _response(step: str, response: Value) -> ResponseRecord | None:
    status = response["status"].whole(0, 999)
    answered = _own(response, "_answered")
    if (status == 0) if answered is None else (answered.value is False):
        return None
    content = _own(response, "content") or Value({})
    data = _data(content, "encoding")
    body = _record(step, content, data, "received", _size(content, "size", len(data)), response)
    reason, version = _text(response, "statusText"), _text(response, "httpVersion")
    return ResponseRecord(status, reason, _headers(response["headers"]), body, version)


def _sent(step: str, request: Value) -> BodyRecord:
    posted = _own(request, "postData") or Value({})
    data = _data(posted, "_encoding")
    return _record(step, posted, data, "sent", _size(request, "bodySize", len(data)), request)


def _record(step: str, holder: Value, data: bytes, fate: str, size: int, message: Value) -> BodyRecord:
    """Return a body; only regtutor's files state its fate, and in others the digest is known if it is complete."""
    media_type = _text(holder, "mimeType")
    own = _own(message, "_body")
    if own is not None:
        digest = _own(own, "digest")
        size, fate, media_type = own["size"].whole(), own["fate"].one_of(FATES), _text(own, "mimeType")
        return BodyRecord(size, None if digest is None else digest.text(), data, fate, media_type)
    if not size and not data:
        return BodyRecord(media_type=media_type)
    whole = sha256(data) if len(data) == size else None
    return BodyRecord(size, whole, data[: preview_limit(step, media_type)], fate, media_type)


def _data(holder: Value, encoding: str) -> bytes:
    text = _text(holder, "text")
    if _text(holder, encoding) != "base64":
        return text.encode("utf-8", "replace")
    try:
        return base64.b64decode(re.sub(r"\s", "", text), validate=True)
    except ValueError as error:
        raise WrongValue(f"{holder.where}.text is not valid base64: {error}") from error


def _location(entry: Value, response: ResponseRecord | None, url: str) -> Location | None:
    own = _own(entry, "_location")
    if own is not None:
        return Location.from_record(own.text())
    if response is None or "_step" in entry.value:
        return None
    value = next((value for name, value in response.headers if name.lower() == "location"), None)
    return None if value is None else Location.from_record(Location(value, url).redacted)


def _interim(value: Value) -> Interim:
    status, reason = value["status"].whole(0, 999), value["statusText"].text()
    return Interim(status, reason, _headers(value["headers"]), value["at"].number(), value["httpVersion"].text())


def _events(entry: Value) -> tuple[WireEvent, ...]:
    """Return the events as regtutor wrote them, or from the phases for which the file states milliseconds."""
    own = _own(entry, "_events")
    if own is not None:
        return tuple(
            WireEvent(item["at"].number(), item["kind"].text(), item["bytes"].whole(), item["note"].text())
            for item in own
        )
    timings: Any = _own(entry, "timings") or Value({})
    at, events = 0.0, []
    for phase, kind in _PHASES:
        milliseconds = _own(timings, phase)
        lasted = -1.0 if milliseconds is None else milliseconds.number()
        if lasted >= 0:
            at += lasted / 1000
            events.append(WireEvent(at, kind))
    return tuple(events)
