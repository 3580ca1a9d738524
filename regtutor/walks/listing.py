"""Listing the tags of a repository, page by page."""

from __future__ import annotations

from collections.abc import Generator

from regtutor.errors import ConnectionFailed, ListFailed
from regtutor.exchange import Exchange
from regtutor.message import Location, Request
from regtutor.printable import visible
from regtutor.protocol.encodings import applied
from regtutor.protocol.links import next_link
from regtutor.protocol.secrets import redact_url
from regtutor.protocol.urls import same_origin
from regtutor.steps import draft, list_tags
from regtutor.walks.driving import Walk
from regtutor.walks.expected_status import expect, stop
from regtutor.walks.redirects import follows_redirects

MAX_PAGES = 1000
"""The most pages that are requested for one list, so that a walk ends even if each page names another one."""


@follows_redirects
def tags(repository: str, listed: list[str], *, n: int | None = None) -> Walk:
    """The walk that lists all tags: the first page, then each page that the Link of a response names.

    Parameters
    ----------
    repository: the name of the repository.
    listed: receives the tags, page by page.
    n: the largest number of tags in a page; by default the registry decides.

    Raises
    ------
    ListFailed: if the registry does not send the tags, or if the pages do not end.

    Source: OCI distribution-spec v1.1.1, "Listing Tags"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags>.
    """
    exchange = yield draft(list_tags, repository, n=n)
    seen: set[str] = set()
    for _ in range(MAX_PAGES):
        listed += _tags_in(exchange)
        if linked_page(exchange) is None:
            return ()
        check_new_page(exchange, seen)
        exchange = yield from next_page(exchange, draft(list_tags, repository, page=exchange.next_page))
    stop(exchange, f"The list has more than {MAX_PAGES:,} pages", ListFailed)


def check_new_page(exchange: Exchange, seen: set[str]) -> None:
    """Stop the walk if the Link of ``exchange`` names a page that was requested before: the list would never end.

    Parameters
    ----------
    seen: the addresses of the earlier pages; that of ``exchange`` is added.
    """
    seen.add(exchange.url)
    page = linked_page(exchange)
    if page is not None and page.redacted in seen:
        why = f"Its Link names {page} as the next page, which was requested before: the list has no end"
        stop(exchange, why, ListFailed)


def why_unreadable(exchange: Exchange) -> str:
    """Return the part of a sentence that says why the body of a list is not the expected JSON, or ``""``."""
    coding = applied(exchange.headers.get("Content-Encoding", ""))
    if coding:
        return f": it has Content-Encoding: {coding}, which the request did not ask for"
    body = exchange.response.body if exchange.response else None
    if body is not None and not body.whole:
        return f": it has {body.size:,} bytes, and the first {len(body.preview):,} are read"
    return ""


def linked_page(exchange: Exchange) -> Location | None:
    """Return the next page of a list, or None on the last one.

    Raises
    ------
    ListFailed: if the Link is not a URL: without the other pages, the list is not whole.
    """
    page = exchange.next_page
    if page is None and (target := next_link(exchange.headers.all("Link"))) is not None:
        stop(exchange, f"Its Link names the next page at {visible(redact_url(target))}, which is not a URL", ListFailed)
    return page


def next_page(exchange: Exchange, request: Request) -> Generator[Request, Exchange, Exchange]:
    """Send the ``request`` for the page that the Link of ``exchange`` names.

    Raises
    ------
    ListFailed: if that page is at another address than ``exchange``, and cannot be reached: the Link is wrong then.
    """
    try:
        return (yield request)
    except ConnectionFailed as error:
        page = exchange.next_page
        if page is None or same_origin(page.follow(), exchange.url):
            raise
        stop(exchange, f"Its Link names the next page at {page}, which cannot be reached: {error.what}", ListFailed)


def _tags_in(exchange: Exchange) -> list[str]:
    expect(exchange, 200, kind=ListFailed)
    try:
        tags = exchange.json()["tags"]
    except (ValueError, KeyError, TypeError):
        stop(exchange, f"The body is not a JSON object with tags{why_unreadable(exchange)}", ListFailed)
    # Distribution 2.8 writes null for an empty list.
    if not isinstance(tags or [], list) or not all(isinstance(tag, str) for tag in tags or ()):
        stop(exchange, "The tags in the body are not a list of strings", ListFailed)
    return list(tags or ())
