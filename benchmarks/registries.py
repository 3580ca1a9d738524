"""The registries that are measured, each in a process of its own with an empty folder, on loopback.

All of them log each request to a file, as they do by default.
"""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from benchmarks import processes
from benchmarks.setting import Setting
from regtutor.backends.distribution import CONFIG, checked_settings, environment

START_LIMIT = 30.0
"""Seconds within which a registry must respond."""

_numbers = count(1)


@dataclass(frozen=True)
class Kind:
    """One kind of registry.

    Attributes
    ----------
    name: in the tables.
    command: returns the command for a port and a folder.
    settings: returns further environment variables for a port and a folder.
    """

    name: str
    command: Callable[[int, Path], list[str]]
    settings: Callable[[int, Path], dict[str, str]] = lambda _port, _root: {}


def embedded() -> Kind:
    """The embedded registry, as ``regtutor serve`` runs it."""
    return Kind(
        "embedded",
        lambda port, root: [sys.executable, "-m", "regtutor", "serve", "--port", str(port), "--root", str(root)],
    )


def distribution(name: str, path: str) -> Kind:
    """CNCF Distribution, with the settings that the native back end gives it."""
    return Kind(
        name,
        lambda _port, _root: [path, "serve", str(CONFIG)],
        lambda port, root: checked_settings(
            {
                "REGISTRY_HTTP_ADDR": f"127.0.0.1:{port}",
                "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": str(root),
            }
        ),
    )


def olareg(path: str) -> Kind:
    """olareg, with a directory as storage."""
    return Kind(
        "olareg",
        lambda port, root: [path, "serve", "--port", str(port), "--addr", "127.0.0.1", "--dir", str(root)],
    )


def kinds(setting: Setting) -> tuple[list[Kind], dict[str, str]]:
    """Return the registries that can be measured here, and the missing ones with the reason."""
    found, missing = [embedded()], {}
    makers: dict[str, tuple[str, Callable[[str], Kind]]] = {
        "docker-registry": ("Distribution 2.8", lambda path: distribution("Distribution 2.8", path)),
        "distribution-3": ("Distribution 3", lambda path: distribution("Distribution 3", path)),
        "olareg": ("olareg", olareg),
    }
    for program, (name, made) in makers.items():
        path = setting.program(program)
        if path:
            found.append(made(path))
        else:
            missing[name] = f"{program} is not installed"
    return found, missing


@contextmanager
def running(kind: Kind, setting: Setting, root: Path | None = None) -> Iterator[str]:
    """Yield the URL of a new registry; its folder is new and is deleted at the end, unless ``root`` is given."""
    folder = root or setting.folder / f"registry-{next(_numbers)}"
    folder.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    with (setting.folder / "registry.log").open("wb") as log:
        process = subprocess.Popen(
            kind.command(port, folder),
            env=processes.environment(environment(kind.settings(port, folder))),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for_response(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(START_LIMIT)
            if root is None:
                shutil.rmtree(folder)


def wait_for_response(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until the registry on this port responds to ``GET /v2/``."""
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_LIMIT)
        try:
            connection.request("GET", "/v2/")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.002)
        finally:
            connection.close()
    raise RuntimeError(f"{process.args!r} did not respond; it ended with {process.poll()}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


def settle() -> None:
    """Wait until the disk has written what earlier work left behind, so that the next work does not pay for it."""
    if hasattr(os, "sync"):
        os.sync()
