"""A widget that can store its current state in the saved notebook, as a picture that needs no kernel.

An output keeps the picture of the moment when its cell ran: rendering it again after each click would lose the focus.
So the widget keeps track of its outputs, and stores a new picture in them on request.
"""

from __future__ import annotations

from typing import Any

import ipywidgets  # type: ignore[import-untyped]

from regtutor.widgets.view import Still

OUTPUTS = 20
"""The number of outputs that are tracked: the last ones in which the widget was shown."""


class Freezing(Still, ipywidgets.VBox):
    """A box that is displayed along with a picture of it. A subclass defines ``static_html`` and ``as_text``."""

    def __init__(self, **traits: Any) -> None:
        self._outputs: list[Any] = []
        super().__init__(**traits)

    def refresh_outputs(self) -> int:
        """Store the current state in the outputs of the widget, and return their number. The widget loses the focus."""
        for output in self._outputs:
            output.update(self.bundle(), raw=True)
        return len(self._outputs)

    def _ipython_display_(self, **_options: Any) -> None:
        from IPython.display import display

        output = display(self.bundle(), raw=True, display_id=True)
        self._outputs = [*self._outputs, output][-OUTPUTS:]
