"""One transfer that ``curl -v`` told of, as an exchange: what it did not tell is left empty, never guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from regtutor.exchange import BodyRecord, Exchange, Interim, RequestRecord, ResponseRecord, preview_limit
from regtutor.message import HeaderList, Location
from regtutor.protocol.digests import sha256
from regtutor.protocol.endpoints import step_of_request

_HEAD = re.compile(rb"HTTP/[^\n]*\n(?:[^\r\n][^\n]*\n)*\r*\n")


@dataclass
class Transfer:
    """What is known of one transfer while the text is read.

    Attributes
    ----------
    start, headers, asked: the request's first line, its headers, and whether its head is at its end.
    heads, ended: the answers' heads, each with its first line, and whether the last of them is at its end.
    whole, printed: the answer's body where it stood alone, and else everything that may be of it.
    tls, peer, proxy: of the connection.
    full: whether nothing that follows is of the answer's body.
    uploaded, waited, stopped: whether curl said that the whole body went out, that it waited for 100 Continue in vain,
        and that it sent no more of the body because of the answer.
    missing: bytes of the answer's body that did not come, where curl told.
    closed, told, error: whether it is over, whether curl said in a line of its own that it failed, and how.
    """

    start: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    asked: bool = False
    heads: list[list[str]] = field(default_factory=list)
    ended: bool = False
    whole: bytes | None = None
    printed: list[bytes] = field(default_factory=list)
    full: bool = False
    tls: bool = False
    peer: str = ""
    proxy: str = ""
    uploaded: bool = False
    waited: bool = False
    stopped: bool = False
    missing: int | None = None
    closed: bool = False
    told: bool = False
    error: str = ""

    @property
    def method(self) -> str:
        return self.start.partition(" ")[0]

    @property
    def tunnel(self) -> bool:
        """Whether it only asks a proxy for the way to a registry."""
        return self.method == "CONNECT"

    @property
    def answered(self) -> bool:
        """Whether a final answer has begun."""
        return bool(self.heads) and _status(self.heads[-1]) >= 200

    @property
    def host(self) -> str:
        """The name that the connection is to, as curl says it when it uses it again."""
        return re.sub(r":\d{1,5}$", "", _first(tuple(self.headers), "host") or self.peer)

    @property
    def wanted(self) -> int:
        """How many bytes of a body may now stand in the text; 0 where none do, or it is not known."""
        if not self.ended or self.whole is not None or self.printed or self.bodiless:
            return 0
        return _length(_headers(self.heads[-1][1:])) or 0

    @property
    def bodiless(self) -> bool:
        return self.method == "HEAD" or (self.answered and _status(self.heads[-1]) in (204, 304))


def exchange_of(transfer: Transfer) -> Exchange:
    """The exchange that a transfer is; its request is empty if curl came no further than to the connection."""
    method, _, rest = transfer.start.partition(" ")
    target, _, version = rest.rpartition(" ")
    headers = tuple(transfer.headers)
    url = _url(transfer, target, headers)
    step = step_of_request(method, target)
    finals = [head for head in transfer.heads if _status(head) >= 200]
    answer = _response(step, transfer, finals[0]) if finals else None
    location = next((value for name, value in answer.headers if name.lower() == "location"), None) if answer else None
    return Exchange(
        step=step,
        url=url,
        request=RequestRecord(method, target, headers, _sent(transfer, headers), version),
        response=answer,
        interims=tuple(_interim(head) for head in transfer.heads if _status(head) < 200),
        location=None if location is None else Location.from_record(_resolved(location, url)),
        proxy=transfer.proxy,
        error=transfer.error or ("" if answer else "the text ends before an answer"),
    )


def _resolved(location: str, url: str) -> str:
    try:
        return Location(location, url).redacted
    except ValueError:  # no URL; it is kept as it stands
        return Location(location).redacted


def _url(transfer: Transfer, target: str, headers: HeaderList) -> str:
    if re.match(r"https?://", target):
        return target
    authority = _first(headers, "host") or transfer.peer
    return f"{'https' if transfer.tls else 'http'}://{authority}{target}" if authority else target


def _status(head: list[str]) -> int:
    return int(head[0].split(" ")[1])


def _headers(lines: list[str]) -> HeaderList:
    """Names and values; a folded line goes on with the value before it."""
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
    value = _first(headers, "content-length")
    return int(value) if re.fullmatch(r"[0-9]{1,15}", value) else None


def _interim(head: list[str]) -> Interim:
    version, status, reason = (*head[0].split(" ", 2), "")[:3]
    return Interim(int(status), reason, _headers(head[1:]), 0.0, version)


def _sent(transfer: Transfer, headers: HeaderList) -> BodyRecord:
    """The request's body, of which curl tells the announced length, and whether it went out."""
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
    """The answer's body: with its digest if all of it stands in the text, else as large as was announced."""
    length, media_type = _length(headers), _first(headers, "content-type")
    data, whole = transfer.whole, transfer.whole is not None
    if data is None:
        data, whole = _printed(b"".join(transfer.printed), length)
    size = len(data) if length is None else length
    fate = "received" if size else "none"
    if transfer.missing is not None:
        size, fate, whole = max(size - transfer.missing, 0), "partial", False
    digest = sha256(data) if whole and data else None
    return BodyRecord(size, digest, data[: min(size, preview_limit(step, media_type))], fate, media_type)


def _printed(text: bytes, length: int | None) -> tuple[bytes, bool]:
    """What of ``text`` is the body, and whether it is known to be all of it."""
    at = 0
    while head := _HEAD.match(text, at):  # -i has printed the head once more
        at = head.end()
    text = text[at:]
    candidates = (text, text.rstrip(b"\r\n"), text.replace(b"\r\n", b"\n"), text.replace(b"\r\n", b"\n").rstrip(b"\n"))
    for candidate in candidates:
        if len(candidate) == length:
            return candidate, True
    return (text.rstrip(b"\r\n") if length is None else text[:length]), False
