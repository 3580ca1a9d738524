"""Check whether the container engines respond, all at the same time, and keep the results.

A command without a running service often needs seconds to fail. The results are kept until this process ends, so that
the automatic choice of a registry is quick the second time and gives the same reason.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

Ask = Callable[[str, float], str]
"""A function of a program's path and a limit in seconds; it returns why the engine does not respond, or ``""``."""

_said: dict[str, str] = {}
"""Path of a program -> the result of the last check."""


def ask_all(names: Sequence[str], ask: Ask, *, limit: float, again: bool) -> dict[str, tuple[str, str]]:
    """Check the installed engines, each in its own thread, and return the results.

    Parameters
    ----------
    names: the commands, such as ``docker`` and ``podman``.
    ask: checks one of them.
    limit: seconds that each of them has.
    again: whether to check an engine again that did not respond the last time. An engine that responded is not checked.

    Returns
    -------
    Name -> the path of its program, and why it does not respond; ``("", "is not installed")`` if it has no program.
    """
    programs = {name: shutil.which(name) or "" for name in names}
    due = [path for path in programs.values() if path and (path not in _said or (again and _said[path]))]
    if due:
        with ThreadPoolExecutor(len(due)) as threads:
            _said.update(zip(due, threads.map(lambda path: ask(path, limit), due), strict=True))
    return {name: (path, _said[path] if path else "is not installed") for name, path in programs.items()}
