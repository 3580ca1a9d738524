"""A Registry over a socket whose host we know."""

from __future__ import annotations

from pathlib import Path

from regtutor.client.registry import Host, Registry
from regtutor.client.wire import WireTransport


def attached(url: str, host: Host, ca_file: Path | None = None) -> Registry:
    """The registry at ``url`` that ``host`` runs: no proxy, no credentials; over TLS it trusts ``ca_file`` alone."""
    return Registry(url, WireTransport(verify=str(ca_file) if ca_file else True), host=host)
