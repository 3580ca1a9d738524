"""Traps for what stands between the client and the registry: a forward proxy, or one that does not support Expect.

Each function looks for one problem, and yields a diagnosis if it finds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from regtutor.exchange import Exchange
from regtutor.findings.diagnosis import NO_RESPONSE, by_received, by_request_line, by_sent, diagnosis, trap
from regtutor.findings.finding import Finding
from regtutor.protocol.citations import MUST, OUTSIDE
from regtutor.protocol.clauses import http


@trap(statuses=(407,))
def proxy_wants_credentials(exchange: Exchange) -> Iterator[Finding]:
    """A proxy requires credentials, or refused those in the request."""
    sent = "refused those in the request" if "Proxy-Authorization" in exchange.request_headers else "none were sent"
    yield diagnosis(
        "the proxy requires credentials",
        f"the response comes from the proxy, not from the registry: it requires credentials of its own, and {sent}",
        "Write them in the proxy's URL: https_proxy=http://USER:PASSWORD@HOST:PORT; or list the registry's host in "
        "no_proxy, if you can reach it directly",
        http("15.5.8 407 Proxy Authentication Required"),
        shown=by_received(exchange, "Proxy-Authenticate"),
        level=MUST,
    )


_PLAIN = re.compile(r"wrong version number|record layer failure|does not look like a TLS handshake", re.IGNORECASE)


@trap(statuses=NO_RESPONSE)
def proxy_without_tls(exchange: Exchange) -> Iterator[Finding]:
    """The proxy's URL begins with https://, but the proxy speaks plain HTTP."""
    if exchange.proxy.lower().startswith("https:") and _PLAIN.search(exchange.error):
        yield diagnosis(
            "plain HTTP at the proxy",
            f"the URL of the proxy, {exchange.proxy}, begins with https://, so the client began with TLS, and the "
            f"proxy responded in plain HTTP ({exchange.error})",
            "Write http:// in the proxy's URL: its scheme is that of the connection to the proxy, not that of the "
            "registry",
            http("4.2.2 https URI Scheme"),
            shown=by_request_line(exchange),
            level=OUTSIDE,
        )


@trap(statuses=(417,))
def expect_not_supported(exchange: Exchange) -> Iterator[Finding]:
    """The registry, or a proxy in front of it, does not support Expect."""
    yield diagnosis(
        "Expect is not supported",
        "the registry, or a proxy in front of it, refused the header Expect: 100-continue; it did not look at the rest "
        "of the request",
        "Repeat the request without Expect (curl: -H 'Expect:'; regtutor push: --no-expect; Python: "
        "expect_continue=False)",
        http("10.1.1 Expect"),
        shown=by_sent(exchange, "Expect"),
        level=OUTSIDE,
    )


@trap()
def tunnel_refused(exchange: Exchange) -> Iterator[Finding]:
    """A proxy did not open the tunnel to the registry."""
    if exchange.method != "CONNECT" or exchange.status in (None, 407) or 200 <= (exchange.status or 0) < 300:
        return
    yield diagnosis(
        "the proxy refused the tunnel",
        f"the response {exchange.status} comes from the proxy, not from the registry: it did not open the tunnel to "
        f"{exchange.target}",
        "Ask who runs the proxy to permit CONNECT to this host and port, or list the registry's host in no_proxy, if "
        "you can reach it directly",
        http("9.3.6 CONNECT"),
        shown=by_request_line(exchange),
        level=OUTSIDE,
    )
