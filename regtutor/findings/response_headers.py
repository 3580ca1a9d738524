"""The meaning of each response header, with the values of its exchange."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from regtutor.exchange import Exchange
from regtutor.findings.request_headers import MEANINGS as OF_REQUESTS
from regtutor.findings.request_purpose import fields_of, name_of
from regtutor.protocol.challenges import Challenge, parse_challenges
from regtutor.protocol.digests import same_algorithm
from regtutor.protocol.endpoints import LEAVES_A_SESSION_OPEN, split_target
from regtutor.protocol.links import next_link
from regtutor.protocol.ranges import first_and_last, length
from regtutor.protocol.text import counted
from regtutor.protocol.urls import other_host, split_origin


def _location(exchange: Exchange, value: str) -> str:
    absolute = bool(split_origin(value)[0])
    kind = "the URL is absolute" if absolute else "the URL is relative: use the scheme and host of the request"
    if exchange.status is not None and 300 <= exchange.status < 400:
        other = other_host(value, exchange.url)
        warning = ", which is on another host: do not send it the credentials of this one" if other else ""
        return f"send the request to this address instead{warning}; {kind}"
    if exchange.status is not None and exchange.status >= 400:
        return f"{_where_refused(exchange)}; {kind}"
    if exchange.status in (202, 204) and name_of(exchange) in LEAVES_A_SESSION_OPEN:
        mark = "&" if "?" in value else "?"
        return (
            f"send the next bytes to this address, unchanged byte for byte; to close the upload, append "
            f"{mark}digest=<digest>; {kind}"
        )
    return f"the stored content is available at this address; {kind}"


def _where_refused(exchange: Exchange) -> str:
    if exchange.status == 416 and name_of(exchange) in ("patch_upload", "put_blob"):
        return "the upload is not lost: GET this address to see which bytes the session holds, and resume there"
    return "nothing was stored by this request; no document of the API says what this address is for"


def _range(exchange: Exchange, value: str) -> str:
    found = first_and_last(value)
    if found is None:
        return f"{value!r} is malformed: the form is 0-<last>"
    if found == (0, 0):
        started = name_of(exchange) in ("start_upload", "mount_blob", "post_blob")
        stored = "no byte yet" if started else "one byte or none: 0-0 means either"
        return f"the session holds {stored}; the next chunk starts at {0 if started else '1, or at 0'}"
    return (
        f"the session holds {counted(found[1] + 1)}: the last stored byte is {found[1]}, so the next chunk starts at "
        f"{found[1] + 1}"
    )


def _content_length(exchange: Exchange, value: str) -> str:
    announced, got = length(value), exchange.bytes_down
    if announced is None:
        return f"{value!r} is not a number of bytes"
    if exchange.method == "HEAD" or exchange.status == 304:
        return f"GET would send {counted(announced)}; this response has no body"
    if announced == got:
        return f"the body has {counted(got)}, as announced" if got else "there is no body"
    return f"the response announces {counted(announced)}, but the client received {got}"


def _digest(exchange: Exchange, value: str) -> str:
    sent, response = exchange.request.body, exchange.response
    if response is not None and exchange.method == "GET" and exchange.status == 200 and response.body.digest:
        if not same_algorithm(response.body.digest, value):
            return "the digest of the content, with another algorithm than the digest in this record"
        same = response.body.digest == value
        return f"the digest of the content; {_compared(same, 'the received bytes have', response.body.digest)}"
    if (
        name_of(exchange) in ("put_manifest", "post_blob")
        and exchange.ok
        and sent.digest
        and same_algorithm(sent.digest, value)
    ):
        return (
            f"the digest of the stored content; {_compared(sent.digest == value, 'the sent bytes have', sent.digest)}"
        )
    named = fields_of(exchange).get("digest") or fields_of(exchange).get("mount")
    if named:
        return f"the digest of the content; {_compared(named == value, 'the request names', named)}"
    return "the digest of the content: use it to fetch this content, whatever happens to its tags"


def _compared(same: bool, subject: str, digest: str) -> str:
    return f"{subject} {'the same digest' if same else f'another digest: {digest}'}"


def _content_range(_exchange: Exchange, value: str) -> str:
    found = first_and_last(value)
    size = value.rpartition("/")[2]
    if found is None:
        return f"the requested part does not exist: the content has {size} bytes"
    first, last = found
    return f"this body contains bytes {first} to {last}, both included; the whole content has {size} bytes"


def _uuid(exchange: Exchange, value: str) -> str:
    path, _ = split_target(exchange.headers.get("Location", ""))
    where = "; it is the last part of the Location's path" if path.rpartition("/")[2] == value else ""
    return f"the registry's identifier of the upload session{where}; a client needs only Location"


def _etag(exchange: Exchange, value: str) -> str:
    digest = exchange.headers.get("Docker-Content-Digest")
    same = ", here its digest" if digest and digest in value else ""
    return f"an identifier of exactly this content{same}; send it in If-None-Match to avoid downloading a copy again"


def _challenge(_exchange: Exchange, value: str) -> str:
    return "; or ".join(map(_one_challenge, parse_challenges([value]))) or "no scheme named that a client could use"


def _one_challenge(one: Challenge) -> str:
    parameters = one.parameters
    if one.is_of("Basic"):
        realm = parameters.get("realm", "this registry")
        return f"send a user name and a password for {realm} with the scheme Basic"
    if not one.is_of("Bearer"):
        return f"authenticate with the scheme {one.scheme}" + (f"; realm {one.realm}" if one.realm else "")
    names = ("service", "scope", "error", "error_description")
    parts = [f"{name} {parameters[name]}" for name in names if parameters.get(name)]
    details = ", ".join(parts) or "no service and no scope named"
    return f"send a token with the scheme {one.scheme}; get one at {parameters.get('realm', '(no realm)')} ({details})"


def _allow(exchange: Exchange, value: str) -> str:
    return f"this path supports {value or 'no method'}; the request was {exchange.method}"


def _link(_exchange: Exchange, value: str) -> str:
    target = next_link([value])
    if target is None:
        return "a link, but not to a next page"
    return f"the next page of the list is at {target}: follow this target unchanged"


def _subject(_exchange: Exchange, value: str) -> str:
    return f"this registry lists the manifest under its subject, {value}: no referrers tag is needed"


def _tags(_exchange: Exchange, value: str) -> str:
    return f"the registry pointed {value} to this manifest, as the query of the request asked"


def _filters(exchange: Exchange, value: str) -> str:
    return f"the list was filtered by {value}, here {fields_of(exchange).get(value, 'the requested value')}"


def _least(_exchange: Exchange, value: str) -> str:
    return f"each chunk except the last should have at least {value} bytes"


def _connection(_exchange: Exchange, value: str) -> str:
    closes = "the connection closes after this exchange; the next exchange needs a new connection"
    return closes if value.lower() == "close" else f"an option for this connection: {value}"


MEANINGS: Mapping[str, Callable[[Exchange, str], str]] = {
    "accept-ranges": lambda _, value: f"parts of this content can be requested, counted in {value}",
    "allow": _allow,
    "cache-control": lambda _, value: f"how long a copy may be kept: {value}",
    "connection": _connection,
    "content-length": _content_length,
    "content-range": _content_range,
    "content-type": OF_REQUESTS["content-type"],
    "date": lambda _, value: f"the response was made at {value}, by the registry's clock",
    "docker-content-digest": _digest,
    "docker-distribution-api-version": lambda _, value: f"the API that the registry speaks: {value}",
    "docker-upload-uuid": _uuid,
    "etag": _etag,
    "link": _link,
    "location": _location,
    "oci-chunk-min-length": _least,
    "oci-filters-applied": _filters,
    "oci-subject": _subject,
    "oci-tag": _tags,
    "range": _range,
    "retry-after": lambda _, value: f"retry after {value}{' seconds' if value.isdigit() else ''}",
    "server": lambda _, value: f"the program that responds identifies itself as {value}",
    "warning": lambda _, value: f"the user should see this message: {value}",
    "www-authenticate": _challenge,
    "x-content-type-options": lambda _, value: f"tells a browser not to guess another media type: {value}",
}
"""Header in lowercase -> a function that returns its meaning in a response."""
