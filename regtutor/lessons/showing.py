"""Show a report now, in the middle of a cell: rendered in a notebook, as text elsewhere; and call back after a cell."""

from __future__ import annotations

import sys
from collections.abc import Callable
from html import escape
from typing import Any, Protocol

from regtutor.protocol.text import visible_lines

BARS = {
    "good": "var(--jp-success-color1,#388e3c)",
    "bad": "var(--jp-error-color1,#d32f2f)",
    "open": "var(--jp-border-color1,#9e9e9e)",
}
"""The color of the bar on the left of a report, by its state."""

_WRAP = "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere"
_PRE = (
    "margin:2px 0 6px 24px;padding:0;background:none;border:none;color:inherit;"
    f"font-size:var(--jp-code-font-size,13px);{_WRAP}"
)


class Report(Protocol):
    """An object with a text form and an HTML form."""

    def _repr_html_(self) -> str: ...


def show(report: Report) -> None:
    """Show ``report`` where the running cell's output goes, or print it."""
    if _shell() is None:
        print(report)
        return
    from IPython.display import display

    display(report)


def is_cell_running() -> bool:
    """Return whether output goes below a cell: not after a click in a widget, whose output JupyterLab shows nowhere."""
    kernel = getattr(_shell(), "kernel", None)
    if kernel is None:
        return True
    parent = kernel.get_parent("shell") or {}
    return bool((parent.get("header") or {}).get("msg_type") == "execute_request")


def after_each_cell(call: Callable[[], None]) -> None:
    """Call ``call`` when a cell has run, instead of the function that was registered before."""
    shell = _shell()
    if shell is None:
        return
    former = getattr(shell, "_regtutor_after_cell", None)
    if former is not None:
        shell.events.unregister("post_run_cell", former)

    def callback(*_: Any) -> None:
        call()

    shell._regtutor_after_cell = callback
    shell.events.register("post_run_cell", callback)


def _shell() -> Any:
    return sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None


def paragraph(text: str) -> str:
    """Return ``text`` as an HTML block."""
    return f'<div style="overflow-wrap:anywhere">{escape(visible_lines(text))}</div>'


def lines_block(lines: tuple[str, ...]) -> str:
    """Return lines of an exchange as an HTML block; empty without lines."""
    return f'<pre style="{_PRE}">{escape(visible_lines(chr(10).join(lines)))}</pre>' if lines else ""


def box(state: str, *blocks: str) -> str:
    """Return HTML blocks with a bar of the color of ``state`` on their left."""
    return f'<div style="border-left:3px solid {BARS[state]};padding-left:10px;margin:4px 0">{"".join(blocks)}</div>'
