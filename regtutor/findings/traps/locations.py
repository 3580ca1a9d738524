"""Traps of addresses: a Location that was changed, that leads astray, or that is no longer known.

Each function looks for one of them and gives a diagnosis or none.
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
from regtutor.findings.subject import fields_of
from regtutor.protocol.citations import HABIT, MAY, OUTSIDE, SHOULD, Citation
from regtutor.protocol.clauses import CONFIGURED_SECRET, ENDPOINT_TABLE, POST_THEN_PUT, http
from regtutor.protocol.endpoints import LEAVES_A_SESSION_OPEN, SENT_TO_A_SESSION, parse
from regtutor.protocol.urls import PORTS, Address, address_of, origin_form, other_host


def _urls(exchange: Exchange) -> tuple[Address, Address] | None:
    """Where the request went and where Location leads on the same host; None for another, or if one is not a URL."""
    here, there = address_of(exchange.url, ""), address_of(exchange.headers.get("Location", ""), exchange.url)
    return (here, there) if here and there and here.host.lower() == there.host.lower() else None


@trap()
def location_without_tls(exchange: Exchange) -> Iterator[Finding]:
    """A Location says http where the request came by https."""
    urls = _urls(exchange)
    if urls and urls[0].scheme == "https" and urls[1].scheme == "http":
        yield diagnosis(
            "Location leaves https",
            "the request came by https, and Location says http: the proxy that does TLS does not tell the registry so",
            "Let the proxy send X-Forwarded-Proto: https, or set http.relativeurls: true in Distribution",
            issue(2225, "Location behind a proxy"),
            shown=by_received(exchange, "Location"),
            rule=HABIT,
        )


@trap()
def location_without_port(exchange: Exchange) -> Iterator[Finding]:
    """A Location has lost the port of the request."""
    urls = _urls(exchange)
    if urls and not urls[1].names_port and urls[0].port not in PORTS.values():
        yield diagnosis(
            "Location lost the port",
            f"the request went to port {urls[0].port}, and Location has none: a proxy sends Host without its port",
            "Let the proxy pass Host on as it came (nginx: proxy_set_header Host $http_host)",
            issue(2225, "Location behind a proxy"),
            shown=by_received(exchange, "Location"),
            rule=HABIT,
        )


@trap(endpoints=LEAVES_A_SESSION_OPEN, statuses=(202, 204))
def location_outside_the_api(exchange: Exchange) -> Iterator[Finding]:
    """The Location of an upload session is outside of /v2/."""
    there = address_of(exchange.headers.get("Location", ""), exchange.url)
    if there is not None and not there.path.startswith("/v2/"):
        other = other_host(exchange.headers["Location"], exchange.url)
        where = f", on another host ({other}), which is not to see the credentials of this one" if other else ""
        yield diagnosis(
            "Location is outside of /v2/",
            f"the upload goes on at {there.path}{where}; that is allowed, and a client that puts the address together "
            "itself fails here",
            "Follow Location byte for byte, and append digest= to it; build no address of a session",
            issue(175, "Location outside of /v2/", "oras-project/rust-oci-client"),
            shown=by_received(exchange, "Location"),
            rule=MAY,
        )


@trap(endpoints=SENT_TO_A_SESSION, statuses=REFUSED)
def changed_location(exchange: Exchange) -> Iterator[Finding]:
    """The Location of an upload session was put together or cut before it was followed."""
    if exchange.target.count("?") > 1:
        said = "the target has a second ?: what follows it is no query of its own, but a part of the value before it"
        again = "Append digest= with & where Location has a query already: Location.with_query does that"
    elif "BLOB_UPLOAD_INVALID" in codes_of(exchange) and "_state" not in fields_of(exchange):
        said = "the target has no _state, which a Location of Distribution carries: it was put together or cut"
        again = "Follow the latest Location byte for byte, with its query"
    else:
        return
    yield diagnosis(
        "the Location was changed", said, again, POST_THEN_PUT, shown=by_request_line(exchange), rule=SHOULD
    )


@trap(endpoints=SENT_TO_A_SESSION, statuses=(400, 404), codes=("BLOB_UPLOAD_INVALID",))
def refused_state(exchange: Exchange) -> Iterator[Finding]:
    """The registry refuses the _state of a Location that looks whole."""
    if "_state" in fields_of(exchange) and exchange.target.count("?") == 1:
        yield diagnosis(
            "the state of the upload is refused",
            "the registry does not accept the _state of this Location: it is not that of the latest response, it is of "
            "another session, or another registry of the cluster signed it with another http.secret",
            "Follow the Location of the latest response; give every registry of a cluster the same http.secret; if "
            "that fails too, POST .../blobs/uploads/ for a new session",
            CONFIGURED_SECRET,
            shown=by_request_line(exchange),
            rule=HABIT,
        )


@trap(endpoints=SENT_TO_A_SESSION, codes=("BLOB_UPLOAD_UNKNOWN",))
def unknown_session(exchange: Exchange) -> Iterator[Finding]:
    """The registry does not know the upload session."""
    yield diagnosis(
        "the upload session is gone",
        "it was closed, cancelled or purged; in a cluster, the registries may share no storage",
        "POST .../blobs/uploads/ for a new session, and send the blob from its first byte",
        issue(1576, "upload sessions in a cluster"),
        shown=by_status(exchange),
        rule=HABIT,
    )


def needs_a_slash(exchange: Exchange) -> bool:
    """Whether the request is no endpoint's, and would be one with a slash at the end of its path."""
    path, mark, query = origin_form(exchange.target).partition("?")
    return exchange.endpoint is None and parse(exchange.method, f"{path}/{mark}{query}") is not None


_REDIRECTS: dict[int, tuple[Citation, str]] = {
    301: (http("15.4.2 301 Moved Permanently"), "many clients follow a 301 with GET"),
    302: (http("15.4.3 302 Found"), "many clients follow a 302 with GET"),
    308: (http("15.4.9 308 Permanent Redirect"), ""),
}
"""Redirect -> the clause, and what many clients make of another method; a 308 keeps the method."""


@trap(statuses=_REDIRECTS)
def redirected_to_the_slash(exchange: Exchange) -> Iterator[Finding]:
    """A redirect only adds the slash at the end of the path."""
    path = origin_form(exchange.target).partition("?")[0]
    if origin_form(exchange.headers.get("Location", "")).partition("?")[0] == f"{path}/":
        citation, follows = _REDIRECTS[exchange.status or 0]
        yield diagnosis(
            "the slash at the end is missing",
            f"the path is {path}/" + (f"; {follows}, and so send another request than was meant" if follows else ""),
            f"{exchange.method} {path}/",
            citation,
            shown=by_request_line(exchange),
            rule=OUTSIDE,
        )


@trap(statuses=(404, 405))
def refused_without_the_slash(exchange: Exchange) -> Iterator[Finding]:
    """A path that is no endpoint's would be one with a slash at its end."""
    if needs_a_slash(exchange):
        path = origin_form(exchange.target).partition("?")[0]
        yield diagnosis(
            "the slash at the end is missing",
            f"{path} is no path of the API, and {path}/ is one",
            f"{exchange.method} {path}/",
            ENDPOINT_TABLE,
            shown=by_request_line(exchange),
            rule=MAY,
        )
