"""Which view an object shows by itself in a notebook; the same object gets the same view again, with its state."""

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
"""The name of a type, and the module of this package and the class in it that shows it."""

_shown: list[tuple[Any, View]] = []
"""What was shown, and its view, until that is closed."""


def view_of(value: Any) -> View:
    """The view of ``value``, made when it is first shown; running a cell again closes what that cell showed before.

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
