"""Tables displayed with no cell cut off. The options of pandas are not changed."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

from regtutor.tables.frames import OURS, loaded

if TYPE_CHECKING:
    import pandas as pd


_WORD_LENGTH = 18
"""The most characters of a word that is never broken, such as a method, or a part of the name of a step."""

_WORD = "white-space:nowrap"
_WORDS = "overflow-wrap:break-word"
_LONG = "display:block;min-width:5.5em;overflow-wrap:anywhere"
_CELL = "text-align:left;vertical-align:top;padding:3px 5px"
"""Every cell states its alignment, since the style sheet of a notebook aligns them to the right."""


class Whole:
    """A table displayed with no cell cut off, as :func:`whole` returns it; ``table`` is the DataFrame itself."""

    def __init__(self, table: pd.DataFrame, most_rows: int | None = None) -> None:
        self.table = table
        self.most_rows = most_rows

    def __repr__(self) -> str:
        return str(self.table.to_string(max_colwidth=None, max_rows=self.most_rows))

    def _repr_html_(self) -> str:
        # Header values come from a registry, so all text is escaped here: pandas would escape the line breaks as well.
        pandas = loaded()
        cell = _rounded_cell if is_ours(self.table) else _cell
        shown = self.table.map(cell).rename(index=_escaped, columns=_named)
        cut = self.most_rows is not None and len(shown) > self.most_rows
        with pandas.option_context("display.max_colwidth", None):
            made = str(shown.to_html(escape=False, border=0, max_rows=self.most_rows, show_dimensions=cut))
        # All text is escaped, so that these are the tags of pandas alone.
        return re.sub(r"<(t[dh])(?=[ >])", rf'<\1 style="{_CELL}"', made)


def whole(table: pd.DataFrame, *, most_rows: int | None = None) -> Whole:
    """Display a table with no cell cut off: end a notebook cell with ``rt.whole(frame)``.

    pandas displays at most 50 characters of a cell (its option ``display.max_colwidth``), which is less than a digest.
    A notebook displays the tables of this package in full without this function; use it for your own frames.
    ``table.style`` displays everything as well, but escapes nothing: do not use it on data from a registry.

    Parameters
    ----------
    table: any DataFrame.
    most_rows: the most rows to display; of a longer table, the first and the last rows. None displays all of them.

    Returns
    -------
    An object that JupyterLab displays as HTML and a terminal as text. Line breaks in a cell are kept. In a table of
    this package, numbers with a fraction (milliseconds) are rounded to one decimal place. A missing value, which the
    frame keeps as ``<NA>``, is an empty cell.
    """
    return Whole(table, most_rows)


def is_ours(table: pd.DataFrame) -> bool:
    """Whether ``table`` was made by this package, or selected from such a table."""
    return OURS in table.attrs


def _escaped(value: Any) -> str:
    return html.escape(str(value))


def _named(value: Any) -> str:
    # The longest word of our own names may be broken, since the numbers below it are short.
    return _escaped(value).replace("milliseconds", "milli&shy;seconds")


def _rounded_cell(value: Any) -> str:
    return _cell(f"{value:.1f}" if isinstance(value, float) and value == value else value)


def _cell(value: Any) -> str:
    text = "" if _is_missing(value) else str(value)
    if not text:
        return ""
    # A line can break after an underscore, as in the name of a step.
    lines = _escaped(text).replace("\n", "<br>").replace("_", "_<wbr>")
    words = re.split(r"[\s_]", text)
    longest = max(map(len, words))
    style = _LONG if longest > _WORD_LENGTH else _WORD if len(words) == 1 else _WORDS
    return f'<span style="{style}">{lines}</span>'


def _is_missing(value: Any) -> bool:
    missing = loaded().isna(value)
    return missing is True or bool(getattr(missing, "ndim", 1) == 0 and missing)
