"""The base class of the views: an anywidget that replies to messages; its browser side is made of files in ``front/``.

A view holds its content as plain JSON in its traits; Python owns the state and the browser only draws it. The browser
asks for anything else by message, and gets exactly one reply to each message.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from html import escape
from importlib.resources import files
from typing import Any, ClassVar

import anywidget
import traitlets

from regtutor.errors import RegtutorError

_FRONT = files("regtutor.widgets") / "front"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([a-z_]+\.js)";\n', re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*(?:/\*\*.*?\*/|//[^\n]*)\n", re.MULTILINE | re.DOTALL)
_EXPORT = re.compile(r"^export (?=(?:async )?function|const|class)", re.MULTILINE)

VIEW = "application/vnd.jupyter.widget-view+json"
"""The media type under which a notebook shows a widget."""


def script(name: str) -> str:
    """Join a file of ``front/`` and its imports into one module: a widget's module has no address to import from.

    Parameters
    ----------
    name: of the entry, such as ``exchange_view.js``. Only its exports are exported. Comments on their own lines are
        left out, since every widget sends its module.
    """
    parts: dict[str, str] = {}
    _gather(name, parts)
    entry = parts.pop(name)
    return _COMMENT.sub("", "\n".join([*(_EXPORT.sub("", part) for part in parts.values()), entry]))


def _gather(name: str, parts: dict[str, str]) -> None:
    text = (_FRONT / name).read_text(encoding="utf-8")
    for imported in _IMPORT.findall(text):
        if imported not in parts:
            _gather(imported, parts)
    parts[name] = _IMPORT.sub("", text)


def style(*names: str) -> str:
    """Return the style sheets of ``front/`` that a view needs: the common one, and its own."""
    return "\n".join((_FRONT / name).read_text(encoding="utf-8") for name in ("view.css", *names))


class Still:
    """A mixin for widgets: the current state as HTML and as text, for viewers without a kernel."""

    model_id: Any

    def static_html(self) -> str:
        """Return the current state as HTML that needs no kernel, no script and no style sheet."""
        return f"<pre>{escape(self.as_text())}</pre>"

    def as_text(self) -> str:
        """Return the current state in a few lines of text."""
        return repr(self)

    def snapshot(self) -> Snapshot:
        """Return the current state as a picture that a saved notebook keeps: display it, or end a cell with it."""
        return Snapshot(self.static_html(), self.as_text())

    def pictured(self) -> dict[str, Any]:
        """Return the widget with its picture, without text, for a caller that writes the text."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {VIEW: view, "text/html": self.static_html()}

    def bundle(self) -> dict[str, Any]:
        """Return the widget and, for viewers that cannot show it, its current state as HTML and as text."""
        return {**self.pictured(), "text/plain": self.as_text()}


class View(Still, anywidget.AnyWidget):
    """The base of every view: it shows errors, replies to the browser's messages, and has a picture that stays.

    A subclass defines ``_esm`` and ``_css`` (by :func:`script` and :func:`style`), its traits, :attr:`questions`, and
    :meth:`static_html` and :meth:`as_text`.

    Attributes
    ----------
    error: the last failure of a reply, or ``""``. The browser shows it.
    """

    error = traitlets.Unicode("").tag(sync=True)

    questions: ClassVar[Mapping[str, str]] = {}
    """Kind of message -> name of the method that replies; it takes the message and returns JSON or None."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.on_msg(self._reply)

    def _reply(self, _widget: Any, question: Any, _buffers: Any) -> None:
        """Reply to a message; an unexpected error is shown and raised."""
        if not isinstance(question, dict) or "id" not in question:
            return
        kind = str(question.get("kind"))
        method: Callable[[dict[str, Any]], Any] | None = getattr(self, self.questions.get(kind, ""), None)
        try:
            value = method(question) if method else None
        except RegtutorError as error:
            self._refuse(question, error)
        except Exception as error:
            self._refuse(question, error)
            raise
        else:
            self.error = ""
            self.send({"re": question["id"], "value": value})

    def _refuse(self, question: dict[str, Any], error: Exception) -> None:
        parts = error.args if isinstance(error, RegtutorError) else (f"{type(error).__name__}: {error}",)
        self.error = "\n".join(str(part) for part in parts if part)
        self.send({"re": question["id"], "error": self.error})

    def _repr_mimebundle_(self, **_options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return self.bundle(), {}


class Snapshot:
    """The state of a widget at one moment: HTML and text that need no kernel."""

    def __init__(self, html: str, text: str) -> None:
        self._html, self._text = html, text

    def _repr_html_(self) -> str:
        return self._html

    def __repr__(self) -> str:
        return self._text


def picture(svg: str, description: str) -> str:
    """Return an SVG as an ``img``, the one form of it that every viewer of a saved notebook keeps.

    Parameters
    ----------
    svg: a whole SVG document with its own background.
    description: for readers who cannot see it.
    """
    data = base64.b64encode(svg.encode()).decode("ascii")
    return f'<img alt="{escape(description)}" style="max-width:100%" src="data:image/svg+xml;base64,{data}"/>'
