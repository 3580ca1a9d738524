"""TranscriptView without a browser: what it sends, answers and keeps, and how it looks when it is still."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

import regtutor as rt
from regtutor.errors import InvalidArgument
from regtutor.widgets.transcript import still
from regtutor.widgets.transcript.timeline import COLUMNS
from regtutor.widgets.transcript.transcript_view import CROWDED, MOST, MOST_ASKED, TranscriptView
from tests.formats.hostile import BAD, TRANSCRIPT


class Wire:
    """What a view sends to the browser after it was made, and what the browser sends to it."""

    def __init__(self, view: TranscriptView, monkeypatch: pytest.MonkeyPatch) -> None:
        self.view, self.sent = view, list[dict[str, Any]]()
        monkeypatch.setattr(view.comm, "send", lambda data, **_: self.sent.append(data), raising=False)

    def ask(self, kind: str, **values: Any) -> dict[str, Any]:
        """Ask as the browser does; the whole message that answers."""
        self.view._handle_msg(
            {"content": {"data": {"method": "custom", "content": {"kind": kind, "id": 1, **values}}}, "buffers": []}
        )
        (answer,) = [message["content"] for message in self.sent if message["method"] == "custom"][-1:]
        return dict(answer)

    @property
    def size(self) -> int:
        """Characters of all that was sent."""
        return len(json.dumps(self.sent))


@pytest.fixture
def wire(pushed: rt.Transcript, monkeypatch: pytest.MonkeyPatch) -> Wire:
    return Wire(TranscriptView(pushed), monkeypatch)


def long(pushed: rt.Transcript, count: int) -> rt.Transcript:
    return rt.Transcript.of((pushed.exchanges * (count // len(pushed) + 1))[:count], "long")


def test_there_is_one_row_for_each_exchange_and_nothing_of_what_is_inside(pushed: rt.Transcript) -> None:
    view = TranscriptView(pushed)
    assert [row[:2] for row in view.rows] == [[exchange.step, exchange.method] for exchange in pushed]
    assert "Docker-Distribution-Api-Version" not in json.dumps(view.get_state(["rows", "latest"]))
    assert len(json.dumps(view.rows)) < 600 * len(pushed)


def test_opening_answers_with_that_exchange_and_sends_no_row_again(pushed: rt.Transcript, wire: Wire) -> None:
    answer = wire.ask("open", index=2)
    assert answer["value"]["title"]["step"] == pushed[2].step
    assert [message["method"] for message in wire.sent] == ["custom"]


def test_opening_one_of_5000_sends_as_much_as_opening_one_of_50(
    pushed: rt.Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    for count in (50, 5000):
        wire = Wire(TranscriptView(long(pushed, count)), monkeypatch)
        wire.ask("open", index=2)
        wire.view.opened, wire.view.words = 2, "put"
        sizes.append(wire.size)
    assert sizes[0] == sizes[1] < 64_000


@pytest.mark.parametrize("index", [-1, 13, 10**30, True, "2", None, 1.5, BAD * 1000])
def test_an_index_that_is_none_is_refused_by_name(wire: Wire, index: Any) -> None:
    answer = wire.ask("open", index=index)
    assert answer["error"] == wire.view.error
    assert wire.view.error.startswith("There is no exchange ") and "it shows 13" in wire.view.error
    assert len(wire.view.error) < 300


def test_adding_sends_the_new_rows_only_and_a_reloaded_page_gets_all(pushed: rt.Transcript, wire: Wire) -> None:
    wire.view.add(pushed[0])
    wire.view.add(pushed[1], pushed[2])
    states = [message["state"] for message in wire.sent]
    assert [set(state) for state in states] == [{"latest"}, {"latest"}]
    assert [(s["latest"]["start"], len(s["latest"]["rows"])) for s in states] == [(13, 1), (14, 2)]
    rows = wire.view.get_state()["rows"]
    assert [row[0] for row in rows] == [exchange.step for exchange in wire.view.transcript]
    assert len(rows) == 16
    assert wire.ask("open", index=15)["value"]["title"]["step"] == pushed[2].step


def test_adding_to_5000_sends_as_little_as_adding_to_one(
    pushed: rt.Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = Wire(TranscriptView(long(pushed, 5000)), monkeypatch)
    wire.view.add(pushed[2])
    assert 0 < wire.size < 1000


def test_a_browser_that_lacks_rows_gets_them_in_bounded_answers(pushed: rt.Transcript, wire: Wire) -> None:
    wire.view.add(*long(pushed, MOST_ASKED))
    value = wire.ask("rows", start=10)["value"]
    assert value["start"] == 10 and len(value["rows"]) == MOST_ASKED
    assert wire.ask("rows", start=10 + MOST_ASKED)["value"]["rows"] == wire.view.rows[10 + MOST_ASKED :]
    assert wire.ask("rows", start="x")["value"]["start"] == 0


def test_more_than_it_takes_is_counted_and_not_sent(pushed: rt.Transcript) -> None:
    view = TranscriptView(long(pushed, MOST - 1))
    view.add(*pushed[:4])
    assert len(view.rows) == MOST and view.unseen == 3
    view.add(pushed[0])
    assert len(view.rows) == MOST and view.unseen == 4 and len(view.transcript) == MOST + 4
    with pytest.raises(InvalidArgument, match="it shows 20,000"):
        view.opened = MOST


def test_what_is_open_and_the_filter_are_kept_and_sent_to_a_page_that_asks(wire: Wire) -> None:
    wire.view.opened, wire.view.words, wire.view.refused_only, wire.view.method = 3, "blob 404", True, "HEAD"
    state = wire.view.get_state()
    assert (state["opened"], state["words"], state["refused_only"], state["method"]) == (3, "blob 404", True, "HEAD")
    with pytest.raises(InvalidArgument):
        wire.view.opened = 13
    assert wire.view.opened == 3
    wire.view.opened = -1


def test_the_axis_of_a_crowded_transcript_begins_with_what_is_in_sight(pushed: rt.Transcript) -> None:
    assert not TranscriptView(pushed).zoomed
    assert TranscriptView(long(pushed, CROWDED)).zoomed


@pytest.mark.parametrize("wrong", [3, "GET /v2/", [None], rt.sample_image()])
def test_what_is_no_transcript_is_refused_by_name(wrong: Any) -> None:
    with pytest.raises(InvalidArgument, match="is not an exchange"):
        TranscriptView(wrong)


def test_exchanges_in_a_list_or_none_at_all_can_be_shown(pushed: rt.Transcript) -> None:
    assert len(TranscriptView(list(pushed)).rows) == 13
    empty = TranscriptView()
    assert empty.as_text() == "0 requests, 0 bytes up, 0 bytes down, 0 ms, none refused"
    assert "<img" not in empty.static_html()
    empty.add(pushed[0])
    assert len(empty.rows) == 1


def test_the_text_has_an_arrow_for_each_request_and_each_answer(pushed: rt.Transcript) -> None:
    lines = TranscriptView(pushed).as_text().split("\n")
    assert lines[0].startswith("push of library/hello:v1 to embedded: 13 requests, 11,748 bytes up, 0 bytes down, ")
    assert lines[0].endswith("none refused, 4 not found, as expected"), "a HEAD that finds nothing is not a refusal"
    assert lines[1].startswith("   1 --> HEAD /v2/library/hello/blobs/sha256:")
    assert lines[2].startswith("     <-- 404 Not Found, ")
    assert len(lines) == 1 + 2 * 13


def test_the_still_form_has_a_table_bars_and_the_diagram_and_only_what_a_stranger_may_show(
    pushed: rt.Transcript,
) -> None:
    html = TranscriptView(pushed).static_html()
    assert html.count("<tr>") == 14
    assert html.count("background-color:") >= 13
    assert html.count("<img ") == 1 and "data:image/svg+xml;base64," in html
    assert not any(stripped in html for stripped in ("<svg", "<style", "<script", "class=", "NaN", "nan%"))


def test_the_still_form_of_a_long_transcript_is_cut_and_has_no_diagram(pushed: rt.Transcript) -> None:
    view = TranscriptView(long(pushed, 5000))
    html, text = view.static_html(), view.as_text()
    assert html.count("<tr>") == 1 + still.MOST_ROWS
    assert "... and 4,800 more" in html and text.endswith("... and 4,800 more")
    assert "<img" not in html
    assert len(html) < 400_000 and text.count("\n") < 2 * still.MOST_ROWS + 3


def test_hostile_records_stay_text_everywhere() -> None:
    view = TranscriptView(TRANSCRIPT)
    html, text = view.static_html(), view.as_text()
    assert "<script" not in html and "<b>$" not in html and BAD not in html
    assert all(line.isprintable() for line in text.split("\n"))
    assert len(text.split("\n")) == 5
    assert view.title.isprintable() and all(note.isprintable() for note in view.notes)
    row = dict(zip(COLUMNS, view.rows[0], strict=True))
    assert "</script><script>" in row["target"] and "\x1b" not in json.dumps(view.rows, ensure_ascii=False)


def test_the_table_says_everything_that_its_colours_say(pushed: rt.Transcript) -> None:
    cut_off = replace(pushed[0], response=None, error="the connection was cut")
    html = TranscriptView([cut_off, *pushed]).static_html()
    assert "no response" in html and "the connection was cut" in html and "<b>404 Not Found</b>" in html


@pytest.fixture(autouse=True)
def close_all() -> Iterator[None]:
    yield
    TranscriptView.close_all()
