"""The harness itself, with a widget of a few lines: what it says of a page is so, and what it should notice it does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.axe import assert_accessible, scan
from tests.browser.lab import Lab

pytestmark = pytest.mark.browser

COUNTER = '''
import anywidget, base64, traitlets

SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="80" height="20">
<rect width="80" height="20" fill="teal"/></svg>"""

class Counter(anywidget.AnyWidget):
    count = traitlets.Int(0)
    told = traitlets.Unicode("count 0").tag(sync=True)
    broken = traitlets.Bool(False).tag(sync=True)
    _esm = """
    function render({ model, el }) {
      const button = document.createElement("button");
      const show = () => { button.textContent = model.get("told"); };
      button.dataset.testid = "counter";
      button.addEventListener("click", () => model.send("pressed"));
      model.on("change:told", show);
      model.on("change:broken", () => { throw new Error("broken on purpose"); });
      show();
      el.append(button);
      button.dataset.ready = "true";
    }
    export default { render };
    """
    _css = """[data-testid=counter] { color: var(--jp-ui-font-color1); background: var(--jp-layout-color1); }"""

    def __init__(self):
        super().__init__()
        self.on_msg(self._pressed)

    def _pressed(self, *message):
        self.count += 1
        self.told = f"count {self.count}"

    def _repr_mimebundle_(self, **options):
        data = base64.b64encode(SVG.encode()).decode()
        picture = f'<img alt="a bar" src="data:image/svg+xml;base64,{data}"/>'
        html = f'<p style="font-weight: 700">static {self.count}</p>{picture}<style>p {{ }}</style>{SVG}'
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {"application/vnd.jupyter.widget-view+json": view, "text/html": html, "text/plain": "static"}, {}

counter = Counter()
counter
'''

UNREADABLE = """
from IPython.display import HTML
far_down = '<div style="height: 1500px"></div>'
HTML(far_down + '<div class="unreadable"><p style="color: #aaa; background: #bbb">pale</p><input><p>plain</p></div>')
"""


def test_a_widget_outlives_its_page_and_its_static_part_its_kernel(lab: Lab) -> None:
    lab.open_cells("lives.ipynb", COUNTER)
    lab.run_all()
    lab.view("counter").click()
    expect(lab.view("counter")).to_have_text("count 1")
    saved = lab.save()
    lab.reload()
    expect(lab.view("counter")).to_have_text("count 1")
    lab.view("counter").click()
    expect(lab.view("counter")).to_have_text("count 2")
    assert lab.ask_kernel("print(counter.count)") == "2\n"
    with lab.page.expect_console_message(lambda message: "broken on purpose" in message.text):
        lab.ask_kernel("counter.broken = True")
    assert [lab.script_errors.pop()] == ["Error setting state: broken on purpose"]
    lab.restart()
    assert lab.ask_kernel("print('counter' in globals())") == "False\n"
    expect(lab.view("counter")).to_have_text("count 2")

    page = lab.converted(saved)
    expect(page.get_by_text("static 0")).to_be_visible()
    expect(page.get_by_role("img", name="a bar")).to_be_visible()

    lab.open_as_strangers(saved, "theirs.ipynb")
    shown = lab.output(0)
    expect(shown.get_by_text("static 0")).to_have_css("font-weight", "700")
    expect(shown.get_by_role("img", name="a bar")).to_be_visible()
    expect(shown.locator(".jp-RenderedHTML")).to_have_count(1)
    expect(shown.locator(":is(.jp-RenderedHTML svg, style, [data-testid])")).to_have_count(0)


def test_themes_pictures_and_scans(lab: Lab, node_package: Callable[[str], Path]) -> None:
    axe_core = node_package("axe-core")
    lab.open_cells("scan.ipynb", COUNTER, UNREADABLE)
    lab.run_all()
    counter = lab.view("counter")
    colours, pictures = set(), set()
    for scheme in lab.themes():
        assert_accessible(lab.page, "[data-testid=counter]", axe_core, ("button-name", "color-contrast"))
        colours.add(counter.evaluate("button => getComputedStyle(button).backgroundColor"))
        pictures.add(lab.picture(f"counter-{scheme}", of=counter).read_bytes())
    assert len(colours) == len(pictures) == 2
    expect(lab.page.locator("body")).to_have_attribute("data-jp-theme-light", "true")

    found = scan(lab.page, ".unreadable", axe_core)
    assert {(one.rule, one.impact) for one in found.failing} == {("color-contrast", "serious"), ("label", "critical")}
    with pytest.raises(AssertionError, match=r"color-contrast.*\n.*unreadable > p"):
        assert_accessible(lab.page, ".unreadable", axe_core)
    with pytest.raises(AssertionError, match="could only try"):
        assert_accessible(lab.page, "[data-testid=counter]", axe_core, ("select-name",))


LEAVING = """<script>
  fetch("https://example.org/away").catch(() => {});
  new WebSocket("wss://example.org/socket");
  setTimeout(() => { throw new Error("nobody caught this"); });
  Promise.reject(new Error("nor this"));
</script>"""


def test_what_leaves_loopback_and_what_no_script_catches_is_noticed(lab: Lab) -> None:
    with lab.page.expect_event("websocket"), lab.page.expect_event("pageerror", lambda error: "nobody" in str(error)):
        lab.page.set_content(LEAVING)
    noticed = sorted(lab.strangers), sorted(lab.script_errors)
    lab.strangers.clear()
    lab.script_errors.clear()
    assert noticed == (
        ["https://example.org/away", "wss://example.org/socket"],
        ["nobody caught this", "nor this"],
    )
