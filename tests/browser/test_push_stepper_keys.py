"""The stepper in a real JupyterLab without a mouse: Tab, arrows, Enter, Space and letters do all that a mouse can."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import Lab
from tests.browser.stepper import Stepper

pytestmark = pytest.mark.browser

SET_UP = """import regtutor as rt
reg = rt.open_registry("embedded", quiet=True)"""
STEPPER = 'stepper = rt.PushStepper(reg, rt.sample_image(), "library/hello", "v1")\nstepper'

REQUESTS = 13
"""Of a push of the sample image."""

TABS = 60
"""Presses of Tab within which anything must be reached, from the top of the page."""

COMMANDS = ("d", "d", "m", "x", "b", "a", "y", "r", "z", "c", "v", "1", "Escape", "Enter", "ArrowUp", "k")
"""JupyterLab's keys for deleting, cutting, adding, changing cells and moving between them."""


CONTENTS = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .map(cell => [cell.model.type, cell.model.sharedModel.source])"""


def tab_to(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """Press Tab, or Shift+Tab, until ``wanted`` has the focus."""
    passed = []
    for _ in range(TABS):
        if wanted.evaluate("wanted => wanted === document.activeElement"):
            return
        page.keyboard.press(key)
        passed.append(page.evaluate("() => document.activeElement.outerHTML.slice(0, 120)"))
    raise AssertionError(f"{wanted} was not reached by {TABS} times {key}:\n" + "\n".join(passed))


def back_to(page: Page, wanted: Locator) -> None:
    """The same with Shift+Tab."""
    tab_to(page, wanted, "Shift+Tab")


def test_a_whole_push_with_an_error_and_a_look_back_by_keyboard_alone(lab: Lab) -> None:
    lab.open_cells("keyboard.ipynb", SET_UP, STEPPER)
    lab.run_all()
    page, press = lab.page, lab.page.keyboard.press
    stepper = lab.stepper()
    send = stepper.part("send")
    tab_to(page, send)
    press("Enter")
    stepper.at(1, 1)
    press("Space")
    stepper.at(2, 2)
    expect(send).to_be_focused()

    back_to(page, stepper.part("back"))
    press("Enter")
    stepper.at(1, 2)
    press("Enter")
    stepper.at(0, 2)
    tab_to(page, stepper.part("forward"))
    press("Enter")
    stepper.at(1, 2)
    strip = stepper.view("walk-strip")
    tab_to(page, strip.locator("[aria-current=step]"))
    press("ArrowRight")
    press("Enter")
    stepper.at(2, 2)

    tab_to(page, stepper.field("Predict"))
    page.keyboard.type("201")
    tab_to(page, stepper.part("predict-more"))
    press("Space")
    back_to(page, stepper.field("Location"))
    press("Space")
    tab_to(page, send)
    press("Enter")
    stepper.at(3, 3)
    stepper.shows("verdict", "right the status was 201")
    tab_to(page, stepper.root.get_by_role("tab", name="Storage"))
    press("ArrowLeft")
    expect(stepper.root.get_by_role("tab", name="curl")).to_be_focused()
    press("ArrowRight")
    expect(stepper.root.get_by_role("tab", name="Storage")).to_have_attribute("aria-selected", "true")
    back_to(page, send)
    for number in range(4, REQUESTS):
        press("Enter")
        stepper.at(number, number)

    break_and_mend(page, stepper)
    press("Enter")
    stepper.at(REQUESTS + 1, REQUESTS + 1)
    stepper.shows("position", "The walk is complete")
    expect(stepper.view("registry-tree")).to_contain_text("_manifests")


def break_and_mend(page: Page, stepper: Stepper) -> None:
    """Without its Content-Type the manifest is refused; the lines of the answer open to what they mean."""
    press = page.keyboard.press
    tab_to(page, stepper.headers)
    press("Control+Home")
    press("Shift+ArrowDown")
    press("Delete")
    tab_to(page, stepper.part("undo"))
    stepper.shows("about", "Content-Type removed")
    tab_to(page, stepper.part("send"))
    press("Enter")
    stepper.at(REQUESTS, REQUESTS)
    stepper.shows("position", "Your version of put_manifest: 400")
    exchange = stepper.view("exchange-view")
    expect(exchange.get_by_role("note", name="Diagnosis: manifest without Content-Type")).to_be_visible()
    tab_to(page, exchange.locator("[data-line='0']"))
    press("Enter")
    expect(exchange).to_have_attribute("data-opened", "1")
    press("End")  # the error codes come after the body that contains them
    press("Enter")
    expect(exchange).to_have_attribute("data-opened", "2")
    expect(exchange.locator(":focus")).to_contain_text("MANIFEST_INVALID")
    back_to(page, stepper.part("send"))


def test_keys_pressed_in_the_stepper_are_no_commands_to_the_notebook(lab: Lab) -> None:
    lab.open_cells("keys.ipynb", SET_UP, STEPPER, "# the last cell")
    lab.run_all()
    stepper = lab.stepper()
    cells = contents(lab)
    stepper.headers.focus()
    press_all(lab)
    assert contents(lab) == cells
    expect(stepper.headers).to_have_value("kddmxbayrzcv1\n")
    stepper.click("send")
    stepper.shows("failures", "Line 1 of the headers is not a header")
    assert stepper.number() == 0
    stepper.click("undo")
    stepper.run_to_the_end()
    # The button that had the focus is disabled now, and keys go wherever the focus went.
    expect(stepper.part("run")).to_be_disabled()
    press_all(lab)
    assert contents(lab) == cells
    stepper.click("back")
    stepper.at(REQUESTS - 1, REQUESTS)
    places = [
        stepper.part("back"),
        stepper.view("walk-strip").locator("button[tabindex='0']"),
        stepper.view("exchange-view").locator("[data-line][tabindex='0']"),
        stepper.view("exchange-view").locator("summary").filter(has_text="The levels"),
        stepper.view("registry-tree").locator("[role=treeitem][tabindex='0']"),
    ]
    for place in places:
        focus(place)
        press_all(lab)
        assert contents(lab) == cells, place
    assert lab.errors() == []


def focus(place: Locator) -> None:
    """Move the focus to ``place``; a view that is drawn at that moment takes it once more."""
    for _ in range(20):
        place.focus()
        try:
            expect(place).to_be_focused(timeout=1_000)
            return
        except AssertionError:
            continue
    expect(place).to_be_focused()


def press_all(lab: Lab) -> None:
    """Press every key that would be a command on a cell."""
    for key in COMMANDS:
        lab.page.keyboard.press(key)


def contents(lab: Lab) -> list[list[str]]:
    """What kind each cell is of, and what is in it."""
    found: list[list[str]] = lab.page.evaluate(CONTENTS)
    return found
