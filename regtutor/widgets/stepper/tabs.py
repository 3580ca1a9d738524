"""A row of tabs for a box: the browser shows one part of the box at a time, without asking the kernel."""

from __future__ import annotations

from collections.abc import Mapping

import traitlets

from regtutor.widgets.view import View, script, style

TABBED = "regtutor-tabbed"
"""The CSS class of a box with tabs in it."""


def panel_class(name: str) -> str:
    """Return the CSS class that a part of the box needs to be the panel of the tab called ``name``."""
    return f"regtutor-panel-{name}"


class Tabs(View):
    """The tabs; put them into a box that has the class :data:`TABBED`, next to their panels.

    Left, Right, Home and End move between the tabs, as in any row of tabs.

    Parameters
    ----------
    labels: the name of each tab -> its text.

    Attributes
    ----------
    selected: the name of the tab that is shown.
    marks: the name of a tab -> a short text after its label, such as ``"3 new"``.
    """

    _esm = script("tabs.js")
    _css = style("tabs.css")

    labels = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode().tag(sync=True)
    marks = traitlets.Dict().tag(sync=True)

    def __init__(self, labels: Mapping[str, str]) -> None:
        super().__init__(labels=dict(labels), selected=next(iter(labels)))

    @traitlets.validate("selected")
    def _existing(self, proposal: dict[str, str]) -> str:
        """Ignore the name of a tab that does not exist."""
        name = proposal["value"]
        return name if name in self.labels else self.selected

    def as_text(self) -> str:
        """Return the labels, the selected one in brackets."""
        return " ".join(f"[{text}]" if name == self.selected else text for name, text in self.labels.items())
