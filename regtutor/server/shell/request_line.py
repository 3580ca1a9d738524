"""Pure checks of a request head: the request line and the headers that frame the body.

Source: RFC 9112, "HTTP/1.1", sections 3.2 and 6 <https://www.rfc-editor.org/rfc/rfc9112.html>.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

_METHOD = re.compile(r"[A-Z]+(?:-[A-Z]+)*")
_TARGET = re.compile(r"[!-~]+")
_HOST = re.compile(r"[A-Za-z0-9._~:\[\]-]+")


class StartLine(Protocol):
    """The first line of a request."""

    method: str
    path: str
    version: str


def malformed(line: StartLine, headers: Mapping[str, str]) -> str | None:
    """Describe the fault in a malformed request head; None if the head is well-formed.

    Parameters
    ----------
    line: the request line, as received.
    headers: the values by name; those of a repeated header are joined by commas.
    """
    method, target = line.method, line.path
    if not _METHOD.fullmatch(method):
        return f"the method {method!r}: methods are in upper case"
    if not _TARGET.fullmatch(target):
        return "a target with bytes outside printable ASCII, which must be percent-encoded"
    if not target.startswith("/") and target != "*" and urlsplit(target).scheme not in ("http", "https"):
        return f"the target {target!r}, which is neither a path nor an http URL"
    if not _HOST.fullmatch(headers.get("Host", "")) and not (line.version == "HTTP/1.0" and "Host" not in headers):
        return "a Host header that is missing, empty, repeated or not a host"
    length = headers.get("Content-Length")
    if length is not None and not re.fullmatch(r"[0-9]{1,18}", length):
        return f"Content-Length: {length}, which is not one number"
    return None
