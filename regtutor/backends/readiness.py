"""Waiting, up to a time limit, until a registry that was just started responds to ``GET /v2/``."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable

READY_SECONDS = 10.0
_ASK_SECONDS = 1.0
_TICK = 0.02


def wait_until_ready(ready: Callable[[], bool], ended: Callable[[], bool], limit: float = READY_SECONDS) -> bool:
    """Wait until the registry is ready, has ended, or ``limit`` seconds are over; return whether it is ready."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if ready():
            return True
        if ended():
            return False
        time.sleep(_TICK)
    return False


def answers(address: str) -> bool:
    """Whether a server at ``address`` responds to ``GET /v2/`` over HTTP."""
    connection = http.client.HTTPConnection(address, timeout=_ASK_SECONDS)
    try:
        connection.request("GET", "/v2/")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
