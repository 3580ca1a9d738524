"""Close the widgets that a new one replaces, as when a cell runs again.

A widget's models stay in the kernel and in the browser until it is closed. This module only relies on ``close()``.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol
from weakref import ReferenceType, ref


class Closable(Protocol):
    """An object that can be closed."""

    def close(self) -> None:
        """Close the object; a second call does nothing."""
        ...


@dataclass(frozen=True)
class _Made:
    widget: ReferenceType[Closable]
    subject: Hashable
    cell: str
    execution: str


_made: list[_Made] = []


def replace_former(widget: Closable, subject: Hashable) -> None:
    """Close the widgets that ``widget`` replaces: those of an earlier run of this cell, and those of the same subject.

    A widget that is shown again belongs to the run that showed it last.

    Parameters
    ----------
    widget: the new widget.
    subject: its subject; any other widget with an equal subject is closed, wherever it was made.
    """
    cell, execution = _cell()
    kept = []
    for made in _made:
        former = made.widget()
        if former is None or former is widget:
            continue
        if made.subject == subject or (cell and made.cell == cell and made.execution != execution):
            former.close()
        else:
            kept.append(made)
    _made[:] = [*kept, _Made(ref(widget), subject, cell, execution)]


def _cell() -> tuple[str, str]:
    """Return the notebook's identifiers of the running cell and of this run; empty outside a notebook."""
    from IPython.core.getipython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    parent = kernel.get_parent("shell") if kernel is not None else {}
    cell = (parent.get("metadata") or {}).get("cellId", "")
    return str(cell), str((parent.get("header") or {}).get("msg_id", ""))
