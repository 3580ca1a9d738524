"""The stepper without a browser: buttons are clicked in Python, and what is shown is read from the parts' values."""

from __future__ import annotations

import gc
import logging
import re
from dataclasses import replace
from html import unescape
from io import BytesIO

import ipywidgets
import pytest
from ipywidgets.widgets.widget import _instances

from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_image
from regtutor.errors import InvalidArgument, InvalidHeader
from regtutor.exchange import Exchange
from regtutor.message import Request
from regtutor.stepping.machine import SAME
from regtutor.walks.pushing import push_image
from regtutor.widgets import PushStepper

IMAGE = sample_image()
REQUESTS = 3 * len(IMAGE.blobs) + 1


class Clicker:
    """A stepper with its parts by the class names that the browser test uses as well."""

    def __init__(self, stepper: PushStepper) -> None:
        self.stepper = stepper

    def part(self, name: str) -> ipywidgets.Widget:
        found = [part for part in _below(self.stepper) if f"regtutor-{name}" in part._dom_classes]
        assert len(found) == 1, f"{len(found)} parts are called regtutor-{name}"
        return found[0]

    def click(self, name: str, times: int = 1) -> None:
        for _ in range(times):
            assert not self.part(name).disabled, f"{name} is disabled"
            self.part(name).click()

    def text(self, name: str) -> str:
        """What a reader sees of a part."""
        return unescape(re.sub(r"<[^>]*>", "", self.part(name).value))


def _below(widget: ipywidgets.Widget) -> list[ipywidgets.Widget]:
    return [one for child in getattr(widget, "children", ()) for one in [child, *_below(child)]]


def clicker(reg: Registry, repository: str = "library/hello") -> Clicker:
    return Clicker(PushStepper(reg, IMAGE, repository, "v1"))


def test_send_to_the_end_pushes_the_image(any_reg: Registry) -> None:
    shown = clicker(any_reg)
    assert "No request sent yet" in shown.text("position")
    assert shown.stepper._face.exchange.exchange is None
    shown.click("send", REQUESTS)
    assert f"Request {REQUESTS} of {REQUESTS} so far" in shown.text("position")
    assert "The walk is complete" in shown.text("position")
    assert shown.stepper._face.exchange.exchange is shown.stepper.state.exchange
    assert shown.stepper.state.exchange is not None
    assert shown.stepper.state.exchange.target == "/v2/library/hello/manifests/v1"
    assert "Next" in shown.text("about") and "the walk is complete" in shown.text("about")
    assert f"requests{REQUESTS}" in shown.text("summary")
    assert "library/hello holds 4 blobs, 1 manifest, tag v1" in shown.text("summary")
    assert f"{REQUESTS} put_manifest 201" in shown.text("headers")
    assert "_manifests" in shown.stepper._face.tree.as_text()
    assert shown.stepper.error == ""


def test_the_request_about_to_be_sent_says_what_it_is_for_and_stands_in_the_fields(reg: Registry) -> None:
    shown = clicker(reg)
    assert "Nexthead_blob" in shown.text("about")
    assert "Check whether the repository already has a blob" in shown.text("about")
    assert shown.part("edit-method").value == "HEAD"
    assert shown.part("edit-target").value.startswith("/v2/library/hello/blobs/sha256:")
    shown.click("send", 2)
    assert "Content-Type: application/octet-stream" in shown.part("edit-headers").value


def test_the_diagram_lights_what_is_shown_and_choosing_in_it_goes_there(any_reg: Registry) -> None:
    shown = clicker(any_reg)
    shown.click("send", 3)
    diagram = shown.stepper._face.sequence
    assert (diagram.selected, len(diagram.scene["items"]), diagram.ghost["text"]) == (2, 3, "head_blob")
    strip = shown.stepper._face.strip
    assert (strip.selected, [len(group["pills"]) for group in strip.scene["groups"]]) == (2, [3, 0, 0, 0, 0])
    assert strip.scene["groups"][1]["coming"]["method"] == "HEAD"
    strip.selected = 1
    assert (diagram.selected, shown.stepper.state.number) == (1, 2)
    diagram.selected = 0
    assert strip.selected == 0
    assert "Request 1 of 3 so far" in shown.text("position")
    assert diagram.selected == 0
    assert len(diagram.scene["items"]) == 3, "what came later is still drawn"
    shown.click("back")
    assert diagram.selected == -1


