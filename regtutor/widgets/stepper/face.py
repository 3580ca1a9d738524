"""The parts of the stepper and their arrangement: what each part shows of a state, without the effect of a click.

The style sheet ``front/push_stepper.css`` places the parts, by the room that the stepper has.
"""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets  # type: ignore[import-untyped]
import traitlets

from regtutor.stepping.choices import CHOICES
from regtutor.stepping.experiments import suggestions
from regtutor.stepping.machine import Stepping
from regtutor.stepping.predicting import question
from regtutor.stepping.progress import subject_of, subjects
from regtutor.stepping.states import State, changes
from regtutor.widgets.exchange.exchange_view import ExchangeView
from regtutor.widgets.guard import Guard
from regtutor.widgets.sequence.arrows import blob_of, item_of
from regtutor.widgets.sequence.sequence_view import SequenceView
from regtutor.widgets.stepper import panels
from regtutor.widgets.stepper.controls import BUTTONS, button, choice_list, column, html, row, show_only_if
from regtutor.widgets.stepper.curl_view import CurlView
from regtutor.widgets.stepper.ending import Ending
from regtutor.widgets.stepper.prediction_panel import PredictionPanel
from regtutor.widgets.stepper.request_editor import RequestEditor
from regtutor.widgets.stepper.tabs import TABBED, Tabs, panel_class
from regtutor.widgets.stepper.walk_strip import Coming, WalkStrip
from regtutor.widgets.storage.registry_tree import RegistryTree
from regtutor.widgets.view import script, style

TABS = {"storage": "Storage", "log": "Log", "sequence": "Sequence", "headers": "Headers", "curl": "curl"}
"""The parts of which one is shown at a time."""


class Frame(Guard):
    """The guard of the stepper's box, with its shortcuts; ``target`` is shown with its middle left out."""

    _esm = script("stepper_frame.js")
    _css = style("push_stepper.css")

    target = traitlets.Unicode("").tag(sync=True)


