"""The stepper on one screen, in JupyterLab as a user has it: its boxes at two sizes, in both themes, along a walk."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Lab
from tests.browser.stepper import Box, Stepper

pytestmark = pytest.mark.browser

SET_UP = """import regtutor as rt
reg = rt.open_registry("embedded", quiet=True)"""
STEPPER = 'stepper = rt.PushStepper(reg, rt.sample_image(), "library/hello", "v1")\nstepper'

SIZES = ((1440, 900), (1024, 768))
"""Windows, in pixels, with JupyterLab's side bar open."""

HIGHEST = 700
"""Pixels that the whole stepper may be high."""

REQUESTS = 13
"""Of a push of the sample image."""

ROOM = """() => {
  const box = document.querySelector(".jp-Notebook .jp-WindowedPanel-outer").getBoundingClientRect();
  return { width: box.width, height: box.height };
}"""

PARTS = {
    "bar": ".regtutor-bar",
    "strip": ".regtutor-walk-strip",
    "next": ".regtutor-next",
    "target": ".regtutor-edit-target",
    "headers": ".regtutor-edit-headers",
    "send": "button.regtutor-send",
    "last": ".regtutor-last",
    "status": ".regtutor-came .regtutor-status",
    "sent": ".regtutor-exchange-side:first-child",
    "came": ".regtutor-exchange-side:last-child",
    "line": ".regtutor-exchange-side:last-child .regtutor-exchange-line",
    "lit": ".regtutor-pill.regtutor-lit",
    "more": ".regtutor-more",
    "card": ".regtutor-card",
}


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_request_response_and_lit_arrow_are_visible_together(lab: Lab, width: int, height: int) -> None:
    page = lab.page
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(reduced_motion="reduce")
    with lab.windowed():
        lab.open_cells(f"screen-{width}.ipynb", SET_UP, STEPPER, "# below", side_bar=True)
        lab.run_all()
        stepper = lab.stepper()
        stepper.at(0, 0)
        sent = 0
        for number in (1, 8, REQUESTS - 1, REQUESTS):
            stepper.send(sent + 1, number)
            sent = number
            for scheme in lab.themes():
                measure(lab, stepper, at_end=number == REQUESTS)
                lab.window(f"screen-{width}-{number}-{scheme}")
        stepper.click("back")
        stepper.at(REQUESTS - 1, REQUESTS)
        measure(lab, stepper)


def measure(lab: Lab, stepper: Stepper, *, at_end: bool = False) -> None:
    """Everything that one looks at during a Send is seen at once, and nothing is wider than its place."""
    stepper.root.evaluate("root => root.scrollIntoView({block: 'start'})")
    seen_whole = ["bar", "strip", "next", "status", "line", "lit"]
    seen_whole += ["card"] if at_end else ["target", "headers", "send"]
    for _ in range(50):  # the strip scrolls to the lit pill after it is drawn
        whole = stepper.boxes(whole="")["whole"]
        boxes = stepper.boxes(**PARTS)
        hidden = {name: boxes[name].seen for name in seen_whole if boxes[name].seen < 0.99}
        if not hidden:
            break
        lab.page.wait_for_timeout(100)
    assert hidden == {}
    assert whole.height <= HIGHEST
    assert boxes["last"].seen > 0.99
    assert side_by_side(boxes["sent"], boxes["came"])
    if not at_end:
        assert inside(boxes["send"], boxes["next"]), "Send is a part of the form that it sends"
    if whole.right - whole.left > 800:
        assert side_by_side(boxes["next"], boxes["last"])
    assert whole.height <= lab.page.evaluate(ROOM)["height"]
    assert stepper.standing_out() == []


def test_the_lit_pill_stays_visible_when_a_group_before_it_grows(lab: Lab) -> None:
    lab.page.set_viewport_size({"width": 1024, "height": 768})
    lab.open_cells("grows.ipynb", SET_UP, STEPPER, side_bar=True)
    lab.run_all()
    stepper = lab.stepper()
    stepper.at(0, 0)
    stepper.send(1, 8)
    fate = stepper.root.locator(".regtutor-strip-fate").first
    fate.evaluate("fate => { fate.textContent = 'a text that is longer than the strip is wide '.repeat(5); }")
    for _ in range(50):  # it scrolls after the group has its new width
        lit = stepper.boxes(lit=PARTS["lit"])["lit"]
        if lit.seen > 0.99:
            break
        lab.page.wait_for_timeout(100)
    assert lit.seen > 0.99


