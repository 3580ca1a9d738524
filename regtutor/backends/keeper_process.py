"""The keeper: a program that owns what a kernel started, and cleans up when the kernel ends, even if it is killed.

It is run by ``python -I -S`` in a session of its own, so that an interrupt of the kernel reaches neither the keeper nor
its children. Its standard input is a pipe from the kernel, which carries commands, one JSON object per line; it writes
the results to standard output in the same form. When the pipe ends, which also happens when the kernel is killed, the
keeper stops processes, removes containers and deletes directories, in this order, and ends.

The keeper cleans up only what it made itself: its children, and the containers and directories that it named. It uses
only the standard library and regtutor's ``processes.py`` and ``pipe_lines.py``; it must not depend on registries or
HTTP. ``keeper.py`` is its client.
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
FINISH_SECONDS = 1.5  # how long a running command can take to end by itself after the kernel has died
DELETE_TRIES = 4
DELETE_PAUSE = 0.1  # Windows does not delete an open file, and a killed kernel closes its pipe before its files
OUTPUT_BYTES = 64 * 1024
TICK = 0.02

Command = dict[str, Any]
Answer = dict[str, Any]


class Keeper:
    """The owned resources, and the commands that add to them."""

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
        """Execute commands until the pipe ends."""
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
        """Run a command to its end, up to a time limit; return status None if it had to be killed."""
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
            if status is None:  # only then: processes that an engine leaves in its group can serve the container
                tree(process).kill()
                process.wait(KILL_SECONDS)
            return {"status": status, "output": last_text(output)}

    def _container(self, command: Command) -> Answer:
        """Run ``ENGINE run -d --name NAME ...``; the container is owned before it exists, so that none can leak."""
        engine, name = command["engine"], PREFIX + secrets.token_hex(6)
        self._containers.append((engine, name))
        argv = [engine, "run", "--detach", "--name", name, *command["arguments"]]
        return {"name": name, **self._run({**command, "argv": argv})}

    def clean_up(self) -> list[str]:
        """Stop, remove and delete everything that is owned; return what is left."""
        left = [f"process {process.pid}" for process in stop_all(list(self._processes.values()))]
        left += [f"container {name}" for engine, name in self._containers if not remove_container(engine, name)]
        left += [f"directory {path}" for path in self._directories if not delete_directory(path)]
        return left


def last_text(output: IO[bytes]) -> str:
    """Return the end of the output of a command, at most :data:`OUTPUT_BYTES`."""
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - OUTPUT_BYTES))
    return output.read().decode(errors="replace")


def stop_all(processes: list[subprocess.Popen[bytes]]) -> list[subprocess.Popen[bytes]]:
    """Send TERM to all trees, then KILL to those that remain after a while; return the processes that survived both."""
    running = [(process, tree(process)) for process in processes if process.poll() is None]
    for end, seconds in ((methodcaller("terminate"), TERM_SECONDS), (methodcaller("kill"), KILL_SECONDS)):
        for _, whole in running:
            end(whole)
        deadline = time.monotonic() + seconds
        while any(process.poll() is None for process, _ in running) and time.monotonic() < deadline:
            time.sleep(TICK)
        for process, whole in running:
            if process.poll() is not None:
                whole.kill()  # processes that it left behind
        running = [(process, whole) for process, whole in running if process.poll() is None]
    return [process for process, _ in running]


def remove_container(engine: str, name: str) -> bool:
    """Run ``ENGINE rm -f -v NAME``, at most twice: an engine can still be creating the container of a killed client."""
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
    """Delete a directory of this keeper; try several times, because a process can still be writing to it."""
    for _ in range(DELETE_TRIES):
        shutil.rmtree(path, ignore_errors=True)
        if not os.path.lexists(path):
            return True
        time.sleep(DELETE_PAUSE)
    return False


def say(answer: Answer) -> None:
    """Write one line, and ignore the error if the kernel no longer reads."""
    try:
        os.write(sys.stdout.fileno(), json.dumps(answer, ensure_ascii=False).encode() + b"\n")
    except OSError:
        return


def main() -> None:
    """Execute commands, and clean up at the end of the pipe, at SIGTERM, and after an internal error."""

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
        say({"left": keeper.clean_up()})
