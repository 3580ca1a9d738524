"""TranscriptView with 50 and with 5,000 exchanges, side by side in one real JupyterLab: ``make bench``.

Both views are in the same page; what is measured alternates between them, so that whatever else the machine does hits
both. "drawn" is when the view says so, "painted" two frames later. Nothing is asserted: what makes it so is held by
the tests of the view (few rows in the page, messages that do not grow with the transcript).
"""

from __future__ import annotations

import json
import statistics
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import browser, lab, lab_root, lab_url  # noqa: F401  (fixtures)
from tests.browser.lab import Lab
from tests.conftest import node_package, require_program  # noqa: F401  (fixtures)

ROUNDS = 20
"""How often each exchange is opened, in each of the two views."""

PUSHED = """
import json, time
from dataclasses import replace
from datetime import datetime, timedelta
import regtutor as rt
reg = rt.open_registry("embedded", quiet=True)
pushed = rt.push_image(reg, rt.sample_image(), "library/hello", "v1")
def repeated(count):
    rounds = range(count // len(pushed) + 1)
    moved = [replace(e, started=(datetime.fromisoformat(e.started) + timedelta(seconds=r / 4)).isoformat())
             for r in rounds for e in pushed]
    return rt.Transcript.of(moved[:count], f"{count:,} exchanges")
"""

SHOW = """
transcript = repeated({count})
begun = time.perf_counter()
view = rt.TranscriptView(transcript)
made = time.perf_counter() - begun
sizes = globals().setdefault("sizes", [])
sizes.append([round(made * 1000), len(json.dumps(view.get_state()).encode()), len(view._esm) + len(view._css)])
view
"""

NOTHING = """async () => {
  const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
  const begun = performance.now();
  const late = new Promise((_, failed) => setTimeout(() => failed("the kernel ran nothing for 20 s"), 20000));
  await Promise.race([kernel.requestExecute({code: "", store_history: false, silent: true}).done, late]);
  return performance.now() - begun;
}"""

OPEN = """async (root, position) => {
  const row = root.querySelector(`[role=option][data-position="${position}"]`);
  const index = row.dataset.index;
  const drawn = new Promise((done, failed) => {
    setTimeout(() => failed(`not drawn after 20 s: row ${index}, ${JSON.stringify(root.dataset)}, `
      + root.querySelector("[role=alert]").textContent), 20000);
    const watch = new MutationObserver(() => {
      if (root.dataset.opened !== index) return;
      watch.disconnect();
      done(performance.now());
    });
    watch.observe(root, {attributes: true});
  });
  const begun = performance.now();
  row.click();
  const at = await drawn;
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  return [at - begun, performance.now() - begun];
}"""

TYPE = """async (root, text) => {
  const field = root.querySelector("input[type=search]");
  const times = [];
  for (let length = 1; length <= text.length; length += 1) {
    const begun = performance.now();
    field.value = text.slice(0, length);
    field.dispatchEvent(new Event("input", {bubbles: true}));
    root.getBoundingClientRect();
    times.push(performance.now() - begun);
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  }
  field.value = "";
  field.dispatchEvent(new Event("input", {bubbles: true}));
  return times;
}"""

SCROLL = """async (root, steps) => {
  const list = root.querySelector("[role=listbox]");
  const most = list.scrollHeight - list.clientHeight;
  const times = [];
  let rows = 0;
  for (let step = 0; step <= steps; step += 1) {
    const begun = performance.now();
    list.scrollTop = most * step / steps;
    await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
    times.push(performance.now() - begun);
    rows = Math.max(rows, list.querySelectorAll("[role=option]").length);
  }
  list.scrollTop = 0;
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  return [times, rows];
}"""


@pytest.mark.timeout(150)
def test_measure(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    """Not a test: pytest gives it the browser and the server that the browser tests use."""
    lab.open_cells("bench.ipynb", PUSHED, SHOW.format(count=50), SHOW.format(count=5000))
    lab.run_all()
    views = {count: lab.output(cell).locator("[data-testid=transcript-view]") for count, cell in ((50, 1), (5000, 2))}
    for count, view in views.items():
        expect(view).to_have_attribute("data-shown", str(count))
    made = dict(zip(views, json.loads(lab.ask_kernel("print(json.dumps(sizes))")), strict=True))
    opened = _opened(views)
    nothing = [lab.page.evaluate(NOTHING) for _ in range(ROUNDS)]
    with capsys.disabled():
        print()
        print("the kernel runs nothing  ", _told(nothing), "(what JupyterLab takes for any question)")
        for count, view in views.items():
            (milliseconds, state, front) = made[count]
            print(
                f"{count:5,} exchanges: made in {milliseconds} ms; state {state:,} bytes, of which {front:,} the script"
            )
            print("  open, until drawn    ", _told([drawn for drawn, _ in opened[count]]))
            print("  open, until painted  ", _told([painted for _, painted in opened[count]]))
            print("  filter, each key     ", _told(view.evaluate(TYPE, "put_manifest 201 v1")))
            times, rows = view.evaluate(SCROLL, 100)
            print("  scroll, each of 100  ", _told(times), f"at most {rows} rows in the page")


def _opened(views: dict[int, Locator]) -> dict[int, list[list[float]]]:
    """Open one exchange after another, in one view and then in the other."""
    opened: dict[int, list[list[float]]] = {count: [] for count in views}
    for number in range(ROUNDS):
        for count, view in views.items():
            opened[count].append(view.evaluate(OPEN, number % 13))
    return opened


def _told(milliseconds: Any) -> str:
    in_order = sorted(milliseconds)
    most = in_order[int(len(in_order) * 0.95)]
    return f"median {statistics.median(in_order):6.1f} ms   95% below {most:6.1f} ms   slowest {in_order[-1]:6.1f} ms"
