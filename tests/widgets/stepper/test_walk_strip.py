"""The strip of a walk without a browser: its groups, its pills, its bounds."""

from __future__ import annotations

import pytest

from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_image
from regtutor.stepping.progress import progress, subject_of, subjects
from regtutor.walks.pulling import pull_image
from regtutor.walks.pushing import push_image
from regtutor.widgets.sequence.arrows import blob_of, item_of
from regtutor.widgets.stepper.walk_strip import MOST, Coming, WalkStrip

IMAGE = sample_image()


@pytest.fixture
def pushed(reg: Registry) -> list:  # type: ignore[type-arg]
    return list(push_image(reg, IMAGE, "library/hello", "v1", progress=False))


def shown(exchanges: list, current: int, coming: Coming | None = None) -> WalkStrip:  # type: ignore[type-arg]
    strip = WalkStrip()
    items = [item_of(number, exchange) for number, exchange in enumerate(exchanges, 1)]
    blobs = [blob_of(row) for row in progress(IMAGE, exchanges)]
    strip.show(items, subjects(exchanges), current, blobs, coming)
    return strip


def test_each_blob_has_its_requests_and_its_bar(pushed: list) -> None:  # type: ignore[type-arg]
    strip = shown(pushed, 12)
    groups = strip.scene["groups"]
    assert [group["name"] for group in groups] == ["layer 1", "layer 2", "layer 3", "config", "manifest"]
    assert [(pill["method"], pill["status"]) for pill in groups[0]["pills"]] == [
        ("HEAD", "404"),
        ("POST", "202"),
        ("PUT", "201"),
    ]
    assert {strip.bars[group["digest"]]["fate"] for group in groups} == {"uploaded"}
    assert "manifest  857 bytes  uploaded  13:PUT/201" in strip.as_text()


def test_the_next_request_is_in_the_group_of_its_blob(pushed: list) -> None:  # type: ignore[type-arg]
    second = IMAGE.blobs[1].digest
    target = subject_of("HEAD", f"/v2/a/blobs/{second}", "head_blob")
    groups = shown(pushed[:3], 2, Coming("HEAD", "head_blob", target)).scene["groups"]
    assert groups[1]["coming"] == {"method": "HEAD", "number": 4}
    session = subject_of("PUT", "/v2/a/blobs/uploads/1", "put_blob", before=second)
    assert session == second
    tag = subject_of("PUT", "/v2/a/manifests/v1", "put_manifest", before=second, tagged=IMAGE.digest)
    assert tag == IMAGE.digest


def test_a_request_about_no_blob_of_the_image_has_a_group_of_its_own(pushed: list) -> None:  # type: ignore[type-arg]
    groups = shown(pushed, 0, Coming("GET", "get_referrers")).scene["groups"]
    assert (groups[-1]["name"], groups[-1]["digest"], groups[-1]["coming"]["method"]) == ("get_referrers", "", "GET")


def test_a_long_walk_draws_what_is_around_the_lit_pill(pushed: list) -> None:  # type: ignore[type-arg]
    many = pushed * 40
    strip = shown(many, 300)
    drawn = [pill["index"] for group in strip.scene["groups"] for pill in group["pills"]]
    assert len(drawn) == MOST
    assert 300 in drawn
    assert strip.scene["before"] + MOST + strip.scene["after"] == len(many)


def test_a_bar_moves_and_a_selection_stays_in_range(pushed: list) -> None:  # type: ignore[type-arg]
    strip = shown(pushed[:2], 1)
    blob = IMAGE.blobs[0]
    strip.move(blob.digest, blob.size // 2)
    assert strip.bars[blob.digest]["fate"] == "sending"
    assert 0.4 < strip.bars[blob.digest]["part"] < 0.6
    strip.move("sha256:unknown", 1)
    strip.selected = 99
    assert strip.selected == 1


def test_a_pull_has_its_manifest_first(reg: Registry, pushed: list, tmp_path) -> None:  # type: ignore[no-untyped-def, type-arg]
    pulled = list(pull_image(reg, "library/hello", "v1", tmp_path / "image", progress=False))
    names = [group["name"] for group in shown(pulled, 0).scene["groups"] if group["pills"]]
    assert names[0] == "manifest"
    assert set(names) == {"manifest", "config", "layer 1", "layer 2", "layer 3"}
