"""Writing a transcript as HAR 1.2, the format in which the developer tools of browsers save and open network traffic.

HAR has no field for interim responses, withheld bodies or the digest of a body. These are written to additional fields
whose names begin with an underscore, as the format requires.

Source: "HAR 1.2 Spec", Jan Odvarko <http://www.softwareishard.com/blog/har-12-spec/>.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import unquote_plus

from regtutor.client.wire.head import default_user_agent
from regtutor.exchange import BodyRecord, Exchange, Interim, ResponseRecord, Transcript
from regtutor.message import HeaderList

NEVER = "1970-01-01T00:00:00.000Z"
"""The time of an exchange whose record has no start time: HAR requires one."""

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def har_of(transcript: Transcript) -> str:
    """Return the transcript as the text of a HAR 1.2 file.

    Parameters
    ----------
    transcript: the recorded exchanges; they contain no secrets, so the file contains none either.
    """
    name, _, version = default_user_agent().partition("/")
    log = {
        "version": "1.2",
        "creator": {"name": name, "version": version},
        "pages": [],
        "entries": [_entry(exchange) for exchange in transcript],
        "comment": transcript.title,
        "_notes": list(transcript.notes),
    }
    return json.dumps({"log": log}, indent=1, allow_nan=False) + "\n"


def _entry(exchange: Exchange) -> dict[str, Any]:
    timings = _timings(exchange)
    return {
        "startedDateTime": exchange.started if _TIME.fullmatch(exchange.started) else NEVER,
        "time": sum(part for part in timings.values() if part > 0),
        "request": _request(exchange),
        "response": _response(exchange),
        "cache": {},
        "timings": timings,
        "comment": f"{exchange.step}: {exchange.meaning}",
        "_step": exchange.step,
        "_started": exchange.started,
        "_registry": exchange.registry,
        "_proxy": exchange.proxy,
        "_location": exchange.location and exchange.location.redacted,
        "_interims": [_interim(interim) for interim in exchange.interims],
        "_events": [{"at": e.at, "kind": e.kind, "bytes": e.bytes, "note": e.note} for e in exchange.events],
    }


def _request(exchange: Exchange) -> dict[str, Any]:
    request = exchange.request
    sent: dict[str, Any] = {
        "method": request.method,
        "url": exchange.url,
        "httpVersion": request.version,
        "cookies": [],
        "headers": _pairs(request.headers),
        "queryString": _query(exchange.url),
        "headersSize": -1,
        "bodySize": request.body.size,
        "_target": request.target,
        "_body": _fate(request.body),
    }
    if request.body.fate != "none" or request.body.preview:
        text, encoding = _text(request.body.preview)
        sent["postData"] = {"mimeType": request.body.media_type, "text": text}
        if encoding:
            sent["postData"]["_encoding"] = encoding
    return sent


def _response(exchange: Exchange) -> dict[str, Any]:
    response = exchange.response or ResponseRecord(0, "", version="")
    text, encoding = _text(response.body.preview)
    content = {"size": response.body.size, "mimeType": response.body.media_type, "text": text}
    return {
        "status": response.status,
        "statusText": response.reason,
        "httpVersion": response.version,
        "cookies": [],
        "headers": _pairs(response.headers),
        "content": content | ({"encoding": encoding} if encoding else {}),
        "redirectURL": exchange.headers.get("Location", ""),
        "headersSize": -1,
        "bodySize": response.body.size,
        "_body": _fate(response.body),
        "_error": exchange.error,
        "_answered": exchange.response is not None,
    }


def _interim(interim: Interim) -> dict[str, Any]:
    return {
        "status": interim.status,
        "statusText": interim.reason,
        "httpVersion": interim.version,
        "headers": _pairs(interim.headers),
        "at": interim.at,
    }


def _fate(body: BodyRecord) -> dict[str, Any]:
    """Return the data without a field in HAR: whether the body was sent, its digest, and how much of it is kept."""
    kept = {"size": body.size, "kept": len(body.preview), "mimeType": body.media_type}
    return {"fate": body.fate, "digest": body.digest} | kept


def _pairs(headers: HeaderList) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _query(url: str) -> list[dict[str, str]]:
    query = url.partition("#")[0].partition("?")[2]
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return [{"name": unquote_plus(name), "value": unquote_plus(value)} for name, _, value in pairs]


def _text(data: bytes) -> tuple[str, str]:
    """Return bytes as text, and its encoding: empty for UTF-8, else base64."""
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError:
        return base64.b64encode(data).decode("ascii"), "base64"


def _timings(exchange: Exchange) -> dict[str, float]:
    """Return the milliseconds of each phase of HAR; -1 if a phase did not happen or was not recorded."""
    at = {event.kind: event.at * 1000 for event in exchange.events}
    begun = at.get("connected", at.get("reused", 0.0))
    sent = max(begun, at.get("body sent", at.get("head sent", begun)))
    headed = max(sent, at.get("head received", sent))
    ended = max(headed, exchange.milliseconds)
    return {
        "blocked": -1,
        "dns": -1,
        "connect": at.get("connected", -1),
        "send": sent - begun,
        "wait": headed - sent,
        "receive": ended - headed,
        "ssl": -1,
    }
