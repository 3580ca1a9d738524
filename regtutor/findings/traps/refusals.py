"""Traps of every request: no answer, no credentials, too much, too often.

Each function looks for one of them and gives a diagnosis or none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from regtutor.exchange import Exchange
from regtutor.findings.diagnosis import (
    NO_RESPONSE,
    REFUSED,
    by_received,
    by_request_line,
    by_sent,
    by_status,
    diagnosis,
    issue,
    trap,
)
from regtutor.findings.finding import Finding
from regtutor.findings.subject import fields_of, name_of
from regtutor.protocol.challenges import Challenge, challenges, token_query, with_pairs
from regtutor.protocol.citations import MAY, MUST, OUTSIDE, SHOULD
from regtutor.protocol.clauses import PUSHING_MANIFESTS, TOO_MANY_REQUESTS, http
from regtutor.protocol.media_types import essence


@trap(statuses=(401,))
def wanted_credentials(exchange: Exchange) -> Iterator[Finding]:
    """The registry wants credentials, or refused those that were sent."""
    found = challenges(exchange)
    bearer = next((one for one in found if one.is_of("Bearer")), None)
    schemes = " or ".join(one.scheme for one in found) or "(none named)"
    if name_of(exchange) == "request_token" or (bearer is not None and bearer.error and _sent_a_token(exchange)):
        return  # traps of tokens
    given = "the credentials were refused" if "Authorization" in exchange.request_headers else "none were sent"
    if bearer is not None:
        address = with_pairs(bearer.realm or "the realm", token_query(bearer))
        again = f"GET {address} with name and password, and send what it gives as "
        again += "Authorization: Bearer <token>; rt.login(reg, username=..., password=...) does it in sight"
    else:
        first = (
            "See whether name and password are right"
            if "Authorization" in exchange.request_headers
            else "Name yourself"
        )
        again = (
            f"{first} (curl: -u NAME; regtutor: --username NAME; Python: rt.connect(url, username=..., password=...))"
        )
    alone = "/" not in fields_of(exchange).get("repository", "/")
    yield diagnosis(
        "credentials are wanted",
        f"the registry wants to know who asks, by the scheme {schemes}; {given}{_refused_because(bearer)}",
        again + (". At Docker Hub, an official image is library/<name>" if alone else ""),
        http("15.5.2 401 Unauthorized"),
        shown=by_received(exchange, "WWW-Authenticate"),
        rule=MUST,
    )


def _sent_a_token(exchange: Exchange) -> bool:
    return exchange.request_headers.get("Authorization", "").startswith("Bearer")


def _refused_because(bearer: Challenge | None) -> str:
    if bearer is None or not bearer.error:
        return ""
    described = bearer.parameters.get("error_description", "")
    return f" ({bearer.error}{f': {described}' if described else ''})"


@trap(statuses=(403,))
def denied(exchange: Exchange) -> Iterator[Finding]:
    """The registry does not permit the request."""
    known = "Authorization" in exchange.request_headers
    yield diagnosis(
        "not permitted",
        f"the registry does not permit this {'to these credentials' if known else 'without credentials'}; a signed "
        "address may permit GET and not HEAD",
        "Ask for a token whose scope names this repository and pull, push or delete"
        if known
        else "Send credentials, such as a token whose scope names this repository and pull, push or delete",
        http("15.5.4 403 Forbidden"),
        shown=by_status(exchange),
        rule=MAY,
    )


@trap(statuses=(413,))
def too_large(exchange: Exchange) -> Iterator[Finding]:
    """The registry, or a proxy before it, takes no body of this size."""
    proxy = not exchange.errors
    documented = not proxy and name_of(exchange) == "put_manifest"
    yield diagnosis(
        "too large for a proxy" if proxy else "too large for the registry",
        "the answer is not the API's error body, so most likely a proxy before the registry has a limit"
        if proxy
        else "the registry takes no body of this size",
        "Raise the proxy's limit (nginx: client_max_body_size 0), or send the blob in chunks"
        if proxy
        else "Send a smaller body: a blob in chunks, a manifest with less in its annotations",
        PUSHING_MANIFESTS if documented else http("15.5.14 413 Content Too Large"),
        shown=by_status(exchange),
        rule=SHOULD if documented else OUTSIDE,
        condition="if the registry limits the size of manifests" if documented else "",
    )


@trap(statuses=REFUSED)
def sent_as_a_form(exchange: Exchange) -> Iterator[Finding]:
    """curl's -d sent the body as a form."""
    kind = essence(exchange.request_headers.get("Content-Type", ""))
    if kind == "application/x-www-form-urlencoded":
        yield diagnosis(
            "the body was sent as a form",
            f"Content-Type says {kind}: curl sets it for -d and --data-binary unless another is given, and a "
            "registry then takes the body for something else than a blob or a manifest",
            "Send the body's own type: -H 'Content-Type: application/octet-stream' for a blob; for a manifest, its "
            "mediaType",
            http("8.3 Content-Type"),
            shown=by_sent(exchange, "Content-Type"),
            rule=SHOULD,
        )


