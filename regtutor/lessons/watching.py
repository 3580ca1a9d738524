"""A registry whose every exchange is watched, however it was sent: by a step, a walk, the stepper or ``reg.send``."""

from __future__ import annotations

from collections.abc import Callable

from regtutor.client.registry import Registry, Transport
from regtutor.errors import ConnectionFailed, ContentMismatch
from regtutor.exchange import Exchange
from regtutor.message import HeaderList, Request


class Watched:
    """A transport that calls ``before`` with each request and ``after`` with each exchange; ``before`` may raise."""

    def __init__(
        self, transport: Transport, before: Callable[[Request], None], after: Callable[[Exchange], None]
    ) -> None:
        self._transport, self._before, self._after = transport, before, after

    def send(self, request: Request, url: str, headers: HeaderList, registry: str) -> Exchange:
        """Send with the inner transport; an attempt without a complete or right response is watched too."""
        self._before(request)
        try:
            exchange = self._transport.send(request, url, headers, registry)
        except (ConnectionFailed, ContentMismatch) as error:
            if error.exchange is not None:
                self._after(error.exchange)
            raise
        self._after(exchange)
        return exchange

    def close(self) -> None:
        """Close the inner transport."""
        self._transport.close()


def watched(reg: Registry, before: Callable[[Request], None], after: Callable[[Exchange], None]) -> Registry:
    """Return the same registry on the same connections; each of its exchanges is watched.

    A registry that is derived from it, such as ``reg.with_auth(...)``, is watched as well. It remembers only its own
    pushes, so that a walk never mounts from a repository that a scene or a question has filled.
    """
    transport = Watched(reg.transport, before, after)
    other = Registry(reg.url, transport, credentials=reg.credentials, host=reg.host, armed=reg.armed)
    other.tokens, other.why = reg.tokens, reg.why
    return other
