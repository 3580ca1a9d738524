"""Every trap: contradictions within an exchange, and the common causes of a refusal or of an unexpected response.

The traps are in files by theme, and this module combines them in one list. Contradictions come before their
consequences, and the most direct causes come first. To a page that came instead of the API's response, only the traps
apply that say so, because its status does not have the API's meaning.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from regtutor.exchange import Exchange
from regtutor.findings.diagnosis import Trap, codes_of
from regtutor.findings.finding import Finding
from regtutor.findings.request_purpose import name_of
from regtutor.findings.traps import (
    contradictions,
    lists,
    locations,
    manifests,
    other_programs,
    pages,
    proxies,
    refusals,
    rewritten,
    successes,
    tokens,
    uploads,
)


def _of(module: ModuleType) -> tuple[Trap, ...]:
    return tuple(value for value in vars(module).values() if isinstance(value, Trap))


TRAPS: tuple[Trap, ...] = (
    *_of(pages),
    *_of(contradictions),
    *_of(locations),
    *_of(lists),
    *_of(uploads),
    *_of(proxies),
    *_of(rewritten),
    *_of(successes),
    *_of(manifests),
    *_of(tokens),
    *_of(other_programs),
    *_of(refusals),
)
"""Every trap, in the order in which they are tried: file by file, and from top to bottom in each file."""


def diagnose(exchange: Exchange) -> Iterator[Finding]:
    """Yield the diagnoses of every trap that applies to this exchange and is found in it."""
    endpoint, codes = name_of(exchange), codes_of(exchange)
    for trap in TRAPS:
        believed = exchange.page is None or trap.of_pages
        if believed and trap.is_for(endpoint, exchange.status, codes):
            yield from trap.look(exchange)
