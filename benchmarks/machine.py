"""The machine and the programs of a run, for the head of the results."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks.setting import Setting

_PROGRAMS = {
    "docker-registry": "--version",
    "distribution-3": "--version",
    "olareg": "version",
    "skopeo": "--version",
    "crane": "version",
    "curl": "--version",
}
_PACKAGES = ("urllib3", "requests", "pandas")


def described(setting: Setting) -> Iterator[tuple[str, str]]:
    """Yield the rows of the table that describes the machine: a name and a value."""
    yield "CPU", f"{_processor()}, {os.cpu_count()} logical CPUs"
    yield "load before the run", f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"
    yield "memory", f"{psutil.virtual_memory().total / 2**30:.1f} GiB"
    yield "kernel", f"{platform.system()} {platform.release()}"
    yield "file system of the content", _file_system(setting.folder)
    yield "Python", f"{platform.python_implementation()} {platform.python_version()}"
    for package in _PACKAGES:
        yield package, version(package)
    for program, option in _PROGRAMS.items():
        path = setting.program(program)
        yield program, _first_line(path, option) if path else "not installed"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _file_system(folder: Path) -> str:
    fitting = [one for one in psutil.disk_partitions(all=True) if folder.resolve().is_relative_to(one.mountpoint)]
    return max(fitting, key=lambda one: len(one.mountpoint)).fstype if fitting else "unknown"


def _first_line(path: str, option: str) -> str:
    done = subprocess.run([path, option], capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL)
    text = (done.stdout.strip() or done.stderr.strip()).partition("\n")[0]
    return text.removeprefix(f"{path} ")[:100]
