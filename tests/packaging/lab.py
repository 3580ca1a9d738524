"""JupyterLab as somebody starts it: up within a minute or a failure with its log, and gone afterwards."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Lab:
    """A JupyterLab that listens: what it wrote about itself (``jpserver-*.json``), and the process that was started."""

    server: dict[str, str | int]
    started: int

    @property
    def is_the_started_process(self) -> bool:
        return self.server["pid"] == self.started

    def notebooks(self) -> set[str]:
        """The names of the notebooks in the folder that it shows."""
        with self._get("api/contents") as response:
            return {entry["name"] for entry in json.load(response)["content"] if entry["type"] == "notebook"}

    def first_page(self) -> tuple[str, set[str]]:
        """The path to which the address of the server leads, and the plugins that are disabled there."""
        with self._get("") as response:
            page = response.read().decode()
            path = urllib.parse.urlsplit(response.geturl()).path
        settings = re.search(r'<script id="jupyter-config-data" type="application/json">(.*?)</script>', page, re.S)
        assert settings is not None, page[:1000]
        disabled = json.loads(settings[1])["disabledExtensions"]
        return path, {name for name in disabled if not isinstance(disabled, dict) or disabled[name]}

    def _get(self, path: str) -> Any:
        headers = {"Authorization": f"token {self.server['token']}"}
        request = urllib.request.Request(f"{self.server['url']}{path}", headers=headers)
        return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30)


@contextmanager
def running_lab(command: Sequence[str | Path], home: Path, environment: dict[str, str]) -> Iterator[Lab]:
    """Start ``command`` in ``home``, on a free port and with no browser; stop its process group at the end."""
    log, runtime = home / "lab.log", home / "runtime"
    environment = environment | {"HOME": str(home), "JUPYTER_RUNTIME_DIR": str(runtime)}
    arguments = ["--no-browser", "--ServerApp.port=0", "--ServerApp.ip=127.0.0.1"]
    command = (
        [*command, *arguments] if Path(command[0]).name != "make" else [*command, f"LAB_ARGS={' '.join(arguments)}"]
    )
    with log.open("wb") as output:
        lab = subprocess.Popen(
            command, cwd=home, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield Lab(_wait_for_server(lab, runtime, log), lab.pid)
    finally:
        with suppress(ProcessLookupError):  # it ended by itself
            os.killpg(lab.pid, signal.SIGTERM)
        try:
            lab.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(lab.pid, signal.SIGKILL)
            lab.wait(timeout=30)


def _wait_for_server(lab: subprocess.Popen[bytes], runtime: Path, log: Path) -> dict[str, str | int]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and lab.poll() is None:
        for path in runtime.glob("jpserver-*.json"):
            server: dict[str, str | int] = json.loads(path.read_text() or "{}")
            if "url" in server and _listens(int(server["port"])):
                return server
        time.sleep(0.05)  # between two looks at the folder; the deadline is the bound
    pytest.fail(f"JupyterLab did not come up (exit status {lab.poll()}):\n{log.read_text()[-3000:]}")


def _listens(port: int) -> bool:
    """Whether somebody listens there: JupyterLab writes its file a moment before."""
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
