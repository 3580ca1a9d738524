"""The view that displays an object in a notebook; the same object gets the same view again, with its state."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from regtutor.widgets.reruns import replace_former
from regtutor.widgets.view import View

VIEWS: dict[str, str] = {
    "Exchange": "exchange.exchange_view.ExchangeView",
    "Transcript": "transcript.transcript_view.TranscriptView",
    "StorageTree": "storage.registry_tree.RegistryTree",
    "Image": "digests.digest_graph.DigestGraph",
    "Index": "digests.digest_graph.DigestGraph",
}
"""The name of a type -> the module of this package and the class in it that display it."""

_shown: list[tuple[Any, View]] = []
"""Each object that was shown, with its view, until the view is closed."""


def view_of(value: Any) -> View:
    """Return the view of ``value``, made at its first display; running a cell again closes the cell's former views.

    Parameters
    ----------
    value: of one of the types in :data:`VIEWS`.
    """
    _shown[:] = [(shown, view) for shown, view in _shown if view.comm is not None]
    view = next((view for shown, view in _shown if shown is value), None)
    if view is None:
        view = _maker(type(value).__name__)(value)
        _shown.append((value, view))
    replace_former(view, id(view))
    return view


def _maker(name: str) -> Callable[[Any], View]:
    module, _, view = VIEWS[name].rpartition(".")
    maker: Callable[[Any], View] = getattr(import_module(f"regtutor.widgets.{module}"), view)
    return maker
