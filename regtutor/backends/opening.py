"""``open_registry``: choose the registry to start or to connect to, and print the choice with its reason."""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import sys
from collections.abc import Callable
from typing import Any

from regtutor.client.registry import Registry
from regtutor.errors import BackendError, UnknownBackend, UnknownOption
from regtutor.protocol.secrets import redact_address

Opener = Callable[..., Registry]

BACKENDS = {
    "container": ("container", "open_container"),
    "native": ("native", "open_native"),
    "embedded": ("embedded", "open_embedded"),
    "in_process": ("in_process", "open_in_process"),
}
"""The module and the function of each back end; loaded when used, because a browser can load only the last."""

VARIABLE = "REGTUTOR_REGISTRY"


def open_registry(which: str = "auto", *, quiet: bool = False, **options: Any) -> Registry:
    """Start a registry, or connect to one, and print one line with the choice and its reason.

    Parameters
    ----------
    which: ``container``, ``native``, ``embedded``, ``in_process``, or the URL of any registry. ``auto`` uses the value
        of ``$REGTUTOR_REGISTRY`` if it is set; else the container, if an engine responds within 2 s and the image is
        present; else the native binary, if installed; else embedded. It downloads nothing.
    quiet: print nothing.
    options: options of the back end: see ``open_container``, ``open_native``, ``open_embedded``, ``open_in_process``,
        and ``connect`` for a URL.

    Returns
    -------
    A Registry; close it with ``close()`` or use it in a ``with`` statement. A registry that was started here also ends
    when this process ends, even if the process is killed.

    Raises
    ------
    UnknownBackend: if the name is unknown.
    BackendMissing: if a binary, engine or image is missing.
    BackendFailed: if the registry was started and did not become ready.
    UnknownOption: if the back end does not have this option.
    """
    why = "requested"
    if which == "auto" and os.environ.get(VARIABLE):
        which, why = os.environ[VARIABLE], f"${VARIABLE} is set"
    if which == "auto":
        registry, why = _first_available(options)
    else:
        registry = _checked(which, options)(**options)
    if not quiet:
        print(f"Registry: {registry.name} at {registry.url}{_about(registry)}. Why: {why}.")
    return registry


def _first_available(options: dict[str, Any]) -> tuple[Registry, str]:
    """Open the first available back end that has the options; return it with the reasons for the choice."""
    order = ("in_process",) if sys.platform == "emscripten" else ("container", "native", "embedded")
    reasons: list[str] = []
    for name in order[:-1]:
        try:
            return _checked(name, options)(**options), "; ".join([*reasons, f"{name} is available"])
        except BackendError as error:
            reasons.append(f"not {name}: {error.what}{f' ({error.why})' if error.why else ''}")
    last = order[-1]
    return _checked(last, options)(**options), "; ".join([*reasons, f"{last} is always available"])


def _checked(which: str, options: dict[str, Any]) -> Opener:
    """Return the function that opens ``which``, after checking that it has the options."""
    opener = _opener(which)
    known = [
        parameter.name
        for parameter in inspect.signature(opener).parameters.values()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    ]
    unknown = [name for name in options if name not in known]
    if unknown:
        raise UnknownOption(
            f"{redact_address(which)} has no option {', '.join(f'{name}=' for name in unknown)}",
            f"Its options are {', '.join(f'{name}=' for name in known)}",
            "Read help(rt.open_registry)",
        )
    return opener


def _opener(which: str) -> Opener:
    if which not in BACKENDS and any(sign in which for sign in ":./"):
        from regtutor.client.connect import connect

        return functools.partial(connect, which)
    if which not in BACKENDS:
        raise UnknownBackend(
            f"Unknown registry {redact_address(which)!r}",
            "The choices are auto, " + ", ".join(BACKENDS) + ", or a URL such as http://127.0.0.1:5000",
            "Use embedded, which is always available",
        )
    module, function = BACKENDS[which]
    opener: Opener = getattr(importlib.import_module(f"regtutor.backends.{module}"), function)
    return opener


def _about(registry: Registry) -> str:
    about = getattr(registry.host, "about", "")
    return f" ({about})" if about else ""
