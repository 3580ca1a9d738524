"""The sequence diagram: well-formed, alone, and with what was said in it as text."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

import regtutor as rt
from regtutor.formats import svg
from regtutor.formats.html.records import exchange_html
from regtutor.protocol.digests import sha256
from regtutor.protocol.media_types import OCI_MANIFEST
from tests.formats.hostile import BAD, TRANSCRIPT

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = {"svg", "title", "g", "rect", "line", "path", "text"}


def drawn(transcript: rt.Transcript, tmp_path: Path) -> ElementTree.Element:
    return ElementTree.parse(rt.export(transcript, tmp_path / "push.svg")).getroot()


def texts(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def test_every_request_and_every_answer_is_an_arrow_with_its_text(pushed: rt.Transcript, tmp_path: Path) -> None:
    root = drawn(pushed, tmp_path)
    said = texts(root)
    for number, exchange in enumerate(pushed, 1):
        assert any(text.startswith(f"{number} {exchange.method} /v2/library/hello") for text in said)
    assert said.count("404 Not Found") == 4
    assert said.count("100 Continue") == sum(len(e.interims) for e in pushed) > 0
    assert "the blob is stored under its digest" in said
    messages = sum(2 + len(e.interims) for e in pushed)
    assert len(list(root.iter(f"{SVG}line"))) == messages + 2  # and the two lifelines


def test_a_question_that_is_answered_no_is_not_drawn_as_a_refusal(tmp_path: Path) -> None:
    with rt.open_registry("embedded", quiet=True) as reg:
        asked = rt.head_blob(reg, "library/hello", sha256(b""))
        refused = rt.put_manifest(reg, "library/hello", "v1", b"{}", media_type=OCI_MANIFEST)
    root = drawn(rt.Transcript.of([asked, refused]), tmp_path)
    colours = {text.text: text.get("fill") for text in root.iter(f"{SVG}text")}
    assert colours["404 Not Found"] not in (colours["400 Bad Request"], None)
    assert "error-color" not in exchange_html(asked)
    assert "error-color" in exchange_html(refused)


def test_it_has_its_own_background_and_nothing_that_is_fetched_or_run(pushed: rt.Transcript, tmp_path: Path) -> None:
    for transcript in (pushed, TRANSCRIPT):
        root = drawn(transcript, tmp_path)
        rectangle = root.find(f"{SVG}rect")
        assert rectangle is not None and rectangle.get("fill") == "#ffffff"
        assert (rectangle.get("width"), rectangle.get("height")) == (root.get("width"), root.get("height"))
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= DRAWN
        attributes = {name for element in root.iter() for name in element.attrib}
        assert not {name for name in attributes if name.startswith("on") or "href" in name or name in ("id", "style")}


def test_everything_is_inside_the_picture(pushed: rt.Transcript, tmp_path: Path) -> None:
    root = drawn(pushed, tmp_path)
    for text in root.iter(f"{SVG}text"):
        assert 0 < float(text.get("x", "")) < float(root.get("width", ""))
        assert 0 < float(text.get("y", "")) < float(root.get("height", ""))


def test_what_is_cut_is_whole_in_the_tooltip_and_hostile_text_stays_text(tmp_path: Path) -> None:
    root = drawn(TRANSCRIPT, tmp_path)
    titles = [element.text or "" for element in root.iter(f"{SVG}title")]
    assert BAD[:34] in titles[0]
    assert all(len(text) <= 110 for text in texts(root))
    assert any("\\u202e" in title for title in titles)


def test_two_registries_are_two_lifelines_and_no_answer_is_said(pushed: rt.Transcript, tmp_path: Path) -> None:
    other = replace(pushed[0], registry="other", response=None, error="the connection was cut")
    said = texts(drawn(rt.Transcript.of([pushed[0], other]), tmp_path))
    assert {"client", "embedded", "other", "no response", "the connection was cut"} <= set(said)


def test_a_long_transcript_says_how_much_of_it_is_not_drawn(pushed: rt.Transcript, tmp_path: Path) -> None:
    root = drawn(rt.Transcript.of([pushed[0]] * (svg.MOST + 7)), tmp_path)
    assert "7 more are not drawn" in texts(root)
    assert len(list(root.iter(f"{SVG}g"))) == svg.MOST


@pytest.mark.browser
def test_chromium_draws_it(require_program: Callable[[str, str], str], pushed: rt.Transcript, tmp_path: Path) -> None:
    chromium = require_program("chromium", "chromium")
    path, picture = rt.export(pushed, tmp_path / "push.svg"), tmp_path / "push.png"
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile"]
    done = subprocess.run(
        [chromium, *options, f"--screenshot={picture}", path.as_uri()], capture_output=True, timeout=120
    )
    assert done.returncode == 0
    assert picture.stat().st_size > 10_000  # a blank picture, or an error's, is smaller
