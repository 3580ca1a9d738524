"""One capability: the question, the requests, the level in the documents, and the function that finds the verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from regtutor.comparison.capabilities.trial import Trial
from regtutor.exchange import Exchange
from regtutor.protocol.citations import Citation, Level

Outcome = Literal["yes", "no", "other", "not tried"]
"""``yes``: the registry does it. ``no``: it does not. ``other``: neither. ``not tried``: no verdict is possible."""


@dataclass(frozen=True)
class Verdict:
    """The ``outcome``, and in ``summary`` the responses in short: statuses, error codes and values that do not vary."""

    outcome: Outcome
    summary: str


Look = Callable[[Trial], Verdict]


@dataclass(frozen=True)
class Capability:
    """A row of the table.

    Attributes
    ----------
    name: a short name; unique.
    group: ``api``, ``pull``, ``lists``, ``uploads``, ``manifests`` or ``deletion``.
    question: the question that the verdict answers with yes or no.
    requests: a summary of the requests.
    level, citation: the level in the documents, and the clause.
    writes: whether it changes the registry, so that it needs ``write=True``.
    look: sends the requests and returns the verdict.
    condition: the condition of the level; empty if the level always applies.
    """

    name: str
    group: str
    question: str
    requests: str
    level: Level
    citation: Citation | None
    writes: bool
    look: Look
    condition: str = ""


CAPABILITIES: list[Capability] = []
"""Every capability, in the order of the modules."""


def capability(
    name: str,
    group: str,
    question: str,
    requests: str,
    level: Level,
    citation: Citation | None,
    *,
    writes: bool = False,
    condition: str = "",
) -> Callable[[Look], Look]:
    """Return a decorator that adds a function to :data:`CAPABILITIES`."""

    def add(look: Look) -> Look:
        CAPABILITIES.append(Capability(name, group, question, requests, level, citation, writes, look, condition))
        return look

    return add


def told(exchange: Exchange) -> str:
    """Return a response in short: its status, with the error codes of its body."""
    codes = dict.fromkeys(str(entry["code"]) for entry in exchange.errors if entry.get("code"))
    broken = ["with an incomplete body"] if exchange.error and exchange.response else []
    return " ".join([str(exchange.status), *codes, *broken])


def verdict(good: bool, *exchanges: Exchange, bad: bool = True, summary: str = "") -> Verdict:
    """Return ``yes`` if ``good``, else ``no`` if ``bad``, else ``other``, with the responses in short."""
    texts = ", then ".join(told(exchange) for exchange in exchanges)
    outcome: Outcome = "yes" if good else "no" if bad else "other"
    return Verdict(outcome, f"{texts}: {summary}" if summary and texts else summary or texts)
