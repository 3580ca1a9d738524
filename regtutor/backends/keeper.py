"""This process's end of the keeper: start one, ask it for things, let it go.

One keeper for each registry, so that closing a registry and the death of the kernel take the same way: the pipe ends,
and the keeper puts away what it owns. The pipe's write end is close-on-exec, and a fork of this process (which
``multiprocessing`` may make) closes its copy at once: no child can keep a dead kernel's registry alive.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from regtutor.backends.pipe_lines import PipeLines
from regtutor.backends.processes import APART
from regtutor.errors import BackendFailed, BackendMissing

_PROGRAM = "import sys; sys.path += sys.argv[1:]; from regtutor.backends.keeper_process import main; main()"
_USES = ("regtutor", "psutil")
_ANSWER_SECONDS = 10.0
_END_SECONDS = 15.0
_CLOSED_SECONDS = 1.0  # its output ends with it


@dataclass(frozen=True)
class Ran:
    """How a command ended: its status, None if it was killed at its limit, and the end of what it wrote."""

    status: int | None
    output: str


class Keeper:
    """Owns processes, containers and directories for this process, and outlives it only to put them away."""

    def __init__(self) -> None:
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _PROGRAM, *_folders_of(_USES)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                **APART,
            )
        except OSError as error:
            raise BackendMissing(
                "No registry can be started from here",
                f"this Python cannot start a process: {error}",
                'Use rt.open_registry("in_process"), which needs none, or a registry\'s URL',
            ) from error
        assert self._process.stdin and self._process.stdout
        self._commands, self._answers = self._process.stdin, PipeLines(self._process.stdout)
        self._count = 0
        self._lock = threading.Lock()
        self._open = True
        _KEEPERS.append(self)

    @property
    def pid(self) -> int:
        """The keeper's own process number."""
        return self._process.pid

    def directory(self, purpose: str) -> Path:
        """A new temporary directory, only for this user, that is deleted when the keeper ends."""
        return Path(self._ask({"do": "directory", "purpose": purpose})["path"])

    def start(self, argv: Sequence[str], *, env: Mapping[str, str] | None, log: Path) -> int:
        """Start a process that appends what it writes to ``log``; returns its number.

        Raises
        ------
        BackendFailed: if it cannot be started.
        """
        return int(self._ask({"do": "start", "argv": list(argv), "env": env and dict(env), "log": str(log)})["pid"])

    def status(self, pid: int) -> int | None:
        """The exit status of a process that :meth:`start` started, None while it runs."""
        status: int | None = self._ask({"do": "status", "pid": pid})["status"]
        return status

    def stop(self, pid: int) -> int | None:
        """Stop a process and its group: TERM, then KILL; returns its exit status."""
        status: int | None = self._ask({"do": "stop", "pid": pid})["status"]
        return status

    def run(self, argv: Sequence[str], *, limit: float) -> Ran:
        """Run a command to its end, for at most ``limit`` seconds; it does not outlive this process for long either."""
        answer = self._ask({"do": "run", "argv": list(argv), "env": None, "limit": limit}, limit)
        return Ran(answer["status"], answer["output"])

    def container(self, engine: str, arguments: Sequence[str], *, limit: float) -> tuple[str, Ran]:
        """``ENGINE run --detach --name NAME ...``: the name, which the keeper makes up, and how it went."""
        command = {"do": "container", "engine": engine, "arguments": list(arguments), "env": None, "limit": limit}
        answer = self._ask(command, limit)
        return answer["name"], Ran(answer["status"], answer["output"])

    def _ask(self, command: dict[str, Any], limit: float = 0.0) -> dict[str, Any]:
        with self._lock:
            self._count += 1
            try:
                self._commands.write(json.dumps({"id": self._count, **command}).encode() + b"\n")
            except (OSError, ValueError) as error:
                raise _gone() from error
            deadline = time.monotonic() + limit + _ANSWER_SECONDS
            answer = self._read(deadline)
            while answer.get("id") != self._count:  # the answer to a question whose asker was interrupted
                answer = self._read(deadline)
        if "error" in answer:
            raise BackendFailed("Something that the registry needs cannot be had", answer["error"])
        return answer

    def _read(self, deadline: float) -> dict[str, Any]:
        try:
            line = self._answers.next(deadline - time.monotonic())
        except TimeoutError as error:
            raise _gone() from error
        if not line:
            raise _gone()
        answer: dict[str, Any] = json.loads(line)
        return answer

    def let_go(self) -> None:
        """End the pipe: the keeper starts to put things away; a second call does nothing."""
        with contextlib.suppress(OSError):
            self._commands.close()

    def close(self) -> None:
        """Have everything put away, and wait for it, within a limit; a second call does nothing."""
        if not self._open:
            return
        self._open = False
        _KEEPERS.remove(self)
        self.let_go()
        left = self._last_words()
        if self._process.poll() is None:
            self._process.terminate()
        self._answers.wait_until_closed(_CLOSED_SECONDS)
        if left:
            warnings.warn(f"regtutor could not put away: {', '.join(left)}", RuntimeWarning, stacklevel=2)

    def _last_words(self) -> list[str]:
        deadline = time.monotonic() + _END_SECONDS
        try:
            answer = self._read(deadline)
            while "left" not in answer:
                answer = self._read(deadline)
            self._process.wait(max(0.1, deadline - time.monotonic()))
        except (BackendFailed, subprocess.TimeoutExpired):
            return [f"what keeper process {self.pid} owned"]
        left: list[str] = answer["left"]
        return left

    def _forget(self) -> None:
        """In a fork: the registry stays the parent's, and so does the pipe."""
        self._open = False
        self._commands.close()
        self._answers.forget()
        self._process.returncode = 0  # not our child: nothing to wait for

    def __enter__(self) -> Keeper:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


_KEEPERS: list[Keeper] = []


def close_all() -> None:
    """Let every keeper go at once, then wait for each: what is still open when Python ends."""
    keepers = list(reversed(_KEEPERS))
    for keeper in keepers:
        keeper.let_go()
    for keeper in keepers:
        keeper.close()


def _after_fork() -> None:
    for keeper in _KEEPERS:
        keeper._forget()
    _KEEPERS.clear()


def _folders_of(packages: Sequence[str]) -> list[str]:
    """Where these are installed: Python finds nothing but its own library by itself after ``-I -S``."""
    found = [importlib.util.find_spec(package) for package in packages]
    folders = [str(Path(spec.origin).parent.parent) for spec in found if spec and spec.origin]
    return list(dict.fromkeys(folders))


def _gone() -> BackendFailed:
    return BackendFailed(
        "The process that looks after this registry does not answer",
        "it was closed or has been stopped",
        "Open a new registry with rt.open_registry()",
    )


atexit.register(close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
