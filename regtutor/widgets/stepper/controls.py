"""The controls of the stepper and their layout: ipywidgets with their names, labels and tooltips, without behaviour."""

from __future__ import annotations

from collections.abc import Iterable

import ipywidgets  # type: ignore[import-untyped]

from regtutor.stepping.machine import NEW, RUN_LIMIT, SAME

WHERE = (("in a new repository", NEW), ("in the same repository", SAME))
BUTTONS = {
    "back": ("Back", "arrow-left", "Show the previous state, as it was then. Nothing is undone in the registry."),
    "forward": ("Forward", "arrow-right", "Show the next state; nothing is sent"),
    "send": ("Send", "paper-plane", "Send the request, as its fields show it"),
    "run": ("Run to the end", "fast-forward", f"Send all remaining requests (at most {RUN_LIMIT} at a time)"),
    "reset": ("Reset", "refresh", "Start again in the chosen repository; the registry stays as it is"),
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


def wrapping(*children: ipywidgets.Widget) -> ipywidgets.HBox:
    """Return the children in a row that wraps."""
    box = ipywidgets.HBox(children=children)
    box.layout.flex_flow = "row wrap"
    box.layout.align_items = "center"
    box.layout.grid_gap = "4px 10px"
    return box


def columns(*parts: tuple[tuple[ipywidgets.Widget, ...], str]) -> ipywidgets.HBox:
    """Return columns of parts, each with its ``flex``, side by side if there is room, else one below the other."""
    made = [ipywidgets.VBox(column).add_class("regtutor-column") for column, _ in parts]
    box = wrapping(*made)
    box.layout.grid_gap = "14px 24px"
    box.layout.align_items = "flex-start"
    for column, (_, flex) in zip(made, parts, strict=True):
        column.layout.flex, column.layout.min_width = flex, "0"
    return box


def parts_of(widget: ipywidgets.Widget) -> list[ipywidgets.Widget]:
    """Return every widget below ``widget``, with their layouts and styles, and its own layout."""
    found = [widget.layout]
    for child in getattr(widget, "children", ()):
        found += [*parts_of(child), child]
    style = getattr(widget, "style", None)
    return [*found, style] if isinstance(style, ipywidgets.Widget) else found
