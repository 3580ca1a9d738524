"""Processes on each operating system: the only module of this package that uses process groups, signals and users.

POSIX systems have sessions and process groups. Windows has neither, and ends a process without warning; there,
``psutil`` finds the children of a process. Names that the system should have are checked as well, because the kernel of
a browser and other small builds of Python lack some.

The keeper imports this module, so it uses only the standard library, and psutil where it is needed.
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
"""Arguments for ``subprocess`` that keep an interrupt of this process, or the end of its terminal, from the child."""
if sys.platform == "win32":
    # A console of its own, and no window for it.
    APART = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}

_HANG_UP = ("SIGINT", "SIGHUP")  # the signals of an interrupted kernel and a closed terminal


class Tree(Protocol):
    """A child process and its descendants."""

    def terminate(self) -> None:
        """Request that they end."""

    def kill(self) -> None:
        """End them."""


def spawn(argv: list[str], env: dict[str, str] | None, output: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, so that it can be stopped with all its descendants."""
    return subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, **APART)


def tree(child: subprocess.Popen[bytes]) -> Tree:
    """Return a child of :func:`spawn` with its descendants; call this while the child runs."""
    if sys.platform != "win32" and hasattr(os, "killpg"):
        return Group(child.pid)
    return Descendants(child.pid)


if sys.platform != "win32":

    class Group:
        """The process group that a child leads."""

        def __init__(self, leader: int) -> None:
            self._leader = leader

        def terminate(self) -> None:
            """Send TERM to the whole group."""
            self._send(signal.SIGTERM)

        def kill(self) -> None:
            """Send KILL to the whole group, even if its leader has ended."""
            self._send(signal.SIGKILL)

        def _send(self, number: signal.Signals) -> None:
            try:
                os.killpg(self._leader, number)
            except (ProcessLookupError, PermissionError):
                return  # the group has ended: ESRCH on Linux, EPERM on macOS


class Descendants:
    """A child, its children, and so on, as long as the parent of each still ran when the search was made.

    The search is made at the beginning and again before each signal.
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
        """Send TERM to each process, which ends it immediately on Windows."""
        self._each(lambda process: process.terminate())

    def kill(self) -> None:
        """End each process; psutil detects another process that has reused the ID of an ended one."""
        self._each(lambda process: process.kill())

    def _each(self, send: Callable[[Any], None]) -> None:
        self._look()
        for process in self._found:
            try:
                send(process)
            except (self._gone, self._refused):
                continue  # it has ended meanwhile; Windows refuses access to a process that is ending

    def _look(self) -> None:
        for process in tuple(self._found):
            try:
                children = process.children(recursive=True)
            except self._gone:
                continue
            self._found += [child for child in children if child not in self._found]


def outlive_interrupts() -> None:
    """Ignore the signals of an interrupted kernel and a closed terminal, if this system has them."""
    for name in _HANG_UP:
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, stay)


def stay(_number: int, _frame: FrameType | None) -> None:
    """Do nothing; unlike ``SIG_IGN``, this signal handler is not inherited by children."""


def become(command: list[str]) -> NoReturn:
    """Replace this process with ``command``, which uses the same terminal."""
    if sys.platform == "win32":  # exec would end this process first, and the shell would no longer wait
        raise SystemExit(subprocess.call(command))
    os.execv(command[0], command)


def runs_as_root() -> bool:
    """Whether the user of this process is root; Windows has no such user."""
    return sys.platform != "win32" and hasattr(os, "geteuid") and os.geteuid() == 0
