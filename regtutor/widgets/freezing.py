"""A widget whose present state can be put into the saved notebook, as a picture that needs no kernel.

An output keeps the picture of the moment when its cell ran: showing it anew after each click would take the focus away.
So the widget remembers the outputs in which it stands, and puts a new picture into them when it is asked to.
"""

from __future__ import annotations

from typing import Any

import ipywidgets  # type: ignore[import-untyped]

from regtutor.widgets.view import Still

OUTPUTS = 20
"""Outputs that are remembered: the last ones in which the widget was shown."""


class Freezing(Still, ipywidgets.VBox):
    """A box that shows itself with a picture beside it. A subclass gives ``static_html`` and ``as_text``."""

    def __init__(self, **traits: Any) -> None:
        self._outputs: list[Any] = []
        super().__init__(**traits)

    def refresh_outputs(self) -> int:
        """Put the present state into the outputs in which the widget stands, and say how many. It loses the focus."""
        for output in self._outputs:
            output.update(self.bundle(), raw=True)
        return len(self._outputs)

    def _ipython_display_(self, **_options: Any) -> None:
        from IPython.display import display

        output = display(self.bundle(), raw=True, display_id=True)
        self._outputs = [*self._outputs, output][-OUTPUTS:]
