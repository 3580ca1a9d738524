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
from regtutor.findings.request_purpose import fields_of, name_of
from regtutor.findings.traps.other_programs import is_of_another_program
from regtutor.findings.traps.pages import SPEAKS_TLS, perhaps_with_tls
from regtutor.protocol.challenges import Challenge, challenges, token_query, with_pairs
from regtutor.protocol.citations import MAY, MUST, OUTSIDE, SHOULD
from regtutor.protocol.clauses import HTTPS_SCHEME, MESSAGES, PUSHING_MANIFESTS, TOO_MANY_REQUESTS, http
from regtutor.protocol.media_types import essence
from regtutor.protocol.urls import address_of


@trap(statuses=(401,), of_pages=True)
def credentials(exchange: Exchange) -> Iterator[Finding]:
    """The registry requires credentials, or refused those in the request."""
    found = challenges(exchange)
    bearer = next((one for one in found if one.is_of("Bearer")), None)
    schemes = " or ".join(one.scheme for one in found) or "(none named)"
    if name_of(exchange) == "request_token" or (bearer is not None and bearer.error and _sent_a_token(exchange)):
        return  # traps of tokens
    outcome = "the credentials were refused" if "Authorization" in exchange.request_headers else "none were sent"
    if bearer is not None:
        address = with_pairs(bearer.realm or "the realm", token_query(bearer))
        again = f"GET {address} with user name and password, and send the token as "
        again += "Authorization: Bearer <token>; rt.login(reg, username=..., password=...) does both"
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
        f"the registry requires credentials of the scheme {schemes}; {outcome}{_refused_because(bearer)}",
        again + (". At Docker Hub, an official image is library/<name>" if alone else ""),
        http("15.5.2 401 Unauthorized"),
        shown=by_received(exchange, "WWW-Authenticate"),
        level=MUST,
    )


def _sent_a_token(exchange: Exchange) -> bool:
    return exchange.request_headers.get("Authorization", "").startswith("Bearer")


def _refused_because(bearer: Challenge | None) -> str:
    if bearer is None or not bearer.error:
        return ""
    described = bearer.parameters.get("error_description", "")
    return f" ({bearer.error}{f': {described}' if described else ''})"


@trap(statuses=(403,))
def not_permitted(exchange: Exchange) -> Iterator[Finding]:
    """The registry does not permit the request."""
    if exchange.method == "CONNECT" or is_of_another_program(exchange):
        return  # a proxy or an object store refused it, not the registry
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
        level=MAY,
    )


@trap(statuses=(413,), of_pages=True)
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
        level=SHOULD if documented else OUTSIDE,
        condition="if the registry limits the size of manifests" if documented else "",
    )


@trap(statuses=REFUSED, of_pages=True)
def form_body(exchange: Exchange) -> Iterator[Finding]:
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
            level=SHOULD,
        )


@trap(statuses=(429,), of_pages=True)
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
        level=MAY,
    )


_SPEAKS_HTTP = re.compile(
    r"does not speak TLS|wrong version number|HTTP response to HTTPS|does not look like a TLS handshake", re.IGNORECASE
)
"""The messages of clients that sent a request over TLS and received a response without TLS."""


def wrong_name(error: str) -> bool:
    """Return whether a client's message says that the certificate is for another name."""
    return _WRONG_NAME.search(error) is not None


_WRONG_NAME = re.compile(
    r"(?:hostname|ip address) mismatch|not valid for|certificate is valid for|no alternative certificate subject name|"
    r"doesn't contain any IP SANs|does not match target host|doesn't match",
    re.IGNORECASE,
)
"""The messages of OpenSSL, curl and Go for a certificate of another name."""


@trap(statuses=NO_RESPONSE)
def certificate_of_another_name(exchange: Exchange) -> Iterator[Finding]:
    """The certificate is valid for other names than the one in the URL."""
    if wrong_name(exchange.error):
        here = address_of(exchange.url, "")
        host = here.authority if here else "HOST:PORT"
        yield diagnosis(
            "the certificate is for another name",
            f"the certificate does not have the name in the URL, {here.host if here else 'the host'} "
            f"({exchange.error}): the name is wrong, or a proxy or another site presents its own certificate",
            "Use a name that the certificate has, or issue one with this name under subjectAltName. To see its names: "
            f"openssl s_client -connect {host} </dev/null | openssl x509 -noout -ext subjectAltName",
            http("4.3.4 https Certificate Verification"),
            shown=by_request_line(exchange),
            level=MUST,
        )


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
            level=OUTSIDE,
        )


@trap(statuses=(400,), of_pages=True)
def with_tls(exchange: Exchange) -> Iterator[Finding]:
    """A request in plain HTTP went to a port that speaks TLS."""
    if SPEAKS_TLS.search(exchange.text) or perhaps_with_tls(exchange):
        perhaps = "" if SPEAKS_TLS.search(exchange.text) else "perhaps "
        yield diagnosis(
            "TLS on this port",
            f"the client sent the request in plain HTTP, but {perhaps}the registry speaks TLS on this port"
            + ("; HEAD has no body that says so, and GET has one" if perhaps else ""),
            "Write https:// in its URL",
            HTTPS_SCHEME,
            shown=by_status(exchange),
            level=OUTSIDE,
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
def no_response(exchange: Exchange) -> Iterator[Finding]:
    """No complete response came."""
    if not _SPEAKS_HTTP.search(exchange.error) and not wrong_name(exchange.error):
        again = "Check that the registry is running, and whether it speaks http or https on this port"
        yield diagnosis(
            "no response",
            f"no complete response came: {exchange.error}",
            next(
                (step for error, step in _NEXT_BY_ERROR.items() if re.search(error, exchange.error, re.IGNORECASE)),
                again,
            ),
            MESSAGES,
            shown=by_request_line(exchange),
            level=OUTSIDE,
        )
