"""The client side of a keeper: start a keeper, send it commands, end it.

Each registry has its own keeper, so that closing a registry and the death of the kernel have the same effect: the pipe
ends, and the keeper cleans up what it owns. The write end of the pipe is close-on-exec, and a fork of this process
(such as by ``multiprocessing``) closes its copy immediately, so that no child can keep the registry of a dead kernel
alive.
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
_CLOSED_SECONDS = 1.0  # the output of the keeper ends with the keeper


@dataclass(frozen=True)
class Ran:
    """The result of a command: its status (None if it was killed at its time limit) and the end of its output."""

    status: int | None
    output: str


class Keeper:
    """A program that owns processes, containers and directories for this process, and cleans them up when it ends."""

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
                "No registry can be started",
                f"this Python cannot start processes: {error}",
                'Use rt.open_registry("in_process"), which needs no process, or the URL of a registry',
            ) from error
        assert self._process.stdin and self._process.stdout
        self._commands, self._answers = self._process.stdin, PipeLines(self._process.stdout)
        self._count = 0
        self._lock = threading.Lock()
        self._open = True
        _KEEPERS.append(self)

    @property
    def pid(self) -> int:
        """The process ID of the keeper."""
        return self._process.pid

    def directory(self, purpose: str) -> Path:
        """Create a temporary directory, private to this user, that is deleted when the keeper ends."""
        return Path(self._command({"do": "directory", "purpose": purpose})["path"])

    def start(self, argv: Sequence[str], *, env: Mapping[str, str] | None, log: Path) -> int:
        """Start a process that appends its output to ``log``, and return its process ID.

        Raises
        ------
        BackendFailed: if it cannot be started.
        """
        return int(self._command({"do": "start", "argv": list(argv), "env": env and dict(env), "log": str(log)})["pid"])

    def status(self, pid: int) -> int | None:
        """Return the exit status of a process that :meth:`start` started, or None while it runs."""
        status: int | None = self._command({"do": "status", "pid": pid})["status"]
        return status

    def stop(self, pid: int) -> int | None:
        """Stop a process and its group with TERM, then KILL, and return its exit status."""
        status: int | None = self._command({"do": "stop", "pid": pid})["status"]
        return status

    def run(self, argv: Sequence[str], *, limit: float) -> Ran:
        """Run a command to its end, for at most ``limit`` seconds; it ends shortly after this process at the latest."""
        answer = self._command({"do": "run", "argv": list(argv), "env": None, "limit": limit}, limit)
        return Ran(answer["status"], answer["output"])

    def container(self, engine: str, arguments: Sequence[str], *, limit: float) -> tuple[str, Ran]:
        """Run ``ENGINE run --detach --name NAME ...``; return the name, which the keeper chooses, and the result."""
        command = {"do": "container", "engine": engine, "arguments": list(arguments), "env": None, "limit": limit}
        answer = self._command(command, limit)
        return answer["name"], Ran(answer["status"], answer["output"])

    def _command(self, command: dict[str, Any], limit: float = 0.0) -> dict[str, Any]:
        with self._lock:
            self._count += 1
            try:
                self._commands.write(json.dumps({"id": self._count, **command}).encode() + b"\n")
            except (OSError, ValueError) as error:
                raise _gone() from error
            deadline = time.monotonic() + limit + _ANSWER_SECONDS
            answer = self._read(deadline)
            while answer.get("id") != self._count:  # the answer to a command whose caller was interrupted
                answer = self._read(deadline)
        if "error" in answer:
            raise BackendFailed("The registry cannot get a resource that it needs", answer["error"])
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
        """End the pipe, so that the keeper begins to clean up; a second call does nothing."""
        with contextlib.suppress(OSError):
            self._commands.close()

    @property
    def ending(self) -> bool:
        """Whether the keeper was told to clean up. The end of this process waits for it, if nothing else does."""
        return self._commands.closed

    def close(self) -> None:
        """Have the keeper clean up, and wait for it, up to a time limit; a second call does nothing."""
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
            warnings.warn(f"regtutor could not clean up: {', '.join(left)}", RuntimeWarning, stacklevel=2)

    def _last_words(self) -> list[str]:
        deadline = time.monotonic() + _END_SECONDS
        try:
            answer = self._read(deadline)
            while "left" not in answer:
                answer = self._read(deadline)
            self._process.wait(max(0.1, deadline - time.monotonic()))
        except (BackendFailed, subprocess.TimeoutExpired):
            return [f"everything that the keeper process {self.pid} owned"]
        left: list[str] = answer["left"]
        return left

    def _forget(self) -> None:
        """Close the copies in a fork: the registry and the pipe belong to the parent."""
        self._open = False
        self._commands.close()
        self._answers.forget()
        self._process.returncode = 0  # not our child: there is nothing to wait for

    def __enter__(self) -> Keeper:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


_KEEPERS: list[Keeper] = []


def close_all() -> None:
    """End the pipes of all open keepers, then wait for each; this runs when Python ends."""
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
    """Return the folders in which packages are installed: with ``-I -S``, Python finds only its standard library."""
    found = [importlib.util.find_spec(package) for package in packages]
    folders = [str(Path(spec.origin).parent.parent) for spec in found if spec and spec.origin]
    return list(dict.fromkeys(folders))


def _gone() -> BackendFailed:
    return BackendFailed(
        "The keeper process of this registry does not respond",
        "it was closed or stopped",
        "Open a new registry with rt.open_registry()",
    )


atexit.register(close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
