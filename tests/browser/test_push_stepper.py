"""The stepper in a real JupyterLab and a real Chromium, by mouse: through a push, back, into an error and out of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.axe import assert_accessible
from tests.browser.lab import Lab
from tests.browser.stepper import Stepper

pytestmark = pytest.mark.browser

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_push_by_hand.ipynb"
ROOT = ".regtutor-stepper"

SET_UP = """import regtutor as rt
reg = rt.open_registry("embedded", quiet=True)"""
STEPPER = 'stepper = rt.PushStepper(reg, rt.sample_image(), "library/hello", "v1")\nstepper'

REQUESTS = 13
"""Of a push of the sample image: HEAD, POST and PUT for each of four blobs, and the manifest."""


def test_a_learner_pushes_looks_back_breaks_the_manifest_and_mends_it(
    lab: Lab, node_package: Callable[[str], Path]
) -> None:
    lab.open_cells("mouse.ipynb", SET_UP, STEPPER)
    lab.run_all()
    stepper = lab.stepper()
    stepper.at(0, 0)
    expect(stepper.part("back")).to_be_disabled()
    stepper.send(1, 3)
    look_at(lab, stepper, "1-third-request")
    look_back(lab, stepper)
    predict_first(lab, stepper)
    break_the_manifest_and_mend_it(lab, stepper)
    for _scheme in lab.themes():
        assert_accessible(lab.page, ROOT, node_package("axe-core"))


def look_back(lab: Lab, stepper: Stepper) -> None:
    """By the arrows of the diagram, and by Back and Forward; nothing is sent by that."""
    stepper.view("sequence-view").get_by_role("listitem").filter(has_text="start_upload").click()
    stepper.at(2, 3)
    stepper.shows("position", "nothing was undone")
    expect(stepper.headers).to_be_disabled()
    expect(stepper.view("exchange-view")).to_contain_text("202 Accepted")
    look_at(lab, stepper, "2-looking-back")
    stepper.click("back")
    stepper.at(1, 3)
    for number in (2, 3):
        stepper.click("forward")
        stepper.at(number, 3)
    expect(stepper.part("forward")).to_be_disabled()
    expect(stepper.headers).to_be_enabled()


def predict_first(lab: Lab, stepper: Stepper) -> None:
    """Send waits for a status; the verdict counts it."""
    stepper.field("Predict first").check()
    expect(stepper.part("send")).to_be_disabled()
    stepper.choose("Status", "404: the blob is not in this repository")
    stepper.field("Docker-Content-Digest").check()
    stepper.send(4, 4)
    stepper.shows("verdict", "Your prediction: 4 of 6")
    stepper.root.get_by_text("Score by concept").click()
    look_at(lab, stepper, "3-predict-first")
    stepper.field("Predict first").uncheck()


def break_the_manifest_and_mend_it(lab: Lab, stepper: Stepper) -> None:
    """Without its Content-Type it is refused; the diagnosis says why; as it was meant it is stored."""
    stepper.send(5, REQUESTS - 1)
    meant = stepper.headers.input_value()
    kept = [line for line in meant.split("\n") if not line.startswith("Content-Type")]
    stepper.headers.fill("\n".join(kept))
    # Send at once: leaving the field changes the request before the button sends it.
    stepper.send(REQUESTS, REQUESTS)
    stepper.shows("position", "your version of put_manifest: 400")
    stepper.shows("notices", "the walk was not told of this answer")
    exchange = stepper.view("exchange-view")
    diagnosis = exchange.get_by_role("note").filter(has_text="Content-Type")
    expect(diagnosis).to_contain_text("Try next")
    exchange.get_by_role("button", name="received: HTTP/1.1 400 Bad Request").click()
    expect(exchange).to_have_attribute("data-opened", "1")
    look_at(lab, stepper, "4-broken-manifest")
    expect(stepper.headers).to_have_value(meant)
    stepper.send(REQUESTS + 1, REQUESTS + 1)
    stepper.shows("position", "The walk is complete")
    expect(stepper.part("send")).to_be_disabled()


def look_at(lab: Lab, stepper: Stepper, name: str) -> None:
    """Pictures in both themes and in a narrow window, in which nothing stands out to the right."""
    for scheme in lab.themes():
        lab.picture(f"stepper-{name}-{scheme}", of=stepper.root)
        lab.picture(f"stepper-{name}-{scheme}-800", width=800, of=stepper.root)
