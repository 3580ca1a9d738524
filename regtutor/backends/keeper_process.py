"""The keeper: owns what a kernel started, and puts it away when the kernel is gone, however suddenly.

It is a program, run by ``python -I -S`` in a session of its own, so that interrupting the kernel reaches neither it nor
what it started. Its standard input is a pipe from the kernel. Commands come over it, one JSON object a
line; the answers go to standard output in the same form. When the pipe ends, which it does also when the kernel is
killed, the keeper stops processes, removes containers, deletes directories, in this order, and ends.

It puts away only what it made: children that it started, containers and directories whose names it made up. It uses
the standard library, and of regtutor only ``processes.py`` and ``pipe_lines.py``: it must know neither registries nor
HTTP. Its other end is ``keeper.py``.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from io import FileIO
from operator import methodcaller
from types import FrameType
from typing import IO, Any

from regtutor.backends.pipe_lines import PipeLines
from regtutor.backends.processes import APART, outlive_interrupts, spawn, stay, tree

PREFIX = "regtutor-"
TERM_SECONDS = 1.5  # for all processes together, between TERM and KILL
KILL_SECONDS = 2.0
REMOVE_SECONDS = 8.0  # for one container
FINISH_SECONDS = 1.5  # a command that is under way when the kernel dies may end by itself for so long
DELETE_TRIES = 4
DELETE_PAUSE = 0.1  # Windows deletes no file that a process holds, and a killed kernel closes its pipe first
OUTPUT_BYTES = 64 * 1024
TICK = 0.02

Command = dict[str, Any]
Answer = dict[str, Any]


class Keeper:
    """What is owned, and the commands that add to it."""

    def __init__(self, commands: PipeLines) -> None:
        self._incoming = commands
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._containers: list[tuple[str, str]] = []
        self._directories: list[str] = []
        self._commands: dict[str, Callable[[Command], Answer]] = {
            "directory": self._directory,
            "start": self._start,
            "status": self._status,
            "stop": self._stop,
            "run": self._run,
            "container": self._container,
        }

    def serve(self) -> None:
        """Answer commands until the pipe ends."""
        for line in self._incoming:
            command = json.loads(line)
            try:
                answer = self._commands[command["do"]](command)
            except OSError as error:
                answer = {"error": str(error)}
            say({"id": command["id"], **answer})

    def _directory(self, command: Command) -> Answer:
        path = tempfile.mkdtemp(prefix=PREFIX + command["purpose"] + "-")
        self._directories.append(path)
        return {"path": path}

    def _start(self, command: Command) -> Answer:
        with open(command["log"], "ab") as log:
            process = spawn(command["argv"], command["env"], log)
        self._processes[process.pid] = process
        return {"pid": process.pid}

    def _status(self, command: Command) -> Answer:
        return {"status": self._processes[command["pid"]].poll()}

    def _stop(self, command: Command) -> Answer:
        process = self._processes[command["pid"]]
        stop_all([process])
        return {"status": process.poll()}

    def _run(self, command: Command) -> Answer:
        """Run to the end, within a limit; the status is None if it had to be killed."""
        with tempfile.TemporaryFile() as output:
            process = spawn(command["argv"], command["env"], output)
            deadline = time.monotonic() + command["limit"]
            orphaned = False
            while process.poll() is None and time.monotonic() < deadline:
                if not orphaned and self._incoming.ended:
                    orphaned = True
                    deadline = min(deadline, time.monotonic() + FINISH_SECONDS)
                time.sleep(TICK)
            status = process.poll()
            if status is None:  # only then: what an engine leaves running in its group serves the container
                tree(process).kill()
                process.wait(KILL_SECONDS)
            return {"status": status, "output": last_text(output)}

    def _container(self, command: Command) -> Answer:
        """``ENGINE run -d --name NAME ...``: owned before it exists, so that dying in between leaks nothing."""
        engine, name = command["engine"], PREFIX + secrets.token_hex(6)
        self._containers.append((engine, name))
        argv = [engine, "run", "--detach", "--name", name, *command["arguments"]]
        return {"name": name, **self._run({**command, "argv": argv})}

    def put_away(self) -> list[str]:
        """Stop, remove and delete all that is owned; returns what could not be."""
        left = [f"process {process.pid}" for process in stop_all(list(self._processes.values()))]
        left += [f"container {name}" for engine, name in self._containers if not remove_container(engine, name)]
        left += [f"directory {path}" for path in self._directories if not delete_directory(path)]
        return left


def last_text(output: IO[bytes]) -> str:
    """The end of what a command wrote, at most :data:`OUTPUT_BYTES`."""
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - OUTPUT_BYTES))
    return output.read().decode(errors="replace")


def stop_all(processes: list[subprocess.Popen[bytes]]) -> list[subprocess.Popen[bytes]]:
    """TERM to all trees, KILL to what remains after a while; returns those that survived even that."""
    running = [(process, tree(process)) for process in processes if process.poll() is None]
    for end, seconds in ((methodcaller("terminate"), TERM_SECONDS), (methodcaller("kill"), KILL_SECONDS)):
        for _, whole in running:
            end(whole)
        deadline = time.monotonic() + seconds
        while any(process.poll() is None for process, _ in running) and time.monotonic() < deadline:
            time.sleep(TICK)
        for process, whole in running:
            if process.poll() is not None:
                whole.kill()  # what it left behind
        running = [(process, whole) for process, whole in running if process.poll() is None]
    return [process for process, _ in running]


def remove_container(engine: str, name: str) -> bool:
    """``ENGINE rm -f -v NAME``, at most twice: an engine may still be creating what a killed client asked for."""
    argv = [engine, "rm", "--force", "--volumes", name]
    for _ in range(2):
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=REMOVE_SECONDS, **APART)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0 or b"no such container" in done.stderr.lower():
            return True
    return False


def delete_directory(path: str) -> bool:
    """Delete a directory that this keeper made; more than once, since a process may have been writing to the end."""
    for _ in range(DELETE_TRIES):
        shutil.rmtree(path, ignore_errors=True)
        if not os.path.lexists(path):
            return True
        time.sleep(DELETE_PAUSE)
    return False


def say(answer: Answer) -> None:
    """Write one line; a kernel that no longer listens is no reason to stop."""
    try:
        os.write(sys.stdout.fileno(), json.dumps(answer, ensure_ascii=False).encode() + b"\n")
    except OSError:
        return


def main() -> None:
    """Serve, and put everything away at the end of the pipe, at SIGTERM, and after a fault of its own."""

    def end(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, stay)
        raise SystemExit(0)

    outlive_interrupts()
    signal.signal(signal.SIGTERM, end)
    keeper = Keeper(PipeLines(FileIO(sys.stdin.fileno(), closefd=False)))
    try:
        keeper.serve()
    finally:
        signal.signal(signal.SIGTERM, stay)
        say({"left": keeper.put_away()})
