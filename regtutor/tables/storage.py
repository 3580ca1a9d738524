"""Tables of what is on a registry's disk: garbage, and problems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from regtutor.tables.frames import counted, frame

if TYPE_CHECKING:
    import pandas as pd

_GARBAGE = {"kind": "string", "repository": "string", "name": "string", "bytes": "int64", "why": "string"}
_PROBLEMS = {
    "kind": "string",
    "repository": "string",
    "name": "string",
    "why": "string",
    "next": "string",
    "file": "string",
}


def garbage_table(garbage: Sequence[Any]) -> pd.DataFrame:
    """List garbage, one row each; see ``rt.collect_garbage`` for the columns.

    Parameters
    ----------
    garbage: objects with ``kind``, ``repository``, ``name``, ``size`` and ``why``.
    """
    cells: dict[str, list[Any]] = {
        "kind": [item.kind for item in garbage],
        "repository": [item.repository or None for item in garbage],
        "name": [item.name for item in garbage],
        "bytes": [item.size for item in garbage],
        "why": [item.why for item in garbage],
    }
    return frame(cells, _GARBAGE, counted(len(garbage), "n"))


def problems_table(problems: Sequence[Any]) -> pd.DataFrame:
    """List problems, one row each; see ``rt.fsck`` for the columns.

    Parameters
    ----------
    problems: objects with ``kind``, ``repository``, ``name``, ``why``, ``next`` and ``path``.
    """
    cells: dict[str, list[Any]] = {
        "kind": [item.kind for item in problems],
        "repository": [item.repository or None for item in problems],
        "name": [item.name for item in problems],
        "why": [item.why for item in problems],
        "next": [item.next for item in problems],
        "file": [str(item.path) for item in problems],
    }
    return frame(cells, _PROBLEMS, counted(len(problems), "n"))
