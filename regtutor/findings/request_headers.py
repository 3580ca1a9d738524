"""What a header says in a request, with the values of the exchange that it stands in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from regtutor.exchange import Exchange
from regtutor.findings.subject import name_of
from regtutor.protocol.media_types import MEDIA_TYPES, essence
from regtutor.protocol.ranges import CHUNK, first_and_last, length
from regtutor.protocol.text import counted


def _host(_exchange: Exchange, value: str) -> str:
    name, _, port = value.rpartition(":")
    return f"the request is meant for {name} at port {port}" if name and port.isdigit() else f"it is meant for {value}"


def _accept(exchange: Exchange, value: str) -> str:
    types = [essence(part) for part in value.split(",")]
    if types == ["*/*"]:
        manifest = name_of(exchange) in ("get_manifest", "head_manifest")
        about = ", which Distribution does not read as every kind of manifest" if manifest else ""
        return f"the client says that it reads anything{about}"
    told = ", ".join(MEDIA_TYPES[name].meaning.partition(":")[0] if name in MEDIA_TYPES else name for name in types)
    return f"the client can read {len(types)} media type{'' if len(types) == 1 else 's'}: {told}"


def _accept_encoding(_exchange: Exchange, value: str) -> str:
    if value == "identity":
        return "the bytes are wanted as they are stored, uncompressed for the way, so that their digest can be checked"
    return f"the bytes may be compressed for the way: {value}"


def _content_length(exchange: Exchange, value: str) -> str:
    body, announced = exchange.request.body, length(value)
    if announced is None:
        return f"{value!r} is no count of bytes"
    if body.fate == "withheld":
        return f"{counted(announced)} were announced; none was sent, because the answer came first"
    if body.size == announced:
        return f"the body has {counted(announced)}, and as many were sent" if announced else "there is no body"
    return f"{counted(announced)} were announced, but {body.size} were sent"


def _content_type(_exchange: Exchange, value: str) -> str:
    row = MEDIA_TYPES.get(essence(value))
    if row:
        return f"the body is {row.meaning}"
    if essence(value) == "application/octet-stream":
        return "the body is bytes of which nothing more is said: a blob may be anything"
    return f"the body is of the type {essence(value)}"


def _content_range(_exchange: Exchange, value: str) -> str:
    found = first_and_last(value)
    if found is None or not CHUNK.fullmatch(value):
        return f"{value!r} is not written as the specification writes it here: <first>-<last>, such as 0-9"
    first, last = found
    return f"this body is the bytes {first} to {last} of the blob, both included: {counted(max(last - first + 1, 0))}"


def _transfer_encoding(exchange: Exchange, value: str) -> str:
    body = exchange.request.body
    sent = counted(body.size)  # of a text of curl's it is not known, and neither is the digest
    after = f", here after {sent}" if body.digest or body.fate == "withheld" else ""
    return f"no length is announced: the body is framed as {value}, and ends where it says so{after}"


def _expect(exchange: Exchange, _value: str) -> str:
    if exchange.request.body.fate == "withheld":
        return f"the client waited before the body; {exchange.status} came instead of 100, so no byte was sent"
    if any(interim.status == 100 for interim in exchange.interims):
        return "the client waited before the body until 100 Continue came, and then sent it"
    return "the client waited a while for 100 Continue; none came, and it sent the body"


def _range(_exchange: Exchange, value: str) -> str:
    found = first_and_last(value)
    if found is None:
        return f"only a part of the content is wanted: {value}"
    return f"only the bytes {found[0]} to {found[1]} are wanted, both included: {counted(found[1] - found[0] + 1)}"


def _if_none_match(exchange: Exchange, value: str) -> str:
    outcome = "it is the same: 304" if exchange.status == 304 else f"the answer was {exchange.status}"
    return f"the client has the content {value} already, and wants another one only; {outcome}"


def _authorization(exchange: Exchange, value: str) -> str:
    outcome = "; they did not suffice" if exchange.status in (401, 403) else ""
    return f"credentials by the scheme {value.split(' ')[0]}; the value itself is not kept in any record{outcome}"


def _if_range(_exchange: Exchange, value: str) -> str:
    return f"the part is wanted only if the content is still {value}; else all of it"


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
    "user-agent": lambda _, value: f"the program that asks calls itself {value}",
}
"""Header in lower case -> what it says in a request."""
