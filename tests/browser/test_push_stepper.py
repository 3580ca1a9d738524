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

ROOT = ".regtutor-stepper"

SET_UP = """import regtutor as rt
reg = rt.open_registry("embedded", quiet=True)"""
STEPPER = 'stepper = rt.PushStepper(reg, rt.sample_image(), "library/hello", "v1")\nstepper'

WALKS = {
    "Push: the manifest first": "1 put_manifest 400",
    "Push: mount from another repository": "mount_blob 201",
    "Push: all blobs exist already": "1 head_blob 200",
    "Pull: the manifest, then its blobs": "get_blob 200",
    "Delete: the manifest and its tags": "delete_manifest 202",
    "Referrers: push an artifact, then list it": "get_referrers 200",
}
"""The other walks as they are called in the list, and what is to be seen of each."""

REQUESTS = 13
"""Of a push of the sample image: HEAD, POST and PUT for each of four blobs, and the manifest."""


def test_a_learner_pushes_looks_back_breaks_the_manifest_and_mends_it(
    lab: Lab, node_package: Callable[[str], Path]
) -> None:
    stepper = open_stepper(lab, "mouse.ipynb")
    stepper.at(0, 0)
    expect(stepper.part("back")).to_be_disabled()
    stepper.send(1, 3)
    look_at(lab, stepper, "1-third-request")
    look_back(lab, stepper)
    predict_first(lab, stepper)
    break_the_manifest(lab, stepper)
    everything_is_accessible(lab, stepper, node_package("axe-core"))
    stepper.send(REQUESTS + 1, REQUESTS + 1)
    stepper.shows("position", "The walk is complete")
    expect(stepper.part("send")).to_be_hidden()
    for _scheme in lab.themes():
        assert_accessible(lab.page, ROOT, node_package("axe-core"), ("button-name", "color-contrast", "select-name"))


def look_back(lab: Lab, stepper: Stepper) -> None:
    """By the arrows of the diagram, by the pills of the strip, and by Back and Forward; nothing is sent by that."""
    stepper.tab("Sequence")
    stepper.view("sequence-view").get_by_role("listitem").filter(has_text="start_upload").click()
    stepper.at(2, 3)
    expect(stepper.view("sequence-view")).to_have_attribute("data-index", "1")
    stepper.tab("Storage")
    stepper.shows("position", "nothing was undone")
    expect(stepper.headers).to_be_disabled()
    expect(stepper.view("exchange-view")).to_contain_text("202 Accepted")
    look_at(lab, stepper, "2-looking-back")
    stepper.view("walk-strip").get_by_role("button", name="1: HEAD").click()
    stepper.at(1, 3)
    for number in (2, 3):
        stepper.click("forward")
        stepper.at(number, 3)
    expect(stepper.part("forward")).to_be_disabled()
    expect(stepper.headers).to_be_enabled()


def predict_first(lab: Lab, stepper: Stepper) -> None:
    """A status and a header are picked in the form of the request; the verdict counts them."""
    stepper.choose("Predict", "404: the blob is not in this repository")
    stepper.click("predict-more")
    stepper.field("Docker-Content-Digest").check()
    stepper.send(4, 4)
    stepper.shows("verdict", "Your prediction (existence check): 4 of 6")
    stepper.root.get_by_text("Your prediction").click()
    expect(stepper.root.get_by_text("Score by concept")).to_be_visible()
    look_at(lab, stepper, "3-predict-first")
    stepper.click("predict-more")


def break_the_manifest(lab: Lab, stepper: Stepper) -> None:
    """Without its Content-Type it is refused; the diagnosis says why, and it is there again as it was meant."""
    stepper.send(5, REQUESTS - 1)
    meant = stepper.headers.input_value()
    kept = [line for line in meant.split("\n") if not line.startswith("Content-Type")]
    stepper.headers.fill("\n".join(kept))
    expect(stepper.headers).to_have_value("\n".join(kept))
    # Send at once: leaving the field changes the request before the button sends it.
    stepper.send(REQUESTS, REQUESTS)
    stepper.shows("position", "Your version of put_manifest: 400")
    stepper.shows("notices", "the walk did not receive the response")
    exchange = stepper.view("exchange-view")
    diagnosis = exchange.get_by_role("note").filter(has_text="Content-Type")
    expect(diagnosis).to_contain_text("Try next")
    exchange.get_by_role("button", name="received: HTTP/1.1 400 Bad Request").click()
    expect(exchange).to_have_attribute("data-opened", "1")
    look_at(lab, stepper, "4-broken-manifest")
    expect(stepper.headers).to_have_value(meant)


def everything_is_accessible(lab: Lab, stepper: Stepper, axe_core: Path) -> None:
    """With as much to be seen as there can be: a refusal, a question, headers that cannot be read."""
    stepper.click("predict-more")
    stepper.headers.fill("no header")
    stepper.headers.blur()
    stepper.shows("failures", "Line 1 of the headers is not a header")
    for _scheme in lab.themes():
        assert_accessible(lab.page, ROOT, axe_core, ("button-name", "color-contrast", "label", "select-name"))
    stepper.click("undo")


def test_each_walk_can_be_chosen_and_stepped_through(lab: Lab) -> None:
    stepper = open_stepper(lab, "walks.ipynb")
    stepper.choose("Walk", "Push: each blob in chunks")
    stepper.send(1, 4)
    look_at(lab, stepper, "5-chunked")
    stepper.run_to_the_end()
    for walk, seen in WALKS.items():
        stepper.choose("Walk", walk)
        stepper.at(0, 0)
        stepper.shows("position", walk)
        stepper.run_to_the_end()
        stepper.shows("headers", seen)
    stepper.choose("Walk", "Push: one PUT for each blob")
    stepper.at(0, 0)
    stepper.click("reset")
    stepper.shows("notices", "Started again in the new repository library/hello-9, without mounts")


def open_stepper(lab: Lab, name: str) -> Stepper:
    """The stepper in a new notebook."""
    lab.open_cells(name, SET_UP, STEPPER)
    # The diagram would still be scrolling while its picture is taken.
    lab.page.emulate_media(reduced_motion="reduce")
    lab.run_all()
    return lab.stepper()


def look_at(lab: Lab, stepper: Stepper, name: str) -> None:
    """Pictures in both themes and in a narrow window; nothing stands out to the right."""
    assert stepper.standing_out() == []
    for scheme in lab.themes():
        lab.picture(f"stepper-{name}-{scheme}", of=stepper.root)
    lab.picture(f"stepper-{name}-800", width=800, of=stepper.root)
    lab.page.set_viewport_size({"width": 800, "height": 1000})
    assert stepper.standing_out() == []
    lab.page.set_viewport_size({"width": 1280, "height": 1000})
