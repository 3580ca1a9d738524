"""JupyterLab as the tests see it: open a notebook, run it, and look at its cells and its stepper."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

PICTURES = Path(__file__).parent / "screenshots"

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
    strangers: URLs that the page asked for and that are not on loopback.
    script_errors: exceptions that no script caught.
    """

    def __init__(self, page: Page, url: str, root: Path) -> None:
        self.page, self.url, self.root = page, url, root
        self.strangers: list[str] = []
        self.script_errors: list[str] = []
        page.set_default_timeout(60_000)
        page.on("request", lambda request: self._note(request.url))
        page.on("pageerror", lambda error: self.script_errors.append(str(error)))

    def _note(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1":
            self.strangers.append(url)

    def open(self, notebook: Path, name: str) -> None:
        """Open a copy of ``notebook`` called ``name``, and wait until its kernel can be used."""
        shutil.copy(notebook, self.root / name)
        self.page.goto(f"{self.url}/doc/tree/{name}")
        self.page.wait_for_function(READY)

    def open_cells(self, name: str, *sources: str) -> None:
        """Open a new notebook that consists of these code cells."""
        cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
        cells = [{**cell, "id": f"cell-{number}", "source": source} for number, source in enumerate(sources)]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        content = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
        made = self.root / f"made-{name}"
        made.write_text(json.dumps(content))
        self.open(made, name)

    def run_all(self) -> None:
        """Run every cell, and fail if one ends in an error or did not run."""
        self.page.evaluate(RUN_ALL)
        assert self.errors() == []
        assert self.page.evaluate(NOT_RUN) == []

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
        return int(self.page.evaluate(ASK_KERNEL, MODELS))

    def stepper(self) -> Stepper:
        """The page's last stepper, once it can be seen."""
        root = self.page.locator(".regtutor-stepper").last
        root.scroll_into_view_if_needed()
        expect(root.locator(".regtutor-position .regtutor-position")).to_be_visible()
        return Stepper(root)

    def theme(self, scheme: Literal["light", "dark"]) -> None:
        """Let the system prefer a light or a dark scheme, and wait until JupyterLab follows."""
        self.page.emulate_media(color_scheme=scheme)
        light = str(scheme == "light").lower()
        expect(self.page.locator("body")).to_have_attribute("data-jp-theme-light", light)
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)

    def picture(self, name: str, width: int = 1280) -> None:
        """Save what a window of this ``width`` shows, for people, and go back to the usual one."""
        usual = self.page.viewport_size
        assert usual is not None
        PICTURES.mkdir(exist_ok=True)
        self.page.set_viewport_size({"width": width, "height": 1500})
        self.page.screenshot(path=PICTURES / f"{name}.png")
        self.page.set_viewport_size(usual)


class Stepper:
    """A stepper on the page: its buttons, and the text of its parts."""

    def __init__(self, root: Locator) -> None:
        self.root = root

    def part(self, name: str) -> Locator:
        """A part by its class name, without ``regtutor-``."""
        return self.root.locator(f".jupyter-widgets.regtutor-{name}")

    def click(self, name: str) -> None:
        """Press a button."""
        self.part(name).click()

    def choose(self, where: str) -> None:
        """Choose where Reset starts anew."""
        self.part("where").locator("select").select_option(label=where)

    def at(self, number: int, sent: int) -> None:
        """Wait until the state after request ``number`` of ``sent`` is shown."""
        place = self.part("position").locator(f"[data-number='{number}'][data-sent='{sent}']")
        expect(place).to_have_count(1)

    def shows(self, name: str, text: str) -> None:
        """Wait until a part holds ``text``."""
        expect(self.part(name)).to_contain_text(text)

    def text(self, name: str) -> str:
        """What a part holds now."""
        return self.part(name).text_content() or ""

    def next_to_the_end(self, limit: int = 100) -> int:
        """Press Next until the push is complete, and return how many requests that took."""
        for number in range(1, limit + 1):
            self.click("next")
            self.at(number, number)
            if "The push is complete" in self.text("position"):
                return number
        raise AssertionError(f"The push is not complete after {limit} requests: {self.text('position')}")

    def run_to_the_end(self) -> None:
        """Press Run, and wait until the push is complete."""
        self.click("run")
        self.shows("position", "The push is complete")
