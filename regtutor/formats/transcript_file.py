"""Transcripts as JSON files, ``"format": "regtutor-transcript/1"``, to save exchanges and load them later.

Records contain no secrets, so these files contain none either. They are still private to their owner, because
manifests and names of repositories can be confidential. A loaded file is not trusted: its size is limited and every
value is checked.
"""

from __future__ import annotations

import base64
import gc
import json
import math
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from regtutor.errors import UnsupportedTranscript
from regtutor.exchange import BodyRecord, Exchange, Interim, RequestRecord, ResponseRecord, Transcript, WireEvent
from regtutor.formats.curl.reading import transcript_of_curl, transcript_of_responses
from regtutor.formats.har.bodies import FATES
from regtutor.formats.har.reading import transcript_of_har
from regtutor.formats.json_value import Value
from regtutor.message import HeaderList, Location
from regtutor.private_file import private_file
from regtutor.protocol.urls import address_instead_of_path

FORMAT = "regtutor-transcript/1"
_KNOWN = (
    "Give a file from rt.save, a HAR file, or the output of curl -v (curl -v ... 2>FILE), whose lines begin with >, < "
    "or *"
)
LIMIT = 256 * 1024 * 1024
"""The most bytes of a file that is written or loaded."""


def save(records: Transcript | Exchange | Iterable[Exchange], path: str | os.PathLike[str]) -> Path:
    """Write exchanges to a file for :func:`load`. Only its owner can read it; it is written completely or not at all.

    Parameters
    ----------
    records: a Transcript, one Exchange, or any exchanges.
    path: the file; an existing file is replaced.

    Returns
    -------
    The path.

    Raises
    ------
    CannotSave: if the directory does not exist or cannot be written to.
    UnsupportedTranscript: if the file would be larger than :func:`load` accepts.
    """
    transcript = Transcript.of([records]) if isinstance(records, Exchange) else records
    if not isinstance(transcript, Transcript):
        transcript = Transcript.of(transcript)
    path = Path(path)
    data = json.dumps(_written(transcript), indent=1, allow_nan=False).encode() + b"\n"
    if len(data) > LIMIT:
        raise UnsupportedTranscript(
            f"{path} was not written",
            f"it would have {len(data)} bytes, and at most {LIMIT} can be loaded",
            "Save it in parts",
        )
    with private_file(path) as file:
        file.write(data)
    return path


def load(path: str | os.PathLike[str]) -> Transcript:
    """Read a file from :func:`save`, a HAR file (from ``export`` or another tool), or the output of ``curl -v``.

    Parameters
    ----------
    path: the file; for curl, its standard error, with or without the bodies that it printed.

    Returns
    -------
    The transcript, without the secrets that a file from another tool can contain; for curl, its notes list the missing
    data. A Location that contained a secret can be read, but can no longer be followed.

    Raises
    ------
    UnsupportedTranscript: if the file does not exist, cannot be read, is too large, has another format or is invalid;
        the error states which, and what to do.
    """
    name = str(path)
    with _without_collections():
        return _transcript_in(read_file(Path(path)), name)


def transcript_in(data: bytes, name: str) -> Transcript:
    """Read a transcript from bytes, as :func:`load` does from a file; errors refer to them as ``name``.

    Raises
    ------
    UnsupportedTranscript: if the data is too large, has another format or is invalid.
    """
    with _without_collections():
        return _transcript_in(data, name)


