"""A table with nothing cut off. pandas's own options stay as they are."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from regtutor.tables.frames import OURS, loaded

if TYPE_CHECKING:
    import pandas as pd


class Whole:
    """A table as it is shown by :func:`whole`; ``table`` is the table itself."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table

    def __repr__(self) -> str:
        return str(self.table.to_string(max_colwidth=None))

    def _repr_html_(self) -> str:
        # Header values come from a registry, so every text is escaped here: pandas would escape a line break as well.
        pandas = loaded()
        shown = self.table.map(_html_cell).rename(index=_escaped, columns=_escaped)
        with pandas.option_context("display.max_colwidth", None):
            return str(shown.to_html(escape=False, border=0))


def whole(table: pd.DataFrame) -> Whole:
    """A table with nothing cut off, for the end of a notebook's cell: ``rt.whole(frame)``.

    pandas shows at most 50 characters of a cell (its option ``display.max_colwidth``), which is less than a digest. In
    a notebook the tables of this package are shown like this by themselves; this is for frames of one's own.
    ``table.style`` shows all, but escapes nothing: do not use it on what a registry sent.

    Parameters
    ----------
    table: any DataFrame.

    Returns
    -------
    Something that JupyterLab shows as HTML and a terminal as text; several lines in a cell stay several lines.
    """
    return Whole(table)


def is_ours(table: pd.DataFrame) -> bool:
    """Whether a function of this package made ``table``, or what it was cut from."""
    return OURS in table.attrs


def _escaped(value: Any) -> str:
    return html.escape(str(value))


def _html_cell(value: Any) -> str:
    text = f"{value:.1f}" if isinstance(value, float) else str(value)
    lines = html.escape(text).replace("\n", "<br>")
    return f'<span style="overflow-wrap:anywhere">{lines}</span>'
