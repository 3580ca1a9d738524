"""A push in a widget, a click for each request, forwards and backwards; with ipywidgets alone.

The widget is thin: :class:`~regtutor.widgets.stepping.Stepping` knows what a click means, ``panels`` what is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from importlib.resources import files
from typing import Any

import ipywidgets  # type: ignore[import-untyped]
import traitlets

from regtutor.client.registry import Registry
from regtutor.content.image import Image
from regtutor.errors import RegtutorError
from regtutor.widgets import panels
from regtutor.widgets.reruns import replace_former
from regtutor.widgets.stepping import NEW, RUN_LIMIT, SAME, State, Stepping

_WHERE = (("in a new repository, without mount", NEW), ("in the same repository", SAME))

_TOOLTIPS = {
    "back": "Show the state before, as it was then. Nothing is undone in the registry.",
    "send": "Send the request about to be sent",
    "forward": "Show the state after this one; nothing is sent",
    "run": f"Send every request that is left (at most {RUN_LIMIT} at a time)",
    "reset": "Start the push anew, as chosen beside it; the registry stays as it is",
    "where": "Where Reset starts the push anew",
}


class PushStepper(ipywidgets.VBox):
    """The same push as ``push_image``, a request at a time.

    *Next* sends the request about to be sent; *Back* shows earlier states as they were, without undoing anything in the
    registry; *Run to the end* sends all that is left; *Reset* starts anew, in a new repository or in the same one.
    Made anew for the same registry, repository and tag, or by running its cell again, it replaces the former one.

    Parameters
    ----------
    reg: the registry to push to.
    image: from ``sample_image`` or ``load_image``.
    repository, tag: where to, such as ``"library/hello"`` and ``"v1"``.

    Attributes
    ----------
    stepping: the state machine behind the buttons; its states hold every exchange.
    error: what went wrong, why, and what to do next, a line each; ``""`` if nothing did.

    Raises
    ------
    ImageError: if the image cannot be pushed as it stands. What the registry refuses is shown in the widget.
    """

    error = traitlets.Unicode("").tag(sync=False)

    def __init__(self, reg: Registry, image: Image, repository: str, tag: str) -> None:
        self.stepping = Stepping(reg, image, repository, tag)
        self._make_buttons()
        self._position, self._notice, self._failure = _html("position"), _html("notices"), _html("failures")
        self._draft, self._sent = _html("draft", "exchange"), _html("sent", "exchange")
        self._response = _html("response", "exchange")
        self._headers, self._tree = _html("headers"), _html("tree")
        super().__init__(children=self._rows())
        self.add_class("regtutor-stepper")
        replace_former(self, ("PushStepper", reg.url, repository, tag))
        self._show("")

    def _make_buttons(self) -> None:
        self._back = _button("back", "Back", "arrow-left", _TOOLTIPS["back"])
        self._next = _button("next", "Next", "arrow-right", _TOOLTIPS["send"], style="primary")
        self._run = _button("run", "Run to the end", "fast-forward", _TOOLTIPS["run"])
        self._reset = _button("reset", "Reset", "refresh", _TOOLTIPS["reset"])
        self._where = ipywidgets.Dropdown(options=_WHERE, value=NEW, tooltip=_TOOLTIPS["where"])
        self._where.add_class("regtutor-where")
        self._where.layout.width = "270px"
        for button, move in (
            (self._back, self._move_back),
            (self._next, self._move_next),
            (self._run, self._move_to_end),
            (self._reset, self._start_anew),
        ):
            button.on_click(lambda _button, move=move: self._clicked(move))

    def _rows(self) -> list[ipywidgets.Widget]:
        buttons = _wrapping(self._back, self._next, self._run, self._reset, self._where)
        exchange = _wrapping(self._sent, self._response)
        for panel in exchange.children:
            panel.layout.flex, panel.layout.min_width = "1 1 340px", "0"
        return [
            _page_parts(),
            self._position,
            buttons,
            self._notice,
            self._failure,
            self._draft,
            exchange,
            self._headers,
            self._tree,
        ]

    def _move_back(self) -> str:
        self.stepping.back()
        return ""

    def _move_next(self) -> str:
        self._say_sending(self.stepping.state)
        self.stepping.next()
        return ""

    def _move_to_end(self) -> str:
        self.stepping.run(self._say_sending)
        return f"{RUN_LIMIT} requests were sent; run again to go on." if self.stepping.can_send else ""

    def _start_anew(self) -> str:
        return self.stepping.reset(self._where.value)

    def _say_sending(self, state: State) -> None:
        if self.stepping.live and state.draft is not None:
            self._position.value = panels.sending(state)

    def _clicked(self, move: Callable[[], str]) -> None:
        """Every click goes through here: what goes wrong is shown, and what nobody foresaw is raised as well."""
        said, error = "", None
        try:
            said = move()
        except KeyboardInterrupt:
            said = "Interrupted: the registry may have got the request or not. Next sends it again."
        except Exception as caught:  # noqa: BLE001  ipywidgets would hide it in a log, so it is shown first
            error = caught
        try:
            self._show(said)
        except Exception as caught:  # noqa: BLE001  the same for a state that cannot be shown
            error = error or caught
            self._show_failure(error)
        if error is not None:
            self._show_failure(error)
            if not isinstance(error, RegtutorError):
                raise error

    def _show(self, said: str) -> None:
        stepping, state = self.stepping, self.stepping.state
        self._show_failure(state.error)
        self._back.disabled = not stepping.can_back
        self._next.disabled = not stepping.can_next
        self._next.description, self._next.tooltip = (
            ("Next: send", _TOOLTIPS["send"]) if stepping.live else ("Next: show", _TOOLTIPS["forward"])
        )
        self._run.disabled = not stepping.can_send
        self._notice.value = panels.notice(said) + panels.notice(state.note)
        self._draft.value = panels.about_to_be_sent(state)
        self._sent.value = panels.sent(state)
        self._response.value = panels.response(state)
        self._headers.value = panels.headers(state.exchanges)
        self._tree.value = panels.tree(stepping)
        # Last: who sees the new position, sees everything else of that state as well.
        self._position.value = panels.position(stepping)

    def _show_failure(self, error: Exception | None) -> None:
        self.error = "\n".join(part for part in panels.told(error) if part) if error else ""
        self._failure.value = panels.failure(error)

    def close(self) -> None:
        """Take the widget off the page, with every part of it; the registry stays as it is."""
        for part in _parts(self):
            part.close()
        super().close()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any] | None:
        """The widget, and for viewers that cannot show one, this moment as HTML and as text."""
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        stepping, state = self.stepping, self.stepping.state
        asked = state.draft.as_text() if state.draft else ""
        where = panels.position(stepping)
        bundle["text/html"] = f"{where}{panels.about_to_be_sent(state)}{panels.tree(stepping)}"
        bundle["text/plain"] = f"PushStepper: {stepping.repository}:{stepping.tag}\n{asked}".rstrip()
        return bundle


def _button(name: str, description: str, icon: str, tooltip: str, style: str = "") -> ipywidgets.Button:
    button = ipywidgets.Button(description=description, icon=icon, tooltip=tooltip, button_style=style)
    button.layout.width = "auto"
    return button.add_class(f"regtutor-{name}")


def _html(*names: str) -> ipywidgets.HTML:
    part = ipywidgets.HTML()
    part.layout.width = "auto"
    for name in names:
        part.add_class(f"regtutor-{name}")
    return part


def _wrapping(*children: ipywidgets.Widget) -> ipywidgets.HBox:
    box = ipywidgets.HBox(children=children)
    box.layout.flex_flow = "row wrap"
    box.layout.align_items = "flex-start"
    box.layout.grid_gap = "4px 8px"
    return box


def _page_parts() -> ipywidgets.HTML:
    """The style sheet, and the few lines of script that keep key presses from the notebook."""
    here = files(__package__)
    css = here.joinpath("push_stepper.css").read_text("utf-8")
    keys = here.joinpath("push_stepper_keys.js").read_text("utf-8")
    return ipywidgets.HTML(f'<style>{css}</style><span class="regtutor-keys" onanimationstart="{escape(keys)}"></span>')


def _parts(widget: ipywidgets.Widget) -> list[ipywidgets.Widget]:
    """Every widget below ``widget``, with their layouts and styles, and its own layout."""
    found = [widget.layout]
    for child in getattr(widget, "children", ()):
        found += [*_parts(child), child]
    style = getattr(widget, "style", None)
    return [*found, style] if isinstance(style, ipywidgets.Widget) else found
