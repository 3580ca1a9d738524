"""A table with no cell cut off. pandas's own options stay as they are."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from regtutor.tables.frames import OURS, loaded

if TYPE_CHECKING:
    import pandas as pd


_SHORT_LENGTH = 32  # characters: a date, a method, a number, the name of an error
_SHORT = "white-space:nowrap"
_LONG = "display:block;min-width:18em;text-align:left;overflow-wrap:anywhere"


class Whole:
    """A table as it is shown by :func:`whole`; ``table`` is the table itself."""

    def __init__(self, table: pd.DataFrame, most_rows: int | None = None) -> None:
        self.table = table
        self.most_rows = most_rows

    def __repr__(self) -> str:
        return str(self.table.to_string(max_colwidth=None, max_rows=self.most_rows))

    def _repr_html_(self) -> str:
        # Header values come from a registry, so every text is escaped here: pandas would escape a line break as well.
        pandas = loaded()
        cell = _rounded_cell if is_ours(self.table) else _cell
        shown = self.table.map(cell).rename(index=_escaped, columns=_escaped)
        cut = self.most_rows is not None and len(shown) > self.most_rows
        with pandas.option_context("display.max_colwidth", None):
            return str(shown.to_html(escape=False, border=0, max_rows=self.most_rows, show_dimensions=cut))


def whole(table: pd.DataFrame, *, most_rows: int | None = None) -> Whole:
    """A table with no cell cut off, for the end of a notebook's cell: ``rt.whole(frame)``.

    pandas shows at most 50 characters of a cell (its option ``display.max_colwidth``), which is less than a digest. In
    a notebook the tables of this package are shown like this by themselves; this is for frames of one's own.
    ``table.style`` shows all, but escapes nothing: do not use it on what a registry sent.

    Parameters
    ----------
    table: any DataFrame.
    most_rows: of a longer table, only the first and the last rows are shown; None for all of them.

    Returns
    -------
    Something that JupyterLab shows as HTML and a terminal as text; several lines in a cell stay several lines. In a
    table of this package, numbers with a fraction (milliseconds) are shown with one digit of it.
    """
    return Whole(table, most_rows)


def is_ours(table: pd.DataFrame) -> bool:
    """Whether a function of this package made ``table``, or what it was cut from."""
    return OURS in table.attrs


def _escaped(value: Any) -> str:
    return html.escape(str(value))


def _rounded_cell(value: Any) -> str:
    return _cell(f"{value:.1f}" if isinstance(value, float) else value)


def _cell(value: Any) -> str:
    lines = _escaped(value).replace("\n", "<br>")
    style = _SHORT if len(str(value)) <= _SHORT_LENGTH else _LONG
    return f'<span style="{style}">{lines}</span>'
