"""Programs that are measured from their start to their end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence

REGTUTOR = (sys.executable, "-m", "regtutor")
LIMIT = 300.0
"""Seconds after which a program is ended."""


def environment() -> dict[str, str]:
    """Return the environment of a measured program: Python may keep its compiled modules, as it does for users."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def seconds(command: Sequence[str]) -> float:
    """Run a program and return its wall-clock seconds, start included; RuntimeError if it fails."""
    begun = time.perf_counter()
    _succeed(command)
    return time.perf_counter() - begun


def peak_mebibytes(command: Sequence[str]) -> float:
    """Run a program, and return the most memory that it held (resident set), in MiB."""
    if not hasattr(os, "wait4"):
        return float("nan")
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command!r} ended with {process.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2): bytes on macOS, kilobytes on Linux
    return float(usage.ru_maxrss * unit / 2**20)


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
