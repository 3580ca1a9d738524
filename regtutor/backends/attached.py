"""A Registry over a socket, with the host behind it."""

from __future__ import annotations

from pathlib import Path

from regtutor.client.host import Host
from regtutor.client.registry import Registry
from regtutor.client.wire import WireTransport


def attached(url: str, host: Host, ca_file: Path | None = None) -> Registry:
    """The registry at ``url`` that ``host`` runs: no proxy, no credentials; over TLS it trusts ``ca_file`` alone."""
    return Registry(url, WireTransport(verify=str(ca_file) if ca_file else True), host=host)
