"""Traps for addresses: a Location that the client changed, that leads to a wrong address, or that has expired.

Each function looks for one problem, and yields a diagnosis if it finds it.
"""

from __future__ import annotations

from collections.abc import Iterator

from regtutor.exchange import Exchange
from regtutor.findings.diagnosis import (
    REFUSED,
    by_received,
    by_request_line,
    by_status,
    codes_of,
    diagnosis,
    issue,
    trap,
)
from regtutor.findings.finding import Finding
from regtutor.findings.request_purpose import fields_of
from regtutor.protocol.citations import HABIT, MAY, OUTSIDE, SHOULD, Citation
from regtutor.protocol.clauses import CONFIGURED_SECRET, ENDPOINT_TABLE, POST_THEN_PUT, http
from regtutor.protocol.endpoints import ENDPOINTS, LEAVES_A_SESSION_OPEN, SENT_TO_A_SESSION, parse
from regtutor.protocol.urls import PORTS, Address, address_of, origin_form, other_host


def _urls(exchange: Exchange) -> tuple[Address, Address] | None:
    """Return the addresses of the request and of Location; None if the hosts differ, or if one is not a URL."""
    here, there = address_of(exchange.url, ""), address_of(exchange.headers.get("Location", ""), exchange.url)
    return (here, there) if here and there and here.host.lower() == there.host.lower() else None


@trap()
def location_without_tls(exchange: Exchange) -> Iterator[Finding]:
    """A Location has http, although the request used https."""
    urls = _urls(exchange)
    if urls and urls[0].scheme == "https" and urls[1].scheme == "http":
        yield diagnosis(
            "Location changes https to http",
            "the request used https; the proxy that terminates TLS does not inform the registry of this",
            "Configure the proxy to send X-Forwarded-Proto: https, or set http.relativeurls: true in Distribution",
            issue(2225, "Location behind a proxy"),
            shown=by_received(exchange, "Location"),
            level=HABIT,
        )


@trap()
def location_without_port(exchange: Exchange) -> Iterator[Finding]:
    """A Location does not have the port of the request."""
    urls = _urls(exchange)
    if urls and not urls[1].names_port and urls[0].port not in PORTS.values():
        yield diagnosis(
            "Location has no port",
            f"the request went to port {urls[0].port}; a proxy sends Host to the registry without the port",
            "Configure the proxy to pass Host on unchanged (nginx: proxy_set_header Host $http_host)",
            issue(2225, "Location behind a proxy"),
            shown=by_received(exchange, "Location"),
            level=HABIT,
        )


def location_of_another_host(exchange: Exchange) -> Finding | None:
    """Return the diagnosis of a Location on another host, which is allowed, for a request there that failed."""
    here, there = address_of(exchange.url, ""), address_of(exchange.headers.get("Location", ""), exchange.url)
    if here is None or there is None or here.host.lower() == there.host.lower():
        return None
    return diagnosis(
        "Location leads to another host",
        f"the request went to {here.authority}, but Location leads to {there.authority}: either the registry intends "
        "it, or a proxy sends the registry another Host than the client used",
        "Configure the proxy to pass Host on unchanged (nginx: proxy_set_header Host $http_host), or make "
        f"{there.authority} reachable from here",
        issue(2225, "Location behind a proxy"),
        shown=by_received(exchange, "Location"),
        level=HABIT,
    )


@trap(endpoints=LEAVES_A_SESSION_OPEN, statuses=(202, 204))
def location_outside_the_api(exchange: Exchange) -> Iterator[Finding]:
    """The Location of an upload session is outside of /v2/."""
    there = address_of(exchange.headers.get("Location", ""), exchange.url)
    if there is not None and not there.path.startswith("/v2/"):
        other = other_host(exchange.headers["Location"], exchange.url)
        where = f", on another host ({other}), which must not receive the credentials of this registry" if other else ""
        yield diagnosis(
            "Location is outside of /v2/",
            f"the upload continues at {there.path}{where}; this is allowed, but a client that builds the address "
            "itself fails here",
            "Follow Location byte for byte, and append digest= to it; never build the address of a session",
            POST_THEN_PUT,
            shown=by_received(exchange, "Location"),
            level=MAY,
        )


@trap(endpoints=SENT_TO_A_SESSION, statuses=REFUSED)
def other_target(exchange: Exchange) -> Iterator[Finding]:
    """The client changed the Location of an upload session before it followed it."""
    if exchange.target.count("?") > 1:
        meaning = "the target has a second ?: the text after it is not a query, but a part of the value before it"
        again = "Append digest= with & if Location already has a query: Location.with_query does that"
    elif "BLOB_UPLOAD_INVALID" in codes_of(exchange) and "_state" not in fields_of(exchange):
        meaning = "the target has no _state, which a Location of Distribution contains: it was rebuilt or cut"
        again = "Follow the latest Location byte for byte, with its query"
    else:
        return
    yield diagnosis(
        "the Location was changed", meaning, again, POST_THEN_PUT, shown=by_request_line(exchange), level=SHOULD
    )


