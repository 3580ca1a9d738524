"""How regtutor's objects are displayed in a notebook or an IPython terminal: formatters, registered by type name.

The types and the HTML views are imported only when an object is displayed. Records therefore do not depend on their
views, and plain Python does not need IPython.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regtutor.errors import RegtutorError

FORMATTERS: dict[tuple[str, str], str] = {
    ("regtutor.exchange", "Exchange"): "exchange_html",
    ("regtutor.exchange", "Transcript"): "transcript_html",
    ("regtutor.findings.finding", "Findings"): "findings.findings_html",
    ("regtutor.comparison.records", "Comparison"): "comparison.comparison_html",
    ("regtutor.comparison.capabilities.card", "CapabilityCard"): "comparison.card_html",
    ("regtutor.findings.explanation", "Explanation"): "findings.explanation_html",
    ("regtutor.message", "Request"): "request_html",
    ("regtutor.message", "Location"): "location_html",
    ("regtutor.content.image", "Image"): "image_html",
    ("regtutor.client.registry", "Registry"): "registry_html",
    ("regtutor.storage_tree", "StorageTree"): "tree_html",
    ("regtutor.walks.inspecting", "Inspection"): "inspection_html",
}
"""Module and name of a type, and the function that renders it, in ``formats/html/records.py`` or the named module."""

TEXTS: tuple[tuple[str, str], ...] = (
    ("regtutor.exchange", "Exchange"),
    ("regtutor.exchange", "Transcript"),
    ("regtutor.storage_tree", "StorageTree"),
    ("regtutor.findings.finding", "Findings"),
    ("regtutor.comparison.records", "Comparison"),
    ("regtutor.comparison.capabilities.card", "CapabilityCard"),
    ("regtutor.findings.explanation", "Explanation"),
)
"""Module and name of the types whose ``as_text()`` is displayed instead of their short repr."""

VIEWED: tuple[tuple[str, str], ...] = (
    ("regtutor.exchange", "Exchange"),
    ("regtutor.exchange", "Transcript"),
    ("regtutor.storage_tree", "StorageTree"),
    ("regtutor.content.image", "Image"),
    ("regtutor.content.index", "Index"),
)
"""Module and name of the types that are displayed as a widget if a kernel runs, with the HTML as an alternative."""

MOST_ROWS = 200
"""The most rows of one of our tables that a notebook displays; of a longer one, the first and the last rows."""


def register(shell: Any = None) -> bool:
    """Register formatters for regtutor's objects and tables with an IPython shell; other DataFrames are unaffected.

    Parameters
    ----------
    shell: an IPython shell; by default the running one.

    Returns
    -------
    Whether a shell was found. This function never imports IPython.
    """
    if shell is None and "IPython" in sys.modules:
        shell = sys.modules["IPython"].get_ipython()
    formatters = getattr(getattr(shell, "display_formatter", None), "formatters", {})
    if "text/html" not in formatters:
        return False
    for (module, name), function in FORMATTERS.items():
        formatters["text/html"].for_type_by_name(module, name, _formatter(function))
    for module, name in TEXTS:
        formatters["text/plain"].for_type_by_name(module, name, _show_text)
    if hasattr(shell, "kernel"):
        for module, name in VIEWED:
            shell.display_formatter.mimebundle_formatter.for_type_by_name(module, name, _show_view)
    for module in ("pandas", "pandas.core.frame"):  # DataFrame.__module__ differs between versions of pandas
        formatters["text/html"].for_type_by_name(module, "DataFrame", _show_table)
    return True


_MOST_ERROR_LINES = 60
"""The most lines of an exchange that are shown for an error."""

_FULL = "%tb prints the whole traceback."


def error_lines(error: RegtutorError) -> list[str]:
    """Return what IPython prints for an error: the line of the cell, the sentences of the error, and its exchange.

    IPython calls this for an error that it received from a cell, and again for ``%tb``. The second call for the same
    traceback returns the whole traceback.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    again = getattr(error, "_shown", None) is error.__traceback__ and error.__traceback__ is not None
    error._shown = error.__traceback__  # type: ignore[attr-defined]
    if again and shell is not None:
        whole: list[str] = shell.InteractiveTB.structured_traceback(type(error), error, error.__traceback__)
        return whole
    lines = [*_line_of_the_cell(error), f"{type(error).__name__}: {error}"]
    exchange = error.exchange or (error.transcript[-1] if error.transcript else None)
    if exchange is not None:
        text = exchange.as_text().split("\n")
        rest = len(text) - _MOST_ERROR_LINES
        more = [f"* {rest} more lines: print the exchange of the error"] if rest > 0 else []
        lines += ["", *text[:_MOST_ERROR_LINES], *more]
    return [*lines, "", _FULL]


def _line_of_the_cell(error: RegtutorError) -> list[str]:
    """Return the line of the learner's code that raised the error: the last one outside of this package."""
    own = str(Path(__file__).parent)
    frames = [frame for frame in extract_tb(error.__traceback__) if not frame.filename.startswith(own)]
    return [f"Line {frames[-1].lineno}: {frames[-1].line}"] if frames else []


def _formatter(function: str) -> Callable[[Any], str]:
    module, _, name = function.rpartition(".")

    def show(value: Any) -> str:
        return str(getattr(import_module(f"regtutor.formats.html.{module or 'records'}"), name)(value))

    return show


def _show_view(value: Any) -> dict[str, Any]:
    # The plain text comes from the text formatters, which write the short repr within a list.
    from regtutor.widgets.showing import view_of

    return view_of(value).pictured()


def _show_text(value: Any, printer: Any, cycle: bool) -> None:
    # The whole text is for an object displayed by itself; within a list the short repr is easier to read.
    printer.text(repr(value) if cycle or len(printer.stack) > 1 else value.as_text())


def _show_table(table: Any) -> str | None:
    """Render one of our tables as ``rt.whole`` does, and any other DataFrame as pandas does."""
    from regtutor.tables import is_ours, whole

    return str(whole(table, most_rows=MOST_ROWS)._repr_html_()) if is_ours(table) else table._repr_html_()
