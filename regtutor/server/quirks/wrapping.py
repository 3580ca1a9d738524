"""What a quirk is made of: a wrapper takes a handler and gives another one in its place.

A wrapper may change the request before the handler sees it, answer in its stead, or change what it answered. It uses
what a handler uses, the :class:`~regtutor.server.call.Call` and its store, and knows nothing of sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps

from regtutor.message import HeaderList
from regtutor.server.call import Call, Handler
from regtutor.server.http import Response
from regtutor.server.receiving import BodySink, Handling, receives, response_of
from regtutor.server.respond import Refusal

Wrapper = Callable[[Handler], Handler]
Wrappers = Mapping[str, Wrapper]
"""The wrappers of a quirk, by the name of the documented request; ``EVERY`` is around the choice among these."""

EVERY = "*"

Outcome = Response | BodySink


def changes_response(change: Callable[[Call, Response], Response]) -> Wrapper:
    """The wrapper that makes another answer of each answer; refusals pass."""

    @wraps(change)
    def wrapper(handler: Handler) -> Handler:
        @receives
        def changed(call: Call) -> Handling:
            response = yield from response_of(handler(call))
            return change(call, response)

        return changed

    return wrapper


def changes_request(change: Callable[[Call], Call]) -> Wrapper:
    """The wrapper that makes another request of each request; ``change`` may refuse."""

    @wraps(change)
    def wrapper(handler: Handler) -> Handler:
        return lambda call: handler(change(call))

    return wrapper


def without_header(call: Call, name: str) -> Call:
    """``call`` as if that header had not come."""
    kept = tuple(pair for pair in call.head.headers if pair[0].lower() != name.lower())
    return replace(call, head=replace(call.head, headers=kept))


def without_headers(headers: HeaderList, *names: str) -> HeaderList:
    """``headers`` but for those called so."""
    gone = {name.lower() for name in names}
    return tuple(pair for pair in headers if pair[0].lower() not in gone)


def code_of(refusal: Refusal) -> str:
    """The first error code of it."""
    return refusal.faults[0].code


def recoded(refusal: Refusal, code: str) -> Refusal:
    """The refusal itself, with another code in its first entry."""
    refusal.faults = (replace(refusal.faults[0], code=code), *refusal.faults[1:])
    return refusal


def failure(given: object) -> Refusal:
    """500 UNKNOWN, as a registry answers where the request's fault is found too late."""
    next = "the same request, put right: this registry takes the client's mistake for a failure of its own"
    return Refusal("UNKNOWN", given=given, next=next)
