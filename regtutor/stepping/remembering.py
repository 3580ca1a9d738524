"""A sender that keeps its last failure, since a walk can handle a failure without reporting it."""

from __future__ import annotations

from regtutor.client.registry import Registry
from regtutor.errors import RegtutorError
from regtutor.exchange import Exchange
from regtutor.message import Request


class Remembering:
    """Sends to ``reg``; ``failure`` is the error of the last request, or None after a response."""

    def __init__(self, reg: Registry) -> None:
        self.reg = reg
        self.failure: RegtutorError | None = None

    def send(self, request: Request) -> Exchange:
        """Send ``request``, and keep the error that it raises."""
        self.failure = None
        try:
            return self.reg.send(request)
        except RegtutorError as error:
            self.failure = error
            raise
