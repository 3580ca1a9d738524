"""How long a stepper lives in a real JupyterLab: beyond its page, not its kernel; what it leaves is a picture."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.lab import Lab
from tests.browser.stepper import Stepper

pytestmark = pytest.mark.browser

SET_UP = """import regtutor as rt
reg = rt.open_registry("embedded", quiet=True)"""
STEPPER = 'stepper = rt.PushStepper(reg, rt.sample_image(), "library/hello", "v1")\nstepper'
OTHER = 'other = rt.PushStepper(reg, rt.sample_image(), "library/other", "v1")\nother'

FAULT = """def broken(request):
    raise ZeroDivisionError("a fault of our own")
send, reg.send = reg.send, broken"""
MENDED = "reg.send = send"

HEADERS = "Content-Type: application/octet-stream\nContent-Length: 4631\nExpect: 100-continue"
"""Of the third request, which sends a layer."""

PATIENCE = 8_000
"""Milliseconds within which one is told that the kernel does not answer; the page itself waits 5,000."""


def test_a_stepper_outlives_its_page_stands_in_two_places_and_says_when_its_kernel_is_gone(lab: Lab) -> None:
    lab.open_cells("lives.ipynb", SET_UP, STEPPER, "stepper")
    lab.run_all()
    first, second = both(lab)
    first.send(1, 2)
    second.at(2, 2)
    second.click("back")
    first.at(1, 2)
    first.click("forward")

    lab.save()
    lab.reload()
    first, second = both(lab)
    for place in (first, second):
        place.at(2, 2)
        expect(place.headers).to_have_value(HEADERS)
    first.click("send")
    second.at(3, 3)
    faults_are_shown(lab, first)

    models = lab.models()
    lab.run_all()
    first, second = both(lab)
    first.at(0, 0)
    second.at(0, 0)
    assert lab.models() == models
    expect(lab.page.locator(".regtutor-stepper")).to_have_count(2)

    lab.restart()
    for place in (first, second):
        expect(place.trouble).to_contain_text("Run the cells above first, then this cell", timeout=PATIENCE)
    lab.picture("stepper-7-kernel-restarted", of=first.root)
    for place in (first, second):
        place.click("send")
        expect(place.trouble).to_contain_text("Run the cells above first, then this cell")
        # ipywidgets' own button throws that its kernel is gone; it says so to the console only.
        assert lab.script_errors.pop() == "Cannot send"
    lab.run_all()
    first, second = both(lab)
    first.send(1, 1)
    second.at(1, 1)
    expect(first.trouble).to_be_empty()


def both(lab: Lab) -> tuple[Stepper, Stepper]:
    """The steppers below the second cell and the third."""
    places = [lab.output(number).locator(".regtutor-stepper") for number in (1, 2)]
    for place in places:
        expect(place).to_be_visible()
    first, second = map(Stepper, places)
    return first, second


def faults_are_shown(lab: Lab, stepper: Stepper) -> None:
    """What nobody foresaw is shown in the stepper, not only in a log."""
    lab.ask_kernel(FAULT)
    stepper.click("send")
    stepper.shows("failures", "ZeroDivisionError: a fault of our own")
    stepper.shows("failures", "Press Reset to start again")
    lab.ask_kernel(MENDED)


def test_a_frozen_state_is_seen_without_a_kernel_and_by_strangers(lab: Lab) -> None:
    lab.open_cells("frozen.ipynb", SET_UP, STEPPER, OTHER)
    lab.run_all()
    first, _second = both(lab)
    first.send(1, 3)
    first.click("freeze")
    # The output is drawn anew, and the stepper in it goes on.
    expect(first.part("notices")).to_contain_text("save the notebook")
    first.send(4, 4)
    saved = lab.save()

    page = lab.converted(saved)
    pictures_stand(page.locator(".jp-Cell").nth(1), page.locator(".jp-Cell").nth(2))
    lab.open_as_strangers(saved, "theirs.ipynb")
    pictures_stand(lab.output(1), lab.output(2))
    for scheme in lab.themes():
        lab.picture(f"stepper-6-frozen-for-strangers-{scheme}", of=lab.output(1))
    lab.picture("stepper-6-frozen-for-strangers-800", width=800, of=lab.output(1))


def pictures_stand(frozen: Locator, other: Locator) -> None:
    """The one that was frozen shows that moment, the other the moment when it was made."""
    for place, text, arrow in ((frozen, "Request 3 of 3 so far", "put_blob"), (other, "No request sent yet", "")):
        expect(place).to_contain_text(text)
        expect(place).to_contain_text(arrow)
        expect(place.locator(".regtutor-stepper, script, style")).to_have_count(0)
        for picture in place.get_by_role("img").all():
            assert picture.evaluate("picture => picture.complete && picture.naturalWidth > 0")
    expect(frozen.get_by_role("img").first).to_be_visible()
    expect(other.get_by_role("img").first).to_be_visible()
    expect(frozen.get_by_role("cell", name="201 Created")).to_be_visible()
