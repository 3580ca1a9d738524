"""The capability card of a registry: each capability with its verdict and the exchanges that prove it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, overload

from regtutor.comparison.capabilities.capability import Outcome
from regtutor.exchange import Transcript
from regtutor.protocol.citations import MUST, Citation, Level
from regtutor.protocol.text import visible

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Item:
    """One capability of one registry.

    Attributes
    ----------
    name, group, question, level, citation, condition: see
        :class:`~regtutor.comparison.capabilities.capability.Capability`.
    outcome, summary: see :class:`~regtutor.comparison.capabilities.capability.Verdict`.
    exchanges: the exchanges that prove the outcome; empty if nothing was sent.
    """

    name: str
    group: str
    question: str
    level: Level
    citation: Citation | None
    outcome: Outcome
    summary: str
    exchanges: Transcript
    condition: str = ""

    @property
    def deviates(self) -> bool:
        """Whether a document requires it of every registry, and this registry does not do it."""
        return self.level == MUST and not self.condition and self.outcome == "no"

    @property
    def badge(self) -> str:
        """The level with its condition, as it is rendered before the clause."""
        return f"{self.level} {self.condition}".rstrip()


@dataclass(frozen=True)
class CapabilityCard(Sequence[Item]):
    """The capabilities that ``rt.probe`` found in a registry.

    Attributes
    ----------
    title, url: name and address of the registry.
    items: every capability, in the order of the table.
    notes: the content that was read or pushed, and the content that stays in the registry.
    setting_up, cleaning_up: the exchanges before the first capability and after the last.
    """

    title: str
    url: str
    items: tuple[Item, ...]
    notes: tuple[str, ...] = ()
    setting_up: Transcript = field(default_factory=Transcript)
    cleaning_up: Transcript = field(default_factory=Transcript)

    @overload
    def __getitem__(self, key: int) -> Item: ...
    @overload
    def __getitem__(self, key: slice) -> CapabilityCard: ...
    def __getitem__(self, key: int | slice) -> Item | CapabilityCard:
        return replace(self, items=self.items[key]) if isinstance(key, slice) else self.items[key]

    def __len__(self) -> int:
        return len(self.items)

    def named(self, name: str) -> Item:
        """Return the capability called ``name``; raise KeyError for any other name."""
        found = {item.name: item for item in self.items}
        return found[name]

    @property
    def counts(self) -> dict[str, int]:
        """Outcome -> number of capabilities."""
        return dict(Counter(item.outcome for item in self.items))

    @property
    def deviations(self) -> tuple[Item, ...]:
        """The capabilities that a document requires and that the registry lacks."""
        return tuple(item for item in self.items if item.deviates)

    @property
    def verdicts(self) -> dict[str, tuple[Outcome, str]]:
        """Name -> outcome, and the responses in short."""
        return {item.name: (item.outcome, item.summary) for item in self.items}

    @property
    def exchanges(self) -> Transcript:
        """All exchanges in order; each capability sends its own requests."""
        proofs = [exchange for item in self.items for exchange in item.exchanges]
        return Transcript.of([*self.setting_up, *proofs, *self.cleaning_up], f"probe of {self.title}", self.notes)

    @property
    def table(self) -> pd.DataFrame:
        """One row for each capability; see :func:`regtutor.tables.capabilities_table`."""
        from regtutor.tables import capabilities_table

        return capabilities_table(self.items)

    def as_text(self) -> str:
        """Return one line for each capability, by group, with level and section; then the notes."""
        width = max((len(item.name) for item in self.items), default=0)
        lines = [f"* {self.title} at {self.url}"]
        group = ""
        for item in self.items:
            lines += [item.group] if item.group != group else []
            group = item.group
            section = f", {item.citation.section}" if item.citation else ""
            lines.append(f"  {item.name:{width}}  {item.outcome:<9}  {item.summary}  [{item.badge}{section}]")
        counts = ", ".join(f"{count} {outcome}" for outcome, count in self.counts.items())
        lines += [*(f"* {note}" for note in self.notes), f"* {len(self)} capabilities: {counts}"]
        return "\n".join(visible(line) for line in lines)

    def as_json(self) -> str:
        """Return the card as JSON, with each exchange of a proof as method, target and status."""
        items = [
            {
                "name": item.name,
                "group": item.group,
                "question": item.question,
                "outcome": item.outcome,
                "summary": item.summary,
                "level": item.level,
                "condition": item.condition,
                "document": item.citation.document.name if item.citation else None,
                "section": item.citation.section if item.citation else None,
                "url": item.citation.url if item.citation else None,
                "exchanges": [{"method": x.method, "target": x.target, "status": x.status} for x in item.exchanges],
            }
            for item in self.items
        ]
        return json.dumps(
            {"registry": self.title, "url": self.url, "capabilities": items, "notes": self.notes}, indent=1
        )

    def __str__(self) -> str:
        return self.as_text()

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in self.counts.items())
        return visible(f"<CapabilityCard {self.title}: {counts}>")
