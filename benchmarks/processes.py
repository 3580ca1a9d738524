"""Programs that are measured from their start to their end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

REGTUTOR = (sys.executable, "-m", "regtutor")
LIMIT = 300.0
"""Seconds after which a program is ended."""


_PEAK = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2): bytes on macOS, kilobytes on Linux
print(usage.ru_maxrss * unit / 2**20)
sys.exit(process.returncode)
"""
"""Runs a program from a small process: a new process counts the memory of the one that started it."""


def environment(given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment of a measured program: Python may keep its compiled modules, as it does for users."""
    return {name: value for name, value in given.items() if name != "PYTHONDONTWRITEBYTECODE"}


def seconds(command: Sequence[str]) -> float:
    """Run a program and return its wall-clock seconds, start included; RuntimeError if it fails."""
    begun = time.perf_counter()
    _succeed(command)
    return time.perf_counter() - begun


def seconds_to_first_code() -> float:
    """Return the seconds from the launch of a Python interpreter until it has run its first line of a program."""
    program = [sys.executable, "-c", "print(flush=True)"]
    begun = time.perf_counter()
    with subprocess.Popen(program, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment()) as process:
        assert process.stdout is not None
        process.stdout.readline()
        taken = time.perf_counter() - begun
        process.wait(LIMIT)
    return taken


def processor_seconds() -> float:
    """Return the processor time, in seconds, of all programs that have ended so far; not on Windows."""
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def peak_mebibytes(command: Sequence[str]) -> float:
    """Run a program, and return the most memory that it held (resident set), in MiB; not on Windows."""
    return float(output([sys.executable, "-S", "-c", _PEAK, *command]))


def output(command: Sequence[str]) -> str:
    """Run a program and return what it printed; RuntimeError if it fails."""
    return _succeed(command).stdout.decode()


def _succeed(command: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT, env=environment(), check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command!r} ended with {done.returncode}: {done.stderr.decode(errors='replace')[-500:]}")
    return done
