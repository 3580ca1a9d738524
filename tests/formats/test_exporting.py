"""Transcripts in other formats: how one is chosen, that each is private, and that nothing hostile takes effect."""

from __future__ import annotations

import html
import json
import os
import re
import stat
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

import regtutor as rt
from regtutor.errors import CannotSave, UnknownFormat, UnsupportedTranscript
from regtutor.exchange import Exchange, RequestRecord
from regtutor.formats.exporting import FORMATS
from tests.formats.hostile import BAD, TRANSCRIPT

ENDINGS = [(name, ending) for name, each in FORMATS.items() for ending in each.endings]


@pytest.mark.parametrize(("name", "ending"), ENDINGS)
def test_the_ending_says_which_format(name: str, ending: str, pushed: rt.Transcript, tmp_path: Path) -> None:
    by_ending = rt.export(pushed, tmp_path / f"push{ending.upper()}")
    by_name = rt.export(pushed, tmp_path / "push.x", to=name)
    assert by_ending.read_bytes() == by_name.read_bytes() != b""


@pytest.mark.parametrize("name", FORMATS)
def test_each_is_private_and_replaces_what_was_there(name: str, pushed: rt.Transcript, tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("old")
    path.chmod(0o644)
    assert rt.export(pushed[0], path, to=name) == path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() != "old"
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_directory_that_is_not_there_is_named(name: str, pushed: rt.Transcript, tmp_path: Path) -> None:
    with pytest.raises(CannotSave, match="No such file"):
        rt.export(pushed, tmp_path / "none" / "out", to=name)


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_transcript_is_a_whole_file_too(name: str, tmp_path: Path) -> None:
    assert rt.export([], tmp_path / "out", to=name).stat().st_size > 0


@pytest.mark.parametrize(("path", "to"), [("push.har", "xlsx"), ("push.xlsx", None), ("push", None)])
def test_another_format_is_refused_with_those_that_there_are(path: str, to: str | None, tmp_path: Path) -> None:
    with pytest.raises(UnknownFormat) as caught:
        rt.export([], tmp_path / path, to=to)
    assert "xlsx" in str(caught.value) or "ends with ''" in str(caught.value)
    assert all(name in caught.value.why for name in FORMATS)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_hostile_steers_a_terminal_or_a_reader(name: str, tmp_path: Path) -> None:
    text = rt.export(TRANSCRIPT, tmp_path / "out", to=name).read_text()
    assert "alert(1)" in text  # it is there, as text
    assert all(c.isprintable() or c in "\n\t" for c in text)
    assert "\u202e" not in text


def test_nothing_hostile_leaves_its_string_in_har(tmp_path: Path) -> None:
    entry = json.loads(rt.export(TRANSCRIPT, tmp_path / "out.har").read_text())["log"]["entries"][0]
    assert entry["response"]["headers"][1] == {"name": "X-Bad", "value": BAD}
    assert entry["response"]["content"]["text"] == BAD


class Seen(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def test_nothing_hostile_becomes_an_element_of_the_page(tmp_path: Path) -> None:
    seen = Seen()
    seen.feed(rt.export(TRANSCRIPT, tmp_path / "out.html").read_text())
    known = {"html", "head", "meta", "title", "style", "body", "h1", "main", "footer", "div", "details", "summary"}
    assert set(seen.tags) <= known | {"b", "i", "pre", "section", "h2", "p", "a"}
    links = [value for name, value in seen.attributes if name == "href"]
    assert all(link and link.startswith("https://") and "<" not in link for link in links), "clauses only"
    assert not [name for name, _ in seen.attributes if name.startswith("on")]


def test_the_page_fetches_nothing_and_needs_no_script(pushed: rt.Transcript, tmp_path: Path) -> None:
    page = rt.export(pushed, tmp_path / "push.html").read_text()
    seen = Seen()
    seen.feed(page)
    assert {"script", "link", "img", "iframe"}.isdisjoint(seen.tags)
    assert {"src", "href"}.isdisjoint(name for name, _ in seen.attributes)
    assert "url(" not in page and "@import" not in page
    assert "prefers-color-scheme: dark" in page
    assert page.count("<details><summary") >= len(pushed)


def test_the_page_shows_every_exchange_of_a_long_transcript(pushed: rt.Transcript, tmp_path: Path) -> None:
    long = rt.Transcript.of([pushed[0]] * 201)
    assert rt.export(long, tmp_path / "push.html").read_text().count("<summary") == 201


def test_markdown_has_a_row_and_a_fence_for_each_exchange(pushed: rt.Transcript, tmp_path: Path) -> None:
    text = rt.export(pushed, tmp_path / "push.md").read_text()
    assert re.search(r"regtutor/\d+\.\d+\.\d+, Python 3\.\d+\.\d+", text)
    assert len(re.findall(r"^\| \d+ \|", text, re.MULTILINE)) == len(pushed)
    for exchange in pushed:
        assert f"```text\n{exchange.as_text()}\n```" in text


@pytest.mark.parametrize("ending", ["md", "html"])
def test_what_is_wrong_stands_first_with_what_to_try(pushed: rt.Transcript, tmp_path: Path, ending: str) -> None:
    refused = next(exchange for exchange in pushed if exchange.step == "put_manifest")
    sent = tuple(pair for pair in refused.request.headers if pair[0] != "Content-Type")
    assert refused.response is not None
    broken = replace(
        refused, request=replace(refused.request, headers=sent), response=replace(refused.response, status=400)
    )
    good = rt.export(pushed, tmp_path / f"good.{ending}").read_text()
    bad = rt.export([*pushed, broken], tmp_path / f"bad.{ending}").read_text()
    assert "Diagnoses" not in good
    told = bad.index("manifest without Content-Type")
    assert bad.index("Diagnoses") < told < bad.index("Accept-Encoding"), "before the first exchange"
    assert "Send Content-Type with the manifest" in bad


def test_nothing_hostile_leaves_its_cell_or_its_fence_in_markdown(tmp_path: Path) -> None:
    text = rt.export(TRANSCRIPT, tmp_path / "out.md").read_text()
    fence = re.search(r"^(`{3,})text$", text, re.MULTILINE)
    assert fence and len(fence[1]) > 4
    outside = "".join(text.split(fence[1])[::2])
    plain = outside.replace("`GET /v2/`", "")  # the one code span that holds nothing hostile
    assert not re.search(r"[`<\\]", plain)
    rows = [line for line in outside.splitlines() if line.startswith("|")]
    assert [row.count("|") for row in rows] == [6, 6, 6, 6]
    assert BAD[:30] in html.unescape(outside)


@pytest.mark.parametrize("name", FORMATS)
def test_half_a_character_from_an_edited_file_is_written_out_or_named(name: str, tmp_path: Path) -> None:
    half = Exchange("x", "http://h/v2/", RequestRecord("GET", "/v2/", (("X", "\ud800"),)))
    if name == "script":
        with pytest.raises(UnsupportedTranscript, match="surrogate"):
            rt.export(half, tmp_path / "out", to=name)
    else:
        assert "\\ud800" in rt.export(half, tmp_path / "out", to=name).read_text()
