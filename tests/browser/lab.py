"""JupyterLab as the tests see it: open a notebook, run it, look at its cells and widgets, save it and come back."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Dialog, Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.browser.stepper import Stepper

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")

PICTURES = Path(__file__).parent / "screenshots"
"""Where the pictures land; git ignores it, and CI keeps it."""

RUN_LIMIT = 10_000
"""Milliseconds that a cell's number may be late."""

# The status bar says "idle" before there is a kernel, and "run all" is dropped in silence then: the models are asked.
READY = """() => {
  const context = window.jupyterapp?.shell.currentWidget?.context;
  const kernel = context?.sessionContext?.session?.kernel;
  return Boolean(context?.isReady && context.sessionContext.isReady
    && kernel?.status === "idle" && kernel.connectionStatus === "connected");
}"""

RUN_ALL = "() => window.jupyterapp.commands.execute('notebook:run-all-cells')"

ERRORS = """() => {
  const errors = [];
  for (const cell of window.jupyterapp.shell.currentWidget.content.widgets) {
    const outputs = cell.model.type === "code" ? cell.model.outputs.toJSON() : [];
    for (const output of outputs) if (output.output_type === "error") errors.push(output);
  }
  return errors;
}"""

NOT_RUN = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .filter(cell => cell.model.type === "code" && cell.model.sharedModel.source.trim() && !cell.model.executionCount)
  .map(cell => cell.model.sharedModel.source)"""

KINDS = "() => window.jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.model.type)"

# What a view throws when a trait changes goes no further than the log of these; other parts log what is no fault.
LOGGING = ("jupyter-widgets", "/anywidget/", "blob:")

SAVE = """async () => {
  await window.jupyterapp.commands.execute("docmanager:save");
  return window.jupyterapp.shell.currentWidget.context.model.dirty;
}"""

RESTART = "() => window.jupyterapp.shell.currentWidget.context.sessionContext.restartKernel()"

TRACKER = "@jupyterlab/notebook-extension:tracker"
"""JupyterLab's settings of notebooks, by which only the cells near the window are on the page, or all of them."""

