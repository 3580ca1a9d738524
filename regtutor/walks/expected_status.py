"""Stops a walk at a response with an unexpected status or content, with an error that explains the response."""

from __future__ import annotations

from typing import NoReturn

from regtutor.errors import DeleteFailed, ListFailed, PullFailed, PushFailed
from regtutor.exchange import Exchange

Failure = type[PushFailed] | type[PullFailed] | type[ListFailed] | type[DeleteFailed]

_WALKS: dict[Failure, str] = {PushFailed: "push", PullFailed: "pull", ListFailed: "list", DeleteFailed: "deletion"}
_UNKNOWN = "Give your credentials: --username, or username= and password= in Python"
_SILENT = "A response to HEAD has no body that could say why: send the same request with GET, and read its body"
_REFUSED = "The registry refused the credentials: check whether they are correct, and allowed to do this"


def expect(exchange: Exchange, *statuses: int, kind: Failure = PushFailed) -> None:
    """Stop the walk unless the status is one of ``statuses``, and a success came with a body of the API."""
    shown = f"{exchange.method} {exchange.shown_target} returned {exchange.status}"
    if exchange.status not in statuses:
        expected = " or ".join(str(status) for status in statuses)
        stop(exchange, f"{shown}, not {expected}", kind)
    if exchange.ok and exchange.page is not None:
        stop(exchange, f"{shown} with {exchange.page}", kind)


def stop(exchange: Exchange, why: str, kind: Failure = PushFailed, next: str = "") -> NoReturn:
    raise kind(
        f"The {_WALKS[kind]} stopped at {exchange.step}: {exchange.status}, {exchange.meaning}",
        why,
        next or _next(exchange),
        exchange=exchange,
    )


def _next(exchange: Exchange) -> str:
    """Return the next step, for a response without a diagnosis."""
    sentences = [f"The registry says: {exchange.error_message}"] if exchange.error_message else []
    if exchange.status in (401, 403):
        sentences.append(_REFUSED if "Authorization" in exchange.request_headers else _UNKNOWN)
    elif exchange.method == "HEAD":
        sentences.append(_SILENT)
    return ". ".join(sentences)
