"""The end of a walk, shown instead of the fields: a summary, and experiments as cards, each of which is a button."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import ipywidgets  # type: ignore[import-untyped]

from regtutor.exchange import Transcript
from regtutor.stepping.experiments import OFFERED, Experiment
from regtutor.stepping.holdings import Holdings, holdings
from regtutor.stepping.states import State
from regtutor.widgets.sequence.arrows import amount
from regtutor.widgets.stepper.controls import column, html, row


class Ending(ipywidgets.VBox):
    """The summary of a walk, and a card for each experiment.

    Parameters
    ----------
    chosen: called with the name of the experiment whose card was pressed.
    """

    def __init__(self, chosen: Callable[[str], None]) -> None:
        self._offered: Sequence[Experiment] = ()
        self._summary = html("summary")
        self._buttons = [ipywidgets.Button().add_class("regtutor-experiment") for _ in range(OFFERED)]
        self._asks = [html("asks") for _ in range(OFFERED)]
        for place, button in enumerate(self._buttons):
            button.on_click(lambda _button, place=place: chosen(self._offered[place].name))
        cards = [column("card", *parts) for parts in zip(self._buttons, self._asks, strict=True)]
        super().__init__([self._summary, row("cards", *cards)])
        self.add_class("regtutor-ending")

    def show(self, state: State, offered: Sequence[Experiment]) -> None:
        """Show the summary of the walk that ended in ``state``, and these experiments."""
        self._offered = offered
        self._summary.value = summary_html(state)
        for button, asks, one in zip(self._buttons, self._asks, offered, strict=True):
            button.description = f"{one.name[:1].upper()}{one.name[1:]}"
            button.tooltip = "Set the stepper up for this experiment"
            asks.value = f"<p>{escape(one.asks)}</p>"


def summary_html(state: State) -> str:
    """Return the requests and bytes of a walk, what its repository holds now, and the offer of experiments."""
    made = Transcript.of(state.exchanges)
    sent, received = amount(made.bytes_up), amount(made.bytes_down)
    rows = [
        ("requests", f"{len(made):,}"),
        ("bodies", f"{sent} sent, {received} received"),
        ("now", _held(state)),
    ]
    cells = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in rows)
    return f'<dl>{cells}</dl><p class="regtutor-offer">A card sets the stepper up; you predict, and press Send.</p>'


def _held(state: State) -> str:
    """Return a clause about the content of the repository; it comes from the storage, else from the responses."""
    if state.tree is not None:
        return _words(state.repository, holdings(state.tree, state.repository))
    fates = [blob.fate for blob in state.blobs]
    counts = ", ".join(f"{fates.count(fate)} {fate}" for fate in dict.fromkeys(fates))
    return f"{state.repository}: {counts} (its storage cannot be seen)"


def _words(repository: str, held: Holdings) -> str:
    parts = [_counted(held.blobs, "blob"), _counted(held.manifests, "manifest")]
    parts.append(f"{'tag' if len(held.tags) == 1 else 'tags'} {', '.join(held.tags)}" if held.tags else "no tag")
    if held.sessions:
        parts.append(_counted(held.sessions, "open upload session"))
    return f"{repository} holds {', '.join(parts)}"


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
