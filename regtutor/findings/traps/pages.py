"""Traps for pages: a proxy, a login or a portal responded instead of the registry's API.

Each function looks for one problem, and yields a diagnosis if it finds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from regtutor.exchange import Exchange
from regtutor.findings.diagnosis import REFUSED, by_received, by_status, diagnosis, issue, trap
from regtutor.findings.finding import Finding
from regtutor.findings.request_purpose import fields_of
from regtutor.protocol.citations import OUTSIDE
from regtutor.protocol.clauses import ENDPOINT_TABLE, http
from regtutor.protocol.urls import origin_form

_HAS_A_TRAP = (401, 413, 429)
"""Statuses with the same meaning and the same next step in a proxy's page."""

_LOGIN_ADDRESS = re.compile(r"/(?:log-?in|sign-?in|sso|saml|oauth2?|auth)\b", re.IGNORECASE)

SPEAKS_TLS = re.compile(r"HTTP request (?:to an HTTPS server|was sent to HTTPS port)", re.IGNORECASE)
"""The messages of Go's and nginx's servers to a request without TLS."""


def perhaps_with_tls(exchange: Exchange) -> bool:
    """Return whether a page, of which HEAD shows only the type, came in response to a request without TLS."""
    plain = exchange.url.lower().startswith("http://")
    return plain and exchange.page is not None and exchange.method == "HEAD" and exchange.status == 400


CLIENT_CERTIFICATE = re.compile(r"No required SSL certificate was sent|The SSL certificate error", re.IGNORECASE)
"""The pages of nginx for a client without a certificate, and for one whose certificate it does not trust."""


def perhaps_client_certificate(exchange: Exchange) -> bool:
    """Return whether nginx responded 400 to HEAD over TLS: it has no body that names the reason."""
    page = exchange.page
    https = exchange.url.lower().startswith("https://")
    return https and page is not None and exchange.method == "HEAD" and exchange.status == 400


_NO_HANDLER = re.compile(r"404 page not found|default backend - 404", re.IGNORECASE)

_STEPS: Mapping[int, str] = {
    400: "Look into the log of {program} for this request: it refused the request before the registry received it",
    403: "Look for a rule of {program} that forbids {method} or this path, and allow GET, HEAD, POST, PUT, PATCH and "
    "DELETE below /v2/",
    404: "Check that {program} passes /v2/ and everything below it to the registry, with the path unchanged (nginx: "
    "location /v2/ {{ proxy_pass http://registry:5000; }}, with no path after the port)",
    405: "Allow GET, HEAD, POST, PUT, PATCH and DELETE below /v2/ in {program}",
    502: "Check that the registry runs, and that {program} has its address, port and scheme",
    503: "Check that the registry runs, and whether {program} considers it healthy",
    504: "Check that the registry responds, and raise the time limit of {program} (nginx: proxy_read_timeout 900)",
}
"""The status of a page -> the next step."""


def _program(exchange: Exchange) -> str:
    return (exchange.page and exchange.page.program) or "the proxy"


@trap(statuses=REFUSED, of_pages=True)
def page_of_a_proxy(exchange: Exchange) -> Iterator[Finding]:
    """A proxy, a firewall or another web server responded instead of the registry, and refused the request."""
    page, status = exchange.page, exchange.status or 0
    with_tls = SPEAKS_TLS.search(exchange.text) or perhaps_with_tls(exchange)
    if page is None or status in _HAS_A_TRAP or with_tls:
        return
    if page.kind == "plain text" and _NO_HANDLER.search(page.title):
        yield _no_handler(exchange)
        return
    if page.kind in ("login page", "portal"):
        yield _another_site(exchange)
        return
    if CLIENT_CERTIFICATE.search(exchange.text) or perhaps_client_certificate(exchange):
        yield _without_client_certificate(exchange)
        return
    step = _STEPS.get(status, "Look into the log of {program}, and send the same request directly to the registry")
    yield diagnosis(
        "a proxy responded, not the registry",
        f"the response is {page}, not an error of the API: {_program(exchange)} is in front of the registry or at its "
        f"address, so {status} does not have the meaning that the API gives it",
        step.format(program=_program(exchange), method=exchange.method),
        http("3.7 Intermediaries"),
        shown=by_status(exchange),
        level=OUTSIDE,
    )


