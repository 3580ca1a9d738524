"""Tables of a comparison of registries, and of the capabilities of one registry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from regtutor.exchange import Transcript
from regtutor.protocol.citations import Citation
from regtutor.tables.frames import counted, frame, texts

if TYPE_CHECKING:
    import pandas as pd


class ComparedRow(Protocol):
    """One line of several responses; see ``regtutor.comparison.records.Row``."""

    @property
    def number(self) -> int: ...
    @property
    def request(self) -> str: ...
    @property
    def part(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def values(self) -> tuple[str | None, ...]: ...
    @property
    def verdict(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def level(self) -> str | None: ...
    @property
    def citation(self) -> Citation | None: ...


class Compared(Protocol):
    """A comparison; see ``regtutor.comparison.records.Comparison``."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def rows(self) -> Sequence[ComparedRow]: ...


class HasTranscript(Protocol):
    """The responses of one registry; see ``regtutor.comparison.records.Reached``."""

    @property
    def name(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def transcript(self) -> Transcript: ...
    @property
    def error(self) -> str: ...


class Answered(Protocol):
    """One item of a capability card; see ``regtutor.comparison.capabilities.card.Item``."""

    @property
    def group(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def badge(self) -> str: ...
    @property
    def citation(self) -> Citation | None: ...
    @property
    def exchanges(self) -> Transcript: ...


def comparison_table(comparison: Compared) -> pd.DataFrame:
    """Return a table with one row for each line that was compared.

    Parameters
    ----------
    comparison: the result of ``rt.compare`` or ``rt.compare_walk``.

    Returns
    -------
    The columns ``request`` (of a walk, with its number), ``part`` (``status``, ``header``, ``body`` or ``time``) and
    ``name``; then one for each registry, by its name (``<NA>`` if its response has no such line); then ``verdict``,
    ``reason``, ``level`` and ``clause`` (``<NA>`` without one). All are ``string``. The index ``n`` counts from 1.
    """
    rows = comparison.rows
    cells: dict[str, list[Any]] = {
        "request": [f"{row.number} {row.request}" if row.number else row.request for row in rows],
        "part": [row.part for row in rows],
        "name": [row.name for row in rows],
    }
    for place, name in enumerate(comparison.names):
        cells[name if name not in cells else f"{name} (registry)"] = [row.values[place] for row in rows]
    cells["verdict"] = [row.verdict for row in rows]
    cells["reason"] = [row.reason or None for row in rows]
    cells["level"] = [row.level for row in rows]
    cells["clause"] = [str(row.citation) if row.citation else None for row in rows]
    return frame(cells, dict.fromkeys(cells, "string"), counted(len(rows), "n"))


def registries_table(registries: Iterable[HasTranscript]) -> pd.DataFrame:
    """Return a table with one row for each registry, also for a registry that could not be reached.

    Parameters
    ----------
    registries: ``comparison.registries``.

    Returns
    -------
    The columns ``url`` and ``error`` (``string``; ``<NA>`` without an error), ``requests`` (``int64``, those that got a
    response), ``status`` (``Int64``, of the last one, ``<NA>`` if no response came) and ``milliseconds`` (``float64``,
    of all). The index ``registry`` holds the names.
    """
    given = list(registries)
    answered = [[x for x in each.transcript if x.response is not None] for each in given]
    cells: dict[str, list[Any]] = {
        "url": [each.url for each in given],
        "requests": [len(exchanges) for exchanges in answered],
        "status": [exchanges[-1].status if exchanges else None for exchanges in answered],
        "milliseconds": [sum(x.milliseconds for x in exchanges) for exchanges in answered],
        "error": [each.error or None for each in given],
    }
    dtypes = {"url": "string", "requests": "int64", "status": "Int64", "milliseconds": "float64", "error": "string"}
    return frame(cells, dtypes, texts([each.name for each in given], "registry"))


def capabilities_table(items: Iterable[Answered]) -> pd.DataFrame:
    """Return a table with one row for each capability of a registry.

    Parameters
    ----------
    items: the card that ``rt.probe`` returned.

    Returns
    -------
    The columns ``group``, ``outcome``, ``summary``, ``level`` (with its condition), ``clause`` (``<NA>`` without one;
    all ``string``) and ``requests`` (``int64``, the exchanges that prove it). The index ``capability`` holds the names.
    """
    given = list(items)
    cells: dict[str, list[Any]] = {
        "group": [item.group for item in given],
        "outcome": [item.outcome for item in given],
        "summary": [item.summary for item in given],
        "level": [item.badge for item in given],
        "clause": [str(item.citation) if item.citation else None for item in given],
        "requests": [len(item.exchanges) for item in given],
    }
    dtypes = {name: "int64" if name == "requests" else "string" for name in cells}
    return frame(cells, dtypes, texts([item.name for item in given], "capability"))
