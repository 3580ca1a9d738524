"""What a walk makes of an answer that it cannot go on from."""

from __future__ import annotations

from typing import NoReturn

from regtutor.errors import DeleteFailed, ListFailed, PullFailed, PushFailed
from regtutor.exchange import Exchange

Failure = type[PushFailed] | type[PullFailed] | type[ListFailed] | type[DeleteFailed]

_WALKS: dict[Failure, str] = {PushFailed: "push", PullFailed: "pull", ListFailed: "list", DeleteFailed: "deletion"}
_UNKNOWN = "Say who you are: --username, or username= and password= in Python"
_SILENT = "An answer to HEAD has no body that could say why: send the same request with GET, and read it"
_REFUSED = "The credentials that were sent were refused: see whether they are right, and may do this"


def expect(exchange: Exchange, *statuses: int, kind: Failure = PushFailed) -> None:
    if exchange.status not in statuses:
        wanted = " or ".join(str(status) for status in statuses)
        stop(exchange, f"{exchange.method} {exchange.target} was answered {exchange.status}, not {wanted}", kind)


def stop(exchange: Exchange, why: str, kind: Failure = PushFailed) -> NoReturn:
    raise kind(
        f"The {_WALKS[kind]} stopped at {exchange.step}: {exchange.status}, {exchange.meaning}",
        why,
        _next(exchange),
        exchange=exchange,
    )


def _next(exchange: Exchange) -> str:
    sentences = [f"The registry says: {exchange.told}"] if exchange.told else []
    if exchange.status in (401, 403):
        sentences.append(_REFUSED if "Authorization" in exchange.request_headers else _UNKNOWN)
    elif exchange.method == "HEAD":
        sentences.append(_SILENT)
    return ". ".join(sentences)
