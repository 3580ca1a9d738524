"""``TranscriptView``: a transcript as a timeline; each row is an exchange, which opens line by line with explanations.

**How rows reach the browser.** ``rows`` is sent once, with the widget. A list trait that is assigned again would be
sent whole, so :meth:`TranscriptView.add` extends that list in place, which sends nothing, and then sets ``latest``, a
small trait with only the new rows and their position. Traits, unlike custom messages, reach the browser even while the
view's script is still loading. A reloaded page requests all traits from the kernel and receives the extended ``rows``.
Two views of one model agree, since the first view that sees a new row inserts it once. If rows are missing (the server
drops messages that come too fast), the browser notices the gap and requests them. The content of an exchange stays in
Python until it is opened.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import traitlets

from regtutor.errors import InvalidArgument
from regtutor.exchange import Exchange, Transcript
from regtutor.protocol.text import cut, visible
from regtutor.widgets.exchange.exchange_data import exchange_data
from regtutor.widgets.transcript import still
from regtutor.widgets.transcript.timeline import COLUMNS, Row, TimeAxis, rows_of
from regtutor.widgets.view import View, script, style

MOST = 20_000
"""The most exchanges that a view shows; it states how many more there are."""

MOST_ASKED = 5_000
"""The most rows in one reply to a browser that lacks some."""

CROWDED = 100
"""The number of exchanges from which on the axis initially covers only the visible rows."""

_MOST_NOTES = 20


class TranscriptView(View):
    """A transcript as a timeline of requests, responses, bytes and times, with a filter.

    Click a row, or choose it with the arrow keys and press Enter, to see that exchange line by line; Escape closes it.

    Parameters
    ----------
    transcript: the exchanges to show; any iterable of exchanges.

    Attributes
    ----------
    transcript: the exchanges, including those that :meth:`add` added.
    opened: number of the open exchange, from 0 as in ``transcript[0]``; -1 if none is open.
    words: text of the filter; a row must contain each of its words.
    refused_only: whether the list contains only exchanges with a status of 400 or above, except a HEAD that finds
        nothing, and exchanges without a response.
    method: the only method that is listed; ``""`` for all.
    zoomed: whether the time axis covers the visible rows instead of all of them.

    Raises
    ------
    InvalidArgument: for anything that is not an exchange, and if ``opened`` is not the number of an exchange.
    """

    _esm = script("transcript_view.js")
    _css = style("exchange_lines.css", "long_list.css", "transcript_view.css")

    title = traitlets.Unicode().tag(sync=True)
    notes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    columns = traitlets.List(traitlets.Unicode(), list(COLUMNS)).tag(sync=True)
    rows: traitlets.List[Any] = traitlets.List().tag(sync=True)
    latest = traitlets.Dict().tag(sync=True)
    unseen = traitlets.Int(0).tag(sync=True)

    opened = traitlets.Int(-1).tag(sync=True)
    words = traitlets.Unicode("").tag(sync=True)
    refused_only = traitlets.Bool(False).tag(sync=True)
    method = traitlets.Unicode("").tag(sync=True)
    zoomed = traitlets.Bool(False).tag(sync=True)

    questions: ClassVar = {"open": "_open", "rows": "_rows_from"}

    def __init__(self, transcript: Iterable[Exchange] = ()) -> None:
        given = _checked(transcript)
        title, notes = (transcript.title, transcript.notes) if isinstance(transcript, Transcript) else ("", ())
        self._title, self._notes = title, notes
        self._exchanges = given
        self._axis = TimeAxis()
        super().__init__(
            title=cut(visible(title[:300]), 200),
            notes=[cut(visible(note[:700]), 600) for note in notes[:_MOST_NOTES]],
            rows=rows_of(given[:MOST], self._axis),
            unseen=max(0, len(given) - MOST),
            zoomed=len(given) >= CROWDED,
        )

    @property
    def transcript(self) -> Transcript:
        """The exchanges, including those that were added."""
        return Transcript.of(self._exchanges, self._title, self._notes)

    def add(self, *exchanges: Exchange) -> None:
        """Show more exchanges after the others; only their rows are sent to the browser.

        Parameters
        ----------
        exchanges: one exchange as soon as it is recorded, or many at once, which are sent in one message.
        """
        added = _checked(exchanges)
        start = len(self.rows)
        fresh = rows_of(added[: max(0, MOST - start)], self._axis)
        self._exchanges.extend(added)
        self.rows.extend(fresh)
        self.unseen = len(self._exchanges) - len(self.rows)
        if fresh:
            self.latest = {"start": start, "rows": fresh}

    @traitlets.validate("opened")
    def _there(self, proposal: Any) -> int:
        index = int(proposal["value"])
        if index != -1:
            self._exchange(index)
        return index

    def _exchange(self, index: Any) -> Exchange:
        shown = min(len(self._exchanges), MOST)
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < shown:
            raise InvalidArgument(
                f"There is no exchange {cut(visible(repr(index)[:80]), 60)} in this view",
                f"it shows {shown:,} exchanges, numbered from 0",
                "Open one of them, or -1 for none",
            )
        return self._exchanges[index]

    def _open(self, question: dict[str, Any]) -> dict[str, Any]:
        return exchange_data(self._exchange(question.get("index")))

    def _rows_from(self, question: dict[str, Any]) -> dict[str, Any]:
        start = question.get("start")
        start = start if isinstance(start, int) and start >= 0 else 0
        rows: list[Row] = self.rows[start : start + MOST_ASKED]
        return {"start": start, "rows": rows}

    def static_html(self) -> str:
        """Return a table of the first exchanges with their bars and, for a short transcript, the sequence diagram."""
        return still.html(self.transcript, self.rows)

    def as_text(self) -> str:
        """Return two arrows for each of the first exchanges: the request and the response."""
        return still.text(self.transcript, self.rows)


def _checked(exchanges: Iterable[Exchange]) -> list[Exchange]:
    listed = list(exchanges) if isinstance(exchanges, Iterable) else [exchanges]
    for wrong in listed:
        if not isinstance(wrong, Exchange):
            raise InvalidArgument(
                f"An object of type {type(wrong).__name__} is not an exchange",
                "a transcript consists of exchanges, which steps return",
                "Pass a Transcript, such as push_image returns, or a list of exchanges",
            )
    return listed
