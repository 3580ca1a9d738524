"""The controls of the stepper and their layout: ipywidgets with their names, labels and tooltips, without behavior."""

from __future__ import annotations

from collections.abc import Iterable

import ipywidgets  # type: ignore[import-untyped]

from regtutor.stepping.machine import RUN_LIMIT

BUTTONS = {
    "back": ("Back", "arrow-left", "Show the previous state, as it was then; nothing is undone (Alt+Left)"),
    "forward": ("Forward", "arrow-right", "Show the next state; nothing is sent (Alt+Right)"),
    "send": ("Send", "paper-plane", "Send the request, as its fields show it (Ctrl+Enter)"),
    "run": ("Run to the end", "fast-forward", f"Send all remaining requests (at most {RUN_LIMIT} at a time)"),
    "reset": ("Reset", "refresh", "Start this walk again in a new repository; the registry stays as it is"),
    "freeze": ("Freeze", "camera", "Store the current state in the notebook as a picture that needs no kernel"),
}
"""Name -> the text of the button, its icon, its tooltip."""


def button(name: str) -> ipywidgets.Button:
    """Return the button of that name in :data:`BUTTONS`."""
    description, icon, tooltip = BUTTONS[name]
    made = ipywidgets.Button(description=description, icon=icon, tooltip=tooltip)
    made.layout.width = "auto"
    return made.add_class(f"regtutor-{name}")


def choice_list(description: str, options: Iterable[tuple[str, str]], value: str, name: str) -> ipywidgets.Dropdown:
    """Return a labelled list; an option is a text and its value."""
    style = {"description_width": "initial"}
    chosen = ipywidgets.Dropdown(description=description, options=list(options), value=value, style=style)
    chosen.layout.width = "auto"
    return chosen.add_class(f"regtutor-{name}")


def html(*names: str) -> ipywidgets.HTML:
    """Return an empty part, to be filled later, with these names as its classes."""
    part = ipywidgets.HTML()
    part.layout.width = "auto"
    for name in names:
        part.add_class(f"regtutor-{name}")
    return part


def row(name: str, *children: ipywidgets.Widget) -> ipywidgets.HBox:
    """Return the children in a row of that name; the style sheet arranges them."""
    return ipywidgets.HBox(children=children).add_class(f"regtutor-{name}")


def column(name: str, *children: ipywidgets.Widget) -> ipywidgets.VBox:
    """Return the children in a column of that name; the style sheet arranges them."""
    return ipywidgets.VBox(children=children).add_class(f"regtutor-{name}")


def show_only_if(widget: ipywidgets.Widget, shown: bool) -> None:
    """Show a control, or hide it so that it takes no room and no focus."""
    widget.layout.display = "" if shown else "none"


def parts_of(widget: ipywidgets.Widget) -> list[ipywidgets.Widget]:
    """Return every widget below ``widget``, with their layouts and styles, and its own layout."""
    found = [widget.layout]
    for child in getattr(widget, "children", ()):
        found += [*parts_of(child), child]
    style = getattr(widget, "style", None)
    return [*found, style] if isinstance(style, ipywidgets.Widget) else found
