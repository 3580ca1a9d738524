"""The explanation of a transcript: what stands out first, then the findings of each exchange."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

from regtutor.findings.finding import Finding, Findings, legend_text
from regtutor.protocol.text import visible

FORMAT = "regtutor-explanation/1"
"""The value of ``format`` in :meth:`Explanation.as_json`."""


@dataclass(frozen=True)
class Explanation(Sequence[Findings]):
    """The explanation of a transcript; a sequence with the findings of each exchange.

    Attributes
    ----------
    items: the findings of each exchange.
    requests: for each exchange, its method, path and status.
    cause: the diagnosis that says most about a failure, or None.
    title, notes: those of the transcript.
    """

    items: tuple[Findings, ...] = ()
    requests: tuple[str, ...] = ()
    cause: Finding | None = None
    title: str = ""
    notes: tuple[str, ...] = ()

    @overload
    def __getitem__(self, index: int) -> Findings: ...
    @overload
    def __getitem__(self, index: slice) -> Explanation: ...
    def __getitem__(self, index: int | slice) -> Findings | Explanation:
        if isinstance(index, slice):
            return replace(self, items=self.items[index], requests=self.requests[index])
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    @property
    def diagnoses(self) -> tuple[Finding, ...]:
        """The diagnoses of all exchanges, in their order."""
        return tuple(found for findings in self.items for found in findings.diagnoses)

    @property
    def unknown(self) -> tuple[Finding, ...]:
        """Headers, statuses and error codes that regtutor does not know."""
        return tuple(found for findings in self.items for found in findings.unknown)

    def as_text(self, *, brief: bool = False) -> str:
        """Return what stands out, and then the lines of each exchange with their meanings.

        Parameters
        ----------
        brief: only what stands out: the cause, and each exchange with a diagnosis.
        """
        parts = ["\n".join(self._summary(brief))]
        if not brief:
            parts += [findings.as_text(levels=False) for findings in self.items]
        parts += [visible(f"* {note}") for note in self.notes]
        shown = [*self.diagnoses, *([] if brief else [line for findings in self.items for line in findings.lines])]
        levels = legend_text(shown)
        return "\n\n".join(parts + (["\n".join(levels)] if levels else []))

    def _summary(self, brief: bool) -> Iterator[str]:
        standing = [number for number, findings in enumerate(self.items, 1) if findings.diagnoses]
        count = f"{len(self)} exchange{'' if len(self) == 1 else 's'}"
        yield f"{count}; " + (f"{len(standing)} with a diagnosis" if standing else "nothing stands out")
        if self.cause is not None:
            yield "The cause:"
            yield self.cause.as_text()
        for number in standing:
            yield visible(f"{number}. {self.requests[number - 1]}")
            for found in self.items[number - 1].diagnoses:
                yield from (f"    {line}" for line in self._in_summary(found, brief))

    def _in_summary(self, found: Finding, brief: bool) -> list[str]:
        if found == self.cause:
            return [f"{found.name}: the cause"]
        return found.as_text().split("\n") if brief else [visible(f"! {found.name}")]

    def as_json(self, *, brief: bool = False) -> dict[str, Any]:
        """Return the explanation as plain values for JSON.

        Parameters
        ----------
        brief: leave out the lines of the messages.

        Returns
        -------
        ``format``, ``title``, ``cause`` (a finding, or None), ``exchanges`` (each with ``number``, ``request``,
        ``title``, ``diagnoses`` and, unless ``brief``, ``lines``) and ``notes``. A finding has the attributes of
        :class:`Finding`; its citation has ``document``, ``section`` and ``url``.
        """
        return {
            "format": FORMAT,
            "title": self.title,
            "cause": self.cause and _plain(self.cause),
            "exchanges": [
                {
                    "number": number,
                    "request": request,
                    "title": findings.title,
                    "diagnoses": [_plain(found) for found in findings.diagnoses],
                    **({} if brief else {"lines": [_plain(line) for line in findings.lines]}),
                }
                for number, (request, findings) in enumerate(zip(self.requests, self.items, strict=True), 1)
            ],
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        return self.as_text()

    def __repr__(self) -> str:
        return f"<Explanation {self.title!r}: {len(self)} exchanges, {len(self.diagnoses)} diagnoses>"


_PLAIN = ("line", "part", "name", "value", "meaning", "rule", "condition", "next", "known")


def _plain(finding: Finding) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(finding, name) for name in _PLAIN}
    source = finding.citation
    values["citation"] = source and {"document": source.document.name, "section": source.section, "url": source.url}
    return values