@contextmanager
def _without_collections() -> Iterator[None]:
    """Pause the collection of cycles: a file with 500,000 entries makes millions of objects and no cycle.

    The objects then join the oldest generation, so that the next collection of the youngest does not visit all of them.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was and not gc.get_freeze_count():  # objects that the program has frozen stay so
            gc.freeze()
            gc.unfreeze()
        if was:
            gc.enable()


def _transcript_in(data: bytes, name: str) -> Transcript:
    if len(data) > LIMIT:
        raise UnsupportedTranscript(f"{name} cannot be loaded", f"it has more than {LIMIT} bytes", "Save it in parts")
    try:
        wrong: Exception | None
        text, wrong = _text_like_json(data)
        if text is not None:
            encoding, data = json.detect_encoding(data), b""  # one copy of a long file is enough
            value, wrong = _json_in(text)
            if value is not None:
                del text
                return transcript_of_har(value) if _is_har(value) else _transcript(_ours(name, value))
            data = text.encode(encoding, "surrogatepass")
        from_curl = transcript_of_curl(data) or (None if wrong else transcript_of_responses(data))
        if from_curl is not None:
            return from_curl
        if wrong is not None:
            raise wrong
        _text(data)
        raise UnsupportedTranscript(f"{name} cannot be loaded", "its format is not recognized", _KNOWN)
    except UnicodeDecodeError as error:
        why = f"it is not text: byte {error.start} cannot be decoded"
        raise UnsupportedTranscript(f"{name} cannot be loaded", why, _KNOWN) from error
    except (ValueError, RecursionError) as error:
        why = str(error) or type(error).__name__
        raise UnsupportedTranscript(
            f"{name} cannot be loaded", why, "Save it again with the program that wrote it, and do not edit the file"
        ) from error


def _is_har(value: Value) -> bool:
    return isinstance(value.value, dict) and "log" in value.value


def read_file(path: Path) -> bytes:
    """Return the bytes of a saved file, at most one more than :data:`LIMIT`.

    Raises
    ------
    UnsupportedTranscript: if it does not exist, is not a regular file or cannot be read.
    """
    if address := address_instead_of_path(path):
        why = "it is an address, and a file on this machine is loaded"
        raise UnsupportedTranscript(f"{address} cannot be loaded", why, "Give the path of a saved file")
    if not path.is_file():
        why = "it is not a regular file" if path.exists() else "the file does not exist"
        raise UnsupportedTranscript(f"{path} cannot be loaded", why, "Give the path of a saved file")
    try:
        with path.open("rb") as file:
            return file.read(LIMIT + 1)
    except OSError as error:
        why = error.strerror or str(error)
        raise UnsupportedTranscript(f"{path} cannot be loaded", why, "Give a file that you can read") from error


def _text_like_json(data: bytes) -> tuple[str | None, ValueError | None]:
    """Return the text of ``data`` if it begins like JSON, or why it is not text although it begins so."""
    try:
        text = _text(data)
    except ValueError as error:
        return None, error if _JSON_BYTES.match(data) else None
    return (text if _JSON_TEXT.match(text) else None), None


_JSON_BYTES = re.compile(rb"\s*+[{\[]")
_JSON_TEXT = re.compile(r"\s*+[{\[]")


def _json_in(text: str) -> tuple[Value | None, ValueError | RecursionError | None]:
    """Return the JSON value in ``text``, or why it is not JSON."""
    try:
        return Value(_json(text)), None
    except (ValueError, RecursionError) as error:
        return None, error


def _ours(name: str, value: Value) -> Value:
    found = value.value.get("format") if isinstance(value.value, dict) else None
    if found != FORMAT:
        raise _other_format(name, found)
    return value


def _text(data: bytes) -> str:
    """Return JSON as text: UTF-8, UTF-16 or UTF-32, with or without a byte order mark (RFC 8259, 8.1)."""
    return data.decode(json.detect_encoding(data), "surrogatepass")


def _json(text: str) -> Any:
    """Parse JSON; in a HAR file, a whole number with too many digits becomes infinite, and costs only its field."""
    try:
        return json.loads(text)
    except ValueError:
        value = json.loads(text, parse_int=lambda digits: int(digits) if len(digits) < 400 else math.inf)
        if _is_har(Value(value)):
            return value
        raise


def _other_format(name: str, found: object) -> UnsupportedTranscript:
    ours, _, _ = FORMAT.partition("/")
    if isinstance(found, str) and found.startswith(f"{ours}/"):
        return UnsupportedTranscript(
            f"{name} cannot be loaded",
            f"its format is {found[:60]!r}, and this version of regtutor reads {FORMAT!r}",
            "Load it with the version of regtutor that wrote it, or a newer one",
        )
    return UnsupportedTranscript(
        f"{name} cannot be loaded",
        f'it does not contain "format": "{FORMAT}"',
        _KNOWN,
    )


def _written(transcript: Transcript) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "title": transcript.title,
        "notes": list(transcript.notes),
        "exchanges": [_written_exchange(exchange) for exchange in transcript],
    }


def _written_exchange(exchange: Exchange) -> dict[str, Any]:
    request, response = exchange.request, exchange.response
    return {
        "step": exchange.step,
        "url": exchange.url,
        "registry": exchange.registry,
        "proxy": exchange.proxy,
        "started": exchange.started,
        "request": {
            "method": request.method,
            "target": request.target,
            "version": request.version,
            "headers": request.headers,
            "body": _written_body(request.body),
        },
        "interims": [_written_head(interim) | {"at": interim.at} for interim in exchange.interims],
        "response": response and _written_head(response) | {"body": _written_body(response.body)},
        "events": [{"at": e.at, "kind": e.kind, "bytes": e.bytes, "note": e.note} for e in exchange.events],
        "location": exchange.location and exchange.location.redacted,
        "error": exchange.error,
    }


def _written_head(response: Interim | ResponseRecord) -> dict[str, Any]:
    return {
        "version": response.version,
        "status": response.status,
        "reason": response.reason,
        "headers": response.headers,
    }


def _written_body(body: BodyRecord) -> dict[str, Any]:
    kept = {"size": body.size, "digest": body.digest, "fate": body.fate, "media type": body.media_type}
    try:
        return kept | {"text": body.preview.decode("utf-8")}
    except UnicodeDecodeError:
        return kept | {"base64": base64.b64encode(body.preview).decode("ascii")}


def _transcript(value: Value) -> Transcript:
    return Transcript(
        tuple([_exchange(item) for item in value["exchanges"].taken()]),
        value["title"].text(),
        tuple(note.text() for note in value["notes"]),
    )


def _exchange(value: Value) -> Exchange:
    response, location = value["response"], value["location"]
    return Exchange(
        step=value["step"].text(),
        url=value["url"].text(),
        request=_request(value["request"]),
        response=None if response.absent else _response(response),
        interims=tuple(_interim(item) for item in value["interims"]),
        events=tuple(_event(item) for item in value["events"]),
        started=value["started"].text(),
        location=None if location.absent else Location.from_record(location.text()),
        registry=value["registry"].text(),
        proxy=value["proxy"].text(),
        error=value["error"].text(),
    )


def _request(value: Value) -> RequestRecord:
    method, target, version = value["method"].text(), value["target"].text(), value["version"].text()
    return RequestRecord(method, target, _headers(value["headers"]), _body(value["body"]), version)


def _response(value: Value) -> ResponseRecord:
    status, reason, version = value["status"].whole(0, 999), value["reason"].text(), value["version"].text()
    return ResponseRecord(status, reason, _headers(value["headers"]), _body(value["body"]), version)


def _interim(value: Value) -> Interim:
    status, reason, version = value["status"].whole(0, 999), value["reason"].text(), value["version"].text()
    return Interim(status, reason, _headers(value["headers"]), value["at"].number(), version)


def _event(value: Value) -> WireEvent:
    return WireEvent(value["at"].number(), value["kind"].text(), value["bytes"].whole(), value["note"].text())


def _headers(value: Value) -> HeaderList:
    return tuple(item.pair() for item in value)


def _body(value: Value) -> BodyRecord:
    digest = value["digest"]
    return BodyRecord(
        size=value["size"].whole(),
        digest=None if digest.absent else digest.text(),
        preview=_preview(value),
        fate=value["fate"].one_of(FATES),
        media_type=value["media type"].text(),
    )


def _preview(value: Value) -> bytes:
    if "base64" in value.value:
        return base64.b64decode(value["base64"].text(), validate=True)
    # A lone surrogate cannot come from save, which writes only what was UTF-8.
    return value["text"].text().encode("utf-8")
