"""A walk as a sequence diagram: client and registry, an arrow for each message, and a bar for each blob.

It draws items that :func:`~regtutor.widgets.sequence.arrows.item_of` makes; it depends neither on walks nor on how
requests are sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import traitlets

from regtutor.content.image import Image
from regtutor.content.index import Index
from regtutor.errors import InvalidArgument
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
"""The most exchanges that are drawn at once, around the selected one."""

BARS = 100
"""The most blobs that are drawn."""

MOVES = 20
"""How often a bar moves, at most, while one body is sent."""


class SequenceView(View):
    """The exchanges as arrows between the client and each registry, time downwards, and a bar for each blob.

    Up, Down, Home and End move between the exchanges; Enter or a click chooses one, which sets :attr:`selected`.

    Parameters
    ----------
    registries: their names, as in the exchanges; of two registries, one is drawn on each side of the client.
    drawing: returns the SVG of the static form, such as ``lambda: svg_of(transcript)``; None for a table alone.

    Raises
    ------
    InvalidArgument: if ``registries`` are not names. For a transcript, use :meth:`of`.

    Attributes
    ----------
    selected: the index of the highlighted exchange, -1 for none. It changes when the learner chooses another: observe
        it. The view shows an error that an observer raises.
    """

    _esm = script("sequence_view.js")
    _css = style("sequence_view.css")
    questions: ClassVar = {"select": "_choose"}

    scene = traitlets.Dict().tag(sync=True)
    """The content of the drawing: registries, items, how many are left out before and after them, blobs."""
    selected = traitlets.Int(-1).tag(sync=True)
    ghost = traitlets.Dict().tag(sync=True)
    """The request about to be sent: its ``text``, and the registry that it goes ``to``."""
    bars = traitlets.Dict().tag(sync=True)
    """Digest -> bytes ``sent``, ``fate``, and both as ``text``."""

    def __init__(self, registries: Sequence[str] = ("registry",), drawing: Callable[[], str] | None = None) -> None:
        self._items: list[dict[str, Any]] = []
        self._blobs: list[dict[str, Any]] = []
        self._registries = _names(registries) or ["registry"]
        self._drawing, self._dims = drawing, True
        super().__init__(scene=self._scene(-1))

    @classmethod
    def of(cls, transcript: Transcript, image: Image | Index | None = None) -> SequenceView:
        """Return the view of a whole transcript: no exchange is highlighted until one is chosen, and none is dimmed.

        Parameters
        ----------
        transcript: the exchanges.
        image: the image or index that was pushed or pulled, for a bar for each of its blobs; None for no bars.
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
        current: the index of the exchange to highlight, -1 before the first; later ones are dimmed.
        ghost: the request about to be sent, such as ``"put_blob"``; ``""`` for none.
        blobs: from :func:`blob_of`; each with ``name`` (such as ``"layer 1"``), ``digest``, ``size`` and ``sent`` in
            bytes, and ``fate``: ``waiting``, ``sending`` or ``uploading``, ``uploaded``, ``mounted``,
            ``already there``, ``fetching``, ``fetched``, ``deleted``, or another word.
        ghost_to: the registry of the request about to be sent; by default the last.
        """
        self._items, self._blobs = [dict(item) for item in items], [dict(blob) for blob in blobs]
        current = min(max(current, -1), len(self._items) - 1)
        with self.hold_sync():
            self.bars = {str(blob["digest"]): _bar(blob["size"], blob["sent"], blob["fate"]) for blob in self._blobs}
            self.ghost = {"text": visible(ghost), "to": ghost_to or self._registries[-1]} if ghost else {}
            self.scene = self._scene(current)
            # Last, so that an observer finds the other traits up to date.
            self.selected = current

    def move(self, digest: str, sent: int, fate: str = "sending") -> None:
        """Move the bar of one blob; of many small moves of a body, only :data:`MOVES` are shown.

        Parameters
        ----------
        digest: of a blob that was passed to :meth:`show`; any other digest is ignored.
        sent: bytes of it that have been sent so far.
        fate: its fate, as in :meth:`show`.
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
        """Draw other exchanges if the highlighted one is not among those that are drawn."""
        first, count = self.scene["before"], len(self.scene["items"])
        if change.new >= 0 and not first <= change.new < first + count:
            self.scene = self._scene(change.new)

    def _choose(self, question: dict[str, Any]) -> int:
        self.selected = int(question["index"])
        return self.selected

    def static_html(self) -> str:
        """Return the diagram as a picture, if ``drawing`` was given, and the arrows as a table."""
        first = self.scene["before"]
        table = table_of(self.scene["items"], self.selected - first)
        description = f"A sequence diagram of {len(self._items)} exchanges; the table below it has the same content."
        drawn = picture(self._drawing(), description) if self._drawing is not None else ""
        notes = "".join(f"<p>{note}</p>" for note in self._left_out())
        return f"<div>{drawn}{table}{notes}</div>"

    def as_text(self) -> str:
        """Return one arrow on each line, then the request about to be sent, then the blobs."""
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


def _names(registries: Sequence[str]) -> list[str]:
    if isinstance(registries, (list, tuple)) and all(isinstance(name, str) for name in registries):
        return [visible(name) for name in registries]
    raise InvalidArgument(
        f"An object of type {type(registries).__name__} is not a list of registries' names",
        "SequenceView(names) is a view that is drawn later, exchange by exchange",
        "For a transcript, use rt.SequenceView.of(transcript)",
    )