def test_the_bar_of_a_layer_fills_as_its_bytes_go(reg: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = clicker(reg)
    moved: list[tuple[int, str]] = []
    monkeypatch.setattr(shown.stepper._face.strip, "move", lambda _digest, sent, fate: moved.append((sent, fate)))
    shown.click("send", 3)
    assert moved[-1] == (IMAGE.blobs[0].size, "sending")
    assert shown.stepper._face.strip.bars[IMAGE.blobs[0].digest]["fate"] == "uploaded"


def test_back_shows_the_earlier_state_and_forward_the_later_without_sending(any_reg: Registry) -> None:
    shown = clicker(any_reg)
    shown.click("send", 2)
    before = shown.stepper._face.tree.data
    shown.click("send")
    after = shown.stepper._face.tree.data
    assert before != after
    shown.click("back")
    assert shown.stepper._face.tree.data == before
    assert "Request 2 of 3 so far" in shown.text("position")
    assert "nothing was undone" in shown.text("position")
    assert shown.part("edit-headers").disabled, "what is past cannot be edited"
    shown.click("forward")
    assert shown.stepper._face.tree.data == after
    assert len(shown.stepper.states) == 4


def test_the_line_that_the_registry_logged_stands_beside_the_tree(reg: Registry) -> None:
    shown = clicker(reg)
    assert "Nothing yet" in shown.text("log")
    shown.click("send")
    assert re.search(r"HEAD /v2/library/hello/blobs/sha256:\S+ 404", shown.text("log"))


def test_a_request_broken_in_its_fields_is_refused_explained_and_mended(reg: Registry) -> None:
    shown = clicker(reg)
    shown.click("send", REQUESTS - 1)
    fields = shown.part("edit-headers")
    meant = fields.value
    fields.value = "\n".join(line for line in meant.split("\n") if not line.startswith("Content-Type"))
    assert "Content-Type removed" in shown.text("about")
    assert "as you changed it" in shown.text("position")
    shown.click("send")
    assert "MANIFEST_INVALID" in shown.text("position")
    assert "Your version of put_manifest: 400" in shown.text("position")
    assert "the walk did not receive the response" in shown.text("notices")
    assert f"Your changes to request {REQUESTS}: Content-Type removed" in shown.text("notices")
    assert shown.stepper._face.sequence.scene["items"][-1]["detour"]
    assert any("Content-Type" in one["name"] for one in shown.stepper._face.exchange.data["diagnoses"])
    assert fields.value == meant
    shown.click("send")
    assert "The walk is complete" in shown.text("position")


def test_undo_takes_an_edit_back(reg: Registry) -> None:
    shown = clicker(reg)
    shown.part("edit-method").value = "DELETE"
    assert "method HEAD -> DELETE" in shown.text("about")
    shown.click("undo")
    assert "You changed" not in shown.text("about")
    assert shown.part("edit-method").value == "HEAD"


def test_headers_that_cannot_be_read_stay_as_they_were_typed_and_the_line_is_named(reg: Registry) -> None:
    shown = clicker(reg)
    shown.part("edit-headers").value = "nonsense"
    assert "Line 1 of the headers is not a header" in shown.stepper.error
    assert shown.part("edit-headers").value == "nonsense"
    for name in ("send", "run"):
        shown.click(name)
        assert "Line 1 of the headers is not a header" in shown.stepper.error
        assert (shown.stepper.state.number, shown.part("edit-headers").value) == (0, "nonsense"), "another was sent"
    shown.click("undo")
    assert (shown.stepper.error, shown.part("edit-headers").value) == ("", "")
    shown.part("edit-headers").value = "nonsense"
    shown.part("edit-headers").value = "X-Mended: yes"
    assert shown.stepper.error == ""
    assert "X-Mended added" in shown.text("about")


def test_what_a_click_does_a_method_does_too(reg: Registry) -> None:
    stepper = PushStepper(reg, IMAGE, "library/hello", "v1")
    first = stepper.send()
    assert first is not None
    assert first.status == 404
    stepper.back()
    assert stepper.state.number == 0
    with pytest.raises(InvalidArgument, match="this state shows a request that was sent already"):
        stepper.send()
    stepper.forward()
    stepper.edit(method="GET", headers={"Accept": "text/plain"})
    assert stepper.state.draft is not None
    assert ("Accept", "text/plain") in stepper.state.draft.headers
    stepper.undo_edit()
    stepper.run()
    assert stepper.state.complete
    assert [exchange.step for exchange in stepper.transcript][-1] == "put_manifest"
    with pytest.raises(InvalidArgument, match="the walk has ended"):
        stepper.send()


SLIPS = {
    "choose": (lambda stepper: stepper.choose("sideways"), "no walk called 'sideways'.*monolithic.*referrers"),
    "reset": (lambda stepper: stepper.reset(where="nowhere"), "no place called 'nowhere'.*'new'.*'same'"),
    "body": (lambda stepper: stepper.edit(body="another"), "no body called 'another'.*one byte changed"),
    "method": (lambda stepper: stepper.edit(method=7), "The method is of type int"),
    "headers": (lambda stepper: stepper.edit(headers=["Accept"]), "is not a list of headers"),
    "status": (lambda stepper: stepper.predict(299), "299 cannot be predicted for start_upload.*202.*404"),
    "header": (lambda stepper: stepper.predict(202, ["X-Own"]), "X-Own cannot be predicted.*Location"),
    "experiment": (lambda stepper: stepper.experiment("boom"), "no experiment called 'boom'.*one byte changed"),
}
"""A mistake in a call, and the error: what is wrong, and what is allowed."""


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_code_raises_where_it_is_made_and_changes_nothing(reg: Registry, slip: str) -> None:
    stepper = PushStepper(reg, IMAGE, "library/hello", "v1")
    sent = stepper.send()
    before = stepper.states
    call, words = SLIPS[slip]
    with pytest.raises(InvalidArgument, match=words):
        call(stepper)
    assert (stepper.state.exchange, stepper.states, stepper.error) == (sent, before, "")
    stepper.run()
    assert stepper.state.complete
    with pytest.raises(InvalidArgument, match="nothing to predict"):
        stepper.predict(404)


def test_a_request_that_cannot_be_sent_raises_and_can_be_changed(reg: Registry) -> None:
    stepper = PushStepper(reg, IMAGE, "library/hello", "v1")
    stepper.edit(headers=[("Bad Name", "1")])
    with pytest.raises(InvalidHeader):
        stepper.send()
    assert "Bad Name" in stepper.error
    stepper.undo_edit()
    assert stepper.send() is not None


def test_a_walk_that_ends_offers_three_experiments_and_a_card_sets_one_up(reg: Registry) -> None:
    shown = clicker(reg)
    assert shown.part("ending").layout.display == "none"
    shown.click("run")
    assert (shown.part("ending").layout.display, shown.part("editor").layout.display) == ("", "none")
    cards = [part for part in _below(shown.stepper) if "regtutor-experiment" in part._dom_classes]
    assert [card.description for card in cards] == [
        "Send the manifest first",
        "One byte changed",
        "A chunk that leaves a gap",
    ]
    cards[1].click()
    assert "You changed: body: one byte changed" in shown.text("about")
    assert "Experiment: one byte changed." in shown.text("notices")
    assert shown.stepper.state.repository == "library/hello-2"
    shown.click("send")
    assert shown.stepper.state.exchange is not None
    assert shown.stepper.state.exchange.status == 400
    assert shown.stepper._face.exchange.data["diagnoses"]
    shown.stepper.experiment("send the manifest first")
    shown.click("run")
    assert "One byte changed" not in [card.description for card in cards], "it was tried"
    assert len(shown.stepper.transcript) == REQUESTS + 3 + len(shown.stepper.state.exchanges)


def test_each_walk_can_be_chosen_and_the_transcript_goes_on(reg: Registry) -> None:
    stepper = PushStepper(reg, IMAGE, "library/hello", "v1")
    sent = 0
    for walk in ("chunked", "mount", "already there", "manifest first", "pull", "delete", "referrers", "monolithic"):
        stepper.choose(walk)
        stepper.run()
        assert (stepper.error, stepper.state.complete) == ("", True), walk
        sent += len(stepper.state.exchanges)
    assert len(stepper.transcript) == sent
    steps = [exchange.step for exchange in stepper.transcript]
    assert {"patch_upload", "mount_blob", "get_blob", "delete_manifest", "get_referrers"} <= set(steps)


def test_while_what_a_walk_needs_is_pushed_it_says_so(reg: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = clicker(reg)
    seen: list[str] = []
    send = reg.send
    monkeypatch.setattr(reg, "send", lambda request: (seen.append(shown.text("position")), send(request))[1])
    shown.stepper.choose("pull")
    assert seen and set(seen) == {"Preparing: Pull: the manifest, then its blobs ..."}
    assert "No request sent yet" in shown.text("position")


def test_a_walk_that_there_is_not_is_named(reg: Registry) -> None:
    with pytest.raises(InvalidArgument, match="There is no walk called 'sideways'"):
        PushStepper(reg, IMAGE, "library/hello", "v1", walk="sideways")


def test_an_interrupted_reset_counts_nothing_twice_and_keeps_its_walk_chosen(
    reg: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = clicker(reg)
    shown.click("send")
    with monkeypatch.context() as patch:
        patch.setattr(reg, "send", _interrupted)
        shown.part("walk").value = "pull"
    assert "Interrupted" in shown.text("notices")
    assert shown.part("walk").value == "monolithic"
    assert len(shown.stepper.transcript) == 1


def test_a_stepper_that_is_shown_nowhere_does_not_say_that_it_was_frozen(reg: Registry) -> None:
    shown = clicker(reg)
    shown.click("freeze")
    assert "No output of the notebook shows the stepper" in shown.text("notices")


def test_a_prediction_is_a_part_of_the_form_judged_after_the_response_and_counted_by_concept(reg: Registry) -> None:
    shown = clicker(reg)
    assert shown.part("predict-headers").layout.display == "none"
    shown.part("predict-more").value = True
    assert shown.part("predict-headers").layout.display == ""
    shown.part("predict-status").value = 200
    shown.click("send")
    assert "The status was 404: the blob is not in this repository" in shown.text("verdict")
    assert shown.part("predict-status").value == 0, "the next request has a prediction of its own"
    shown.stepper.predict(202, ["Location"])
    shown.click("send")
    concepts = {row.concept: (row.right, row.guesses) for row in shown.stepper.score.rows}
    assert concepts["upload session"][0] > 0
    assert concepts["existence check"][0] < concepts["existence check"][1]
    assert "Score by concept" in shown.text("verdict")


def test_without_a_prediction_the_request_is_sent_all_the_same_and_nothing_is_scored(reg: Registry) -> None:
    stepper = PushStepper(reg, IMAGE, "library/hello", "v1")
    assert stepper.send() is not None
    assert stepper.score.total.guesses == 0
    stepper.predict(202)
    assert stepper.send() is not None
    scored = stepper.score.total.guesses
    assert scored > 0
    assert stepper.send() is not None, "a prediction is for one request"
    assert stepper.score.total.guesses == scored
    assert stepper._face.prediction.verdict is None


def test_buttons_are_disabled_when_they_mean_nothing(reg: Registry) -> None:
    shown = clicker(reg)

    def disabled() -> dict[str, bool]:
        return {name: shown.part(name).disabled for name in ("back", "forward", "send", "run")}

    assert disabled() == {"back": True, "forward": True, "send": False, "run": False}
    shown.click("send")
    assert disabled() == {"back": False, "forward": True, "send": False, "run": False}
    shown.click("run")
    assert disabled() == {"back": False, "forward": True, "send": True, "run": True}
    shown.click("back")
    assert disabled() == {"back": False, "forward": False, "send": True, "run": True}


def test_reset_says_which_and_does_it(reg: Registry) -> None:
    shown = clicker(reg)
    shown.click("run")
    shown.click("reset")
    assert "Started again in the new repository library/hello-2, without mounts" in shown.text("notices")
    shown.click("run")
    assert "put_blob 201" in shown.text("headers")
    assert "mount_blob" not in shown.text("headers")
    shown.stepper.reset(where=SAME)
    assert "Started again in the same repository, library/hello-2" in shown.text("notices")
    shown.click("send")
    assert "1 head_blob 200" in shown.text("headers")


def test_the_walk_chosen_is_the_walk_shown_whatever_was_pushed_before(reg: Registry) -> None:
    push_image(reg, IMAGE, "library/hello", "v1", progress=False)
    shown = clicker(reg)
    assert "library/hello already has blobs of this content" in shown.text("notices")
    for _ in range(2):
        shown.click("run")
        statuses = [exchange.status for exchange in shown.stepper.state.exchanges]
        assert statuses == [404, 202, 201] * len(IMAGE.blobs) + [201]
        shown.part("walk").value = "pull"
        shown.part("walk").value = "monolithic"


def test_what_is_refused_before_a_walk_begins_is_explained(reg: Registry) -> None:
    shown = Clicker(PushStepper(reg, IMAGE, "UPPER", "v1", walk="pull"))
    assert "Before request 1" in shown.text("position")
    assert "head_blob: 400, refused" in shown.text("position")
    assert any("UPPER" in line["rest"] for line in shown.stepper._face.exchange.data["lines"])
    assert len(shown.stepper.transcript) == 0


def test_that_no_answer_came_is_said_once(reg: Registry) -> None:
    shown = clicker(reg)
    shown.stepper.edit(target="http://127.0.0.1:1/v2/")
    shown.click("send")
    assert shown.text("position").count("no response") == 1


def test_a_refusal_is_shown_with_what_why_and_next(reg: Registry) -> None:
    shown = clicker(reg, "UPPER")
    shown.click("run")
    assert shown.stepper.error.startswith("The push stopped at head_blob: 400")
    assert "The push stopped at head_blob: 400" in shown.text("failures")
    assert "The walk stopped here" in shown.text("position")
    assert shown.stepper._face.exchange.data["title"]["status"] == "400"
    assert shown.part("send").disabled
    shown.click("back")
    assert (shown.stepper.error, shown.text("failures")) == ("", "")
    shown.click("forward")
    assert "The push stopped at head_blob" in shown.text("failures")


def test_an_unreachable_registry_is_shown(reg: Registry) -> None:
    shown = clicker(reg)
    shown.click("send")
    reg.close()
    shown.click("send")
    assert shown.stepper.error
    assert 'role="alert"' in shown.part("failures").value


def test_a_damaged_layer_is_shown_when_it_is_found_and_after_the_clean_up(reg: Registry) -> None:
    good = IMAGE.layers[0]
    bad = replace(good, opener=lambda: BytesIO(b"x" * good.size))
    shown = Clicker(PushStepper(reg, replace(IMAGE, layers=(bad, *IMAGE.layers[1:])), "library/hello", "v1"))
    shown.click("send", 3)
    assert "does not match its digest" in shown.text("notices")
    shown.click("send")
    assert "does not match its digest" in shown.stepper.error


def test_a_fault_of_our_own_is_shown_and_logged(
    reg: Registry, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shown = clicker(reg)
    monkeypatch.setattr(reg, "send", _broken)
    with caplog.at_level(logging.WARNING):
        shown.click("send")
    assert "ZeroDivisionError: <b>a fault</b>" in shown.text("failures").replace("&lt;", "<")
    assert "<b>a fault" not in shown.part("failures").value
    assert "a fault" in shown.stepper.error
    assert any(record.exc_info for record in caplog.records)


def _broken(request: Request) -> Exchange:
    raise ZeroDivisionError(f"<b>a fault</b> while sending {request.step}")


def test_interrupting_a_request_leaves_it_to_be_sent(reg: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = clicker(reg)
    with monkeypatch.context() as patch:
        patch.setattr(reg, "send", _interrupted)
        shown.click("send")
    assert "Interrupted" in shown.text("notices")
    assert "No request sent yet" in shown.text("position")
    shown.click("run")
    assert "The walk is complete" in shown.text("position")


def _interrupted(_request: Request) -> Exchange:
    raise KeyboardInterrupt


def test_what_comes_from_outside_is_escaped(reg: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    evil = "<img src=x onerror=alert(1)>"
    send = reg.send

    def spoiled(request: Request) -> Exchange:
        exchange = send(request)
        assert exchange.response is not None
        return replace(exchange, response=replace(exchange.response, reason=evil, headers=((evil, evil),)))

    monkeypatch.setattr(reg, "send", spoiled)
    shown = clicker(reg, evil)
    everything = "".join(part.value for part in _below(shown.stepper) if isinstance(part, ipywidgets.HTML))
    shown.click("send")
    everything += "".join(part.value for part in _below(shown.stepper) if isinstance(part, ipywidgets.HTML))
    assert "<img" not in everything
    assert everything.count("&lt;img src=x onerror=alert(1)&gt;") >= 3
    assert "<img src=x" not in shown.stepper.static_html()


def test_made_again_it_closes_the_former_one_with_all_its_models(reg: Registry) -> None:
    first = clicker(reg)
    first.click("run")
    gc.collect()
    models = len(_instances)
    for _ in range(3):
        latest = clicker(reg)
    assert len(_instances) == models
    assert first.stepper.comm is None
    assert "No request sent yet" in latest.text("position")
    other = clicker(reg, "library/other")
    assert latest.stepper.comm is not None
    other.stepper.close()
    latest.stepper.close()


def test_every_button_has_a_tooltip(reg: Registry) -> None:
    shown = clicker(reg)
    for name in ("back", "forward", "send", "run", "reset", "freeze"):
        assert shown.part(name).tooltip


def test_a_viewer_without_widgets_gets_html_and_text(reg: Registry) -> None:
    bundle = clicker(reg).stepper.bundle()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "Then came" in bundle["text/html"]
    assert "PushStepper: library/hello:v1" in bundle["text/plain"]
    assert "<script" not in bundle["text/html"]
