"""A push, or another walk, in a widget: one request at a time, forwards and backwards, original or edited.

The widget is thin: :class:`~regtutor.stepping.machine.Stepping` and ``moves.py`` define the effect of a click;
``face.py`` and ``panels.py`` define how a state looks. Every click has a method that does the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import traitlets

from regtutor.client.registry import Registry
from regtutor.content.image import Image
from regtutor.content.index import Index
from regtutor.errors import InvalidArgument, RegtutorError
from regtutor.exchange import Exchange, Transcript
from regtutor.formats.svg import svg_of
from regtutor.message import changed_headers
from regtutor.stepping.choices import choice
from regtutor.stepping.experiments import experiment
from regtutor.stepping.machine import NEW, SAME, Stepping
from regtutor.stepping.predicting import Score
from regtutor.stepping.states import State
from regtutor.widgets.exchange.exchange_view import slim
from regtutor.widgets.freezing import Freezing
from regtutor.widgets.guard import GUARDED
from regtutor.widgets.reruns import replace_former
from regtutor.widgets.stepper import panels
from regtutor.widgets.stepper.controls import parts_of
from regtutor.widgets.stepper.face import Face
from regtutor.widgets.stepper.moves import Moves


class PushStepper(Freezing):
    """A walk against a registry, one request at a time.

    *Send* sends the request about to be sent, in its original form or as you changed it; *Back* and *Forward* show the
    states as they were, without undoing anything in the registry; *Run to the end* sends the remaining requests;
    *Reset* starts the chosen walk again, in a new repository. At the end of a walk, each card sets up an experiment. A
    new stepper for the same registry, repository and tag, or from another run of its cell, replaces the former one.

    Parameters
    ----------
    reg: the registry.
    image: from ``sample_image`` or ``load_image``, or an index, from ``sample_index`` or ``load_index``.
    repository, tag: the destination, such as ``"library/hello"`` and ``"v1"``. A walk that uploads does not start in
        a repository that has blobs of the image already: it uses ``library/hello-2``, or the next number.
    walk: the walk to step through: ``monolithic``, ``chunked``, ``mount``, ``already there``, ``manifest first``,
        ``pull``, ``delete`` or ``referrers``. Content that it needs in the registry is pushed first, and a note says
        so.

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
        self._face = Face(self.stepping, reg.name, self._drawing, self._edited, self._undone, self._tried)
        self._moves = Moves(self.stepping, self._face)
        self._face.walk.observe(self._chosen, "value")
        for view in (self._face.strip, self._face.sequence):
            view.observe(self._selected, "selected")
        self._connect_buttons()
        super().__init__(children=[self._face.frame, self._face.body()])
        self.add_class("regtutor-stepper").add_class(GUARDED)
        replace_former(self, ("PushStepper", reg.url, repository, tag))
        self._show("")

    def _connect_buttons(self) -> None:
        moves = {
            "back": self._moves.back,
            "forward": self._moves.forward,
            "send": self._moves.send,
            "run": self._moves.run,
            "reset": lambda: self._moves.start(NEW, None),
            "freeze": self._freeze_all,
        }
        for name, move in moves.items():
            self._face.buttons[name].on_click(lambda _button, move=move: self._do(move))

    # -- the buttons as methods ------------------------------------------------------------------------------------

    def send(self) -> Exchange | None:
        """Send the request about to be sent, as *Send* does; return the exchange, or None without a record of it.

        A response that refuses the request is not an error: it is returned, and the widget explains it. Neither is a
        failed connection, which the widget shows.

        Raises
        ------
        InvalidArgument: if there is no request to send: the walk has ended, or an earlier state is shown.
        RegtutorError: if the request cannot be sent as you changed it; nothing was sent then.
        """
        stepping = self.stepping
        if not (stepping.live and stepping.can_send):
            raise InvalidArgument(
                "There is no request to send here",
                "the walk has ended" if stepping.live else "this state shows a request that was sent already",
                "reset() starts again" if stepping.live else "forward() goes to the next state",
            )
        count = len(stepping.states)
        error = self._do(self._moves.send)
        if len(stepping.states) > count:
            return self.state.exchange
        if error is not None:
            raise error
        return None

    def back(self) -> None:
        """Show the previous state, as *Back* does."""
        self._do(self._moves.back)

    def forward(self) -> None:
        """Show the next state, as *Forward* does."""
        self._do(self._moves.forward)

    def run(self) -> None:
        """Send all remaining requests, as *Run to the end* does."""
        self._do(self._moves.run)

    def reset(self, walk: str | None = None, where: str = NEW) -> None:
        """Start again, as *Reset* does.

        Parameters
        ----------
        walk: another walk; by default the current one.
        where: ``"new"``, a new repository, or ``"same"``.

        Raises
        ------
        InvalidArgument: if the walk or the place does not exist; the error names those that do.
        """
        if walk is not None:
            choice(walk)
        if where not in (NEW, SAME):
            self.stepping.reset(where)
        self._do(lambda: self._moves.start(where, walk))

    def choose(self, walk: str) -> None:
        """Start another walk in a new repository, as choosing it in the list does.

        Raises
        ------
        InvalidArgument: if the walk does not exist; the error names those that do.
        """
        self.reset(walk)

    def experiment(self, name: str) -> None:
        """Set the stepper up for an experiment, as pressing its card at the end of a walk does.

        Parameters
        ----------
        name: as on the card, such as ``"one byte changed"``.

        Raises
        ------
        InvalidArgument: if the experiment does not exist; the error names those that do.
        """
        experiment(name)
        self._do(lambda: self._moves.set_up(name))

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

        Raises
        ------
        InvalidArgument: if there is no request to change, if no body has that name (the error names those that exist),
            or if a value cannot be a part of a request; nothing is changed then.
        """
        draft = self.state.draft
        if isinstance(headers, Mapping):
            headers = changed_headers(draft.headers if draft else (), headers)
        self.stepping.edit(method=method, target=target, headers=headers, body=body)
        self._do(lambda: "")

    def undo_edit(self) -> None:
        """Restore the original request, as *Undo my changes* does."""
        self._do(self._moves.undo_edit)

    def predict(self, status: int, headers: Iterable[str] = ()) -> None:
        """Predict the response to the request about to be sent, as picking in its form does.

        Parameters
        ----------
        status: one of the statuses that are offered.
        headers: those of the offered headers that the response will have.

        Raises
        ------
        InvalidArgument: if there is no request to predict, or for a status or header that is not offered; the error
            names those that are.
        """
        self._face.prediction.guess(status, headers)

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
        return self._face.prediction.score

    @property
    def transcript(self) -> Transcript:
        """Every exchange that was made step by step, including walks before a reset and your own versions.

        The exchanges of the preparation of the current walk are in ``stepping.prepared``.
        """
        title = f"stepping through {self.stepping.repository}:{self.stepping.tag}"
        return Transcript.of([*self._moves.former, *self.stepping.states[-1].exchanges], title)

    def freeze(self) -> None:
        """Store the current state in every output that shows the stepper, as *Freeze* does."""
        self._do(self._freeze_all)

    # -- clicks ----------------------------------------------------------------------------------------------------

    def _chosen(self, change: Any) -> None:
        if not self._showing:
            self._do(lambda: self._moves.start(NEW, change.new))

    def _edited(self) -> None:
        self._do(self._moves.take_edit, keep_fields=True)

    def _undone(self) -> None:
        self._do(self._moves.undo_edit)

    def _tried(self, name: str) -> None:
        self._do(lambda: self._moves.set_up(name))

    def _freeze_all(self) -> str:
        if not self.refresh_outputs():
            return "No output of the notebook shows the stepper yet: end a cell with it, and then press Freeze."
        return "The notebook now contains the current state as a picture; save the notebook to keep it."

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

    def _do(self, move: Callable[[], str], *, keep_fields: bool = False) -> Exception | None:
        """Run the move of a click: every error is shown and returned, and an unexpected one is raised."""
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
            self._show(effect, keep_fields=error is not None and (keep_fields or self._face.editor.refused))
        except Exception as caught:  # noqa: BLE001  the same for a state that cannot be shown
            error = error or caught
            self._show_failure(error)
        if error is not None:
            self._show_failure(error)
            if not isinstance(error, RegtutorError):
                raise error
        return error

    def _show(self, effect: str, *, keep_fields: bool = False) -> None:
        self._showing = True
        try:
            self._face.show(effect, keep_fields=keep_fields)
            self._note_failure(self.state.error)
        finally:
            self._showing = False
        # Last, so that the new position is never visible before the rest of its state.
        self._face.position.value = panels.position(self.stepping)

    def _bytes_went(self, digest: str, sent: int, _size: int) -> None:
        draft = self.stepping.states[-1].draft
        fetching = draft is not None and draft.step.startswith("get_")
        self._face.strip.move(digest, sent, "fetching" if fetching else "sending")

    def _show_failure(self, error: Exception) -> None:
        self._note_failure(error)
        self._face.failures.value = panels.failure(error)

    def _note_failure(self, error: Exception | None) -> None:
        self.error = "\n".join(part for part in panels.error_lines(error) if part) if error else ""

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
        parts = [panels.position(self.stepping), self._face.sequence.static_html()]
        if state.exchange is not None:
            parts.append(self._face.exchange.lines_html())
        return (
            f"<div>{''.join([*parts, panels.about_to_be_sent(state, live=False), self._face.tree.static_html()])}</div>"
        )

    def as_text(self) -> str:
        """Return the arrows so far, the blobs with their requests, and the request about to be sent."""
        stepping = self.stepping
        following = f"\nnext: {self.state.draft.as_text()}" if self.state.draft else ""
        drawn = f"{self._face.sequence.as_text()}\n{self._face.strip.as_text()}"
        return f"PushStepper: {stepping.repository}:{stepping.tag}\n{drawn}{following}"