@trap(endpoints=SENT_TO_A_SESSION, statuses=(400, 404), codes=("BLOB_UPLOAD_INVALID",))
def invalid_state(exchange: Exchange) -> Iterator[Finding]:
    """The registry refuses the _state of a Location that looks complete."""
    if "_state" in fields_of(exchange) and exchange.target.count("?") == 1:
        yield diagnosis(
            "the upload state was refused",
            "the registry does not accept the _state of this Location: it is not from the latest response, it belongs "
            "to another session, or another registry of the cluster signed it with another http.secret",
            "Follow the Location of the latest response; give every registry of a cluster the same http.secret; if "
            "the request still fails, POST .../blobs/uploads/ for a new session",
            CONFIGURED_SECRET,
            shown=by_request_line(exchange),
            level=HABIT,
        )


@trap(endpoints=SENT_TO_A_SESSION, codes=("BLOB_UPLOAD_UNKNOWN",))
def unknown_session(exchange: Exchange) -> Iterator[Finding]:
    """The upload session is not known to the registry."""
    yield diagnosis(
        "the upload session is gone",
        "it was closed, canceled or purged; in a cluster, perhaps the registries do not share storage",
        "POST .../blobs/uploads/ for a new session, and send the blob from its first byte",
        issue(1576, "upload sessions in a cluster"),
        shown=by_status(exchange),
        level=HABIT,
    )


def needs_a_slash(exchange: Exchange) -> bool:
    """Whether the request matches no endpoint, but would with a slash at the end of its path."""
    path, mark, query = origin_form(exchange.target).partition("?")
    return exchange.endpoint is None and parse(exchange.method, f"{path}/{mark}{query}") is not None


_WRITES = tuple(endpoint.name for endpoint in ENDPOINTS if endpoint.method not in ("GET", "HEAD"))
"""The endpoints of the requests that change something."""

_REDIRECTS: dict[int, tuple[Citation, str]] = {
    301: (http("15.4.2 301 Moved Permanently"), "many clients follow a 301 with GET"),
    302: (http("15.4.3 302 Found"), "many clients follow a 302 with GET"),
    308: (http("15.4.9 308 Permanent Redirect"), ""),
}
"""Redirect -> the clause, and how many clients change the method; a 308 keeps it."""


@trap(statuses=_REDIRECTS)
def redirect_to_slash(exchange: Exchange) -> Iterator[Finding]:
    """A redirect only adds the slash at the end of the path."""
    path = origin_form(exchange.target).partition("?")[0]
    if origin_form(exchange.headers.get("Location", "")).partition("?")[0] == f"{path}/":
        citation, follows = _REDIRECTS[exchange.status or 0]
        yield diagnosis(
            "missing slash at the end of the path",
            f"the path is {path}/" + (f"; {follows}, and then send another request than intended" if follows else ""),
            f"Send {exchange.method} {path}/",
            citation,
            shown=by_request_line(exchange),
            level=OUTSIDE,
        )


@trap(endpoints=_WRITES, statuses=(301, 302, 303))
def redirect_of_an_upload(exchange: Exchange) -> Iterator[Finding]:
    """A redirect that does not keep the method is the response to an upload or a deletion."""
    there = address_of(exchange.headers.get("Location", ""), exchange.url)
    where = f"{there.origin} as the address of the registry" if there else "the address in Location"
    yield diagnosis(
        "redirect of an upload",
        f"a {exchange.status} does not keep the method: many clients send GET to the new address after it, so this "
        f"request, a {exchange.method}, is not repeated there",
        f"Use {where}, or configure the proxy to send 308 instead",
        http("15.4 Redirection 3xx"),
        shown=by_received(exchange, "Location"),
        level=OUTSIDE,
    )


@trap(statuses=(404, 405), of_pages=True)
def no_slash(exchange: Exchange) -> Iterator[Finding]:
    """A path matches no endpoint, but would with a slash at its end."""
    if needs_a_slash(exchange):
        path = origin_form(exchange.target).partition("?")[0]
        yield diagnosis(
            "missing slash at the end of the path",
            f"{path} is not a path of the API, but {path}/ is",
            f"Send {exchange.method} {path}/",
            ENDPOINT_TABLE,
            shown=by_request_line(exchange),
            level=MAY,
        )
