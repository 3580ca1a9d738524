"""The request about to be sent, whole and editable: method, target, headers and which body, as fields to type in.

It shows a draft and says what the learner made of it; what that means is not known here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ipywidgets  # type: ignore[import-untyped]

from regtutor.errors import InvalidArgument
from regtutor.message import HeaderList
from regtutor.stepping.draft import Draft

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
"""What is offered; any other may be typed."""

_LABEL = {"description_width": "70px"}

_LINE = 46
"""Characters of a target that a line of its field holds in a narrow column."""


@dataclass(frozen=True)
class Edit:
    """What the learner made of a request: ``method``, ``target``, ``headers`` and the name of a body."""

    method: str
    target: str
    headers: HeaderList
    body: str


class RequestEditor(ipywidgets.VBox):
    """The fields of one request.

    Parameters
    ----------
    changed: is called when the learner leaves a field that was changed, with what the request is now.
    undo: is called when everything shall be as it was.

    Attributes
    ----------
    refused: whether what stands in the fields could not be taken, so that it is not the request about to be sent.
    """

    def __init__(self, changed: Callable[[], None], undo: Callable[[], None]) -> None:
        self._changed, self._showing, self.refused = changed, False, False
        self._method = ipywidgets.Combobox(description="Method", options=METHODS, style=_LABEL)
        self._target = ipywidgets.Textarea(description="Target", rows=2, style=_LABEL)
        self._headers = ipywidgets.Textarea(description="Headers", rows=5, style=_LABEL)
        self._body = ipywidgets.Dropdown(description="Body", options=(), style=_LABEL)
        self._undo = ipywidgets.Button(description="Undo my changes", icon="undo", tooltip="As it was meant")
        self._undo.on_click(lambda _button: undo())
        for name, field in self._fields():
            field.continuous_update = False
            field.layout.width = "100%"
            field.add_class(f"regtutor-edit-{name}")
            field.observe(self._typed, "value")
        self._method.layout.width = self._body.layout.width = "auto"
        self._undo.layout.width = "auto"
        self._undo.add_class("regtutor-undo")
        last = ipywidgets.HBox([self._body, self._undo])
        last.layout.flex_flow = "row wrap"
        super().__init__([self._method, self._target, self._headers, last])
        self.add_class("regtutor-editor")

    def _fields(self) -> tuple[tuple[str, Any], ...]:
        return (
            ("method", self._method),
            ("target", self._target),
            ("headers", self._headers),
            ("body", self._body),
        )

    def show(self, draft: Draft | None, *, live: bool) -> None:
        """Fill the fields; they can be typed in only while the request is really about to be sent (``live``)."""
        self._showing, self.refused = True, False
        try:
            self._method.value = draft.method if draft else ""
            self._target.value = draft.target if draft else ""
            self._target.rows = min(max(-(-len(self._target.value) // _LINE), 2), 8)
            self._headers.value = "\n".join(f"{name}: {value}" for name, value in draft.headers) if draft else ""
            self._headers.rows = max(len(draft.headers) + 1, 3) if draft else 3
            self._body.options = draft.bodies if draft else ()
            self._body.value = draft.body if draft else None
        finally:
            self._showing = False
        for _name, field in self._fields():
            field.disabled = draft is None or not live
        self._undo.disabled = draft is None or not live or not draft.edited

    def refuse(self) -> None:
        """Keep what was typed, though it could not be taken; it can be mended or undone."""
        self.refused, self._undo.disabled = True, False

    def _typed(self, _change: Any) -> None:
        if not self._showing:
            self._changed()

    def edit(self) -> Edit:
        """What stands in the fields.

        Raises
        ------
        InvalidArgument: if a line of the headers has no colon.
        """
        target = "".join(self._target.value.split("\n")).strip()
        return Edit(self._method.value.strip(), target, headers_of(self._headers.value), self._body.value)


def headers_of(text: str) -> HeaderList:
    """Headers as they are written in a message, one a line; empty lines are left out.

    Raises
    ------
    InvalidArgument: for a line without a colon.
    """
    headers = []
    for number, line in enumerate(text.split("\n"), 1):
        name, colon, value = line.partition(":")
        if not line.strip():
            continue
        if not colon:
            raise InvalidArgument(
                f"Line {number} of the headers is no header: {line.strip()[:80]!r}",
                "a header is a name, a colon and a value",
                "Write it as Name: value, or take the line away",
            )
        headers.append((name.strip(), value.strip()))
    return tuple(headers)
