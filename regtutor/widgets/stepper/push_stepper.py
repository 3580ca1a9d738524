"""A push, or another walk, in a widget: one request at a time, forwards and backwards, original or edited.

The widget is thin: :class:`~regtutor.stepping.machine.Stepping` defines the effect of a click; the views and ``panels``
define how a state looks. Every click has a method that does the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import ipywidgets  # type: ignore[import-untyped]
import traitlets

from regtutor.client.registry import Registry
from regtutor.content.image import Image
from regtutor.content.index import Index
from regtutor.errors import RegtutorError
from regtutor.exchange import Exchange, Transcript
from regtutor.formats.svg import svg_of
from regtutor.message import changed_headers
from regtutor.stepping.choices import CHOICES
from regtutor.stepping.machine import NEW, RUN_LIMIT, Stepping
from regtutor.stepping.predicting import Score, question
from regtutor.stepping.states import State
from regtutor.widgets.exchange.exchange_view import ExchangeView, slim
from regtutor.widgets.freezing import Freezing
from regtutor.widgets.guard import GUARDED, Guard
from regtutor.widgets.reruns import replace_former
from regtutor.widgets.sequence.arrows import blob_of, item_of
from regtutor.widgets.sequence.sequence_view import SequenceView
from regtutor.widgets.stepper import panels
from regtutor.widgets.stepper.controls import BUTTONS, WHERE, button, choice_list, columns, html, parts_of, wrapping
from regtutor.widgets.stepper.prediction_panel import PredictionPanel
from regtutor.widgets.stepper.request_editor import RequestEditor
from regtutor.widgets.storage.registry_tree import RegistryTree
from regtutor.widgets.view import style


class _Frame(Guard):
    _css = style("push_stepper.css")


class PushStepper(Freezing):
    """A walk against a registry, one request at a time.

    *Send* sends the request about to be sent, in its original form or as you changed it; *Back* and *Forward* show the
    states as they were, without undoing anything in the registry; *Run to the end* sends the remaining requests;
    *Reset* starts the chosen walk again. A new stepper for the same registry, repository and tag, or from another run
    of its cell, replaces the former one.

    Parameters
    ----------
    reg: the registry.
    image: from ``sample_image`` or ``load_image``, or an index, from ``sample_index`` or ``load_index``.
    repository, tag: the destination, such as ``"library/hello"`` and ``"v1"``.
    walk: the walk to step through: ``monolithic``, ``chunked``, ``mount``, ``already there``, ``pull``, ``delete`` or
        ``referrers``. Content that it needs in the registry is pushed first, and a note says so.

    Attributes
    ----------
    stepping: the state machine behind the buttons; its states hold every exchange.
    error: what went wrong, why, and what to do next, one line each; ``""`` without an error.

    Raises
    ------
    ImageError: if the image cannot be pushed in its current state.
    InvalidArgument: if the walk does not exist. A refusal by the registry is not raised but shown in the widget.
    """

    error = traitlets.Unicode("").tag(sync=False)

    def __init__(
        self, reg: Registry, image: Image | Index, repository: str, tag: str, walk: str = "monolithic"
    ) -> None:
        self.stepping = Stepping(reg, image, repository, tag, walk=walk, on_bytes=self._bytes_went)
        self._former: list[Exchange] = []
        self._once = False  # whether the prediction is for one request only
        self._make_controls()
        self._position, self._notice, self._failure = html("position"), html("notices"), html("failures")
        self._about, self._size = html("about"), html("size")
        self._log, self._headers = html("log"), html("headers")
        self._editor = RequestEditor(self._edited, lambda: self._do(self._take_back))
        self._prediction = PredictionPanel(self._allow)
        self._sequence = SequenceView([reg.name], self._drawing)
        self._sequence.observe(self._selected, "selected")
        self._exchange, self._tree = ExchangeView(), RegistryTree()
        super().__init__(children=self._rows())
        self.add_class("regtutor-stepper").add_class(GUARDED)
        replace_former(self, ("PushStepper", reg.url, repository, tag))
        self._show("")

    # -- parts -----------------------------------------------------------------------------------------------------

    def _make_controls(self) -> None:
        self._buttons = {name: button(name) for name in BUTTONS}
        self._buttons["send"].button_style = "primary"
        for name, move in {
            "back": self._go_back,
            "forward": self._go_forward,
            "send": self._send_it,
            "run": self._run_on,
            "reset": self._start_chosen,
            "freeze": self._freeze_all,
        }.items():
            self._buttons[name].on_click(lambda _button, move=move: self._do(move))
        walks = [(choice.label, name) for name, choice in CHOICES.items()]
        self._walk = choice_list("Walk", walks, self.stepping.choice.name, "walk")
        self._walk.observe(self._chosen, "value")
        self._where = choice_list("Reset", WHERE, NEW, "where")
        self._predict = ipywidgets.Checkbox(description="Predict first", indent=False)
        self._predict.layout.width = "auto"
        self._predict.add_class("regtutor-predict")
        self._predict.observe(lambda _change: self._do(self._take_refused), "value")

    def _rows(self) -> list[ipywidgets.Widget]:
        moving = [self._buttons[name] for name in ("back", "forward", "send", "run")]
        setting = wrapping(self._walk, self._where, self._buttons["reset"], self._predict, self._buttons["freeze"])
        editor = ipywidgets.VBox([self._about, self._editor, self._size, self._prediction])
        return [
            _Frame(),
            setting,
            wrapping(*moving),
            self._position,
            self._notice,
            self._failure,
            columns(((self._sequence, self._exchange), "1 1 430px"), ((editor, self._tree, self._log), "1 1 400px")),
            self._headers,
        ]

    # -- the buttons as methods ------------------------------------------------------------------------------------

    def send(self) -> Exchange | None:
        """Send the request about to be sent, as *Send* does; return the exchange, or None without a record of it."""
        count = len(self.stepping.states)
        self._do(self._send_it)
        return self.state.exchange if len(self.stepping.states) > count else None

    def back(self) -> None:
        """Show the previous state, as *Back* does."""
        self._do(self._go_back)

    def forward(self) -> None:
        """Show the next state, as *Forward* does."""
        self._do(self._go_forward)

    def run(self) -> None:
        """Send all remaining requests, as *Run to the end* does."""
        self._do(self._run_on)

    def reset(self, walk: str | None = None, where: str = NEW) -> None:
        """Start again, as *Reset* does.

        Parameters
        ----------
        walk: another walk; by default the current one.
        where: ``"new"``, a new repository, or ``"same"``.
        """
        self._do(lambda: self._start_again(where, walk))

    def choose(self, walk: str) -> None:
        """Start another walk, as choosing it in the list does."""
        self.reset(walk)

    def edit(
        self,
        *,
        method: str | None = None,
        target: str | None = None,
        headers: Mapping[str, str | None] | Iterable[tuple[str, str]] | None = None,
        body: str | None = None,
    ) -> None:
        """Change the request about to be sent, as typing in its fields does; ``None`` changes nothing.

        Parameters
        ----------
        method, target: any text.
        headers: a mapping changes single headers (the value None removes one); pairs replace them all.
        body: one of the bodies in the list, such as ``"one byte changed"``.
        """
        draft = self.state.draft
        if isinstance(headers, Mapping):
            headers = changed_headers(draft.headers if draft else (), headers)
        pairs = None if headers is None else tuple(headers)

        def move() -> str:
            self.stepping.edit(method=method, target=target, headers=pairs, body=body)
            return ""

        self._do(move)

    def undo_edit(self) -> None:
        """Restore the original request, as *Undo my changes* does."""
        self._do(self._take_back)

    def predict(self, status: int, headers: Iterable[str] = ()) -> None:
        """Predict the response to the request about to be sent; only the next :meth:`send` is judged.

        Parameters
        ----------
        status: one of the statuses that are offered.
        headers: those of the offered headers that the response will have.
        """
        self._once = self._once or not self._predict.value
        self._predict.value = True

        def move() -> str:
            self._prediction.guess(status, headers)
            return ""

        self._do(move)

    @property
    def state(self) -> State:
        """The state that is shown."""
        return self.stepping.state

    @property
    def states(self) -> tuple[State, ...]:
        """Every state of the current walk."""
        return tuple(self.stepping.states)

    @property
    def score(self) -> Score:
        """The points for predictions so far, by concept."""
        return self._prediction.score

    @property
    def transcript(self) -> Transcript:
        """Every exchange that was made step by step, including walks before a reset and your own versions.

        The exchanges of the preparation of the current walk are in ``stepping.prepared``.
        """
        title = f"stepping through {self.stepping.repository}:{self.stepping.tag}"
        return Transcript.of([*self._former, *self.stepping.states[-1].exchanges], title)

    def freeze(self) -> None:
        """Store the current state in every output that shows the stepper, as *Freeze* does."""
        self._do(self._freeze_all)

    # -- moves: each returns a sentence about its effect -----------------------------------------------------------

    def _go_back(self) -> str:
        self.stepping.back()
        return ""

    def _go_forward(self) -> str:
        self.stepping.forward()
        return ""

    def _send_it(self) -> str:
        self._take_refused()
        if not self._prediction.ready:
            return 'Pick a status first: it is your prediction. Or clear the checkbox "Predict first".'
        self._say_sending(self.stepping.state)
        count = len(self.stepping.states)
        try:
            self.stepping.send()
        finally:
            if len(self.stepping.states) > count:
                self._prediction.judge(self.stepping.state.exchange)
                self._predict.value = self._predict.value and not self._once
                self._once = False
        return ""

    def _run_on(self) -> str:
        self._take_refused()
        self._prediction.ask(None)
        self._prediction.judge(None)
        self.stepping.run(self._say_sending)
        return f"{RUN_LIMIT} requests were sent; run again to continue." if self.stepping.can_send else ""

    def _chosen(self, _change: Any) -> None:
        if not self._showing:
            self._do(self._start_chosen)

    def _start_chosen(self) -> str:
        return self._start_again(self._where.value, self._walk.value)

    def _start_again(self, where: str, walk: str | None) -> str:
        former = self.stepping.states[-1].exchanges
        chosen = CHOICES.get(walk or "", self.stepping.choice)
        self._position.value = panels.preparing(chosen.label)
        effect = self.stepping.reset(where, walk)
        self._former += former
        self._where.value = where
        self._prediction.ask(None)
        self._prediction.judge(None)
        return f"{self.stepping.choice.shows} {effect}"

    def _take_back(self) -> str:
        self.stepping.undo_edit()
        return ""

    def _freeze_all(self) -> str:
        if not self.refresh_outputs():
            return "No output of the notebook shows the stepper yet: end a cell with it, and then press Freeze."
        return "The notebook now contains the current state as a picture; save the notebook to keep it."

    def _edited(self) -> None:
        self._do(self._take_edit, keep_fields=True)

    def _take_edit(self) -> str:
        edit = self._editor.edit()
        self.stepping.edit(method=edit.method, target=edit.target, headers=edit.headers, body=edit.body)
        return ""

    def _take_refused(self) -> str:
        """Check invalid content of the fields again: a request that differs from the fields must not be sent."""
        return self._take_edit() if self._editor.refused else ""

    def _selected(self, change: Any) -> None:
        """Show the state whose last exchange is the one that the learner chose in the diagram."""
        exchanges = self.stepping.states[-1].exchanges
        if self._showing or not 0 <= change.new < len(exchanges):
            return
        places = [n for n, state in enumerate(self.stepping.states) if state.exchange is exchanges[change.new]]
        if places and places[0] != self.stepping.position:
            self.stepping.position = places[0]
            self._do(lambda: "")

    # -- showing ---------------------------------------------------------------------------------------------------

    _showing = False

    def _do(self, move: Callable[[], str], *, keep_fields: bool = False) -> None:
        """Run the move of a click: every error is shown, and an unexpected one is raised as well."""
        effect, error = "", None
        try:
            effect = move()
        except KeyboardInterrupt:
            effect = (
                "Interrupted: the registry may have received a request whose response is not shown here. "
                "Press Send to send the request that is shown."
            )
        except Exception as caught:  # noqa: BLE001  ipywidgets would hide it in a log, so it is shown first
            error = caught
        try:
            self._show(effect, keep_fields=error is not None and (keep_fields or self._editor.refused))
        except Exception as caught:  # noqa: BLE001  the same for a state that cannot be shown
            error = error or caught
            self._show_failure(error)
        if error is not None:
            self._show_failure(error)
            if not isinstance(error, RegtutorError):
                raise error

    def _show(self, effect: str, *, keep_fields: bool = False) -> None:
        stepping, state = self.stepping, self.stepping.state
        self._showing = True
        try:
            self._show_failure(state.error)
            self._notice.value = panels.notice(effect) + panels.changed(state) + panels.notice(state.note)
            self._walk.value = stepping.choice.name
            self._about.value = panels.about_to_be_sent(state, live=stepping.live)
            self._size.value = panels.body_of(state.draft)
            if keep_fields:
                self._editor.refuse()
            else:
                self._editor.show(state.draft, live=stepping.live)
            self._show_question()
            self._exchange.exchange = state.exchange
            before = stepping.states[stepping.position - 1].tree if stepping.position else None
            self._tree.show(state.tree, before, state.unseen)
            self._log.value = panels.log(state)
            self._headers.value = panels.headers(state.exchanges)
            self._show_sequence()
            self._allow()
        finally:
            self._showing = False
        # Last, so that the new position is never visible before the rest of its state.
        self._position.value = panels.position(stepping)

    def _show_sequence(self) -> None:
        latest, state = self.stepping.states[-1], self.stepping.state
        detours = {id(one.exchange) for one in self.stepping.states if one.detour}
        items = [item_of(n, one, detour=id(one) in detours) for n, one in enumerate(latest.exchanges, 1)]
        ghost = latest.draft.step if latest.draft is not None else ""
        blobs = [blob_of(blob) for blob in state.blobs]
        self._sequence.show(items, len(state.exchanges) - 1, ghost, blobs)

    def _show_question(self) -> None:
        draft = self.stepping.state.draft
        asks = self._predict.value and self.stepping.live and draft is not None
        self._prediction.ask(question(draft, self.stepping.state.exchanges) if asks and draft is not None else None)

    def _allow(self) -> None:
        """Enable the buttons that can be pressed now."""
        stepping = self.stepping
        allowed = {
            "back": stepping.can_back,
            "forward": stepping.can_forward,
            "send": stepping.live and stepping.can_send and self._prediction.ready,
            "run": stepping.can_send,
        }
        for name, can in allowed.items():
            self._buttons[name].disabled = not can

    def _say_sending(self, state: State) -> None:
        if self.stepping.live and state.draft is not None:
            self._position.value = panels.sending(state)

    def _bytes_went(self, digest: str, sent: int, _size: int) -> None:
        draft = self.stepping.states[-1].draft
        fetching = draft is not None and draft.step.startswith("get_")
        self._sequence.move(digest, sent, "fetching" if fetching else "sending")

    def _show_failure(self, error: Exception | None) -> None:
        self.error = "\n".join(part for part in panels.error_lines(error) if part) if error else ""
        self._failure.value = panels.failure(error)

    def _drawing(self) -> str:
        title = f"{self.stepping.choice.label}; {self.stepping.repository}:{self.stepping.tag}"
        return svg_of(Transcript.of(map(slim, self.state.exchanges), title))

    def close(self) -> None:
        """Remove the widget and all its parts from the page; the registry stays as it is."""
        for part in parts_of(self):
            part.close()
        super().close()

    def static_html(self) -> str:
        """Return the current state: the position, the diagram, the last exchange explained, and the next request."""
        state = self.state
        parts = [panels.position(self.stepping), self._sequence.static_html()]
        if state.exchange is not None:
            parts.append(self._exchange.lines_html())
        return f"<div>{''.join([*parts, panels.about_to_be_sent(state, live=False), self._tree.static_html()])}</div>"

    def as_text(self) -> str:
        """Return the arrows so far, and the request about to be sent."""
        stepping = self.stepping
        following = f"\nnext: {self.state.draft.as_text()}" if self.state.draft else ""
        return f"PushStepper: {stepping.repository}:{stepping.tag}\n{self._sequence.as_text()}{following}"
