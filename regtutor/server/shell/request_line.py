"""Pure checks of a request head: the request line and the headers that frame the body.

Source: RFC 9112, "HTTP/1.1", sections 3.2 and 6 <https://www.rfc-editor.org/rfc/rfc9112.html>.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from regtutor.protocol.ranges import length

_METHOD = re.compile(r"[A-Z]+(?:-[A-Z]+)*")
_TARGET = re.compile(r"[!-~]+")
_ABSOLUTE = re.compile(
    r"https?://(?:[^@/?#]*@)?(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%-]+)(?::[0-9]*)?(?:[/?]|$)", re.IGNORECASE
)
_HOST = re.compile(r"[A-Za-z0-9._~:\[\]-]+")


class Line(NamedTuple):
    """The first line of a request, as received."""

    method: str
    path: str
    version: str


def malformed(line: Line, headers: Mapping[str, str]) -> str | None:
    """Describe the fault in a malformed request head; None if the head is well-formed.

    The description goes into the log, so it repeats nothing that can be a secret.

    Parameters
    ----------
    line: the request line, as received.
    headers: the values by name in lowercase; those of a repeated header are joined by commas.
    """
    method, target = line.method, line.path
    if not _METHOD.fullmatch(method):
        return f"the method {method!r}: methods are in uppercase"
    if not _TARGET.fullmatch(target):
        return "a target with bytes outside printable ASCII, which must be percent-encoded"
    if not target.startswith("/") and target != "*" and not _ABSOLUTE.match(target):
        return "a target that is neither a path nor an http URL"
    if not _HOST.fullmatch(headers.get("host", "")) and not (line.version == "HTTP/1.0" and "host" not in headers):
        return "a Host header that is missing, empty, repeated or not a host"
    return _malformed_framing(line, headers)


def _malformed_framing(line: Line, headers: Mapping[str, str]) -> str | None:
    """Describe the fault in the headers that say where the body ends (RFC 9112, section 6)."""
    announced, coding = headers.get("content-length"), headers.get("transfer-encoding")
    if announced is not None and length(announced) is None:
        return f"Content-Length: {announced}, which is not one number of at most 18 digits"
    if coding is None:
        return None
    if announced is not None:
        return "both Transfer-Encoding and Content-Length"
    if line.version == "HTTP/1.0":
        return "Transfer-Encoding in an HTTP/1.0 request"
    if coding.lower() != "chunked":
        return f"Transfer-Encoding: {coding}; this registry understands chunked only"
    return None
