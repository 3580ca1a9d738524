"""The strip of a walk: a pill for each request, grouped by blob, with a thin bar for each blob.

It draws items that :func:`~regtutor.widgets.sequence.arrows.item_of` makes; it depends neither on walks nor on how
requests are sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import traitlets

from regtutor.protocol.text import cut, visible
from regtutor.widgets.sequence.arrows import amount, fate_text, short_digest
from regtutor.widgets.view import View, script, style

MOST = 200
"""The most pills that are drawn at once, around the one that is lit."""

GROUPS = 100
"""The most blobs that are drawn."""

MOVES = 20
"""How often a bar moves, at most, while one body is sent."""

_NAME = 24
"""The most characters of the name of a group, and of a method."""


@dataclass(frozen=True)
class Coming:
    """The request about to be sent: its ``method`` and ``step``, and the digest that it is ``about``, or ``""``."""

    method: str
    step: str
    about: str = ""


class WalkStrip(View):
    """The requests of a walk as pills, each with its method and status, under the bar of the blob that it is about.

    Left, Right, Home and End move between the pills; Enter or a click chooses one, which sets :attr:`selected`.

    Attributes
    ----------
    selected: the index of the lit pill, -1 for none. It changes when the learner chooses another: observe it.
    """

    _esm = script("walk_strip.js")
    _css = style("walk_strip.css")
    questions: ClassVar = {"select": "_choose"}

    scene = traitlets.Dict().tag(sync=True)
    """The groups in order, each with its ``pills``, and how many are left out before and after them."""
    selected = traitlets.Int(-1).tag(sync=True)
    bars = traitlets.Dict().tag(sync=True)
    """Digest -> bytes ``sent``, ``fate``, and both as ``text``."""

    def __init__(self) -> None:
        self._count = 0
        self._sizes: dict[str, int] = {}
        super().__init__()
        self.show((), (), -1, ())

    def show(
        self,
        items: Sequence[Mapping[str, Any]],
        about: Sequence[str],
        current: int,
        blobs: Sequence[Mapping[str, Any]],
        coming: Coming | None = None,
    ) -> None:
        """Draw these requests, all in one message to the browser.

        Parameters
        ----------
        items: from :func:`~regtutor.widgets.sequence.arrows.item_of`, in the order of time.
        about: for each item, the digest of the blob or manifest that it is about, or ``""``.
        current: the index of the pill to light, -1 before the first; later ones are dimmed.
        blobs: from :func:`~regtutor.widgets.sequence.arrows.blob_of`.
        coming: the request about to be sent, or None at the end.
        """
        self._count = len(items)
        self._sizes = {str(blob["digest"]): int(blob["size"]) for blob in blobs}
        current = min(max(current, -1), self._count - 1)
        with self.hold_sync():
            self.bars = {str(blob["digest"]): _bar(blob["size"], blob["sent"], blob["fate"]) for blob in blobs}
            self.scene = self._scene(items, about, current, blobs, coming)
            # Last, so that an observer finds the other traits up to date.
            self.selected = current

    def move(self, digest: str, sent: int, fate: str = "sending") -> None:
        """Move the bar of one blob; of many small moves of a body, only :data:`MOVES` are shown.

        Parameters
        ----------
        digest: of a blob that was passed to :meth:`show`; any other digest is ignored.
        sent: bytes of it that have been sent so far.
        fate: its fate, as in :func:`~regtutor.widgets.sequence.arrows.fate_text`.
        """
        size, before = self._sizes.get(digest), self.bars.get(digest)
        if size is None or before is None:
            return
        same = before["fate"] == fate and size and sent * MOVES // size == before["sent"] * MOVES // size
        if not same:
            self.bars = {**self.bars, digest: _bar(size, sent, fate)}

    def _scene(
        self,
        items: Sequence[Mapping[str, Any]],
        about: Sequence[str],
        current: int,
        blobs: Sequence[Mapping[str, Any]],
        coming: Coming | None,
    ) -> dict[str, Any]:
        first = min(max(current - MOST // 2, 0), max(len(items) - MOST, 0))
        last = min(first + MOST, len(items))
        groups = _groups(about, blobs, coming)
        for index in range(first, last):
            groups[_key(about[index], items[index]["step"], groups)]["pills"].append(_pill(index, items[index]))
        if coming is not None and last == len(items):
            key = _key(coming.about, coming.step, groups)
            groups[key]["coming"] = {"method": cut(visible(coming.method), _NAME), "number": len(items) + 1}
        drawn = [group for group in groups.values() if group["pills"] or group["coming"] or group["digest"]]
        return {
            "groups": drawn[:GROUPS],
            "hidden": max(len(drawn) - GROUPS, 0),
            "before": first,
            "after": len(items) - last,
        }

    @traitlets.validate("selected")
    def _in_range(self, proposal: Any) -> int:
        return min(max(int(proposal["value"]), -1), self._count - 1)

    def _choose(self, question: dict[str, Any]) -> int:
        self.selected = int(question["index"])
        return self.selected

    def as_text(self) -> str:
        """Return a line for each blob: its name, size and fate, and its requests with their statuses."""
        lines = []
        for group in self.scene["groups"]:
            fate = self.bars.get(group["digest"], {}).get("text", "")
            pills = " ".join(f"{pill['number']}:{pill['method']}/{pill['status']}" for pill in group["pills"])
            lines.append("  ".join(part for part in (group["name"], group["amount"], fate, pills) if part))
        return "\n".join(lines)


def _groups(
    about: Sequence[str], blobs: Sequence[Mapping[str, Any]], coming: Coming | None
) -> dict[str, dict[str, Any]]:
    """Return an empty group for each blob, in the order of the requests, and then of the blobs; others on demand."""
    known = {str(blob["digest"]): blob for blob in blobs}
    order = [digest for digest in (*about, coming.about if coming else "") if digest in known]
    return _Groups({digest: _group(known[digest]) for digest in dict.fromkeys((*order, *known))})


class _Groups(dict[str, dict[str, Any]]):
    """Groups by digest; a group that is not about a blob of the image is made when it is needed, by its step."""

    def __missing__(self, step: str) -> dict[str, Any]:
        self[step] = {
            "name": cut(visible(step), _NAME),
            "digest": "",
            "title": "",
            "amount": "",
            "pills": [],
            "coming": None,
        }
        return self[step]


def _key(digest: str, step: str, groups: Mapping[str, Any]) -> str:
    return digest if digest in groups else str(step)


def _group(blob: Mapping[str, Any]) -> dict[str, Any]:
    size, digest = amount(int(blob["size"])), str(blob["digest"])
    return {
        "name": cut(visible(str(blob["name"])), _NAME),
        "digest": digest,
        "title": f"{visible(digest)}, {size}",
        "amount": size,
        "short": short_digest(digest),
        "pills": [],
        "coming": None,
    }


def _pill(index: int, item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "index": index,
        "number": item["number"],
        "method": cut(str(item["method"]), _NAME),
        "status": _status(str(item["answer"])),
        "outcome": item["outcome"],
        "detour": item["detour"],
        "sentence": item["sentence"],
        "title": f"{item['number']}. {item['method']} {item['short']}: {item['answer']}, {item['meaning']}",
    }


def _status(answer: str) -> str:
    """Return the number of a response; a cross for none."""
    number = answer.partition(" ")[0]
    return number if number.isdigit() else "\u2715"


def _bar(size: int, sent: int, fate: str) -> dict[str, Any]:
    size, sent = int(size), int(sent)
    part = min(sent / size, 1.0) if size else 1.0
    return {"sent": sent, "part": part, "fate": visible(fate), "text": fate_text(size, sent, fate)}
