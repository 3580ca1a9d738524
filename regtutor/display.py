"""What objects show by themselves in a notebook or in an IPython terminal: formatters, by type name.

Nothing is imported for it until something is shown, neither the types nor the HTML, so that records need not know how
they look and a plain Python need not have IPython.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

FORMATTERS: dict[tuple[str, str], str] = {
    ("regtutor.exchange", "Exchange"): "exchange_html",
    ("regtutor.exchange", "Transcript"): "transcript_html",
    ("regtutor.findings.finding", "Findings"): "findings.findings_html",
    ("regtutor.comparison.records", "Comparison"): "comparison.comparison_html",
    ("regtutor.comparison.capabilities.card", "CapabilityCard"): "comparison.card_html",
    ("regtutor.message", "Request"): "request_html",
    ("regtutor.message", "Location"): "location_html",
    ("regtutor.content.image", "Image"): "image_html",
    ("regtutor.client.registry", "Registry"): "registry_html",
    ("regtutor.storage_tree", "StorageTree"): "tree_html",
}
"""Module and name of a type, and the function of ``formats/html/records.py``, or of the module named, that shows it."""

TEXTS: tuple[tuple[str, str], ...] = (
    ("regtutor.exchange", "Exchange"),
    ("regtutor.exchange", "Transcript"),
    ("regtutor.storage_tree", "StorageTree"),
    ("regtutor.findings.finding", "Findings"),
    ("regtutor.comparison.records", "Comparison"),
    ("regtutor.comparison.capabilities.card", "CapabilityCard"),
)
"""Module and name of the types whose ``as_text()`` is shown in place of their short repr."""

VIEWED: tuple[tuple[str, str], ...] = (
    ("regtutor.exchange", "Exchange"),
    ("regtutor.exchange", "Transcript"),
    ("regtutor.storage_tree", "StorageTree"),
    ("regtutor.content.image", "Image"),
    ("regtutor.content.index", "Index"),
)
"""Module and name of the types that show themselves as a widget where there is a kernel, with the HTML beside it."""

MOST_ROWS = 200
"""Of a longer table of ours, a notebook shows the first and the last rows, as pandas does."""


def register(shell: Any = None) -> bool:
    """Teach an IPython shell to show regtutor's objects, and its tables uncut; other DataFrames stay as they are.

    Parameters
    ----------
    shell: an IPython shell; by default the one that is running.

    Returns
    -------
    Whether there was a shell. IPython is never imported for it.
    """
    if shell is None and "IPython" in sys.modules:
        shell = sys.modules["IPython"].get_ipython()
    formatters = getattr(getattr(shell, "display_formatter", None), "formatters", {})
    if "text/html" not in formatters:
        return False
    for (module, name), function in FORMATTERS.items():
        formatters["text/html"].for_type_by_name(module, name, _shower(function))
    for module, name in TEXTS:
        formatters["text/plain"].for_type_by_name(module, name, _show_text)
    if hasattr(shell, "kernel"):
        for module, name in VIEWED:
            shell.display_formatter.mimebundle_formatter.for_type_by_name(module, name, _show_view)
    for module in ("pandas", "pandas.core.frame"):  # as the class names itself, which has changed between versions
        formatters["text/html"].for_type_by_name(module, "DataFrame", _show_table)
    return True


def _shower(function: str) -> Callable[[Any], str]:
    module, _, name = function.rpartition(".")

    def show(value: Any) -> str:
        return str(getattr(import_module(f"regtutor.formats.html.{module or 'records'}"), name)(value))

    return show


def _show_view(value: Any) -> dict[str, Any]:
    # The text comes from the formatters, which write the short repr within a list.
    from regtutor.widgets.showing import view_of

    return view_of(value).pictured()


def _show_text(value: Any, printer: Any, cycle: bool) -> None:
    # Within a list the short repr serves better: the whole text is for what stands alone.
    printer.text(repr(value) if cycle or len(printer.stack) > 1 else value.as_text())


def _show_table(table: Any) -> str | None:
    """A table of ours as ``rt.whole`` shows it; any other DataFrame as pandas does."""
    from regtutor.tables import is_ours, whole

    return str(whole(table, most_rows=MOST_ROWS)._repr_html_()) if is_ours(table) else table._repr_html_()
