"""The base of the views: an anywidget that answers questions, whose browser side is made of the files in ``front/``.

A view holds what it shows as plain JSON in its traits; Python owns the state and the browser only draws it. What the
browser wants to know it asks by message, and gets exactly one answer to each.
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
    """A file of ``front/`` after those that it imports, as one module: a widget's module has no address to import from.

    Parameters
    ----------
    name: of the entry, such as ``exchange_view.js``. Only what it exports is exported. Comments on lines of their own
        are left out, since every widget sends its module.
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
    """The style sheets of ``front/`` that a view needs: the one that all share, and its own."""
    return "\n".join((_FRONT / name).read_text(encoding="utf-8") for name in ("view.css", *names))


class Still:
    """What a widget has for those who have no kernel: the present state as HTML and as text. A mixin of a widget's."""

    model_id: Any

    def static_html(self) -> str:
        """The present state as HTML that needs no kernel, no script and no style sheet."""
        return f"<pre>{escape(self.as_text())}</pre>"

    def as_text(self) -> str:
        """The present state in a few lines of text."""
        return repr(self)

    def snapshot(self) -> Snapshot:
        """The present state as a picture that a saved notebook keeps: display it, or end a cell with it."""
        return Snapshot(self.static_html(), self.as_text())

    def pictured(self) -> dict[str, Any]:
        """The widget with its picture, for a place where something else writes the text."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {VIEW: view, "text/html": self.static_html()}

    def bundle(self) -> dict[str, Any]:
        """The widget, and for viewers that cannot show one, this moment as HTML and as text."""
        return {**self.pictured(), "text/plain": self.as_text()}


class View(Still, anywidget.AnyWidget):
    """What every view has: an error that is shown, answers to the browser's questions, and a picture that stays.

    A subclass gives ``_esm`` and ``_css`` (by :func:`script` and :func:`style`), its traits, :attr:`questions`, and
    :meth:`static_html` and :meth:`as_text`.

    Attributes
    ----------
    error: what went wrong in an answer; ``""`` if nothing did. The browser shows it.
    """

    error = traitlets.Unicode("").tag(sync=True)

    questions: ClassVar[Mapping[str, str]] = {}
    """Kind of question -> name of the method that answers it; it takes the question and returns JSON or None."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.on_msg(self._asked)

    def _asked(self, _widget: Any, question: Any, _buffers: Any) -> None:
        """Every question gets its answer; what nobody foresaw is shown and raised."""
        if not isinstance(question, dict) or "id" not in question:
            return
        kind = str(question.get("kind"))
        answer: Callable[[dict[str, Any]], Any] | None = getattr(self, self.questions.get(kind, ""), None)
        try:
            value = answer(question) if answer else None
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
    """A picture of a moment: HTML and text that need no kernel."""

    def __init__(self, html: str, text: str) -> None:
        self._html, self._text = html, text

    def _repr_html_(self) -> str:
        return self._html

    def __repr__(self) -> str:
        return self._text


def picture(svg: str, description: str) -> str:
    """An SVG as an ``img``, the one form of it that every viewer of a saved notebook leaves in place.

    Parameters
    ----------
    svg: a whole SVG document with a background of its own.
    description: for those who cannot see it.
    """
    data = base64.b64encode(svg.encode()).decode("ascii")
    return f'<img alt="{escape(description)}" style="max-width:100%" src="data:image/svg+xml;base64,{data}"/>'
