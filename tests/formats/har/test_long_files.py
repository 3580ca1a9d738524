"""Long HAR files: what is done for each entry is counted, and does not grow with the file."""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import regtutor as rt
from regtutor.formats.har.reading import transcript_of_har
from regtutor.formats.json_value import Value
from regtutor.protocol import secrets
from tests.formats.har.test_har import BROWSERS
from tests.formats.har.test_odd_files import text_of


def numbered(count: int) -> list[Any]:
    """Return entries that differ in their digest, their time and a token, as those of a real file do."""
    entries = []
    for number in range(count):
        entry = json.loads(json.dumps(BROWSERS).replace("manifests/v1", f"blobs/sha256:{number:064}"))
        entry["request"]["headers"].append({"name": "Authorization", "value": f"Bearer s3cret{number}"})
        entry["timings"]["wait"] = number + 0.5
        entries.append(entry)
    return entries


def calls(count: int) -> int:
    """Return how many Python functions are called while a file with ``count`` entries becomes a transcript."""
    value, called = Value(json.loads(text_of(*numbered(count)))), 0

    def count_call(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal called
        called += event == "call"

    sys.setprofile(count_call)
    try:
        transcript = transcript_of_har(value)
    finally:
        sys.setprofile(None)
    assert len(transcript) == count
    assert "s3cret" not in transcript.as_text()
    return called


def test_the_calls_for_each_entry_are_few_and_do_not_grow() -> None:
    calls(10)  # fills the caches
    first, second = calls(200), calls(400)
    assert 380 * first < 200 * second < 420 * first
    assert (second - first) / 200 < 250


def test_a_place_is_composed_only_for_what_is_odd(monkeypatch: pytest.MonkeyPatch) -> None:
    value, made = Value(json.loads(text_of(*numbered(100)))), 0

    class Counted(Value):
        def __init__(self, *given: Any) -> None:
            nonlocal made
            made += 1
            super().__init__(*given)

    for module in ("json_value", "har.fields"):
        monkeypatch.setattr(f"regtutor.formats.{module}.Value", Counted)
    transcript_of_har(value)
    assert 100 <= made <= 700  # for each entry: itself, its request, response, timings and both bodies


def test_a_header_that_repeats_is_searched_for_secrets_once(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[str] = []
    redact_text = secrets.redact_text
    monkeypatch.setattr(secrets, "redact_text", lambda text: searched.append(text) or redact_text(text))
    secrets._WITHOUT_SECRETS.clear()
    entries = numbered(50)
    for entry in entries:
        entry["response"]["headers"].append({"name": "X-Same", "value": "the same"})
    transcript = transcript_of_har(Value(json.loads(text_of(*entries))))
    assert searched.count("the same") == 1
    first, *others = (next(pair for pair in one.response.headers if pair[0] == "X-Same") for one in transcript)
    assert all(pair is first for pair in others)


def test_headers_are_remembered_up_to_a_limit_and_secrets_never() -> None:
    secrets._WITHOUT_SECRETS.clear()
    for number in range(2 * secrets._MOST_REMEMBERED):
        shown = secrets.redact_headers((("X-Number", str(number)), ("Authorization", f"Bearer s3cret{number}")))
        assert shown == (("X-Number", str(number)), ("Authorization", f"Bearer {secrets.REDACTED}"))
        assert len(secrets._WITHOUT_SECRETS) <= secrets._MOST_REMEMBERED
    secrets.redact_headers((("Long", "x" * 1000), ("X-Note", "see https://u:s3cret@host/?sig=s3cret")))
    assert not any("s3cret" in value or len(value) > 512 for _, value in secrets._WITHOUT_SECRETS)


def test_an_entry_that_was_read_is_taken_out_of_the_json() -> None:
    value = Value(json.loads(text_of(*numbered(3))))
    assert len(transcript_of_har(value)) == 3
    assert value.value["log"]["entries"] == [None, None, None]


def test_loading_leaves_the_collector_and_what_the_program_froze_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "x.har"
    path.write_text(text_of(BROWSERS))
    rt.load(path)
    assert gc.isenabled()
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        rt.load(path)
        assert gc.get_freeze_count() >= frozen - 100 > 0  # some of the frozen objects end by themselves
    finally:
        gc.unfreeze()
    gc.disable()
    try:
        rt.load(path)
        assert not gc.isenabled()
    finally:
        gc.enable()
