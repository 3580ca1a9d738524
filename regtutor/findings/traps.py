"""Known traps: what a refusal, a Location or an answer that looks like a success often comes from, and what to try.

The traps stand in files by theme; here they are one list, in which the nearest causes come first.
"""

from __future__ import annotations

from collections.abc import Iterator

from regtutor.exchange import Exchange
from regtutor.findings import traps_locations, traps_manifests, traps_refusals, traps_uploads
from regtutor.findings.finding import Finding

LOOKS = (*traps_locations.LOOKS, *traps_uploads.LOOKS, *traps_manifests.LOOKS, *traps_refusals.LOOKS)


def diagnose(exchange: Exchange) -> Iterator[Finding]:
    """Every known trap that this exchange shows."""
    for look in LOOKS:
        yield from look(exchange)
