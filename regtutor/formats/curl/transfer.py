"""Converting one transfer in the output of ``curl -v`` to an exchange; what curl did not print stays empty."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from regtutor.exchange import BodyRecord, Exchange, Interim, RequestRecord, ResponseRecord, preview_limit
from regtutor.formats.curl.dots import with_line_breaks
from regtutor.message import HeaderList, Location
from regtutor.protocol.digests import sha256
from regtutor.protocol.endpoints import step_of_request
from regtutor.protocol.ranges import length

_HEAD = re.compile(rb"HTTP/[^\n]*\n(?:[^\r\n][^\n]*\n)*\r*\n")


@dataclass
class Transfer:
    """The state of one transfer while the text is read.

    Attributes
    ----------
    start, headers, request_ended: the first line of the request, its headers, and whether its head is complete.
    heads, response_ended: the heads of the responses, each with its first line, and whether the last one is complete.
    inexact: whether the text of the body has dots where curl left out bytes.
    whole, printed: the body of the response if it was read separately; otherwise all lines that can belong to it.
    tls, peer, proxy: properties of the connection.
    full: whether no later line belongs to the body of the response.
    uploaded, waited, stopped: whether curl reported that it sent the whole body, that it waited for 100 Continue in
        vain, and that it stopped sending the body because of the response.
    missing: the number of bytes of the response body that did not arrive, if curl reported it.
    closed, failed, error: whether the transfer has ended, whether curl reported an error on a line of its own, and the
        error.
    """

    start: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    request_ended: bool = False
    heads: list[list[str]] = field(default_factory=list)
    response_ended: bool = False
    whole: bytes | None = None
    printed: list[bytes] = field(default_factory=list)
    inexact: bool = False
    full: bool = False
    tls: bool = False
    peer: str = ""
    proxy: str = ""
    uploaded: bool = False
    waited: bool = False
    stopped: bool = False
    missing: int | None = None
    closed: bool = False
    failed: bool = False
    error: str = ""

    @property
    def method(self) -> str:
        return self.start.partition(" ")[0]

    @property
    def tunnel(self) -> bool:
        """Whether the transfer only requests a tunnel from a proxy."""
        return self.method == "CONNECT"

    @property
    def opened(self) -> bool:
        """Whether the transfer is a request for a tunnel, and the proxy opened it."""
        return self.tunnel and self.answered and _status(self.heads[-1]) < 300

    @property
    def answered(self) -> bool:
        """Whether a final response has begun."""
        return bool(self.heads) and _status(self.heads[-1]) >= 200

    @property
    def host(self) -> str:
        """The host of the connection, as curl prints it when it reuses the connection."""
        return re.sub(r":\d{1,5}$", "", _first(tuple(self.headers), "host") or self.peer)

    @property
    def wanted(self) -> int:
        """The number of body bytes that can come next in the text; 0 without a body, or if the number is unknown."""
        if not self.response_ended or self.whole is not None or self.printed or self.bodiless:
            return 0
        return _length(_headers(self.heads[-1][1:])) or 0

    @property
    def announced(self) -> int | None:
        """The Content-Length of the final response, or None."""
        return _length(_headers(self.heads[-1][1:])) if self.answered else None

    @property
    def bodiless(self) -> bool:
        return self.method == "HEAD" or (self.answered and _status(self.heads[-1]) in (204, 304))


def exchange_of(transfer: Transfer) -> Exchange:
    """Return the exchange of a transfer; its request is empty if curl did not get further than the connection."""
    method, _, rest = transfer.start.partition(" ")
    target, _, version = rest.rpartition(" ")
    headers = tuple(transfer.headers)
    url = _url(transfer, target, headers)
    step = step_of_request(method, target)
    finals = [head for head in transfer.heads if _status(head) >= 200]
    response = _response(step, transfer, finals[0]) if finals else None
    headers_received = response.headers if response else ()
    location = next((value for name, value in headers_received if name.lower() == "location"), None)
    return Exchange(
        step=step,
        url=url,
        request=RequestRecord(method, target, headers, _sent(transfer, headers), version),
        response=response,
        interims=tuple(_interim(head) for head in transfer.heads if _status(head) < 200),
        location=None if location is None else Location.from_record(_resolved(location, url)),
        proxy=transfer.proxy or (f"http://{transfer.peer}" if transfer.tunnel and transfer.peer else ""),
        error=transfer.error or ("" if response else "the text ends before a response"),
    )


def _resolved(location: str, url: str) -> str:
    try:
        return Location(location, url).redacted
    except ValueError:  # not a URL; it is kept unchanged
        return Location(location).redacted


def _url(transfer: Transfer, target: str, headers: HeaderList) -> str:
    if target.startswith(("http://", "https://")):
        return target
    if transfer.tunnel:
        return f"https://{target}"
    authority = _first(headers, "host") or transfer.peer
    return f"{'https' if transfer.tls else 'http'}://{authority}{target}" if authority else target


def _status(head: list[str]) -> int:
    return int(head[0].split(" ")[1])


def _headers(lines: list[str]) -> HeaderList:
    """Return names and values; a folded line continues the value before it."""
    pairs: list[tuple[str, list[str]]] = []
    for line in lines:
        if line[:1] in (" ", "\t") and pairs:
            pairs[-1][1].append(line.strip())
            continue
        name, _, value = line.partition(":")
        pairs.append((name.strip(), [value.strip(" \t")]))
    return tuple((name, " ".join(values)) for name, values in pairs)


def _first(headers: HeaderList, name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")


def _length(headers: HeaderList) -> int | None:
    return length(_first(headers, "content-length"))


def _interim(head: list[str]) -> Interim:
    version, status, reason = (*head[0].split(" ", 2), "")[:3]
    return Interim(int(status), reason, _headers(head[1:]), 0.0, version)


def _sent(transfer: Transfer, headers: HeaderList) -> BodyRecord:
    """Return the body of the request: its announced length, and whether it was sent."""
    announced, media_type = _length(headers), _first(headers, "content-type")
    if not announced and not _first(headers, "transfer-encoding"):
        return BodyRecord()
    interims = any(_status(head) == 100 for head in transfer.heads)
    refused = transfer.answered and _status(transfer.heads[-1]) >= 400
    held = _first(headers, "expect") and not interims and not transfer.waited
    if held and refused and not transfer.uploaded:
        return BodyRecord(fate="withheld", media_type=media_type)
    if transfer.stopped or not (transfer.uploaded or transfer.answered):
        return BodyRecord(fate="partial", media_type=media_type)
    return BodyRecord(announced or 0, fate="sent", media_type=media_type)


def _response(step: str, transfer: Transfer, head: list[str]) -> ResponseRecord:
    version, status, reason = (*head[0].split(" ", 2), "")[:3]
    headers = _headers(head[1:])
    body = BodyRecord() if transfer.bodiless else _received(step, transfer, headers)
    return ResponseRecord(int(status), reason, headers, body, version)


def _received(step: str, transfer: Transfer, headers: HeaderList) -> BodyRecord:
    """Return the body of the response: with its digest if the text contains all of it, else with the announced size."""
    length, media_type = _length(headers), _first(headers, "content-type")
    data, whole = transfer.whole, transfer.whole is not None
    if data is None:
        data, whole = _printed(b"".join(transfer.printed), length)
    if transfer.inexact:
        data = with_line_breaks(data)
    size = len(data) if length is None else length
    fate = "received" if size else "none"
    if transfer.missing is not None:
        size, fate, whole = max(size - transfer.missing, 0), "partial", False
    digest = sha256(data) if whole and data and not transfer.inexact else None
    return BodyRecord(size, digest, data[: min(size, preview_limit(step, media_type))], fate, media_type)


def _printed(text: bytes, length: int | None) -> tuple[bytes, bool]:
    """Return the part of ``text`` that is the body, and whether it is known to be complete."""
    at = 0
    while head := _HEAD.match(text, at):  # -i has printed the head again
        at = head.end()
    text = text[at:]
    candidates = (text, text.rstrip(b"\r\n"), text.replace(b"\r\n", b"\n"), text.replace(b"\r\n", b"\n").rstrip(b"\n"))
    for candidate in candidates:
        if len(candidate) == length:
            return candidate, True
    return (text.rstrip(b"\r\n") if length is None else text[:length]), False