class Face:
    """The controls, views and texts of one stepper.

    Parameters
    ----------
    stepping: the state machine that is shown.
    registry: the registry's name.
    drawing: returns the SVG of the walk, for viewers without a kernel.
    edited, undone: called when the learner changed the request, or undid all changes.
    tried: called with the name of an experiment whose card was pressed.

    Attributes
    ----------
    buttons: by their names in :data:`~regtutor.widgets.stepper.controls.BUTTONS`.
    tried: the names of the experiments that were set up; they are suggested last.
    """

    def __init__(
        self,
        stepping: Stepping,
        registry: str,
        drawing: Callable[[], str],
        edited: Callable[[], None],
        undone: Callable[[], None],
        tried: Callable[[str], None],
    ) -> None:
        self.stepping = stepping
        self.tried: set[str] = set()
        self.frame = Frame()
        self.buttons = {name: button(name) for name in BUTTONS}
        self.buttons["send"].button_style = "primary"
        walks = [(choice.label, name) for name, choice in CHOICES.items()]
        self.walk = choice_list("Walk", walks, stepping.choice.name, "walk")
        self.position, self.notices, self.failures = html("position"), html("notices"), html("failures")
        self.about, self.came = html("about"), html("came")
        self.log, self.headers = html("log"), html("headers")
        self.editor = RequestEditor(edited, undone)
        self.prediction = PredictionPanel()
        self.ending = Ending(tried)
        self.strip, self.sequence = WalkStrip(), SequenceView([registry], drawing)
        self.exchange, self.tree, self.curl = ExchangeView(compact=True), RegistryTree(), CurlView()
        self.tabs = Tabs(TABS)

    def body(self) -> ipywidgets.VBox:
        """Return all parts in one box."""
        buttons = self.buttons
        moves = row("moves", self.position, buttons["back"], buttons["forward"], buttons["run"])
        chooser = row("chooser", self.walk, buttons["reset"], buttons["freeze"])
        form = column("form", self.about, self.editor, self.prediction.headers)
        self._foot = row("foot", self.prediction.status, self.prediction.more, buttons["send"])
        last = column("results", self.failures, self.notices, self.prediction.said, self.exchange)
        return column(
            "body",
            row("bar", chooser, moves),
            self.strip,
            column("next", form, self.ending, self._foot),
            column("last", self.came, last),
            self._tabbed(),
        )

    def _tabbed(self) -> ipywidgets.VBox:
        panels_by_name = {
            "storage": self.tree,
            "log": self.log,
            "sequence": self.sequence,
            "headers": self.headers,
            "curl": self.curl,
        }
        parts = [
            panel.add_class("regtutor-panel").add_class(panel_class(name)) for name, panel in panels_by_name.items()
        ]
        return column("more", self.tabs, *parts).add_class(TABBED)

    # -- showing ---------------------------------------------------------------------------------------------------

    def show(self, effect: str, *, keep_fields: bool) -> None:
        """Show the current state, and a sentence about the effect of the last click.

        Parameters
        ----------
        keep_fields: whether the fields keep their invalid content, which the learner must correct.
        """
        stepping, state = self.stepping, self.stepping.state
        self.failures.value = panels.failure(state.error)
        self.notices.value = panels.notices(effect, state)
        self.walk.value = stepping.choice.name
        self.about.value = panels.about_to_be_sent(state, live=stepping.live)
        self.came.value = panels.came_back(stepping)
        if keep_fields:
            self.editor.refuse()
        else:
            self.editor.show(state.draft, live=stepping.live)
            self.frame.target = state.draft.target if state.draft is not None else ""
        self._show_form(state)
        self.exchange.exchange = state.exchange
        self.curl.show(state.exchange)
        self._show_storage(state)
        self.log.value = panels.log(state)
        self.headers.value = panels.headers(state.exchanges)
        self._show_walk()
        self._allow()

    def _show_form(self, state: State) -> None:
        """Show the fields of the next request; at the end of the walk, its summary and some experiments."""
        has_request = state.draft is not None
        for part in (self.editor, self._foot):
            show_only_if(part, has_request)
        show_only_if(self.prediction.headers, has_request and self.prediction.more.value)
        show_only_if(self.ending, not has_request)
        if not has_request:
            self.ending.show(state, suggestions(self.stepping.choice.name, self.tried))
        asks = state.draft is not None and self.stepping.live
        self.prediction.ask(question(state.draft, state.exchanges) if asks and state.draft is not None else None)

    def _show_storage(self, state: State) -> None:
        stepping = self.stepping
        before = stepping.states[stepping.position - 1].tree if stepping.position else None
        self.tree.show(state.tree, before, state.unseen)
        found = [change.kind for change in changes(before, state.tree)]
        marks = ", ".join(f"{found.count(kind)} {kind}" for kind in ("new", "changed", "gone") if kind in found)
        self.tabs.marks = {"storage": marks} if marks else {}

    def _show_walk(self) -> None:
        """Draw all requests of the walk, with the shown one lit: in the strip and in the diagram."""
        latest, state = self.stepping.states[-1], self.stepping.state
        detours = {id(one.exchange) for one in self.stepping.states if one.detour}
        items = [item_of(n, one, detour=id(one) in detours) for n, one in enumerate(latest.exchanges, 1)]
        current, draft = len(state.exchanges) - 1, latest.draft
        self.sequence.show(items, current, draft.step if draft is not None else "")
        about, coming = subjects(latest.exchanges), None
        if draft is not None:
            before, tagged = about[-1] if about else "", self.stepping.content.digest
            subject = subject_of(draft.method, draft.target, draft.step, before=before, tagged=tagged)
            coming = Coming(draft.method, draft.step, subject)
        self.strip.show(items, about, current, [blob_of(blob) for blob in state.blobs], coming)

    def _allow(self) -> None:
        """Enable the buttons that can be pressed now."""
        stepping = self.stepping
        allowed = {
            "back": stepping.can_back,
            "forward": stepping.can_forward,
            "send": stepping.live and stepping.can_send,
            "run": stepping.can_send,
        }
        for name, can in allowed.items():
            self.buttons[name].disabled = not can
