"""What a header says in a response, with the values of the exchange that it stands in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from regtutor.exchange import Exchange
from regtutor.findings.request_headers import MEANINGS as OF_REQUESTS
from regtutor.findings.subject import fields_of, name_of
from regtutor.protocol.challenges import Challenge, parse_challenges
from regtutor.protocol.digests import same_algorithm
from regtutor.protocol.endpoints import LEAVES_A_SESSION_OPEN, split_target
from regtutor.protocol.links import next_link
from regtutor.protocol.ranges import first_and_last, length
from regtutor.protocol.text import counted
from regtutor.protocol.urls import other_host, split_origin


def _location(exchange: Exchange, value: str) -> str:
    absolute = bool(split_origin(value)[0])
    kind = "an absolute URL" if absolute else "relative: it is taken with the scheme and host of the request"
    if exchange.status is not None and 300 <= exchange.status < 400:
        other = other_host(value, exchange.url)
        warning = ", on another host, which is not to see the credentials of this one" if other else ""
        return f"the request is to be sent there instead{warning}; {kind}"
    if exchange.status is not None and exchange.status >= 400:
        return f"{_where_refused(exchange)}; {kind}"
    if exchange.status in (202, 204) and name_of(exchange) in LEAVES_A_SESSION_OPEN:
        mark = "&" if "?" in value else "?"
        return (
            f"the next bytes go there, byte for byte as it stands; to close the upload, {mark}digest=<digest> is "
            f"appended; {kind}"
        )
    return f"what was stored can be had there; {kind}"


def _where_refused(exchange: Exchange) -> str:
    if exchange.status == 416 and name_of(exchange) in ("patch_upload", "put_blob"):
        return "the upload is not lost: GET this address to see how far it has come, and go on there"
    return "nothing was stored by this request; what such an address is for, no document of the API says"


def _range(exchange: Exchange, value: str) -> str:
    found = first_and_last(value)
    if found is None:
        return f"{value!r} is not written as the specification writes it: 0-<last>"
    if found == (0, 0):
        started = name_of(exchange) in ("start_upload", "mount_blob", "post_blob")
        there = "no byte is there yet" if started else "one byte is there, or none: the two are written alike"
        return f"{there}; the next chunk starts at {0 if started else '1, or at 0'}"
    return (
        f"{counted(found[1] + 1)} are there: {found[1]} is the last byte stored, so the next chunk starts at "
        f"{found[1] + 1}"
    )


def _content_length(exchange: Exchange, value: str) -> str:
    announced, got = length(value), exchange.bytes_down
    if announced is None:
        return f"{value!r} is no count of bytes"
    if exchange.method == "HEAD" or exchange.status == 304:
        return f"GET would send {counted(announced)}; this answer has no body"
    if announced == got:
        return f"the body has {counted(got)}, and as many came" if got else "there is no body"
    return f"{counted(announced)} were announced, but {got} came"


def _digest(exchange: Exchange, value: str) -> str:
    sent, response = exchange.request.body, exchange.response
    if response is not None and exchange.method == "GET" and exchange.status == 200 and response.body.digest:
        if not same_algorithm(response.body.digest, value):
            return "the digest of the content, by another algorithm than this record's"
        same = response.body.digest == value
        return f"the digest of the content; {_compared(same, 'the bytes that came', response.body.digest)}"
    if (
        name_of(exchange) in ("put_manifest", "post_blob")
        and exchange.ok
        and sent.digest
        and same_algorithm(sent.digest, value)
    ):
        return f"the digest of what was stored; {_compared(sent.digest == value, 'the bytes sent', sent.digest)}"
    named = fields_of(exchange).get("digest") or fields_of(exchange).get("mount")
    if named:
        return f"the digest of the content; {_compared(named == value, 'what the request names', named)}"
    return "the digest of the content: by it, it can be had whatever happens to its tags"


def _compared(same: bool, what: str, digest: str) -> str:
    if same:
        return f"{what} have it too" if what.startswith("the bytes") else f"it is {what}"
    return f"{what} {'have' if what.startswith('the bytes') else 'is'} another: {digest}"


def _content_range(_exchange: Exchange, value: str) -> str:
    found = first_and_last(value)
    size = value.rpartition("/")[2]
    if found is None:
        return f"no such part: the content has {size} bytes"
    first, last = found
    return f"this body is the bytes {first} to {last}, both included, of a content of {size} bytes"


def _uuid(exchange: Exchange, value: str) -> str:
    path, _ = split_target(exchange.headers.get("Location", ""))
    where = "; it is the last part of the path of Location" if path.rpartition("/")[2] == value else ""
    return f"the registry's own name of the upload session{where}; a client needs Location only"


def _etag(exchange: Exchange, value: str) -> str:
    digest = exchange.headers.get("Docker-Content-Digest")
    same = ", here its digest" if digest and digest in value else ""
    return f"a name for exactly this content{same}; with If-None-Match it spares the bytes of a copy that one has"


def _challenge(_exchange: Exchange, value: str) -> str:
    return "; or ".join(map(_one_challenge, parse_challenges([value]))) or "no scheme is named that a client could use"


def _one_challenge(one: Challenge) -> str:
    told = one.parameters
    if one.is_of("Basic"):
        return f"send a name and a password by the scheme Basic; they are those of {told.get('realm', 'this registry')}"
    if not one.is_of("Bearer"):
        return f"authenticate by the scheme {one.scheme}" + (f"; realm {one.realm}" if one.realm else "")
    parts = [f"{name} {told[name]}" for name in ("service", "scope", "error", "error_description") if told.get(name)]
    return f"send a token by the scheme {one.scheme}; one is given at {told.get('realm', '(no realm)')} for " + (
        ", ".join(parts) or "nothing in particular"
    )


def _allow(exchange: Exchange, value: str) -> str:
    return f"this path takes {value or 'no method'}, and the request was {exchange.method}"


def _link(_exchange: Exchange, value: str) -> str:
    target = next_link([value])
    if target is None:
        return "a link, though none to a next page"
    return f"the list goes on at {target}: that target is to be followed as it stands"


def _subject(_exchange: Exchange, value: str) -> str:
    return f"this registry lists the manifest under {value}, its subject: no referrers tag need be kept"


def _filters(exchange: Exchange, value: str) -> str:
    return f"the list was filtered by {value}, here {fields_of(exchange).get(value, 'what was asked for')}"


def _least(_exchange: Exchange, value: str) -> str:
    return f"each chunk but the last should have at least {value} bytes"


def _connection(_exchange: Exchange, value: str) -> str:
    closes = "the connection ends with this exchange: the next one needs a new one"
    return closes if value.lower() == "close" else f"what becomes of the connection: {value}"


MEANINGS: Mapping[str, Callable[[Exchange, str], str]] = {
    "accept-ranges": lambda _, value: f"parts of this content can be asked for, counted in {value}",
    "allow": _allow,
    "cache-control": lambda _, value: f"for how long a copy may be kept: {value}",
    "connection": _connection,
    "content-length": _content_length,
    "content-range": _content_range,
    "content-type": OF_REQUESTS["content-type"],
    "date": lambda _, value: f"the answer was made at {value}, by the registry's clock",
    "docker-content-digest": _digest,
    "docker-distribution-api-version": lambda _, value: f"the API that is spoken here: {value}",
    "docker-upload-uuid": _uuid,
    "etag": _etag,
    "link": _link,
    "location": _location,
    "oci-chunk-min-length": _least,
    "oci-filters-applied": _filters,
    "oci-subject": _subject,
    "range": _range,
    "retry-after": lambda _, value: f"ask again after {value}{' seconds' if value.isdigit() else ''}",
    "server": lambda _, value: f"the program that answers calls itself {value}",
    "warning": lambda _, value: f"the user should be told: {value}",
    "www-authenticate": _challenge,
    "x-content-type-options": lambda _, value: f"a browser is not to guess another media type: {value}",
}
"""Header in lower case -> what it says in a response."""
