"""Reads the body of a response from its connection, up to the end that its framing gives it, within its limits."""

from __future__ import annotations

import time
from collections.abc import Iterator

from regtutor.client.wire.framing import FixedLength, Framing
from regtutor.client.wire.head import MalformedResponse
from regtutor.client.wire.limits import Allowance
from regtutor.client.wire.tap import ClosedEarly, Tap


def body_chunks(tap: Tap, framing: Framing, allowance: Allowance, timeout: float) -> Iterator[bytes]:
    """Yield the content of a body, undecoded, without the framing of its transfer coding.

    Parameters
    ----------
    tap: the connection, after the head of the response. Bytes after the body are left in it.
    framing: finds the end of the body.
    allowance: counts the bytes and the time.
    timeout: seconds that can pass without a byte.

    Raises
    ------
    TimeoutError: if no byte comes in time; Overdue, Stalled or TooLarge, if the body exceeds its limits, or announces
        that it will.
    MalformedResponse: if its framing is malformed.
    ClosedEarly: if the connection ends before the body does.
    """
    if isinstance(framing, FixedLength):
        allowance.announced(framing.length)
    while not framing.done:
        began = time.monotonic()
        data = tap.piece(timeout)
        if not data:
            if framing.unfinished:
                raise ClosedEarly(f"the connection was closed {framing.unfinished}")
            return
        allowance.came(len(data), time.monotonic() - began)
        used, parts = framing.take(data)
        tap.pending[:0] = data[used:]
        content = data if sum(map(len, parts)) == len(data) else b"".join(parts)
        if content:
            yield content
        if framing.broken:
            raise MalformedResponse(framing.broken)
        allowance.used(used, len(content))
