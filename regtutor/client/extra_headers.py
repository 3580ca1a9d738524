"""A transport that adds headers to every request to one registry."""

from __future__ import annotations

from regtutor.client.registry import Transport
from regtutor.exchange import Exchange
from regtutor.message import HeaderList, Request, changed_headers
from regtutor.protocol.unsaved import Unsaved
from regtutor.protocol.urls import same_origin


class ExtraHeaders(Unsaved):
    """Adds ``extra`` headers to requests to the scheme, host and port of ``origin``, and sends with ``transport``.

    A header replaces those of the same name. No other host receives it, because it can contain a secret.
    """

    def __init__(self, transport: Transport, origin: str, extra: HeaderList) -> None:
        self._transport, self._origin, self._extra = transport, origin, extra

    def send(self, request: Request, url: str, headers: HeaderList, registry: str) -> Exchange:
        """Send ``request``; see :class:`~regtutor.client.registry.Transport`."""
        if same_origin(url, self._origin):
            kept = changed_headers(headers, {name: None for name, _ in self._extra})
            headers = (*kept, *self._extra)
        return self._transport.send(request, url, headers, registry)

    def close(self) -> None:
        """Close the connections of the transport."""
        self._transport.close()
