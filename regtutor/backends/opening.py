"""``open_registry``: which registry to start here, or to talk to, and one line that says which and why."""

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
"""The module and the function for each name; loaded when used, since a browser can load only the last."""

VARIABLE = "REGTUTOR_REGISTRY"

AUTO_SECONDS = 0.5
"""Seconds that an engine has to respond before ``auto`` takes another back end."""


def open_registry(which: str = "auto", *, quiet: bool = False, **options: Any) -> Registry:
    """Start a registry, or reach one, and print one line that says which; ``reg.why`` says why that one.

    Parameters
    ----------
    which: ``container``, ``native``, ``embedded``, ``in_process``, or the URL of any registry. ``auto`` takes what
        ``$REGTUTOR_REGISTRY`` says; else the container, if an engine responds at once and the image is present; else
        the native binary, if installed; else embedded. It downloads nothing, and asks each engine once in a process.
    quiet: print nothing.
    options: for the back end: see ``open_container``, ``open_native``, ``open_embedded``, ``open_in_process``, and
        ``connect`` for a URL. Any build of CNCF Distribution: ``open_registry("native", binary=PATH)``,
        ``open_registry("container", version="3")``, ``open_registry("container", image=NAME)``.

    Returns
    -------
    A Registry, to be closed with ``close()`` or by ``with``; the end of this process, however sudden, ends it too.

    Raises
    ------
    UnknownBackend: for a name that is none of these.
    BackendMissing: if a binary, engine or image is missing.
    BackendFailed: if it was started and did not come up.
    UnknownOption: if the back end does not have this option.
    """
    why = "asked for"
    if which == "auto" and os.environ.get(VARIABLE):
        which, why = os.environ[VARIABLE], f"${VARIABLE} says so"
    if which == "auto":
        registry, why = _first_available(options)
    else:
        registry = _checked(which, options)(**options)
    registry.why = f"{why}{_about(registry)}."
    if not quiet:
        print(f"Registry: {registry.name} at {registry.url}")
    return registry


def _first_available(options: dict[str, Any]) -> tuple[Registry, str]:
    """The best back end that is here and knows the options, and why none of the better ones."""
    order = ("in_process",) if sys.platform == "emscripten" else ("container", "native", "embedded")
    reasons: list[str] = []
    for name in order[:-1]:
        try:
            opener = _checked(name, options)
            own = _with_engine(options) if name == "container" else options
            return opener(**own), "; ".join([*reasons, f"{name} is the first choice that is here"])
        except BackendError as error:
            reasons.append(f"no {name}: {error.what}{f' ({error.why})' if error.why else ''}")
    last = order[-1]
    return _checked(last, options)(**options), "; ".join([*reasons, f"{last} is always here"])


def _with_engine(options: dict[str, Any]) -> dict[str, Any]:
    """``options`` with the engine that responds at once.

    Raises
    ------
    BackendMissing: if none does, now or when it was asked before.
    """
    from threading import Thread

    from regtutor.backends.engine import find_engine

    # If no engine responds, the embedded registry then starts at once: half of its time is the loading of modules.
    Thread(target=_opener, args=("embedded",), daemon=True).start()
    found = find_engine(options.get("engine"), limit=AUTO_SECONDS, again=False)
    return {**options, "engine": found.program}


def _checked(which: str, options: dict[str, Any]) -> Opener:
    """The function that opens ``which``, once the options are known to fit it."""
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
            f"It has {', '.join(f'{name}=' for name in known)}",
            "Look at help(rt.open_registry)",
        )
    return opener


def _opener(which: str) -> Opener:
    if which not in BACKENDS and any(sign in which for sign in ":./"):
        from regtutor.client.connect import connect

        return functools.partial(connect, which)
    if which not in BACKENDS:
        raise UnknownBackend(
            f"There is no registry called {redact_address(which)!r}",
            "There are auto, " + ", ".join(BACKENDS) + ", or a URL such as http://127.0.0.1:5000",
            "Take embedded, which is always here",
        )
    module, function = BACKENDS[which]
    opener: Opener = getattr(importlib.import_module(f"regtutor.backends.{module}"), function)
    return opener


def _about(registry: Registry) -> str:
    about = getattr(registry.host, "about", "")
    return f"; it is {about}" if about else ""
