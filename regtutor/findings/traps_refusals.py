"""Traps of every request: no answer, no credentials, too much, too often.

Each function looks for one of them and gives a diagnosis or none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from regtutor.exchange import Exchange
from regtutor.findings.asked import fields_of
from regtutor.findings.diagnosis import by_received, by_request_line, by_sent, by_status, diagnosis, issue
from regtutor.findings.finding import Finding
from regtutor.findings.responses import challenge
from regtutor.protocol.citations import DISTRIBUTION_SPEC, HTTP, Citation
from regtutor.protocol.media_types import essence

_ERRORS = Citation(DISTRIBUTION_SPEC, "Error Codes", "error-codes")


def _wanted_credentials(exchange: Exchange) -> Iterator[Finding]:
    if exchange.status != 401:
        return
    scheme, told = challenge(exchange.headers.get("WWW-Authenticate", ""))
    given = "the credentials were refused" if "Authorization" in exchange.request_headers else "none were sent"
    if scheme.lower() == "bearer":
        query = "&".join(f"{name}={told[name]}" for name in ("service", "scope") if told.get(name))
        again = f"GET {told.get('realm', 'the realm')}?{query} with name and password, and send what it gives as "
        again += "Authorization: Bearer <token>; rt.connect(url, username=..., password=...) for Basic"
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
        f"the registry wants to know who asks, by the scheme {scheme or '(none named)'}; {given}",
        again + (". At Docker Hub, an official image is library/<name>" if alone else ""),
        Citation(HTTP, "15.5.2 401 Unauthorized", "section-15.5.2"),
        shown=by_received(exchange, "WWW-Authenticate"),
    )


def _denied(exchange: Exchange) -> Iterator[Finding]:
    if exchange.status == 403:
        yield diagnosis(
            "not permitted",
            "the registry knows who asks, and does not permit this; a signed address may permit GET and not HEAD",
            "Ask for a token whose scope names this repository and pull, push or delete",
            Citation(HTTP, "15.5.4 403 Forbidden", "section-15.5.4"),
            shown=by_status(exchange),
        )


def _too_large(exchange: Exchange) -> Iterator[Finding]:
    if exchange.status != 413:
        return
    proxy = not exchange.errors
    yield diagnosis(
        "too large for a proxy" if proxy else "too large for the registry",
        "the answer is not the API's error body, so most likely a proxy before the registry has a limit"
        if proxy
        else "the registry takes no body of this size",
        "Raise the proxy's limit (nginx: client_max_body_size 0), or send the blob in chunks"
        if proxy
        else "Send a smaller body: a blob in chunks, a manifest with less in its annotations",
        Citation(HTTP, "15.5.14 413 Content Too Large", "section-15.5.14"),
        shown=by_status(exchange),
        rule="allowed",
    )


def _sent_as_a_form(exchange: Exchange) -> Iterator[Finding]:
    kind = essence(exchange.request_headers.get("Content-Type", ""))
    if not exchange.ok and exchange.status is not None and kind == "application/x-www-form-urlencoded":
        yield diagnosis(
            "the body was sent as a form",
            f"Content-Type says {kind}: curl sets it for -d and --data-binary unless another is given, and a "
            "registry then takes the body for something else than a blob or a manifest",
            "Send the body's own type: -H 'Content-Type: application/octet-stream' for a blob; for a manifest, its "
            "mediaType",
            Citation(HTTP, "8.3 Content-Type", "section-8.3"),
            shown=by_sent(exchange, "Content-Type"),
            rule="allowed",
        )


def _slow_down(exchange: Exchange) -> Iterator[Finding]:
    if exchange.status == 429:
        after = exchange.headers.get("Retry-After")
        yield diagnosis(
            "too many requests",
            "the registry takes no more for now; at Docker Hub, GET of a manifest counts and HEAD does not",
            f"Wait {f'as Retry-After says: {after}' if after else 'a while'}, or ask as somebody with a name",
            _ERRORS,
            shown=by_received(exchange, "Retry-After"),
        )


_SPEAKS_HTTP = re.compile(
    r"does not speak TLS|wrong version number|HTTP response to HTTPS|does not look like a TLS handshake", re.IGNORECASE
)
"""How clients say that they asked over TLS and were answered without it."""

_SPEAKS_TLS = re.compile(r"HTTP request (?:to an HTTPS server|was sent to HTTPS port)", re.IGNORECASE)
"""How Go's and nginx's servers say the reverse."""


def _without_tls(exchange: Exchange) -> Iterator[Finding]:
    if exchange.response is None and _SPEAKS_HTTP.search(exchange.error):
        yield diagnosis(
            "plain HTTP at this port",
            f"the registry was asked over TLS and answered in plain HTTP: {exchange.error}",
            "Write http:// in its URL; docker wants it under insecure-registries in daemon.json, podman and skopeo "
            "--tls-verify=false. Over a network, better give the registry a certificate",
            issue(1929, "a plain-HTTP registry"),
            shown=by_request_line(exchange),
            rule="allowed",
        )


def _with_tls(exchange: Exchange) -> Iterator[Finding]:
    if exchange.status == 400 and _SPEAKS_TLS.search(exchange.text):
        yield diagnosis(
            "TLS at this port",
            "the registry was asked in plain HTTP, and speaks TLS here",
            "Write https:// in its URL",
            Citation(HTTP, "4.2.2 https URI Scheme", "section-4.2.2"),
            shown=by_status(exchange),
        )


_NO_ANSWER = {
    r"resolve host|not known|no such host|looked up": "See how the host's name is written, and whether this machine "
    "can look names up",
    r"certificate": "Give the file of the CA that signed the registry's certificate (curl: --cacert FILE; regtutor: "
    "--ca-file FILE)",
    r"refused|couldn't connect|failed to connect": "See whether the registry runs, and at which host and port",
}
"""What a client says where no answer came -> what to try; the first that fits."""


def _no_answer(exchange: Exchange) -> Iterator[Finding]:
    if exchange.response is None and not _SPEAKS_HTTP.search(exchange.error):
        again = "See whether the registry runs, and whether it speaks http or https at this port"
        yield diagnosis(
            "no answer",
            f"no complete answer came: {exchange.error}",
            next((then for said, then in _NO_ANSWER.items() if re.search(said, exchange.error, re.IGNORECASE)), again),
            Citation(HTTP, "3.4 Messages", "section-3.4"),
            shown=by_request_line(exchange),
            rule="not in the registry documents",
        )


LOOKS: tuple[Callable[[Exchange], Iterator[Finding]], ...] = (
    _wanted_credentials,
    _denied,
    _too_large,
    _sent_as_a_form,
    _slow_down,
    _without_tls,
    _with_tls,
    _no_answer,
)
