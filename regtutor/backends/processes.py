"""Processes as each system has them: the one module here that knows groups, signals and users.

POSIX systems have sessions and process groups; Windows has neither, and ends a process without asking it first. There
``psutil`` finds what a process started. A name is also looked for where the system should have it: a browser's kernel
and other small builds of Python lack some.

The keeper imports this module, so it uses the standard library alone, and psutil only where it is needed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from types import FrameType
from typing import IO, Any, NoReturn, Protocol

APART: dict[str, Any] = {"start_new_session": True}
"""Arguments for ``subprocess``: an interrupt of this process, or the end of its terminal, does not reach the child."""
if sys.platform == "win32":
    # A console of its own, and no window for it.
    APART = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}

_HANG_UP = ("SIGINT", "SIGHUP")  # what an interrupted kernel and a closed terminal send


class Tree(Protocol):
    """A child and what it started."""

    def terminate(self) -> None:
        """Let them end."""

    def kill(self) -> None:
        """End them."""


def spawn(argv: list[str], env: dict[str, str] | None, output: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a child apart from this process, so that it can be stopped with all that it starts."""
    return subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, **APART)


def tree(child: subprocess.Popen[bytes]) -> Tree:
    """What :func:`spawn` started, with its descendants. Ask for it while the child runs."""
    if sys.platform != "win32" and hasattr(os, "killpg"):
        return Group(child.pid)
    return Descendants(child.pid)


if sys.platform != "win32":

    class Group:
        """The process group that a child leads."""

        def __init__(self, leader: int) -> None:
            self._leader = leader

        def terminate(self) -> None:
            """TERM to all of the group."""
            self._send(signal.SIGTERM)

        def kill(self) -> None:
            """KILL to all of the group, also when its leader has ended."""
            self._send(signal.SIGKILL)

        def _send(self, number: signal.Signals) -> None:
            try:
                os.killpg(self._leader, number)
            except (ProcessLookupError, PermissionError):
                return  # the group is gone; macOS says EPERM where Linux says ESRCH


class Descendants:
    """A child, its children, and so on, as far as each one's parent still ran when it was looked for.

    They are looked for at the beginning and again before each signal.
    """

    def __init__(self, ancestor: int) -> None:
        import psutil

        self._gone = psutil.NoSuchProcess
        self._refused = psutil.AccessDenied
        self._found: list[psutil.Process] = []
        try:
            self._found.append(psutil.Process(ancestor))
        except self._gone:
            return
        self._look()

    def terminate(self) -> None:
        """TERM to each, which on Windows ends it at once."""
        self._each(lambda process: process.terminate())

    def kill(self) -> None:
        """End each; psutil knows a process that has the number of one that ended."""
        self._each(lambda process: process.kill())

    def _each(self, send: Callable[[Any], None]) -> None:
        self._look()
        for process in self._found:
            try:
                send(process)
            except (self._gone, self._refused):
                continue  # ended in the meantime; Windows refuses where it is ending

    def _look(self) -> None:
        for process in tuple(self._found):
            try:
                children = process.children(recursive=True)
            except self._gone:
                continue
            self._found += [child for child in children if child not in self._found]


def outlive_interrupts() -> None:
    """Stay when the kernel is interrupted or the terminal closed, as far as this system says so by signals."""
    for name in _HANG_UP:
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, stay)


def stay(_number: int, _frame: FrameType | None) -> None:
    """A handler that does nothing: unlike ``SIG_IGN``, no child inherits it."""


def become(command: list[str]) -> NoReturn:
    """Run ``command`` in this process's place, with its terminal."""
    if sys.platform == "win32":  # its exec ends this process first, and then the shell no longer waits
        raise SystemExit(subprocess.call(command))
    os.execv(command[0], command)


def runs_as_root() -> bool:
    """Whether this process's user is root; Windows has no such user."""
    return sys.platform != "win32" and hasattr(os, "geteuid") and os.geteuid() == 0
