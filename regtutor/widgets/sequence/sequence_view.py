"""A walk as a sequence diagram: client and registry, an arrow for each message, and a bar for each blob.

It draws items that :func:`~regtutor.widgets.sequence.arrows.item_of` makes; it knows neither walks nor how a request is
sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import traitlets

from regtutor.content.image import Image
from regtutor.content.index import Index
from regtutor.exchange import Transcript
from regtutor.formats.svg import svg_of
from regtutor.protocol.text import visible
from regtutor.stepping.progress import progress
from regtutor.widgets.sequence.arrows import (
    amount,
    blob_of,
    fate_text,
    item_of,
    lines_of,
    registry_of,
    short_digest,
    table_of,
)
from regtutor.widgets.view import View, picture, script, style

MOST = 200
"""Exchanges that are drawn at once, around the one that is shown."""

BARS = 100
"""Blobs that are drawn."""

MOVES = 20
"""How often at most a bar moves while one body goes."""


class SequenceView(View):
    """The exchanges as arrows between the client and each registry, time downwards, and each blob's bar.

    Up, Down, Home and End move between the exchanges; Enter or a click chooses one, which sets :attr:`selected`.

    Parameters
    ----------
    registries: their names, as the exchanges have them; with two, the client stands between them.
    drawing: gives the SVG that the static form shows, such as ``lambda: svg_of(transcript)``; None for a table alone.

    Attributes
    ----------
    selected: the index of the exchange that is lit, -1 for none. It changes when the learner chooses another: observe
        it. What an observer raises is shown in the view.
    """

    _esm = script("sequence_view.js")
    _css = style("sequence_view.css")
    questions: ClassVar = {"select": "_choose"}

    scene = traitlets.Dict().tag(sync=True)
    """What is drawn: registries, items, how many are left out before and after them, blobs."""
    selected = traitlets.Int(-1).tag(sync=True)
    ghost = traitlets.Dict().tag(sync=True)
    """The request about to be sent: its ``text``, and the registry it goes ``to``."""
    bars = traitlets.Dict().tag(sync=True)
    """Digest -> bytes ``sent``, ``fate``, and the ``text`` that says it."""

    def __init__(self, registries: Sequence[str] = ("registry",), drawing: Callable[[], str] | None = None) -> None:
        self._items: list[dict[str, Any]] = []
        self._blobs: list[dict[str, Any]] = []
        self._registries = [visible(name) for name in registries] or ["registry"]
        self._drawing, self._dims = drawing, True
        super().__init__(scene=self._scene(-1))

    @classmethod
    def of(cls, transcript: Transcript, image: Image | Index | None = None) -> SequenceView:
        """A whole transcript by itself: none is lit until one is chosen, and none is dimmed.

        Parameters
        ----------
        transcript: what was recorded.
        image: what was pushed or pulled, for a bar for each of its blobs; None for no bars.
        """
        registries = list(dict.fromkeys(map(registry_of, transcript)))
        view = cls(registries or ("registry",), lambda: svg_of(transcript))
        view._dims = False
        items = [item_of(number, exchange) for number, exchange in enumerate(transcript, 1)]
        view.show(items, -1, blobs=[blob_of(row) for row in progress(image, transcript)] if image else ())
        return view

    def show(
        self,
        items: Sequence[Mapping[str, Any]],
        current: int,
        ghost: str = "",
        blobs: Sequence[Mapping[str, Any]] = (),
        *,
        ghost_to: str = "",
    ) -> None:
        """Draw these exchanges, all in one message to the browser.

        Parameters
        ----------
        items: from :func:`item_of`, in the order of time.
        current: the index of the one to be lit, -1 for none, as before the first; later ones are dimmed.
        ghost: the request about to be sent, such as ``"put_blob"``; ``""`` for none.
        blobs: from :func:`blob_of`; of each ``name`` (such as ``"layer 1"``), ``digest``, ``size`` and ``sent`` in
            bytes, and ``fate``: ``waiting``, ``sending`` or ``uploading``, ``uploaded``, ``mounted``,
            ``already there``, ``fetching``, ``fetched``, ``deleted``, or another word.
        ghost_to: the registry that it goes to; by default the last.
        """
        self._items, self._blobs = [dict(item) for item in items], [dict(blob) for blob in blobs]
        current = min(max(current, -1), len(self._items) - 1)
        with self.hold_sync():
            self.bars = {str(blob["digest"]): _bar(blob["size"], blob["sent"], blob["fate"]) for blob in self._blobs}
            self.ghost = {"text": visible(ghost), "to": ghost_to or self._registries[-1]} if ghost else {}
            self.scene = self._scene(current)
            # Last: an observer may look at the rest.
            self.selected = current

    def move(self, digest: str, sent: int, fate: str = "sending") -> None:
        """Move one blob's bar; of many small moves of a body only :data:`MOVES` are shown.

        Parameters
        ----------
        digest: of a blob that :meth:`show` was given; another is left alone.
        sent: bytes of it that went so far.
        fate: what becomes of it, as in :meth:`show`.
        """
        size = next((int(blob["size"]) for blob in self._blobs if blob["digest"] == digest), None)
        before = self.bars.get(digest)
        if size is None or before is None:
            return
        same = before["fate"] == fate and size and sent * MOVES // size == before["sent"] * MOVES // size
        if not same:
            self.bars = {**self.bars, digest: _bar(size, sent, fate)}

    def _scene(self, current: int) -> dict[str, Any]:
        first = min(max(current - MOST // 2, 0), max(len(self._items) - MOST, 0))
        drawn = self._items[first : first + MOST]
        blobs = [
            {
                "name": visible(str(blob["name"])),
                "digest": str(blob["digest"]),
                "short": short_digest(str(blob["digest"])),
                "size": int(blob["size"]),
                "amount": amount(int(blob["size"])),
            }
            for blob in self._blobs[:BARS]
        ]
        return {
            "registries": self._registries,
            "items": drawn,
            "dims": self._dims,
            "before": first,
            "after": len(self._items) - first - len(drawn),
            "blobs": blobs,
            "hidden": max(len(self._blobs) - BARS, 0),
        }

    @traitlets.validate("selected")
    def _in_range(self, proposal: Any) -> int:
        return min(max(int(proposal["value"]), -1), len(self._items) - 1)

    @traitlets.observe("selected")
    def _reframe(self, change: Any) -> None:
        """Where the lit exchange is not among those that are drawn, draw others."""
        first, count = self.scene["before"], len(self.scene["items"])
        if change.new >= 0 and not first <= change.new < first + count:
            self.scene = self._scene(change.new)

    def _choose(self, question: dict[str, Any]) -> int:
        self.selected = int(question["index"])
        return self.selected

    def static_html(self) -> str:
        """The diagram as a picture, where there is one to be had, and the arrows as a table."""
        first = self.scene["before"]
        table = table_of(self.scene["items"], self.selected - first)
        said = f"A sequence diagram of {len(self._items)} exchanges; the table below it has the same."
        drawn = picture(self._drawing(), said) if self._drawing is not None else ""
        notes = "".join(f"<p>{note}</p>" for note in self._left_out())
        return f"<div>{drawn}{table}{notes}</div>"

    def as_text(self) -> str:
        """An arrow in each line, then the request about to be sent, then the blobs."""
        lines = [*lines_of(self.scene["items"]), *self._left_out()]
        if self.ghost:
            lines.append(f"     next: {self.ghost['text']}")
        for blob in self._blobs[:BARS]:
            fate = self.bars[blob["digest"]]["text"]
            lines.append(f"{blob['name']}  {short_digest(blob['digest'])}  {amount(blob['size'])}  {fate}")
        return "\n".join(lines) or "No request has been sent yet."

    def _left_out(self) -> list[str]:
        counts = ((self.scene["before"], "earlier"), (self.scene["after"], "later"))
        return [f"{count:,} {which} exchanges are not drawn" for count, which in counts if count]


def _bar(size: int, sent: int, fate: str) -> dict[str, Any]:
    return {"sent": int(sent), "fate": visible(fate), "text": fate_text(int(size), int(sent), fate)}
