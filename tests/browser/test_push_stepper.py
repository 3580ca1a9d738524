"""The stepper in a real JupyterLab and a real Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Lab, Stepper

pytestmark = pytest.mark.browser

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_push_by_hand.ipynb"

SET_UP = """import regtutor as rt
reg = rt.open_registry("embedded")"""
STEPPER = 'rt.PushStepper(reg, rt.sample_image(), "library/hello", "v1")'


def test_the_notebook_runs_and_ends_in_a_stepper_that_can_be_clicked_through(lab: Lab) -> None:
    lab.open(NOTEBOOK, NOTEBOOK.name)
    lab.run_all()
    stepper = lab.stepper()
    click_through(stepper)
    assert lab.errors() == []
    # Tables elsewhere in the notebook bring style sheets that hold for the whole page.
    expect(stepper.part("headers").locator("tbody th").first).to_have_css("vertical-align", "top")
    expect(stepper.part("headers").locator("thead th").first).to_have_css("text-align", "left")
    take_pictures(lab, "notebook")


def click_through(stepper: Stepper) -> None:
    """Next to the end, Back, Next again, Reset both ways, Run; what is said at each place."""
    stepper.at(0, 0)
    expect(stepper.part("back")).to_be_disabled()
    requests = stepper.next_to_the_end()
    stepper.shows("response", "HTTP/1.1 201 Created")
    stepper.shows("headers", f"{requests} put_manifest 201")
    expect(stepper.part("next")).to_be_disabled()

    complete = stepper.text("tree")
    stepper.click("back")
    stepper.at(requests - 1, requests)
    stepper.shows("position", "nothing was undone")
    expect(stepper.part("tree")).not_to_have_text(complete)
    stepper.click("next")
    stepper.at(requests, requests)
    expect(stepper.part("tree")).to_have_text(complete)

    stepper.choose("in the same repository")
    stepper.click("reset")
    stepper.at(0, 0)
    stepper.shows("notices", "Started anew in the same repository")
    stepper.run_to_the_end()
    stepper.shows("headers", "1 head_blob 200")
    expect(stepper.part("headers")).not_to_contain_text("put_blob")

    stepper.choose("in a new repository, without mount")
    stepper.click("reset")
    stepper.at(0, 0)
    stepper.shows("notices", "hello-2, without mount")
    stepper.run_to_the_end()
    stepper.shows("headers", "put_blob 201")
    expect(stepper.part("headers")).not_to_contain_text("mount_blob")


def test_a_stepper_in_a_notebook_of_its_own(lab: Lab) -> None:
    lab.open_cells("clicks.ipynb", SET_UP, STEPPER)
    lab.run_all()
    stepper = lab.stepper()
    click_through(stepper)
    take_pictures(lab, "complete")
    stepper.click("reset")
    stepper.at(0, 0)
    for number in range(1, 4):
        stepper.click("next")
        stepper.at(number, number)
    take_pictures(lab, "third-request")


def take_pictures(lab: Lab, name: str) -> None:
    """In both themes, and in a narrow window."""
    for scheme in ("light", "dark"):
        lab.theme(scheme)
        lab.picture(f"{name}-{scheme}")
        lab.picture(f"{name}-{scheme}-800", width=800)
    lab.theme("light")


def test_keys_pressed_on_a_button_are_not_commands_to_the_notebook(lab: Lab) -> None:
    lab.open_cells("keys.ipynb", SET_UP, STEPPER, "# the last cell")
    lab.run_all()
    stepper = lab.stepper()
    stepper.click("next")
    stepper.at(1, 1)
    before = lab.kinds()
    for key in ("d", "d", "x", "b", "a", "m"):
        lab.page.keyboard.press(key)
    assert lab.kinds() == before
    lab.page.keyboard.press("Enter")
    stepper.at(2, 2)
    lab.page.keyboard.press("Space")
    stepper.at(3, 3)


def test_running_the_cell_again_starts_afresh_and_leaves_one_stepper(lab: Lab) -> None:
    lab.open_cells("again.ipynb", SET_UP, STEPPER)
    lab.run_all()
    lab.stepper().run_to_the_end()
    models = lab.models()
    lab.run_all()
    lab.stepper().at(0, 0)
    expect(lab.page.locator(".regtutor-stepper")).to_have_count(1)
    assert lab.models() == models


def test_a_refusal_is_shown_in_the_stepper(lab: Lab) -> None:
    lab.open_cells("refused.ipynb", SET_UP, STEPPER.replace("library/hello", "UPPER"))
    lab.run_all()
    stepper = lab.stepper()
    stepper.click("run")
    stepper.shows("failures", "The push stopped at head_blob: 400")
    stepper.at(1, 1)
    expect(stepper.part("next")).to_be_disabled()
    take_pictures(lab, "refused")
