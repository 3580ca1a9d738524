"""A guard for a box of plain ipywidgets: it keeps key presses inside, and reports a kernel that does not respond."""

from __future__ import annotations

from regtutor.widgets.view import View, script, style

GUARDED = "regtutor-guarded"
"""The CSS class of a box with a guard in it."""


class Guard(View):
    """An invisible widget: put it into a box that has the class :data:`GUARDED`.

    JupyterLab treats a key press on an ipywidgets button as a command to the notebook, and a click on a button does
    nothing, silently, after its kernel was restarted. The browser side of the guard fixes both.
    """

    _esm = script("guard.js")
    _css = style()
