"""What a walk makes of an answer that it cannot go on from."""

from __future__ import annotations

from typing import NoReturn

from regtutor.errors import PushFailed
from regtutor.exchange import Exchange


def expect(exchange: Exchange, status: int) -> None:
    if exchange.status != status:
        stop(exchange, f"{exchange.method} {exchange.target} was answered {exchange.status}, not {status}")


def stop(exchange: Exchange, why: str) -> NoReturn:
    told = "; ".join(f"{e.get('code')}: {e.get('message') or ''}".rstrip(": ") for e in exchange.errors)
    raise PushFailed(
        f"The push stopped at {exchange.step}: {exchange.status}, {exchange.meaning}",
        why,
        f"The registry says: {told}" if told else "",
        exchange=exchange,
    )
