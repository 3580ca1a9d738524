"""The effect of each click on the stepper: it changes the state machine, and returns a sentence about that.

This module changes no part of the page except the position line, while a click takes time. ``face.py`` shows the new
state.
"""

from __future__ import annotations

from regtutor.exchange import Exchange
from regtutor.stepping.choices import CHOICES
from regtutor.stepping.experiments import experiment, set_up
from regtutor.stepping.machine import RUN_LIMIT, Stepping
from regtutor.stepping.states import State
from regtutor.widgets.stepper import panels
from regtutor.widgets.stepper.face import Face


class Moves:
    """The moves of one stepper.

    Parameters
    ----------
    stepping: the state machine.
    face: the fields, from which an edit and a prediction are read.

    Attributes
    ----------
    former: the exchanges of the walks before the current one.
    """

    def __init__(self, stepping: Stepping, face: Face) -> None:
        self._stepping, self._face = stepping, face
        self.former: list[Exchange] = []

    def back(self) -> str:
        """Show the previous state."""
        self._stepping.back()
        return ""

    def forward(self) -> str:
        """Show the next state."""
        self._stepping.forward()
        return ""

    def send(self) -> str:
        """Send the request as its fields show it, and judge the prediction, if there is one."""
        self.take_refused()
        self._say_sending(self._stepping.state)
        count = len(self._stepping.states)
        try:
            self._stepping.send()
        finally:
            if len(self._stepping.states) > count:
                self._face.prediction.judge(self._stepping.state.exchange)
        return ""

    def run(self) -> str:
        """Send all remaining requests, without a prediction."""
        self.take_refused()
        self._forget_prediction()
        self._stepping.run(self._say_sending)
        return f"{RUN_LIMIT} requests were sent; run again to continue." if self._stepping.can_send else ""

    def start(self, where: str, walk: str | None) -> str:
        """Start the walk again, or another one."""
        former = self._stepping.states[-1].exchanges
        chosen = CHOICES.get(walk or "", self._stepping.choice)
        self._face.position.value = panels.preparing(chosen.label)
        effect = self._stepping.reset(where, walk)
        self.former += former
        self._forget_prediction()
        return effect

    def set_up(self, name: str) -> str:
        """Set up the experiment called ``name``."""
        chosen, first = experiment(name), self._stepping.states[0]
        former = self._stepping.states[-1].exchanges
        self._face.position.value = panels.preparing(f"the experiment {name!r}")
        self._forget_prediction()
        try:
            return set_up(self._stepping, chosen)
        finally:
            if self._stepping.states[0] is not first:
                self.former += former
                self._face.tried.add(name)

    def undo_edit(self) -> str:
        """Restore the original request."""
        self._stepping.undo_edit()
        return ""

    def take_edit(self) -> str:
        """Change the request to the content of its fields."""
        edit = self._face.editor.edit()
        self._stepping.edit(method=edit.method, target=edit.target, headers=edit.headers, body=edit.body)
        return ""

    def take_refused(self) -> str:
        """Check invalid content of the fields again: a request that differs from the fields must not be sent."""
        return self.take_edit() if self._face.editor.refused else ""

    def _forget_prediction(self) -> None:
        self._face.prediction.ask(None)
        self._face.prediction.judge(None)

    def _say_sending(self, state: State) -> None:
        if self._stepping.live and state.draft is not None:
            self._face.position.value = panels.sending(state)
