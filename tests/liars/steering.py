"""Text that steers a terminal, in every field that a registry can fill."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tests.liars.registry import Asked, Lie, Truth

STEERS = "\x1b]0;owned\x07\x1b[31m\x9b2J\r\x08\u202e\u2066\x7fEND"
"""A title, a color, a C1 sequence, a carriage return, a backspace, direction marks, DEL."""

HEADER = STEERS.encode("latin-1", "ignore").decode("latin-1")
"""What of it a header and a reason phrase can hold."""


def raw_in(text: str) -> set[str]:
    """The characters of ``text`` that would reach a terminal raw."""
    return {character for character in text if not character.isprintable() and character not in "\n\t"}


def steered(value: Any) -> Any:
    """A JSON value with the text appended to each string that is free text."""
    if isinstance(value, dict):
        return {key: item if key in _FIXED else steered(item) for key, item in value.items()}
    if isinstance(value, list):
        return [steered(item) for item in value]
    return f"{value}{STEERS}" if isinstance(value, str) else value


_FIXED = ("mediaType", "digest", "size", "schemaVersion", "architecture", "os")


def _marked(truth: Truth) -> Truth:
    headers = tuple((name, value + HEADER if name in ("Server", "Date") else value) for name, value in truth.headers)
    more = (("X-Free", HEADER), ("Warning", HEADER), ("OCI-Subject", HEADER), ("ETag", f'"{HEADER}"'))
    return replace(truth, reason=truth.reason + HEADER, headers=(*headers, *more))


def serves(asked: Asked, truth: Truth) -> Iterable[bytes]:
    """The truth, with the text in each field that is free."""
    try:
        body = json.dumps(steered(json.loads(truth.body))).encode()
    except ValueError:
        return [_marked(truth).wire()]
    if asked.method == "HEAD" or "/blobs/" in asked.target:
        return [_marked(truth).wire()]
    changed = truth.with_body(body).with_header("Docker-Content-Digest")
    return [_marked(changed).wire()]


def _error(status: int, *headers: tuple[str, str]) -> Lie:
    entry = {"code": f"CODE{STEERS}", "message": STEERS, "detail": {STEERS: [STEERS]}}
    body = json.dumps({"errors": [entry]}).encode()

    def lie(_asked: Asked, _truth: Truth) -> Iterable[bytes]:
        told = Truth(status, "No", (("Content-Type", "application/json"), *headers, ("Connection", "close")), b"")
        return [_marked(told.with_body(body)).wire()]

    return lie


def _page(status: int) -> Lie:
    body = f"<html><title>{STEERS}</title>{STEERS}</html>".encode()

    def lie(_asked: Asked, _truth: Truth) -> Iterable[bytes]:
        return [_marked(Truth(status, "No", (("Content-Type", f"text/html; {HEADER}"),), b"").with_body(body)).wire()]

    return lie


def _raw(data: str) -> Lie:
    return lambda _asked, _truth: [data.encode("latin-1", "replace")]


LIES: Mapping[str, Lie] = {
    "serves": serves,
    "refuses": _error(404),
    "cannot": _error(500),
    "wants a login": _error(
        401, ("WWW-Authenticate", f'Bearer realm="http://127.0.0.1:1/{HEADER}",service="{HEADER}",scope="{HEADER}"')
    ),
    "wants Basic": _error(401, ("WWW-Authenticate", f'Basic realm="{HEADER}"')),
    "redirects": _error(307, ("Location", f"http://{HEADER}/{HEADER}")),
    "redirects to nowhere": _error(307, ("Location", f"/{HEADER}")),
    "is a page": _page(200),
    "is a page that refuses": _page(503),
    "is plain text": lambda _asked, _truth: [
        Truth(404, "No", (("Content-Type", "text/plain"),), b"").with_body(STEERS.encode()).wire()
    ],
    "is not HTTP": _raw(f"{HEADER}\r\n\r\n"),
    "has a bad status": _raw(f"HTTP/1.1 200{HEADER}\r\n\r\n"),
    "has a bad length": _raw(f"HTTP/1.1 200 OK\r\nContent-Length: {HEADER}\r\n\r\n"),
    "has a bad chunk": _raw(f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{HEADER.replace(chr(13), '')}\r\n"),
    "has a bad digest": lambda _asked, truth: [truth.with_header("Docker-Content-Digest", f"sha256:{HEADER}").wire()],
    "has a bad type": lambda _asked, truth: [truth.with_header("Content-Type", HEADER).wire()],
    "has a bad range": lambda _asked, truth: [truth.with_header("Range", HEADER).wire()],
}
