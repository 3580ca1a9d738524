"""The wrappers from which quirks are made: a wrapper takes a handler and returns another one.

A wrapper can change the request before the handler sees it, respond instead of the handler, or change the response. It
uses what a handler uses, the :class:`~regtutor.server.call.Call` and its store, and does not depend on sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps

from regtutor.errors import InvalidDigest
from regtutor.message import HeaderList
from regtutor.protocol import digests
from regtutor.protocol.digests import Digest
from regtutor.server.call import Call, Handler
from regtutor.server.http import Response
from regtutor.server.receiving import BodySink, Handling, receives, response_of
from regtutor.server.respond import Refusal

Wrapper = Callable[[Handler], Handler]
Wrappers = Mapping[str, Wrapper]
"""The wrappers of a quirk, by the name of the endpoint; ``EVERY`` wraps the choice of the handler."""

EVERY = "*"

Outcome = Response | BodySink


def changes_response(change: Callable[[Call, Response], Response]) -> Wrapper:
    """Make a wrapper of a function that changes each response. Refusals pass unchanged."""

    @wraps(change)
    def wrapper(handler: Handler) -> Handler:
        @receives
        def changed(call: Call) -> Handling:
            response = yield from response_of(handler(call))
            return change(call, response)

        return changed

    return wrapper


def changes_request(change: Callable[[Call], Call]) -> Wrapper:
    """Make a wrapper of a function that changes each request. The function can raise a refusal."""

    @wraps(change)
    def wrapper(handler: Handler) -> Handler:
        return lambda call: handler(change(call))

    return wrapper


def without_header(call: Call, name: str) -> Call:
    """``call`` without the request header ``name``."""
    kept = tuple(pair for pair in call.head.headers if pair[0].lower() != name.lower())
    return replace(call, head=replace(call.head, headers=kept))


def without_headers(headers: HeaderList, *names: str) -> HeaderList:
    """``headers`` without those named ``names``, matched without case."""
    gone = {name.lower() for name in names}
    return tuple(pair for pair in headers if pair[0].lower() not in gone)


def requested_digest(call: Call) -> Digest | None:
    """The digest in the path of a request for a manifest; None if the reference is a tag or malformed."""
    try:
        return digests.parse(call.path["reference"])
    except InvalidDigest:
        return None


def code_of(refusal: Refusal) -> str:
    """The first error code of ``refusal``."""
    return refusal.faults[0].code


def recoded(refusal: Refusal, code: str) -> Refusal:
    """``refusal`` itself, after its first error code is replaced with ``code``."""
    refusal.faults = (replace(refusal.faults[0], code=code), *refusal.faults[1:])
    return refusal


def failure(given: object) -> Refusal:
    """500 UNKNOWN, the response of a registry that finds a fault in the request too late."""
    next = "Correct the request, and send it again: this registry reports the client's mistake as its own failure"
    return Refusal("UNKNOWN", given=given, next=next)
