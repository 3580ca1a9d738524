"""``ExchangeView``: one exchange, line by line in the order of the wire; each line opens its explanation.

The explanations come from ``findings``, the data for the browser from ``exchange_data.py``; this module combines them
with the lines that the learner has opened.
"""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import Any

import traitlets

from regtutor.exchange import BodyRecord, Exchange, Transcript
from regtutor.formats.html.findings import findings_html
from regtutor.formats.svg import svg_of
from regtutor.protocol.text import cut
from regtutor.widgets.exchange.exchange_data import bounded_findings, exchange_data
from regtutor.widgets.view import View, picture, script, style

_NONE = "Nothing has been sent yet."
_FACTS = "word-wrap:break-word;overflow-wrap:anywhere;margin-bottom:6px"


class ExchangeView(View):
    """An exchange as a picture: every line with its explanation in place, the diagnoses on top.

    Parameters
    ----------
    exchange: the exchange to show; None until something has been sent. Set :attr:`exchange` to show another one.

    Raises
    ------
    InvalidArgument: for anything that is not an exchange.

    Attributes
    ----------
    data: the data for the browser, see :func:`regtutor.widgets.exchange.exchange_data.exchange_data`.
    opened: the numbers of the open lines, from 0 in the order of the message; another exchange closes all.
    compact: whether the view has no title and no curl command, and shows sent and received lines side by side.
    """

    _esm = script("exchange_view.js")
    _css = style("exchange_lines.css")

    data = traitlets.Dict().tag(sync=True)
    opened = traitlets.List(traitlets.Int()).tag(sync=True)
    compact = traitlets.Bool(False).tag(sync=True)

    def __init__(self, exchange: Exchange | None = None, **traits: Any) -> None:
        self._exchange = exchange
        super().__init__(data=exchange_data(exchange), **traits)

    @property
    def exchange(self) -> Exchange | None:
        """The exchange that is shown."""
        return self._exchange

    @exchange.setter
    def exchange(self, exchange: Exchange | None) -> None:
        if exchange is self._exchange:
            return
        data = exchange_data(exchange)
        self._exchange = exchange
        with self.hold_sync():
            self.opened = []
            self.data = data

    @traitlets.validate("opened")
    def _only_lines(self, proposal: dict[str, Any]) -> list[int]:
        """Ignore numbers of lines that do not exist, as when a click arrives after the exchange has changed."""
        return sorted({number for number in proposal["value"] if 0 <= number < len(self.data["lines"])})

    def static_html(self) -> str:
        """Return the exchange for viewers without a kernel: the message, whose lines open, and a picture of it."""
        if self._exchange is None:
            return self.lines_html()
        drawn = picture(
            svg_of(Transcript.of([slim(self._exchange)], self.data["title"]["step"])),
            f"The exchange as arrows: {self._summary()}",
        )
        return f"<div>{self.lines_html()}{drawn}</div>"

    def lines_html(self) -> str:
        """Return the message alone, for viewers without a kernel; its lines open their explanations."""
        if self._exchange is None:
            return f"<p><i>{_NONE}</i></p>"
        facts = escape(" \u00b7 ".join(self.data["title"]["facts"]))
        return f'<div style="{_FACTS}">{facts}</div>{findings_html(bounded_findings(self._exchange))}'

    def as_text(self) -> str:
        """Return the exchange line by line."""
        return _NONE if self._exchange is None else self._exchange.as_text()

    def _summary(self) -> str:
        title = self.data["title"]
        return f"{title['step']}, {title['status']}, {title['meaning']}"

    def __repr__(self) -> str:
        return f"<ExchangeView of {self._exchange!r}>"


def slim(exchange: Exchange) -> Exchange:
    """Return an exchange with the data that arrows show, without headers and the body that was sent."""
    request = exchange.request
    body = BodyRecord(request.body.size, request.body.digest, b"", request.body.fate)
    response = exchange.response
    return replace(
        exchange,
        request=replace(request, target=cut(request.target, 300), headers=(), body=body),
        response=replace(response, headers=()) if response else None,
        events=(),
    )
