"""A widget whose present state can be put into the saved notebook, as a picture that needs no kernel.

An output keeps the picture of the moment when its cell ran: showing it anew after each click would take the focus away.
So the widget remembers the outputs in which it stands, and puts a new picture into them when it is asked to.
"""

from __future__ import annotations

from typing import Any

import ipywidgets  # type: ignore[import-untyped]

from regtutor.widgets.view import VIEW, Snapshot

OUTPUTS = 20
"""Outputs that are remembered: the last ones in which the widget was shown."""


class Freezing(ipywidgets.VBox):
    """A box that shows itself with a picture beside it. A subclass gives ``static_html`` and ``as_text``."""

    def __init__(self, **traits: Any) -> None:
        self._outputs: list[Any] = []
        super().__init__(**traits)

    def static_html(self) -> str:
        """The present state as HTML without script, style sheet or kernel."""
        raise NotImplementedError

    def as_text(self) -> str:
        """The present state in a few lines."""
        raise NotImplementedError

    def snapshot(self) -> Snapshot:
        """The present state as a picture without a widget, which a saved notebook keeps."""
        return Snapshot(self.static_html(), self.as_text())

    def refresh_outputs(self) -> int:
        """Put the present state into the outputs in which the widget stands, and say how many. It loses the focus."""
        for output in self._outputs:
            output.update(self.bundle(), raw=True)
        return len(self._outputs)

    def bundle(self) -> dict[str, Any]:
        """The widget, and for viewers that cannot show one, this moment as HTML and as text."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {VIEW: view, "text/html": self.static_html(), "text/plain": self.as_text()}

    def _ipython_display_(self, **_options: Any) -> None:
        from IPython.display import display

        output = display(self.bundle(), raw=True, display_id=True)
        self._outputs = [*self._outputs, output][-OUTPUTS:]
