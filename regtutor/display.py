"""What objects show by themselves in a notebook: IPython's HTML formatters, by type name.

Nothing is imported for it until something is shown, neither the types nor the HTML, so that records need not know how
they look and a plain Python need not have IPython.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

FORMATTERS: dict[tuple[str, str], str] = {
    ("regtutor.exchange", "Exchange"): "exchange_html",
    ("regtutor.exchange", "Transcript"): "transcript_html",
    ("regtutor.message", "Request"): "request_html",
    ("regtutor.message", "Location"): "location_html",
    ("regtutor.content.image", "Image"): "image_html",
    ("regtutor.client.registry", "Registry"): "registry_html",
    ("regtutor.client.host", "StorageTree"): "tree_html",
}
"""Module and name of a type, and the function of ``formats/html_view.py`` that shows it."""


def register(shell: Any = None) -> bool:
    """Teach an IPython shell to show regtutor's objects; what they show as text stays as it is.

    Parameters
    ----------
    shell: an IPython shell; by default the one that is running.

    Returns
    -------
    Whether there was a shell. IPython is never imported for it.
    """
    if shell is None and "IPython" in sys.modules:
        shell = sys.modules["IPython"].get_ipython()
    formatter = getattr(getattr(shell, "display_formatter", None), "formatters", {}).get("text/html")
    if formatter is None:
        return False
    for (module, name), function in FORMATTERS.items():
        formatter.for_type_by_name(module, name, _shower(function))
    return True


def _shower(function: str) -> Callable[[Any], str]:
    def show(value: Any) -> str:
        return str(getattr(import_module("regtutor.formats.html_view"), function)(value))

    return show
