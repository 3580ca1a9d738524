"""What a box of plain ipywidgets lacks: it keeps key presses to itself, and says when the kernel does not answer."""

from __future__ import annotations

from regtutor.widgets.view import View, script, style

GUARDED = "regtutor-guarded"
"""The class of the box that a guard inside it looks after."""


class Guard(View):
    """Without a face of its own: put it into a box that has the class :data:`GUARDED`.

    JupyterLab takes a key that is pressed on a button of ipywidgets for a command to the notebook, and a click on one
    whose kernel was restarted does nothing and says nothing. The guard's browser side mends both.
    """

    _esm = script("guard.js")
    _css = style()
