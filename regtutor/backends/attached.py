"""A Registry over a socket, with the host behind it."""

from __future__ import annotations

from regtutor.client.host import Host
from regtutor.client.registry import Registry
from regtutor.client.wire import WireTransport


def attached(url: str, host: Host) -> Registry:
    """The registry at the loopback ``url`` that ``host`` runs: no proxy, no credentials, no TLS."""
    return Registry(url, WireTransport(), host=host)