REFUSED = """while stepper.state.draft.step != "put_manifest":
    stepper.send()
stepper.edit(headers={"Content-Type": None})
stepper.send()"""


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_after_a_refusal_the_lines_of_the_response_are_in_view(lab: Lab, width: int, height: int) -> None:
    lab.page.set_viewport_size({"width": width, "height": height})
    lab.open_cells(f"refused-{width}.ipynb", SET_UP, STEPPER, REFUSED, side_bar=True)
    lab.run_all()
    stepper = lab.stepper()
    stepper.shows("came", "put_manifest: refused")
    stepper.root.evaluate("root => root.scrollIntoView({block: 'start'})")
    for scheme in lab.themes():
        lab.window(f"refused-{width}-{scheme}")
        boxes = stepper.boxes(**PARTS)
        assert {name: boxes[name].seen for name in ("status", "line") if boxes[name].seen < 0.99} == {}
    assert stepper.standing_out() == []


def side_by_side(left: Box, right: Box) -> bool:
    """Whether one box is to the left of the other, at the same height."""
    return left.right <= right.left + 1 and abs(left.top - right.top) <= 1


def inside(inner: Box, outer: Box) -> bool:
    """Whether one box is within the other."""
    return (
        outer.left <= inner.left
        and inner.right <= outer.right
        and outer.top <= inner.top <= inner.bottom <= outer.bottom
    )


def test_a_card_sets_an_experiment_up_whose_response_is_explained(lab: Lab) -> None:
    lab.page.set_viewport_size({"width": 1440, "height": 900})
    lab.open_cells("cards.ipynb", SET_UP, STEPPER)
    lab.run_all()
    stepper = lab.stepper()
    stepper.run_to_the_end()
    stepper.shows("summary", "library/hello holds 4 blobs, 1 manifest, tag v1")
    expect(stepper.part("card")).to_have_count(3)
    # Anywhere on the card, not only on its title: its button covers it.
    stepper.part("card").filter(has_text="Does anybody notice?").locator(".regtutor-asks").click(force=True)
    stepper.at(2, 2)
    stepper.shows("about", "You changed: body: one byte changed")
    expect(stepper.field("Body")).to_have_value("one byte changed")
    stepper.send(3, 3)
    expect(stepper.view("exchange-view").get_by_role("note").first).to_contain_text(
        "the digest does not match the bytes"
    )
    stepper.click("reset")
    stepper.at(0, 0)
    stepper.run_to_the_end()
    stepper.shows("summary", "library/hello-3 holds 4 blobs")
    expect(stepper.part("card").filter(has_text="Does anybody notice?")).to_have_count(0)


def test_shortcuts_send_and_look_back_and_the_focus_stays_in_the_form(lab: Lab) -> None:
    lab.open_cells("shortcuts.ipynb", SET_UP, STEPPER, "# the last cell")
    lab.run_all()
    page, press = lab.page, lab.page.keyboard.press
    stepper = lab.stepper()
    stepper.headers.focus()
    page.keyboard.type("X-Typed: yes")
    press("Control+Enter")
    stepper.at(1, 1)
    expect(stepper.headers).to_be_focused()
    assert "yes" in lab.ask_kernel("print(stepper.states[1].exchange.request_headers.get('X-Typed'))")
    for number in (2, 3):
        press("Control+Enter")
        stepper.at(number, number)
    press("Alt+ArrowLeft")
    stepper.at(2, 3)
    expect(stepper.headers).to_be_disabled()
    expect(stepper.part("next")).to_be_focused()
    press("Alt+ArrowLeft")
    stepper.at(1, 3)
    for number in (2, 3):
        press("Alt+ArrowRight")
        stepper.at(number, 3)
    expect(stepper.headers).to_be_focused()
    assert stepper.root.locator("css=*:focus").count() == 1
    assert lab.errors() == []
    assert lab.kinds() == ["code"] * 3


def test_a_long_target_is_one_line_with_both_its_ends_and_whole_while_it_has_the_focus(lab: Lab) -> None:
    lab.open_cells("target.ipynb", SET_UP, STEPPER)
    lab.run_all()
    stepper = lab.stepper()
    target = stepper.field("Target")
    whole = target.input_value()
    shown = stepper.part("edit-target").get_attribute("data-shown") or ""
    front, _, end = shown.partition("\u2026")
    assert whole.startswith(front) and whole.endswith(end) and len(front) > 8 and len(end) > 8
    line = target.bounding_box()
    target.focus()
    assert target.evaluate("field => getComputedStyle(field.parentElement, '::after').content") == "none"
    grown = target.bounding_box()
    assert line is not None and grown is not None
    assert target.evaluate(
        "field => field.scrollWidth <= field.clientWidth && field.scrollHeight <= field.clientHeight"
    )
