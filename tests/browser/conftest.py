"""One JupyterLab and one Chromium for the browser tests, on loopback, with a home of their own."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.browser.lab import Lab

START_LIMIT = 60
"""Seconds that JupyterLab may take to start."""

EXPECT_LIMIT = 20_000
"""Milliseconds that anything may take to show; Playwright's own 5,000 are too few for a busy machine."""

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nothing but loopback has an address, so that nothing can leave this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]

OVERRIDES = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/apputils-extension:themes": {"adaptive-theme": True},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}


@pytest.fixture(scope="package")
def lab_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that JupyterLab shows."""
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="package")
def lab_url(tmp_path_factory: pytest.TempPathFactory, lab_root: Path) -> Iterator[str]:
    """The address of a JupyterLab that runs in ``lab_root``; its kernels use the embedded registry."""
    home = tmp_path_factory.mktemp("home")
    settings = home / "settings"
    settings.mkdir()
    (settings / "overrides.json").write_text(json.dumps(OVERRIDES))
    process = subprocess.Popen(
        _command(lab_root, settings),
        env=_environment(home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stderr is not None
        yield _address(process.stderr)
    finally:
        _end(process)


def _command(root: Path, settings: Path) -> list[str]:
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": "0",
        "IdentityProvider.token": "",
        "ServerApp.root_dir": str(root),
        "ServerApp.allow_root": "True",
        "LabApp.app_settings_dir": str(settings),
        "LabApp.expose_app_in_browser": "True",
        "LabApp.news_url": "None",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly",
    }
    given = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "jupyterlab", "--no-browser", *given]


def _environment(home: Path) -> dict[str, str]:
    folders = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    own = {f"JUPYTER_{name}": str(home / name.lower()) for name in folders}
    own |= {f"JUPYTERLAB_{name}_DIR": str(home / name.lower()) for name in ("SETTINGS", "WORKSPACES")}
    own |= {"HOME": str(home), "IPYTHONDIR": str(home / "ipython"), "REGTUTOR_REGISTRY": "embedded"}
    return {**os.environ, **own}


def _address(log: IO[str]) -> str:
    """The URL that the server logs when it listens; its log is read on, so that the pipe never fills."""
    found: queue.Queue[str] = queue.Queue()
    seen: list[str] = []

    def read() -> None:
        for line in log:
            seen.append(line)
            if match := re.search(r"http://127\.0\.0\.1:\d+", line):
                found.put(match[0])

    threading.Thread(target=read, daemon=True).start()
    try:
        return found.get(timeout=START_LIMIT)
    except queue.Empty:
        pytest.fail(f"JupyterLab did not start within {START_LIMIT} s:\n" + "".join(seen))


def _end(process: subprocess.Popen[str]) -> None:
    """SIGTERM, on which the server ends its kernels; what is left of its group after that is killed."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)


@pytest.fixture(scope="module")
def browser(require_program: Callable[[str, str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium without a window, with no address but loopback."""
    # Not for the whole session: while Playwright runs, no other test in this thread can run a loop of its own.
    chromium = require_program("chromium", "chromium")
    expect.set_options(timeout=EXPECT_LIMIT)
    home = {**os.environ, "HOME": str(tmp_path_factory.mktemp("chromium"))}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS, env=dict(home))
        yield browser
        browser.close()


@pytest.fixture
def lab(browser: Browser, lab_url: str, lab_root: Path) -> Iterator[Lab]:
    """A fresh page; at its end, that nothing left loopback and no script failed."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    lab = Lab(context.new_page(), lab_url, lab_root)
    yield lab
    lab.page.close()
    _end_kernels(context, lab_url)
    for opened in browser.contexts:
        opened.close()
    assert lab.strangers == []
    assert lab.script_errors == []


def _end_kernels(context: BrowserContext, url: str) -> None:
    """The kernel of a closed page would stay, and take memory from the next test."""
    tokens = [cookie["value"] for cookie in context.cookies() if cookie["name"] == "_xsrf"]
    for kernel in context.request.get(f"{url}/api/kernels").json():
        ended = context.request.delete(f"{url}/api/kernels/{kernel['id']}", headers={"X-XSRFToken": tokens[0]})
        assert ended.ok, ended.text()
