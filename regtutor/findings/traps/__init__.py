"""Every trap: what contradicts itself in an exchange, and what a refusal or a response often comes from.

The traps are in files by theme; here they are one list. Contradictions come before what they lead to, and the nearest
causes come first.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from regtutor.exchange import Exchange
from regtutor.findings import mismatches
from regtutor.findings.diagnosis import Trap, codes_of
from regtutor.findings.finding import Finding
from regtutor.findings.subject import name_of
from regtutor.findings.traps import locations, manifests, refusals, tokens, uploads


def _of(module: ModuleType) -> tuple[Trap, ...]:
    return tuple(value for value in vars(module).values() if isinstance(value, Trap))


TRAPS: tuple[Trap, ...] = (
    *_of(mismatches),
    *_of(locations),
    *_of(uploads),
    *_of(manifests),
    *_of(tokens),
    *_of(refusals),
)
"""Every trap, in the order in which they are looked for: by file, and in a file as they are written."""


def diagnose(exchange: Exchange) -> Iterator[Finding]:
    """The diagnoses of every trap that is for this exchange and in it."""
    endpoint, codes = name_of(exchange), codes_of(exchange)
    for trap in TRAPS:
        if trap.is_for(endpoint, exchange.status, codes):
            yield from trap.look(exchange)
