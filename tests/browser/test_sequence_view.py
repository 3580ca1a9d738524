"""The sequence diagram in a real JupyterLab: the light moves, the keyboard chooses, the bars fill."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.axe import assert_accessible
from tests.browser.lab import Lab

pytestmark = pytest.mark.browser

# A push half done, with a request that the learner broke and one whose connection was cut.
STEPPED = """from dataclasses import replace
import ipywidgets
import regtutor as rt
from regtutor.errors import PushFailed
from regtutor.widgets.sequence.arrows import blob_of, item_of
from regtutor.stepping.progress import progress

reg, image = rt.open_registry("embedded", quiet=True), rt.sample_image()
pushed = rt.push_image(reg, image, "library/hello", "v1", progress=False)
broken = reg.send(rt.draft(rt.put_manifest, "library/hello", "v1", b"{}").edit(headers={"Content-Type": None}))
cut = replace(pushed[5], response=None, interims=(), error="the connection was closed by the registry")
exchanges = [*pushed[:5], cut, broken, pushed[5]]
items = [item_of(n, one, detour=one is broken) for n, one in enumerate(exchanges, 1)]
blobs = [blob_of(row) for row in progress(image, pushed[:5])]
blobs[2]["fate"] = "mounted"
view = rt.SequenceView(("embedded",))
view.show(items, len(items) - 1, "head_blob", blobs)
ipywidgets.HBox([view], layout={"width": "460px"})"""

CHUNKED = 'rt.SequenceView.of(rt.upload_chunks(reg, "library/chunky", image.layers[0], chunk_size=210, progress=False))'

REFUSED = """try:
    rt.push_image(reg, image, "UPPER", "v1", progress=False)
except PushFailed as error:
    refused = error.transcript
