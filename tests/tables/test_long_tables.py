"""Long tables: what is done for each exchange is counted, and does not grow with the transcript."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import FrameType

import pytest

import regtutor as rt
from regtutor import exchange
from regtutor.exchange import Exchange, RequestRecord, ResponseRecord, Transcript
from regtutor.tables import frames

PAGE = ("Content-Type", "text/html")


def repeated(count: int) -> Transcript:
    request, response = RequestRecord("HEAD", "/v2/a/blobs/sha256:0"), ResponseRecord(404, "Not Found")
    one = Exchange("head_blob", "http://r.example/v2/a/blobs/sha256:0", request, response)
    return Transcript.of([replace(one, started=str(number)) for number in range(count)])


def calls(count: int) -> int:
    """Return how many Python functions are called while ``count`` exchanges become a table."""
    transcript, called = repeated(count), 0

    def count_call(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal called
        called += event == "call"

    sys.setprofile(count_call)
    try:
        table = rt.summary_table(transcript)
    finally:
        sys.setprofile(None)
    assert len(table) == count
    return called


def test_the_calls_for_each_exchange_are_few_and_do_not_grow() -> None:
    calls(10)  # fills the caches, and imports pandas
    first, second, third = calls(1_000), calls(2_000), calls(4_000)
    assert abs((third - second) / 2 - (second - first)) < 0.05 * second
    assert (third - second) / 2_000 < 45


def test_a_column_that_is_printable_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    visible_lines = frames.visible_lines
    monkeypatch.setattr(frames, "visible_lines", lambda text: looked.append(text) or visible_lines(text))
    rt.summary_table(repeated(100))
    assert not looked
    (one,) = repeated(1)
    odd = replace(one, request=RequestRecord("HEAD", "/v2/\x1b[2J"))
    table = rt.summary_table([one, odd])
    assert list(table["target"]) == ["/v2/a/blobs/sha256:0", "/v2/\\x1b[2J"]
    assert looked == ["/v2/a/blobs/sha256:0", "/v2/\x1b[2J"]


def test_a_missing_value_is_missing_beside_text_that_is_not_printable() -> None:
    index = frames.counted(3, "n")
    table = frames.frame({"a": ["x", None, "\x1b"]}, {"a": "string"}, index)
    assert table["a"].isna().tolist() == [False, True, False]
    assert table["a"][3] == "\\x1b"


def test_only_a_response_that_can_be_a_page_is_searched_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[str] = []
    page_in = exchange.page_in
    monkeypatch.setattr("regtutor.exchange.page_in", lambda got: searched.append(got.endpoint) or page_in(got))
    (one,) = repeated(1)
    assert one.page is None
    assert not searched
    page = replace(one, response=ResponseRecord(404, "Not Found", (PAGE,)))
    assert page.page is not None
    assert "not a response of the API" in rt.summary_table(page)["meaning"][1]
    assert set(searched) == {"head_blob"}
