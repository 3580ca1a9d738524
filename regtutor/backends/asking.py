"""Asks the container engines, all at the same time, whether they respond, and remembers what each of them said.

A command without its service often needs seconds to find that out. The memory lasts as long as this process, so that
the automatic choice of a registry is quick the second time and gives the same reason.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

Ask = Callable[[str, float], str]
"""A function of a program's path and a limit in seconds: what keeps the engine from responding, or ``""``."""

_said: dict[str, str] = {}
"""The path of a program, and what it said the last time."""


def ask_all(names: Sequence[str], ask: Ask, *, limit: float, again: bool) -> dict[str, tuple[str, str]]:
    """Ask the engines that are installed, each in its own thread.

    Parameters
    ----------
    names: the commands, such as ``docker`` and ``podman``.
    ask: asks one of them.
    limit: seconds that each of them has.
    again: whether an engine that did not respond the last time is asked again. One that did is not asked again.

    Returns
    -------
    For each name the path of its program, and what keeps it from responding; ``("", "is not installed")`` without one.
    """
    programs = {name: shutil.which(name) or "" for name in names}
    due = [path for path in programs.values() if path and (path not in _said or (again and _said[path]))]
    if due:
        with ThreadPoolExecutor(len(due)) as threads:
            _said.update(zip(due, threads.map(lambda path: ask(path, limit), due), strict=True))
    return {name: (path, _said[path] if path else "is not installed") for name, path in programs.items()}
