"""Following redirects: a walk gets the response at the end of a redirect, and each request is an exchange of its own.

A redirect is a request to an address that the registry names, so it keeps the method and the body, and loses the
credentials if the address is on another host. Registries redirect to their storage (S3, Azure, Google Cloud), and
proxies redirect from one name or scheme to another.

Source: RFC 9110, 15.4 "Redirection 3xx" <https://www.rfc-editor.org/rfc/rfc9110.html#section-15.4>.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from functools import wraps
from typing import ParamSpec

from regtutor.errors import RegtutorError
from regtutor.exchange import Exchange
from regtutor.message import Request
from regtutor.protocol.urls import same_origin
from regtutor.walks.driving import Notes, Walk

P = ParamSpec("P")

REDIRECTS = 5
"""The most redirects that are followed for one request."""

KEEPS_METHOD = (307, 308)
"""Redirects that keep the method and the body of every request."""

REDIRECTED = (301, 302, 303, *KEEPS_METHOD)
"""Redirects that keep the method of GET and HEAD; many clients send GET after a 301, 302 or 303 to another method."""

_SECRETS = ("Authorization", "Cookie")


class Unfollowed(Request):
    """A request whose redirect is given to the walk."""

    @classmethod
    def of(cls, request: Request) -> Unfollowed:
        """Return ``request`` as such a request."""
        return cls(**vars(request))


def follows_redirects(walk: Callable[P, Walk]) -> Callable[P, Walk]:
    """Wrap a walk so that it gets the response at the end of each redirect.

    A redirect that cannot be followed is given to the walk, which stops there: one without a usable Location, one that
    would change the method, or one after :data:`REDIRECTS` others.
    """

    @wraps(walk)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> Walk:
        return _following(walk(*args, **kwargs))

    return wrapped


def _following(walk: Walk) -> Walk:
    with closing(walk):
        try:
            request = next(walk)
            while True:
                try:
                    exchange = yield from followed(request)
                except RegtutorError as error:
                    request = walk.throw(error)
                else:
                    request = walk.send(exchange)
        except StopIteration as end:
            notes: Notes = end.value or ()
            return notes


def followed(request: Request) -> Generator[Request, Exchange, Exchange]:
    """Send ``request``, then a request to each address that it is redirected to, and return the last exchange."""
    exchange = yield request
    for _ in range(0 if isinstance(request, Unfollowed) else REDIRECTS):
        if not can_follow(exchange):
            return exchange
        request = redirected(request, exchange)
        exchange = yield request
    return exchange


def can_follow(exchange: Exchange) -> bool:
    """Return whether the response is a redirect that keeps the method, to an address that it names."""
    keeps = REDIRECTED if exchange.method in ("GET", "HEAD") else KEEPS_METHOD
    return exchange.status in keeps and exchange.location is not None


def redirected(request: Request, exchange: Exchange) -> Request:
    """Return ``request`` for the address that ``exchange`` redirects to, without credentials on another host."""
    assert exchange.location is not None
    target = exchange.location
    if isinstance(request, Unfollowed):
        request = Request(**vars(request))
    if same_origin(target.follow(), exchange.url):
        return request.edit(target=target)
    return request.edit(target=target, headers=dict.fromkeys(_SECRETS))
