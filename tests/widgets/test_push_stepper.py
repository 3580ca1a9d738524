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
from regtutor.content.sample import sample_image
from regtutor.exchange import Exchange
from regtutor.message import Request
from regtutor.widgets import PushStepper, panels
from regtutor.widgets.stepping import NEW, SAME

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


def test_next_to_the_end_pushes_the_image(any_reg: Registry) -> None:
    shown = clicker(any_reg)
    assert "No request sent yet" in shown.text("position")
    assert "None yet" in shown.text("response")
    shown.click("next", REQUESTS)
    assert f"Request {REQUESTS} of {REQUESTS} so far" in shown.text("position")
    assert "The push is complete: library/hello:v1" in shown.text("position")
    assert "> PUT /v2/library/hello/manifests/v1 HTTP/1.1" in shown.text("sent")
    assert "< HTTP/1.1 201 Created" in shown.text("response")
    assert "PUT" not in shown.text("response")
    assert "None: the push is complete" in shown.text("draft")
    assert f"{REQUESTS} put_manifest 201" in shown.text("headers")
    assert "_manifests/" in shown.text("tree")
    assert shown.stepper.error == ""


def test_the_request_about_to_be_sent_says_what_it_is_for(reg: Registry) -> None:
    shown = clicker(reg)
    assert "> HEAD /v2/library/hello/blobs/sha256:" in shown.text("draft")
    assert "Ask whether repository holds a blob" in shown.text("draft")


def test_an_interim_answer_stands_where_it_came_and_the_final_one_by_itself(any_reg: Registry) -> None:
    shown = clicker(any_reg)
    shown.click("next", 3)
    sent = shown.text("sent")
    assert sent.index("> Expect: 100-continue") < sent.index("< HTTP/1.1 100 Continue") < sent.index("bytes sent")
    assert "100 Continue" not in shown.text("response")
    assert "< HTTP/1.1 201 Created" in shown.text("response")


def test_back_shows_the_earlier_tree_and_next_then_shows_without_sending(any_reg: Registry) -> None:
    shown = clicker(any_reg)
    shown.click("next", 2)
    before = shown.part("tree").value
    shown.click("next")
    after = shown.part("tree").value
    assert before != after
    shown.click("back")
    assert shown.part("tree").value == before
    assert "Request 2 of 3 so far" in shown.text("position")
    assert "nothing was undone" in shown.text("position")
    assert shown.part("next").description == "Next: show"
    shown.click("next")
    assert shown.part("tree").value == after
    assert len(shown.stepper.stepping.states) == 4


def test_what_a_request_changed_in_the_storage_is_named(reg: Registry) -> None:
    shown = clicker(reg)
    shown.click("next")
    assert "Request 1 changed no file" in shown.text("tree")
    shown.click("next", 2)
    assert "Request 3 changed:" in shown.text("tree")
    assert re.search(r"\+ docker/registry/v2/blobs/\S+/data  \d+ bytes\n", shown.text("tree"))


def test_a_long_tree_is_cut_and_says_so(reg: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "TREE_LINES", 3)
    shown = clicker(reg)
    shown.click("run")
    lines = len(reg.tree().as_text().splitlines())
    assert f"... and {lines - 3} more lines" in shown.text("tree")


def test_buttons_are_disabled_when_they_mean_nothing(reg: Registry) -> None:
    shown = clicker(reg)

    def disabled() -> dict[str, bool]:
        return {name: shown.part(name).disabled for name in ("back", "next", "run")}

    assert disabled() == {"back": True, "next": False, "run": False}
    shown.click("next")
    assert disabled() == {"back": False, "next": False, "run": False}
    shown.click("run")
    assert disabled() == {"back": False, "next": True, "run": True}
    shown.click("back")
    assert disabled() == {"back": False, "next": False, "run": True}


def test_reset_says_which_and_does_it(reg: Registry) -> None:
    shown = clicker(reg)
    shown.click("run")
    shown.part("where").value = NEW
    shown.click("reset")
    assert "Started anew in the new repository library/hello-2, without mount" in shown.text("notices")
    shown.click("run")
    assert "put_blob 201" in shown.text("headers")
    assert "mount_blob" not in shown.text("headers")
    shown.part("where").value = SAME
    shown.click("reset")
    assert "Started anew in the same repository, library/hello-2" in shown.text("notices")
    shown.click("next")
    assert "1 head_blob 200" in shown.text("headers")


def test_a_refusal_is_shown_with_what_why_and_next(reg: Registry) -> None:
    shown = clicker(reg, "UPPER")
    shown.click("run")
    assert shown.stepper.error.startswith("The push stopped at head_blob: 400")
    assert "The push stopped at head_blob: 400" in shown.text("failures")
    assert "The push stopped here" in shown.text("position")
    assert "HTTP/1.1 400" in shown.text("response")
    assert shown.part("next").disabled
    shown.click("back")
    assert (shown.stepper.error, shown.text("failures")) == ("", "")
    shown.click("next")
    assert "The push stopped at head_blob" in shown.text("failures")


def test_an_unreachable_registry_is_shown(reg: Registry) -> None:
    shown = clicker(reg)
    shown.click("next")
    reg.close()
    shown.click("next")
    assert shown.stepper.error
    assert 'role="alert"' in shown.part("failures").value


def test_a_damaged_layer_is_shown_when_it_is_found_and_after_the_clean_up(reg: Registry) -> None:
    good = IMAGE.layers[0]
    bad = replace(good, opener=lambda: BytesIO(b"x" * good.size))
    shown = Clicker(PushStepper(reg, replace(IMAGE, layers=(bad, *IMAGE.layers[1:])), "library/hello", "v1"))
    shown.click("next", 3)
    assert "is not what its digest says" in shown.text("notices")
    shown.click("next")
    assert "is not what its digest says" in shown.stepper.error


def test_a_fault_of_our_own_is_shown_and_logged(
    reg: Registry, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shown = clicker(reg)
    monkeypatch.setattr(reg, "send", _broken)
    with caplog.at_level(logging.WARNING):
        shown.click("next")
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
        shown.click("next")
    assert "Interrupted" in shown.text("notices")
    assert "No request sent yet" in shown.text("position")
    shown.click("run")
    assert "The push is complete" in shown.text("position")


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
    shown.click("next")
    everything += "".join(part.value for part in _below(shown.stepper) if isinstance(part, ipywidgets.HTML))
    assert "<img" not in everything
    assert everything.count("&lt;img src=x onerror=alert(1)&gt;") >= 4


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
    for name in ("back", "next", "run", "reset", "where"):
        assert shown.part(name).tooltip


def test_a_viewer_without_widgets_gets_html_and_text(reg: Registry) -> None:
    bundle = clicker(reg).stepper._repr_mimebundle_()
    assert bundle is not None
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "HEAD /v2/library/hello/blobs/" in bundle["text/html"]
    assert "PushStepper: library/hello:v1" in bundle["text/plain"]
    assert "<script" not in bundle["text/html"]
