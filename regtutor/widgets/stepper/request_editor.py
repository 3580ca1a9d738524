"""The fields of the request about to be sent: method, target, headers and the choice of a body, all editable.

The editor shows a draft and returns the learner's version of it. This module does not interpret the changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

import ipywidgets  # type: ignore[import-untyped]

from regtutor.errors import InvalidArgument
from regtutor.message import HeaderList
from regtutor.stepping.draft import Draft
from regtutor.widgets.stepper.controls import html, row, show_only_if

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
"""The methods in the list; the learner can type any other."""

_HINT = (
    '<p class="regtutor-hint">Change anything in it, right or wrong, and send it. The connection adds its own headers, '
    "such as Host.</p>"
)

MOST_ROWS = 8
"""The most lines of the field for the headers; more of them scroll."""


@dataclass(frozen=True)
class Edit:
    """The learner's version of a request: ``method``, ``target``, ``headers`` and the name of a body."""

    method: str
    target: str
    headers: HeaderList
    body: str


class RequestEditor(ipywidgets.VBox):
    """The fields of one request.

    Parameters
    ----------
    changed: called when the learner leaves a field that was changed.
    undo: called when the learner undoes all changes.

    Attributes
    ----------
    refused: whether the fields have invalid content, so that they do not show the request about to be sent.
    """

    def __init__(self, changed: Callable[[], None], undo: Callable[[], None]) -> None:
        self._changed, self._showing, self.refused = changed, False, False
        self._method = ipywidgets.Combobox(description="Method", options=METHODS)
        self._target = ipywidgets.Textarea(description="Target", rows=1)
        self._headers = ipywidgets.Textarea(description="Headers", rows=3, placeholder="Headers, such as Accept: */*")
        self._body = ipywidgets.Dropdown(description="Body", options=())
        self._size = html("size")
        self._undo = ipywidgets.Button(
            description="Undo my changes", icon="undo", tooltip="Restore the original request"
        )
        self._undo.on_click(lambda _button: undo())
        for name, field in self._fields():
            field.continuous_update = False
            field.add_class(f"regtutor-edit-{name}")
            field.observe(self._typed, "value")
        self._undo.add_class("regtutor-undo")
        super().__init__(
            [
                row("request-line", self._method, self._target),
                self._headers,
                row("body-line", self._body, self._size, self._undo),
                ipywidgets.HTML(_HINT),
            ]
        )
        self.add_class("regtutor-editor")

    def _fields(self) -> tuple[tuple[str, Any], ...]:
        return (
            ("method", self._method),
            ("target", self._target),
            ("headers", self._headers),
            ("body", self._body),
        )

    def show(self, draft: Draft | None, *, live: bool) -> None:
        """Fill the fields; they are editable only while the request is really about to be sent (``live``)."""
        self._showing, self.refused = True, False
        try:
            self._method.value = draft.method if draft else ""
            self._target.value = draft.target if draft else ""
            self._headers.value = "\n".join(f"{name}: {value}" for name, value in draft.headers) if draft else ""
            self._headers.rows = min(max(len(draft.headers), 1), MOST_ROWS) if draft else 1
            self._body.options = draft.bodies if draft else ()
            self._body.value = draft.body if draft else None
            self._size.value = _size(draft)
            show_only_if(self._body, len(self._body.options) > 1)
        finally:
            self._showing = False
        for _name, field in self._fields():
            field.disabled = draft is None or not live
        self._allow_undo(draft is not None and live and draft.edited)

    def _allow_undo(self, allowed: bool) -> None:
        self._undo.disabled = not allowed
        show_only_if(self._undo, allowed)

    def refuse(self) -> None:
        """Keep the invalid content of the fields, so that the learner can correct or undo it."""
        self.refused = True
        self._allow_undo(True)

    def _typed(self, _change: Any) -> None:
        if not self._showing:
            self._changed()

    def edit(self) -> Edit:
        """Return the content of the fields.

        Raises
        ------
        InvalidArgument: if a line of the headers has no colon.
        """
        target = "".join(self._target.value.split("\n")).strip()
        return Edit(self._method.value.strip(), target, headers_of(self._headers.value), self._body.value)


def _size(draft: Draft | None) -> str:
    """Return the size of the body, and where its bytes come from."""
    if draft is None:
        return ""
    if draft.size is None:
        return '<p class="regtutor-size">no body</p>'
    text = f"{draft.size:,} bytes, from {draft.source}"
    return f'<p class="regtutor-size" title="{escape(text)}">{escape(text)}</p>'


def headers_of(text: str) -> HeaderList:
    """Parse headers as they are written in a message, one on each line; empty lines are left out.

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
                f"Line {number} of the headers is not a header: {line.strip()[:80]!r}",
                "a header is a name, a colon and a value",
                "Write it as Name: value, or remove the line",
            )
        headers.append((name.strip(), value.strip()))
    return tuple(headers)