@trap(statuses=(429,))
def slow_down(exchange: Exchange) -> Iterator[Finding]:
    """The registry takes no more requests for now."""
    after = exchange.headers.get("Retry-After")
    yield diagnosis(
        "too many requests",
        "the registry takes no more for now; at Docker Hub, GET of a manifest counts and HEAD does not, as its page on "
        "pull limits says",
        f"Wait {f'as Retry-After says: {after}' if after else 'a while'}, or ask as somebody with a name",
        TOO_MANY_REQUESTS,
        shown=by_received(exchange, "Retry-After"),
        rule=MAY,
    )


_SPEAKS_HTTP = re.compile(
    r"does not speak TLS|wrong version number|HTTP response to HTTPS|does not look like a TLS handshake", re.IGNORECASE
)
"""How clients say that they asked over TLS and were answered without it."""

_SPEAKS_TLS = re.compile(r"HTTP request (?:to an HTTPS server|was sent to HTTPS port)", re.IGNORECASE)
"""How Go's and nginx's servers say the reverse."""


@trap(statuses=NO_RESPONSE)
def without_tls(exchange: Exchange) -> Iterator[Finding]:
    """A request over TLS went to a port of plain HTTP."""
    if _SPEAKS_HTTP.search(exchange.error):
        yield diagnosis(
            "plain HTTP at this port",
            f"the registry was asked over TLS and answered in plain HTTP: {exchange.error}",
            "Write http:// in its URL; docker wants it under insecure-registries in daemon.json, podman and skopeo "
            "--tls-verify=false. Over a network, better give the registry a certificate",
            issue(1929, "a plain-HTTP registry"),
            shown=by_request_line(exchange),
            rule=OUTSIDE,
        )


@trap(statuses=(400,))
def with_tls(exchange: Exchange) -> Iterator[Finding]:
    """A request in plain HTTP went to a port of TLS."""
    if _SPEAKS_TLS.search(exchange.text):
        yield diagnosis(
            "TLS at this port",
            "the registry was asked in plain HTTP, and speaks TLS here",
            "Write https:// in its URL",
            http("4.2.2 https URI Scheme"),
            shown=by_status(exchange),
            rule=OUTSIDE,
        )


_NO_ANSWER = {
    r"resolve host|not known|no such host|looked up": "See how the host's name is written, and whether this machine "
    "can look names up",
    r"certificate": "Give the file of the CA that signed the registry's certificate (curl: --cacert FILE; regtutor: "
    "--ca-file FILE)",
    r"refused|couldn't connect|failed to connect": "See whether the registry runs, and at which host and port",
}
"""What a client says where no answer came -> what to try; the first that fits."""


@trap(statuses=NO_RESPONSE)
def no_answer(exchange: Exchange) -> Iterator[Finding]:
    """No complete response came."""
    if not _SPEAKS_HTTP.search(exchange.error):
        again = "See whether the registry runs, and whether it speaks http or https at this port"
        yield diagnosis(
            "no answer",
            f"no complete answer came: {exchange.error}",
            next((then for said, then in _NO_ANSWER.items() if re.search(said, exchange.error, re.IGNORECASE)), again),
            http("3.4 Messages"),
            shown=by_request_line(exchange),
            rule=OUTSIDE,
        )