rt.SequenceView.of(refused, image)"""

COPIED = """other = rt.open_registry("in_process", quiet=True)
copied = rt.copy_image(reg, "library/hello", "v1", other, "library/copy", "v1", progress=False)
both = rt.SequenceView.of(copied, image)
both.selected = len(copied) - 1
both"""

NAMES = ("stepped", "chunked", "refused", "copied")

# Whether all of the lit item is in sight within its box, with what comes next.
SEEN = """box => {
  const edge = box.getBoundingClientRect(), item = box.querySelector("[aria-current]").getBoundingClientRect();
  const header = box.firstElementChild.getBoundingClientRect();
  return header.bottom <= item.top + 1 && item.bottom <= edge.bottom + 1;
}"""


def test_one_walks_through_a_push_by_keyboard_and_its_bars_fill(lab: Lab, node_package: Callable[[str], Path]) -> None:
    lab.open_cells("sequence.ipynb", STEPPED, CHUNKED, REFUSED, COPIED)
    lab.run_all()
    root = diagram(lab, 0)
    expect(root).to_have_attribute("data-index", "7")
    expect(root.locator("li").filter(has_text="next: head_blob")).to_be_visible()
    expect(root.get_by_text("yours")).to_have_count(1)
    expect(root.get_by_text("no response", exact=True)).to_have_count(1)
    lit = root.locator("[aria-current=step]")
    expect(lit).to_have_accessible_name(
        "8: PUT to library/hello, 2,583 bytes sent, first 100 Continue, response 201 Created: "
        "the blob is stored under its digest"
    )
    in_sight(lab, root)
    walk_by_keyboard(lab, root)
    fill_a_bar(lab, root)

    # With two registries the client stands between them; what is lit is in sight from the first.
    copied = diagram(lab, 3)
    expect(copied.locator(".regtutor-seq-actor")).to_have_text(["embedded", "client", "in_process"])
    in_sight(lab, copied)
    expect(diagram(lab, 1).get_by_role("button")).to_have_count(25)
    for scheme in lab.themes():
        for place, name in enumerate(NAMES):
            lab.picture(f"sequence-{name}-{scheme}", of=diagram(lab, place))
            lab.picture(f"sequence-{name}-{scheme}-800", width=800, of=diagram(lab, place))
    scan_both_themes(lab, node_package("axe-core"))


def scan_both_themes(lab: Lab, axe_core: Path) -> None:
    """Scan each diagram as learners find it, then with all of its text in sight and open to axe-core."""
    for place in range(len(NAMES)):
        assert_accessible(lab.page, f"[data-place='{place}']", axe_core, rules=("button-name", "list"))
    # axe-core looks at no contrast of what only eyes can find, and fails at text that is scrolled out of a box.
    lab.page.eval_on_selector_all(".regtutor-seq-span", "all => all.forEach(one => one.removeAttribute('aria-hidden'))")
    for place in range(len(NAMES)):
        root = diagram(lab, place)
        root.evaluate("root => root.style.setProperty('--rt-sequence-height', 'none')")
        for _scheme in lab.themes():
            root.scroll_into_view_if_needed()
            assert_accessible(lab.page, f"[data-place='{place}']", axe_core)
        root.evaluate("root => root.style.removeProperty('--rt-sequence-height')")


def diagram(lab: Lab, place: int) -> Locator:
    root = lab.page.get_by_test_id("sequence-view").nth(place)
    expect(root).to_have_attribute("data-ready", "true")
    root.evaluate("(root, place) => { root.dataset.place = place; }", place)
    root.scroll_into_view_if_needed()
    return root


def in_sight(lab: Lab, root: Locator) -> None:
    """Wait until the lit item is in sight within its own box."""
    box = root.locator(".regtutor-seq-box").element_handle()
    lab.page.wait_for_function(SEEN, arg=box)


def walk_by_keyboard(lab: Lab, root: Locator) -> None:
    """Tab stops once; arrows and Home move; Enter chooses, Python sees it, and what is later is dimmed."""
    buttons = root.get_by_role("button")
    expect(root.locator("button[tabindex='0']")).to_have_count(1)
    root.locator("[aria-current=step]").focus()
    cells = lab.kinds()
    for key, place in (("ArrowUp", 6), ("End", 7), ("ArrowDown", 7), ("Home", 0), ("ArrowDown", 1)):
        lab.page.keyboard.press(key)
        expect(buttons.nth(place)).to_be_focused()
    expect(root).to_have_attribute("data-index", "7")
    lab.page.keyboard.press("Enter")
    expect(root).to_have_attribute("data-index", "1")
    expect(buttons.nth(1)).to_have_attribute("aria-current", "step")
    expect(buttons.nth(1)).to_be_focused()
    assert lab.ask_kernel("print(view.selected)").strip() == "1"
    in_sight(lab, root)
    lab.page.keyboard.press("d")
    lab.page.keyboard.press("d")
    assert lab.kinds() == cells
    lab.ask_kernel("view.show(items, 7, 'head_blob', blobs)")
    expect(root).to_have_attribute("data-index", "7")
    in_sight(lab, root)
    buttons.nth(5).click()
    expect(root).to_have_attribute("data-index", "5")
    expect(root.locator(".regtutor-later")).to_have_count(2)
    lab.ask_kernel("view.show(items, -1, 'head_blob', blobs)")
    expect(root.locator(".regtutor-later")).to_have_count(8)
    expect(buttons.first).to_be_in_viewport()
    buttons.nth(5).click()
    expect(root).to_have_attribute("data-index", "5")


def fill_a_bar(lab: Lab, root: Locator) -> None:
    """Python moves one bar while the bytes go; nothing else is drawn anew."""
    bar = root.get_by_role("progressbar", name="layer 2")
    expect(bar).to_have_attribute("aria-valuetext", "uploading 0 %")
    for sent, text in ((1034, "uploading 40 %"), (2066, "uploading 79 %")):
        lab.ask_kernel(f"view.move(blobs[1]['digest'], {sent})")
        expect(bar).to_have_attribute("aria-valuetext", text)
        expect(bar).to_have_attribute("aria-valuenow", str(sent))
        expect(root.get_by_text(text)).to_be_visible()
    expect(root.get_by_role("progressbar", name="layer 3")).to_have_attribute("aria-valuetext", "mounted")
