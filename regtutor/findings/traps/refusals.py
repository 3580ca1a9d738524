"""Traps for any request: no response, missing credentials, too large a body, too many requests.

Each function looks for one problem, and yields a diagnosis if it finds it.
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
from regtutor.findings.response_headers import challenge
from regtutor.findings.subject import fields_of, name_of
from regtutor.protocol.citations import MAY, MUST, OUTSIDE, SHOULD
from regtutor.protocol.clauses import PUSHING_MANIFESTS, TOO_MANY_REQUESTS, http
from regtutor.protocol.media_types import essence


@trap(statuses=(401,))
def wanted_credentials(exchange: Exchange) -> Iterator[Finding]:
    """The registry requires credentials, or refused those in the request."""
    scheme, parameters = challenge(exchange.headers.get("WWW-Authenticate", ""))
    outcome = "the credentials were refused" if "Authorization" in exchange.request_headers else "none were sent"
    if scheme.lower() == "bearer":
        query = "&".join(f"{name}={parameters[name]}" for name in ("service", "scope") if parameters.get(name))
        again = (
            f"GET {parameters.get('realm', 'the realm')}?{query} with user name and password, and send the token as "
        )
        again += "Authorization: Bearer <token>; for Basic, use rt.connect(url, username=..., password=...)"
    else:
        first = (
            "Check the user name and the password"
            if "Authorization" in exchange.request_headers
            else "Send a user name and a password"
        )
        again = (
            f"{first} (curl: -u NAME; regtutor: --username NAME; Python: rt.connect(url, username=..., password=...))"
        )
    alone = "/" not in fields_of(exchange).get("repository", "/")
    yield diagnosis(
        "credentials required",
        f"the registry requires credentials of the scheme {scheme or '(none named)'}; {outcome}",
        again + (". At Docker Hub, an official image is library/<name>" if alone else ""),
        http("15.5.2 401 Unauthorized"),
        shown=by_received(exchange, "WWW-Authenticate"),
        rule=MUST,
    )


@trap(statuses=(403,))
def denied(exchange: Exchange) -> Iterator[Finding]:
    """The registry does not permit the request."""
    if exchange.method == "CONNECT":
        return  # a proxy refused it, not the registry
    has_credentials = "Authorization" in exchange.request_headers
    yield diagnosis(
        "not permitted",
        f"the registry does not permit this {'with these credentials' if has_credentials else 'without credentials'}; "
        "a signed address may permit GET but not HEAD",
        "Request a token whose scope names this repository and pull, push or delete"
        if has_credentials
        else "Send credentials, such as a token whose scope names this repository and pull, push or delete",
        http("15.5.4 403 Forbidden"),
        shown=by_status(exchange),
        rule=MAY,
    )


@trap(statuses=(413,))
def too_large(exchange: Exchange) -> Iterator[Finding]:
    """The registry, or a proxy in front of it, does not accept a body of this size."""
    proxy = not exchange.errors
    documented = not proxy and name_of(exchange) == "put_manifest"
    yield diagnosis(
        "too large for a proxy" if proxy else "too large for the registry",
        "the response is not the API's error body, so most likely a proxy in front of the registry has a limit"
        if proxy
        else "the registry does not accept a body of this size",
        "Raise the proxy's limit (nginx: client_max_body_size 0), or send the blob in chunks"
        if proxy
        else "Send a smaller body: a blob in chunks, or a manifest with smaller annotations",
        PUSHING_MANIFESTS if documented else http("15.5.14 413 Content Too Large"),
        shown=by_status(exchange),
        rule=SHOULD if documented else OUTSIDE,
        condition="if the registry limits the size of manifests" if documented else "",
    )


@trap(statuses=REFUSED)
def sent_as_a_form(exchange: Exchange) -> Iterator[Finding]:
    """The body was sent as a form, as curl does with -d."""
    kind = essence(exchange.request_headers.get("Content-Type", ""))
    if kind == "application/x-www-form-urlencoded":
        yield diagnosis(
            "the body was sent as a form",
            f"Content-Type is {kind}; curl sets it for -d and --data-binary unless you give another, and a "
            "registry then treats the body as something other than a blob or a manifest",
            "Send the type of the body: -H 'Content-Type: application/octet-stream' for a blob; for a manifest, its "
            "mediaType",
            http("8.3 Content-Type"),
            shown=by_sent(exchange, "Content-Type"),
            rule=SHOULD,
        )


@trap(statuses=(429,))
def slow_down(exchange: Exchange) -> Iterator[Finding]:
    """The registry accepts no more requests for now."""
    after = exchange.headers.get("Retry-After")
    yield diagnosis(
        "too many requests",
        "the registry accepts no more requests for now; at Docker Hub, GET of a manifest counts and HEAD does not, "
        "according to its page on pull limits",
        f"Wait {f'for the time in Retry-After: {after}' if after else 'a while'}, or send credentials",
        TOO_MANY_REQUESTS,
        shown=by_received(exchange, "Retry-After"),
        rule=MAY,
    )


_SPEAKS_HTTP = re.compile(
    r"does not speak TLS|wrong version number|HTTP response to HTTPS|does not look like a TLS handshake", re.IGNORECASE
)
"""The messages of clients that sent a request over TLS and received a response without TLS."""

_SPEAKS_TLS = re.compile(r"HTTP request (?:to an HTTPS server|was sent to HTTPS port)", re.IGNORECASE)
"""The messages of Go's and nginx's servers for the reverse."""


@trap(statuses=NO_RESPONSE)
def without_tls(exchange: Exchange) -> Iterator[Finding]:
    """A request over TLS went to a port that speaks plain HTTP."""
    if _SPEAKS_HTTP.search(exchange.error) and not exchange.proxy.lower().startswith("https:"):
        yield diagnosis(
            "plain HTTP on this port",
            f"the client sent the request over TLS, and the registry responded in plain HTTP ({exchange.error})",
            "Write http:// in its URL; docker needs it under insecure-registries in daemon.json, podman and skopeo "
            "need --tls-verify=false. On a network, give the registry a certificate instead",
            issue(1929, "a plain-HTTP registry"),
            shown=by_request_line(exchange),
            rule=OUTSIDE,
        )


@trap(statuses=(400,))
def with_tls(exchange: Exchange) -> Iterator[Finding]:
    """A request in plain HTTP went to a port that speaks TLS."""
    if _SPEAKS_TLS.search(exchange.text):
        yield diagnosis(
            "TLS on this port",
            "the client sent the request in plain HTTP, but the registry speaks TLS on this port",
            "Write https:// in its URL",
            http("4.2.2 https URI Scheme"),
            shown=by_status(exchange),
            rule=OUTSIDE,
        )


_NEXT_BY_ERROR = {
    r"the proxy \S+ (?:speaks|responded|refused|cannot)|(?:TLS with|certificate of) the proxy": "Correct the proxy's "
    "URL (HTTPS_PROXY, HTTP_PROXY): its scheme is that of the connection to the proxy itself; or list the registry's "
    "host in NO_PROXY",
    r"resolve host|not known|no such host|looked up": "Check the spelling of the host name, and whether this machine "
    "can resolve names",
    r"certificate": "Pass the certificate file of the CA that signed the registry's certificate (curl: --cacert FILE; "
    "regtutor: --ca-file FILE)",
    r"refused|couldn't connect|failed to connect": "Check that the registry is running, and its host and port",
}
"""A client's error message without a response -> the next step; the first match applies."""


@trap(statuses=NO_RESPONSE)
def no_answer(exchange: Exchange) -> Iterator[Finding]:
    """No complete response came."""
    if not _SPEAKS_HTTP.search(exchange.error):
        again = "Check that the registry is running, and whether it speaks http or https on this port"
        yield diagnosis(
            "no response",
            f"no complete response came: {exchange.error}",
            next(
                (step for error, step in _NEXT_BY_ERROR.items() if re.search(error, exchange.error, re.IGNORECASE)),
                again,
            ),
            http("3.4 Messages"),
            shown=by_request_line(exchange),
            rule=OUTSIDE,
        )
