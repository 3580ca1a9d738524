"""Traps of addresses: a Location that was changed, that leads astray, or that is no longer known.

Each function looks for one of them and gives a diagnosis or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from regtutor.exchange import Exchange
from regtutor.findings.asked import on_another_host, step_of
from regtutor.findings.diagnosis import by_received, by_request_line, by_status, codes_of, diagnosis, issue
from regtutor.findings.finding import Finding
from regtutor.protocol.citations import DISTRIBUTION_SPEC, HTTP, Citation
from regtutor.protocol.endpoints import LEAVES_A_SESSION_OPEN, SENT_TO_A_SESSION, parse, split_target
from regtutor.protocol.urls import PORTS, Address, address_of, origin_form

_POST_PUT = Citation(DISTRIBUTION_SPEC, "POST then PUT", "post-then-put")


def _urls(exchange: Exchange) -> tuple[Address, Address] | None:
    """Where the request went and where Location leads on the same host; None for another, or if one is not a URL."""
    here, there = address_of(exchange.url, ""), address_of(exchange.headers.get("Location", ""), exchange.url)
    return (here, there) if here and there and here.host.lower() == there.host.lower() else None


def _location_without_tls(exchange: Exchange) -> Iterator[Finding]:
    urls = _urls(exchange)
    if urls and urls[0].scheme == "https" and urls[1].scheme == "http":
        yield diagnosis(
            "Location leaves https",
            "the request came by https, and Location says http: the proxy that does TLS does not tell the registry so",
            "Let the proxy send X-Forwarded-Proto: https, or set http.relativeurls: true in Distribution",
            issue(2225, "Location behind a proxy"),
            shown=by_received(exchange, "Location"),
            rule="vendor habit",
        )


def _location_without_port(exchange: Exchange) -> Iterator[Finding]:
    urls = _urls(exchange)
    if urls and not urls[1].names_port and urls[0].port not in PORTS.values():
        yield diagnosis(
            "Location lost the port",
            f"the request went to port {urls[0].port}, and Location has none: a proxy sends Host without its port",
            "Let the proxy pass Host on as it came (nginx: proxy_set_header Host $http_host)",
            issue(2225, "Location behind a proxy"),
            shown=by_received(exchange, "Location"),
            rule="vendor habit",
        )


def _location_outside_the_api(exchange: Exchange) -> Iterator[Finding]:
    there = address_of(exchange.headers.get("Location", ""), exchange.url)
    session = exchange.status in (202, 204) and step_of(exchange) in LEAVES_A_SESSION_OPEN
    if session and there is not None and not there.path.startswith("/v2/"):
        other = on_another_host(exchange)
        where = f", on another host ({other}), which is not to see the credentials of this one" if other else ""
        yield diagnosis(
            "Location is outside of /v2/",
            f"the upload goes on at {there.path}{where}; that is allowed, and a client that puts the address together "
            "itself fails here",
            "Follow Location byte for byte, and append digest= to it; build no address of a session",
            issue(175, "Location outside of /v2/", "oras-project/rust-oci-client"),
            shown=by_received(exchange, "Location"),
            rule="allowed",
        )


def _changed_location(exchange: Exchange) -> Iterator[Finding]:
    codes = codes_of(exchange)
    if exchange.status is None or exchange.status < 400 or step_of(exchange) not in SENT_TO_A_SESSION:
        return
    if exchange.target.count("?") > 1:
        said = "the target has a second ?: what follows it is no query of its own, but a part of the value before it"
        again = "Append digest= with & where Location has a query already: Location.with_query does that"
    elif "BLOB_UPLOAD_INVALID" in codes and "_state" not in split_target(exchange.target)[1]:
        said = "the target has no _state, which a Location of Distribution carries: it was put together or cut"
        again = "Follow the latest Location byte for byte, with its query"
    else:
        return
    yield diagnosis("the Location was changed", said, again, _POST_PUT, shown=by_request_line(exchange), rule="allowed")


def _unknown_session(exchange: Exchange) -> Iterator[Finding]:
    if "BLOB_UPLOAD_UNKNOWN" in codes_of(exchange):
        yield diagnosis(
            "the upload session is gone",
            "it was closed, cancelled or purged; in a cluster the registries may share no storage or no http.secret",
            "POST .../blobs/uploads/ for a new session, and send the blob from its first byte",
            issue(1576, "upload sessions in a cluster"),
            shown=by_status(exchange),
            rule="vendor habit",
        )


def needs_a_slash(exchange: Exchange) -> bool:
    """Whether the path is none of the API's, and would be one with a slash at its end."""
    path, mark, query = origin_form(exchange.target).partition("?")
    return (
        exchange.status in (404, 405)
        and parse(exchange.method, f"{path}{mark}{query}") is None
        and parse(exchange.method, f"{path}/{mark}{query}") is not None
    )


def _missing_slash(exchange: Exchange) -> Iterator[Finding]:
    path = origin_form(exchange.target).partition("?")[0]
    there = origin_form(exchange.headers.get("Location", "")).partition("?")[0]
    if exchange.status in (301, 302, 308) and there == f"{path}/":
        yield diagnosis(
            "the slash at the end is missing",
            f"the path is {path}/; many clients follow a 301 with GET, and so send another request than was meant",
            f"{exchange.method} {path}/",
            Citation(HTTP, "15.4.2 301 Moved Permanently", "section-15.4.2"),
            shown=by_request_line(exchange),
        )
    elif needs_a_slash(exchange):
        yield diagnosis(
            "the slash at the end is missing",
            f"{path} is no path of the API, and {path}/ is one",
            f"{exchange.method} {path}/",
            Citation(DISTRIBUTION_SPEC, "Endpoints", "endpoints"),
            shown=by_request_line(exchange),
        )


LOOKS: tuple[Callable[[Exchange], Iterator[Finding]], ...] = (
    _location_without_tls,
    _location_without_port,
    _location_outside_the_api,
    _changed_location,
    _unknown_session,
    _missing_slash,
)