@trap(codes=("UNSUPPORTED",))
def path_changed(exchange: Exchange) -> Iterator[Finding]:
    """The registry names another path than the request has."""
    for entry in exchange.errors:
        detail = entry.get("detail")
        given = detail.get("given") if isinstance(detail, dict) else None
        path = origin_form(exchange.target).partition("?")[0]
        if exchange.endpoint and isinstance(given, str) and given.startswith("/") and given.partition("?")[0] != path:
            yield _path_lost(exchange, f"the registry received the path {given}")


def _no_handler(exchange: Exchange) -> Finding:
    title = exchange.page.title if exchange.page else ""
    return _path_lost(exchange, f"the body is the text {title!r}, which a web server sends for a path without content")


def _without_client_certificate(exchange: Exchange) -> Finding:
    certain = CLIENT_CERTIFICATE.search(exchange.text)
    untrusted = certain and "error" in certain[0].lower()
    return diagnosis(
        "the client certificate is not trusted"
        if untrusted
        else "a client certificate is required"
        if certain
        else "perhaps a client certificate is required",
        f"{_program(exchange)} " + ("does not trust the certificate" if untrusted else "demands a certificate")
        if certain
        else f"{_program(exchange)} responded 400 over TLS, and the response to HEAD has no body with the reason",
        "Give a certificate that it trusts: --cert FILE and --key FILE, or cert= in Python"
        if certain
        else "Send GET /v2/ to read the reason (regtutor check); for a client certificate: --cert FILE and --key FILE, "
        "or cert= in Python",
        http("3.7 Intermediaries"),
        shown=by_status(exchange),
        level=OUTSIDE,
    )


def _path_lost(exchange: Exchange, why: str) -> Finding:
    return diagnosis(
        "the path did not reach the API",
        f"{why}: a proxy changed the path, or no registry is at this address",
        "Check that the proxy passes /v2/ and everything below it unchanged (nginx: location /v2/ with proxy_pass "
        "http://registry:5000; and no path after the port), and that GET /v2/ responds 200 or 401",
        ENDPOINT_TABLE,
        shown=by_status(exchange),
        level=OUTSIDE,
    )


@trap(statuses=(200, 201, 202, 206), of_pages=True)
def page_instead_of_the_api(exchange: Exchange) -> Iterator[Finding]:
    """A success status came with a web page, or with text, instead of the API's response."""
    if exchange.page is not None:
        yield _another_site(exchange)


def _another_site(exchange: Exchange) -> Finding:
    page = exchange.page
    assert page is not None
    step = {
        "login page": "Send the requests to the address of the registry's API, which often has a host or a port of its "
        "own, and log in with a token or a password there; a web login protects only pages",
        "portal": "Log in to the network's portal in a browser, or let the proxy pass this host unchanged; then send "
        "the request again",
    }.get(
        page.kind,
        "Send the requests to the address of the registry's API: GET /v2/ must respond with 200 or 401 and with "
        "JSON, not with a page",
    )
    path = fields_of(exchange).get("repository")
    kind = f" of type {exchange.headers['Content-Type']}" if "Content-Type" in exchange.headers else ""
    about = f", so it says nothing about {path}" if path else ""
    return diagnosis(
        "a web page instead of the API",
        f"the response is {page}{kind}, not a response of the API{about}",
        step,
        issue(633, "a web page in response to HEAD", "oras-project/oras-go"),
        shown=by_received(exchange, "Content-Type"),
        level=OUTSIDE,
    )


@trap(statuses=(301, 302, 303, 307, 308))
def redirect_to_a_login(exchange: Exchange) -> Iterator[Finding]:
    """A redirect leads to a login page."""
    place = exchange.headers.get("Location", "")
    if exchange.endpoint is not None and _LOGIN_ADDRESS.search(place.partition("?")[0].partition("://")[2] or place):
        yield diagnosis(
            "redirect to a login page",
            f"a proxy sends clients without a web session to {exchange.location or place}; a client of the API has no "
            "such session",
            "Let the proxy pass /v2/ without a web login: the registry itself asks for credentials with 401 and "
            "WWW-Authenticate",
            http("15.4 Redirection 3xx"),
            shown=by_received(exchange, "Location"),
            level=OUTSIDE,
        )
