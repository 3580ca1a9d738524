"""Transcripts as JSON files, ``"format": "regtutor-transcript/1"``: what is kept of a push, to be looked at later.

Records hold no secrets, so neither do these files; they are private to their owner all the same, because manifests and
repository names can be. A file that is loaded is not trusted: its size is limited and every value is checked.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from regtutor.errors import UnsupportedTranscript
from regtutor.exchange import BodyRecord, Exchange, Interim, RequestRecord, ResponseRecord, Transcript, WireEvent
from regtutor.formats.curl.reading import transcript_of_curl
from regtutor.formats.har.reading import FATES, transcript_of_har
from regtutor.formats.json_value import Value
from regtutor.formats.private_file import private_file
from regtutor.message import HeaderList, Location

FORMAT = "regtutor-transcript/1"
_KNOWN = "Give a file that rt.save has written, HAR, or what curl -v printed (curl -v ... 2>FILE)"
LIMIT = 256 * 1024 * 1024
"""Bytes of the largest file that is written or loaded."""


def save(records: Transcript | Exchange | Iterable[Exchange], path: str | os.PathLike[str]) -> Path:
    """Write exchanges to a file, for :func:`load`. Only its owner can read it; it is there whole or not at all.

    Parameters
    ----------
    records: a Transcript, one Exchange, or any exchanges.
    path: the file; one that is there already is replaced.

    Returns
    -------
    The path.

    Raises
    ------
    CannotSave: if the directory is not there or cannot be written to.
    UnsupportedTranscript: if it is larger than :func:`load` would take.
    """
    transcript = Transcript.of([records]) if isinstance(records, Exchange) else records
    if not isinstance(transcript, Transcript):
        transcript = Transcript.of(transcript)
    path = Path(path)
    data = json.dumps(_written(transcript), indent=1, allow_nan=False).encode() + b"\n"
    if len(data) > LIMIT:
        raise UnsupportedTranscript(
            f"{path} was not written", f"it would have {len(data)} bytes, and {LIMIT} can be loaded", "Save it in parts"
        )
    with private_file(path) as file:
        file.write(data)
    return path


def load(path: str | os.PathLike[str]) -> Transcript:
    """Read a file that :func:`save` wrote, a HAR file (``export``'s or another tool's), or what ``curl -v`` printed.

    Parameters
    ----------
    path: the file; of curl, what it wrote to standard error, with or without the bodies that it printed.

    Returns
    -------
    The transcript, without the secrets that another's file may hold; its notes say what curl did not tell. A Location
    in it that held a secret can be read but no longer be followed.

    Raises
    ------
    UnsupportedTranscript: if it is not there, cannot be read, is too large, of another format or broken; it says which,
        and what to do.
    """
    return transcript_in(_read(Path(path)), str(path))


def transcript_in(data: bytes, name: str) -> Transcript:
    """What :func:`load` reads, of bytes that need not be in a file; errors call them ``name``.

    Raises
    ------
    UnsupportedTranscript: if they are too many, of another format or broken.
    """
    if len(data) > LIMIT:
        raise UnsupportedTranscript(f"{name} cannot be loaded", f"it has more than {LIMIT} bytes", "Save it in parts")
    try:
        told = transcript_of_curl(data)
        if told is not None:
            return told
        value = _parsed(name, data)
        return transcript_of_har(value) if _is_har(value) else _transcript(value)
    except UnicodeDecodeError as error:
        why = f"it is no text: what cannot be decoded begins at byte {error.start}"
        raise UnsupportedTranscript(f"{name} cannot be loaded", why, _KNOWN) from error
    except (ValueError, RecursionError) as error:
        why = str(error) or type(error).__name__
        raise UnsupportedTranscript(
            f"{name} cannot be loaded", why, "Save it once more with what wrote it, and do not edit the file"
        ) from error


def _is_har(value: Value) -> bool:
    return isinstance(value.value, dict) and "log" in value.value


def _read(path: Path) -> bytes:
    if not path.is_file():
        why = "it is no file" if path.exists() else "there is no such file"
        raise UnsupportedTranscript(f"{path} cannot be loaded", why, "Give the path that was saved")
    try:
        with path.open("rb") as file:
            return file.read(LIMIT + 1)
    except OSError as error:
        why = error.strerror or str(error)
        raise UnsupportedTranscript(f"{path} cannot be loaded", why, "Give a file that you may read") from error


def _parsed(name: str, data: bytes) -> Value:
    if not data.lstrip().startswith((b"{", b"[")):
        raise UnsupportedTranscript(f"{name} cannot be loaded", "nothing in it says what it is", _KNOWN)
    value = Value(json.loads(data))
    found = value.value.get("format") if isinstance(value.value, dict) else None
    if found != FORMAT and not _is_har(value):
        raise _other_format(name, found)
    return value


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
        f'it does not say "format": "{FORMAT}"',
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


def _written_head(answer: Interim | ResponseRecord) -> dict[str, Any]:
    return {
        "version": answer.version,
        "status": answer.status,
        "reason": answer.reason,
        "headers": answer.headers,
    }


def _written_body(body: BodyRecord) -> dict[str, Any]:
    kept = {"size": body.size, "digest": body.digest, "fate": body.fate, "media type": body.media_type}
    try:
        return kept | {"text": body.preview.decode("utf-8")}
    except UnicodeDecodeError:
        return kept | {"base64": base64.b64encode(body.preview).decode("ascii")}


def _transcript(value: Value) -> Transcript:
    return Transcript(
        tuple(_exchange(item) for item in value["exchanges"]),
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
