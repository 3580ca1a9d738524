"""The meaning of each request header, with the values of its exchange."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from regtutor.exchange import Exchange
from regtutor.findings.request_purpose import name_of
from regtutor.protocol.media_types import MEDIA_TYPES, essence
from regtutor.protocol.ranges import CHUNK, first_and_last, length
from regtutor.protocol.text import counted


def _host(_exchange: Exchange, value: str) -> str:
    name, _, port = value.rpartition(":")
    return f"the request is for {name}, port {port}" if name and port.isdigit() else f"the request is for {value}"


def _accept(exchange: Exchange, value: str) -> str:
    types = [essence(part) for part in value.split(",")]
    if types == ["*/*"]:
        manifest = name_of(exchange) in ("get_manifest", "head_manifest")
        about = ", but Distribution does not read this as every type of manifest" if manifest else ""
        return f"the client accepts any media type{about}"
    names = ", ".join(MEDIA_TYPES[name].meaning.partition(":")[0] if name in MEDIA_TYPES else name for name in types)
    return f"the client accepts {len(types)} media type{'' if len(types) == 1 else 's'}: {names}"


def _accept_encoding(_exchange: Exchange, value: str) -> str:
    if value == "identity":
        return "the client wants the stored bytes, not compressed in transit, so that their digest can be checked"
    return f"the bytes may be compressed in transit: {value}"


def _content_length(exchange: Exchange, value: str) -> str:
    body, announced = exchange.request.body, length(value)
    if announced is None:
        return f"{value!r} is not a number of bytes"
    if body.fate == "withheld":
        return f"the client announced {counted(announced)} and sent none, because the response came first"
    if body.size == announced:
        return f"the body has {counted(announced)}, as announced" if announced else _no_body(exchange.method)
    return f"the client announced {counted(announced)}, but sent {body.size}"


def _no_body(method: str) -> str:
    needless = method in ("GET", "HEAD", "DELETE")
    return f"there is no body; a {method} without a body does not need this header" if needless else "there is no body"


def _content_type(_exchange: Exchange, value: str) -> str:
    row = MEDIA_TYPES.get(essence(value))
    if row:
        return f"the body is {row.meaning}"
    if essence(value) == "application/octet-stream":
        return "the body is bytes without a more specific type: a blob can contain anything"
    return f"the media type of the body is {essence(value)}"


def _content_range(_exchange: Exchange, value: str) -> str:
    found = first_and_last(value)
    if found is None or not CHUNK.fullmatch(value):
        return f"{value!r} is malformed: the form in an upload is <first>-<last>, such as 0-9"
    first, last = found
    return f"this body contains bytes {first} to {last} of the blob, both included: {counted(max(last - first + 1, 0))}"


def _transfer_encoding(exchange: Exchange, value: str) -> str:
    body = exchange.request.body
    sent = counted(body.size)  # not known from curl's output, and neither is the digest
    after = f", here after {sent}" if body.digest or body.fate == "withheld" else ""
    return f"no length is announced: the body is sent as {value}, which marks its own end{after}"


def _expect(exchange: Exchange, _value: str) -> str:
    if exchange.request.body.fate == "withheld":
        return f"the client waited for 100 Continue; {exchange.status} came instead, so it sent no byte"
    if any(interim.status == 100 for interim in exchange.interims):
        return "the client waited for 100 Continue, received it, and then sent the body"
    return "the client waited a while for 100 Continue, did not receive it, and sent the body"


def _range(_exchange: Exchange, value: str) -> str:
    found = first_and_last(value)
    if found is None:
        return f"the client requests only a part of the content: {value}"
    return f"the client requests only bytes {found[0]} to {found[1]}, both included: {counted(found[1] - found[0] + 1)}"


def _if_none_match(exchange: Exchange, value: str) -> str:
    outcome = "it does not: 304" if exchange.status == 304 else f"the status is {exchange.status}"
    return f"the client already has the content {value}, and requests the content only if it differs; {outcome}"


def _authorization(exchange: Exchange, value: str) -> str:
    outcome = "; they were not sufficient" if exchange.status in (401, 403) else ""
    return f"credentials of the scheme {value.split(' ')[0]}; no record contains the value itself{outcome}"


def _if_range(_exchange: Exchange, value: str) -> str:
    return f"the client wants the part only if the content is still {value}; otherwise, all of it"


MEANINGS: Mapping[str, Callable[[Exchange, str], str]] = {
    "accept": _accept,
    "accept-encoding": _accept_encoding,
    "authorization": _authorization,
    "content-length": _content_length,
    "content-range": _content_range,
    "content-type": _content_type,
    "expect": _expect,
    "host": _host,
    "if-none-match": _if_none_match,
    "if-range": _if_range,
    "range": _range,
    "transfer-encoding": _transfer_encoding,
    "user-agent": lambda _, value: f"the client identifies itself as {value}",
}
"""Header in lowercase -> a function that returns its meaning in a request."""
