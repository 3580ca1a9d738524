"""Traps for the Link headers of lists.

Each function looks for one problem, and yields a diagnosis if it finds it.
"""

from __future__ import annotations

from collections.abc import Iterator

from regtutor.exchange import Exchange
from regtutor.findings.diagnosis import by_received, diagnosis, trap
from regtutor.findings.finding import Finding
from regtutor.protocol.citations import HABIT, MUST, Citation, Document
from regtutor.protocol.clauses import LISTING_TAGS
from regtutor.protocol.links import links
from regtutor.protocol.urls import address_of

_LISTS = ("list_tags", "list_repositories", "get_referrers")
_WEB_LINKING = Document("RFC 8288, Web Linking", "https://www.rfc-editor.org/rfc/rfc8288.html")


@trap(endpoints=_LISTS, statuses=(200,))
def malformed_link(exchange: Exchange) -> Iterator[Finding]:
    """A Link without angle brackets, or without a relation that a client can recognize."""
    values = exchange.headers.all("Link")
    found = list(links(values))
    bare = next((link for link in found if not link.bracketed), None)
    if values and (bare is not None or not any(link.relations for link in found)):
        what = f"its target, {bare.target}, is not in angle brackets" if bare else "it has no relation"
        yield diagnosis(
            "malformed Link",
            f"the Link of this response does not have the form of RFC 8288: {what}; a client that does not recognize "
            "it takes this page for the last one",
            f"Configure the registry, or the proxy that writes it, to send Link: <{bare.target if bare else '...'}>; "
            'rel="next"',
            Citation(_WEB_LINKING, "3 Link Serialisation in HTTP Headers", "section-3"),
            shown=by_received(exchange, "Link"),
            level=MUST,
        )


@trap(endpoints=_LISTS, statuses=(200,))
def link_to_another_scheme(exchange: Exchange) -> Iterator[Finding]:
    """A Link leads to the same host by another scheme than the request."""
    here = address_of(exchange.url, "")
    target = next((link.target for link in links(exchange.headers.all("Link")) if "next" in link.relations), None)
    there = address_of(target, exchange.url) if target else None
    if here and there and here.host.lower() == there.host.lower() and here.scheme != there.scheme:
        yield diagnosis(
            f"Link changes {here.scheme} to {there.scheme}",
            f"the request used {here.scheme}, and the next page is at {there.origin}: the registry does not know by "
            "which scheme it is reached, or a proxy changed the Link",
            f"Configure the proxy to send X-Forwarded-Proto: {here.scheme}, or set http.relativeurls: true in "
            "Distribution",
            LISTING_TAGS,
            shown=by_received(exchange, "Link"),
            level=HABIT,
        )