TRUSTED = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .filter(cell => cell.model.type === "code").map(cell => cell.model.trusted)"""

# How many widgets the kernel has open, as the kernel itself counts them.
MODELS = "import ipywidgets; print(len(ipywidgets.widgets.widget._instances))"

ASK_KERNEL = """async code => {
  const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
  const future = kernel.requestExecute({code, store_history: false});
  let text = "";
  future.onIOPub = message => { if (message.header.msg_type === "stream") text += message.content.text; };
  await future.done;
  return text;
}"""


class Lab:
    """One browser page with one notebook.

    Attributes
    ----------
    strangers: URLs that the page, or one that it opened, asked for and that are not on loopback.
    script_errors: exceptions that no script caught, and those that JupyterLab's widget manager caught and logged.
    """

    def __init__(self, page: Page, url: str, root: Path) -> None:
        self.page, self.url, self.root = page, url, root
        self.strangers: list[str] = []
        self.script_errors: list[str] = []
        self._listen(page)

    def _listen(self, page: Page) -> None:
        page.set_default_timeout(60_000)
        page.on("request", lambda request: self._note(request.url))
        page.on("websocket", lambda socket: self._note(socket.url))
        page.on("pageerror", lambda error: self.script_errors.append(str(error)))
        page.on("console", self._heard)

    def _heard(self, message: ConsoleMessage) -> None:
        where = message.location["url"]
        if message.type == "error" and any(part in where for part in LOGGING):
            self.script_errors.append(message.text)

    def _note(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob", "file") and parts.hostname != "127.0.0.1":
            self.strangers.append(url)

    # opening and running

    def open(self, notebook: Path, name: str, *, side_bar: bool = False) -> None:
        """Open a copy of ``notebook`` called ``name``, and wait until its kernel can be used.

        Parameters
        ----------
        side_bar: whether JupyterLab shows its side bar, as it does for a user; else the notebook is alone.
        """
        shutil.copy(notebook, self.root / name)
        self.page.goto(f"{self.url}/lab/tree/{name}?reset" if side_bar else f"{self.url}/doc/tree/{name}")
        self.page.wait_for_function(READY)

    def open_cells(self, name: str, *sources: str, side_bar: bool = False) -> None:
        """Open a new notebook that consists of these code cells; see :meth:`open`."""
        cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
        cells = [{**cell, "id": f"cell-{number}", "source": source} for number, source in enumerate(sources)]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        content = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
        made = self.root / f"made-{name}"
        made.write_text(json.dumps(content))
        self.open(made, name, side_bar=side_bar)

    def run_all(self) -> None:
        """Run every cell, and fail if one ends in an error or did not run."""
        self.page.evaluate(RUN_ALL)
        # The command may end before the last cell's number has come; a cell that never ran is named below.
        with contextlib.suppress(PlaywrightTimeout):
            self.page.wait_for_function(f"() => ({NOT_RUN})().length === 0", timeout=RUN_LIMIT)
        errors, not_run = self.errors(), self.page.evaluate(NOT_RUN)
        assert errors == [], errors
        assert not_run == [], f"these cells did not run: {not_run}"

    # what is there now

    def errors(self) -> list[Any]:
        """The outputs of all cells that are errors."""
        found: list[Any] = self.page.evaluate(ERRORS)
        return found

    def kinds(self) -> list[str]:
        """The kind of each cell: ``code`` or ``markdown``."""
        found: list[str] = self.page.evaluate(KINDS)
        return found

    def models(self) -> int:
        """How many widget models the kernel has open."""
        return int(self.ask_kernel(MODELS))

    def ask_kernel(self, code: str) -> str:
        """Run ``code`` in the kernel, in no cell, and return what it prints."""
        printed: str = self.page.evaluate(ASK_KERNEL, code)
        return printed

    def view(self, name: str) -> Locator:
        """The page's last view with this ``data-testid``, once it says that it is drawn."""
        root = self.page.locator(f"[data-testid='{name}']").last
        expect(root).to_have_attribute("data-ready", "true")
        root.scroll_into_view_if_needed()
        return root

    def output(self, number: int) -> Locator:
        """What JupyterLab shows below cell ``number``, counted from 0."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(number).locator(".jp-Cell-outputArea")

    def stepper(self) -> Stepper:
        """The page's last stepper, once it can be seen."""
        root = self.page.locator(".regtutor-stepper").last
        root.scroll_into_view_if_needed()
        expect(root.locator(".regtutor-position .regtutor-position")).to_be_visible()
        return Stepper(root)

    # saving and coming back

    def save(self) -> Path:
        """Save the notebook, and return the file."""
        assert self.page.evaluate(SAVE) is False, "the notebook was not saved"
        return self.root / self._name()

    def _name(self) -> str:
        return urlsplit(self.page.url).path.rpartition("/")[2]

    def reload(self) -> None:
        """Load the page anew, as F5 does; the kernel goes on, and what was not saved is gone."""

        def leave(dialog: Dialog) -> None:
            dialog.accept()

        self.page.on("dialog", leave)
        self.page.reload()
        self.page.remove_listener("dialog", leave)
        self.page.wait_for_function(READY)

    @contextlib.contextmanager
    def windowed(self) -> Iterator[None]:
        """Use JupyterLab's own setting for windowed notebooks, instead of the one of the tests."""
        schema = Path(sys.prefix, "share/jupyter/lab/schemas", f"{TRACKER.replace(':', '/')}.json")
        mode = json.loads(schema.read_text("utf-8"))["properties"]["windowingMode"]["default"]
        self._set(TRACKER, {"windowingMode": mode})
        try:
            yield
        finally:
            self._set(TRACKER, {})

    def _set(self, plugin: str, settings: dict[str, str]) -> None:
        context = self.page.context
        context.request.get(f"{self.url}/lab")
        token = next(cookie["value"] for cookie in context.cookies() if cookie["name"] == "_xsrf")
        answer = context.request.put(
            f"{self.url}/lab/api/settings/{plugin}",
            data={"raw": json.dumps(settings)},
            headers={"X-XSRFToken": token},
        )
        assert answer.ok, answer.text()

    def restart(self) -> None:
        """Restart the kernel, as the menu does after its question; nothing is run again."""
        self.page.evaluate(RESTART)
        self.page.wait_for_function(READY)

    def open_as_strangers(self, notebook: Path, name: str) -> None:
        """Open a saved notebook as if somebody else had made it: the server has not signed what is in it."""
        # The signature is of the content, so that a mere copy would be trusted.
        content = json.loads(notebook.read_text("utf-8"))
        content["metadata"]["title"] = f"somebody else's {name}"
        strange = notebook.with_name(f"strange-{name}")
        strange.write_text(json.dumps(content), "utf-8")
        self.open(strange, name)
        with_output = [bool(cell["outputs"]) for cell in content["cells"] if cell["cell_type"] == "code"]
        trusted: list[bool] = self.page.evaluate(TRUSTED)
        assert not any(trust for trust, output in zip(trusted, with_output, strict=True) if output)

    def converted(self, notebook: Path) -> Page:
        """What nbconvert makes of a saved notebook without running it, on a page of its own that runs no script."""
        command = [sys.executable, "-m", "nbconvert", "--to", "html", "--log-level", "WARN", str(notebook)]
        made = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert made.returncode == 0, made.stderr
        browser = self.page.context.browser
        assert browser is not None
        # nbconvert's page asks other hosts for scripts; what the notebook itself holds must do without.
        page = browser.new_page(java_script_enabled=False, viewport=self.page.viewport_size)
        self._listen(page)
        page.goto(notebook.with_suffix(".html").as_uri())
        return page

    # looking

    def theme(self, scheme: Scheme) -> None:
        """Let the system prefer a light or a dark scheme, and wait until JupyterLab follows."""
        self.page.emulate_media(color_scheme=scheme)
        light = str(scheme == "light").lower()
        expect(self.page.locator("body")).to_have_attribute("data-jp-theme-light", light)
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)

    def themes(self) -> Iterator[Scheme]:
        """Each theme in turn, for a loop that looks at the same thing in both; light again afterwards."""
        for scheme in SCHEMES:
            self.theme(scheme)
            yield scheme
        self.theme("light")

    def window(self, name: str) -> None:
        """Save what the window shows as it is, for people."""
        PICTURES.mkdir(exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")

    def picture(self, name: str, width: int = 1280, of: Locator | None = None) -> Path:
        """Save what a window of this ``width`` shows, for people, and go back to the usual one.

        Parameters
        ----------
        name: of the file, without ``.png``.
        of: the one element to show, whole, however long it is.
        """
        page = of.page if of else self.page
        usual = page.viewport_size
        assert usual is not None
        PICTURES.mkdir(exist_ok=True)
        path = PICTURES / f"{name}.png"
        page.set_viewport_size({"width": width, "height": 1500})
        if of is not None and (box := of.bounding_box()) and box["height"] > 1200:
            page.set_viewport_size({"width": width, "height": int(box["height"]) + 300})
        (of or page).screenshot(path=path)
        page.set_viewport_size(usual)
        return path
