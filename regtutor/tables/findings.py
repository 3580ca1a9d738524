"""The findings of ``explain`` as a table: the meaning of each line of an exchange, and the diagnoses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from regtutor.exchange import Exchange
from regtutor.findings import Finding, explain
from regtutor.tables.frames import counted, frame, items_of, refused

if TYPE_CHECKING:
    import pandas as pd


def findings_table(findings: Iterable[Finding] | Exchange) -> pd.DataFrame:
    """List the findings of ``explain``, one row each, in their order.

    Parameters
    ----------
    findings: the result of ``explain``, or a part of it, such as ``explain(exchange).diagnoses``; or an exchange.

    Returns
    -------
    The columns ``kind`` (``line`` or ``diagnosis``), ``part``, ``name``, ``value``, ``meaning``, ``rule``,
    ``condition`` (``<NA>`` where the rule always holds), ``next`` (``<NA>`` for a line), ``document``, ``section`` and
    ``url`` of the clause (``<NA>`` without one), all ``string``, and ``known`` (``bool``). The index ``number`` counts
    from 1.

    Raises
    ------
    InvalidArgument: for anything else, such as a transcript.
    """
    items = list(explain(findings)) if isinstance(findings, Exchange) else items_of(findings, "findings")
    for item in items:
        if not isinstance(item, Finding):
            raise refused(item, "findings", "Give one exchange, or the findings of one: rt.explain(exchange)")
    cells: dict[str, list[Any]] = {
        name: [getattr(item, name) for item in items] for name in ("kind", "part", "name", "value", "meaning", "rule")
    }
    cells["condition"] = [item.condition or None for item in items]
    cells["next"] = [item.next or None for item in items]
    cells["document"] = [item.citation.document.name if item.citation else None for item in items]
    cells["section"] = [item.citation.section if item.citation else None for item in items]
    cells["url"] = [item.citation.url if item.citation else None for item in items]
    cells["known"] = [item.known for item in items]
    dtypes = {name: "bool" if name == "known" else "string" for name in cells}
    return frame(cells, dtypes, counted(len(items), "number"))
