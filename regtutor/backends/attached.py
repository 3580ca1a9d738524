"""A Registry over a socket, with the host behind it."""

from __future__ import annotations

from regtutor.client.connect import connect
from regtutor.client.host import Host
from regtutor.client.registry import Registry


def attached(url: str, host: Host) -> Registry:
    """The registry at ``url`` that ``host`` runs; the host is closed again if no connection can be prepared."""
    try:
        registry = connect(url)
    except BaseException:
        host.close()
        raise
    registry.host = host
    return registry
