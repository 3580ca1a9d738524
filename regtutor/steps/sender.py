"""What a step needs of a registry: that it sends."""

from __future__ import annotations

from typing import Protocol

from regtutor.exchange import Exchange
from regtutor.message import Request


class Sender(Protocol):
    """Anything that takes a Request and returns the Exchange, such as a ``Registry``."""

    def send(self, request: Request) -> Exchange:
        """Send it, once."""
        ...
