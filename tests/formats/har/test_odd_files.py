"""HAR files of other tools: an odd field costs that field, an odd entry that entry, and a note names both."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import regtutor as rt
from regtutor.errors import UnsupportedTranscript
from regtutor.formats.transcript_file import transcript_in
from tests.formats.har.test_har import BROWSERS, MANIFEST, places


def text_of(*entries: Any) -> str:
    return json.dumps({"log": {"version": "1.2", "creator": {}, "entries": entries}})


def loaded(*entries: Any) -> rt.Transcript:
    return transcript_in(text_of(*entries).encode(), "x.har")


def changed(way: str, value: Any) -> dict[str, Any]:
    entry = copy.deepcopy(BROWSERS)
    *path, last = way.split(".")
    holder = entry
    for name in path:
        holder = holder[name]
    holder[last] = value
    return entry


def without(way: str) -> dict[str, Any]:
    entry = copy.deepcopy(BROWSERS)
    *path, last = way.split(".")
    holder = entry
    for name in path:
        holder = holder[name]
    del holder[last]
    return entry


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_byte_order_mark_and_utf_16_are_ignored(encoding: str, tmp_path: Path) -> None:
    transcript = transcript_in(text_of(BROWSERS).encode(encoding), "x.har")
    assert len(transcript) == 1
    ours = rt.save(transcript, tmp_path / "x.json").read_text()
    assert len(transcript_in(ours.encode(encoding), "x.json")) == 1


@pytest.mark.parametrize("status", [-1, -999, 0, 0.0, None, "0", [], "none", 1e400, True], ids=str)
def test_a_status_that_is_no_status_means_no_response(status: Any) -> None:
    (one,) = loaded(changed("response.status", status))
    assert (one.status, one.error) == (None, "the file contains no response")


@pytest.mark.parametrize("status", [404, "404", 404.0, " 404 "], ids=str)
def test_a_status_as_text_or_with_a_fraction_of_zero_is_read(status: Any) -> None:
    transcript = loaded(changed("response.status", status))
    assert (transcript[0].status, transcript.notes) == (404, ())


@pytest.mark.parametrize("name", ["_error", "_failureText"])
def test_the_reason_that_the_tool_gives_is_kept(name: str) -> None:
    (one,) = loaded(changed("response", {"status": -1, name: "net::ERR_CONNECTION_REFUSED"}))
    assert one.error == "net::ERR_CONNECTION_REFUSED"


@pytest.mark.parametrize("response", [None, [], "", 3], ids=str)
def test_an_entry_without_a_response_is_an_exchange_without_one(response: Any) -> None:
    (one,) = loaded(changed("response", response))
    assert (one.method, one.status) == ("GET", None)
    (one,) = loaded(without("response"))
    assert one.status is None


@pytest.mark.parametrize(
    ("text", "data"),
    [("eyJhIjoxfQ==", b'{"a":1}'), ("eyJhIjoxfQ", b'{"a":1}'), ("_-8", b"\xff\xef"), ("/+8=", b"\xff\xef"),
     ('{"a": 1}', b'{"a": 1}'), ("eyJh\nIjoxfQ==", b'{"a":1}'), ("a", b"a"), ("", b"")],
)  # fmt: skip
def test_base64_in_every_variant_and_text_that_is_only_labelled_so(text: str, data: bytes) -> None:
    content = {"size": -1, "mimeType": "application/octet-stream", "encoding": "base64", "text": text}
    (one,) = loaded(changed("response.content", content))
    assert one.content == data


def test_text_of_the_stated_size_is_no_base64_although_it_would_decode() -> None:
    content = {"size": 8, "mimeType": "text/plain", "encoding": "base64", "text": "disabled"}
    transcript = loaded(changed("response.content", content))
    assert transcript[0].content == b"disabled"
    assert "plain text" in transcript.notes[0]


@pytest.mark.parametrize("encoding", ["encoding", "_encoding"])
def test_the_body_of_a_request_can_be_base64_too(encoding: str) -> None:
    entry = changed("request.postData", {"mimeType": "application/json", "text": "eyJhIjoxfQ==", encoding: "base64"})
    entry["request"]["bodySize"] = 7
    (one,) = loaded(entry)
    assert one.request.body.preview == b'{"a":1}'
    assert one.request.body.digest is not None


@pytest.mark.parametrize("url", ["http://[::1/v2/", "http://a]b/v2/x", "http://[zz]/v2/?a=1"])
def test_a_url_that_cannot_be_split_costs_only_itself(url: str) -> None:
    entry = changed("request.url", url)
    entry["response"]["headers"].append({"name": "Location", "value": "/next"})
    transcript = loaded(entry)
    assert (transcript[0].url, transcript[0].status) == (url, 200)
    assert rt.explain(transcript[0])


def test_odd_headers_cost_themselves() -> None:
    headers = [{"name": "A", "value": "1"}, {"name": "B"}, {"name": "C", "value": None}, {"name": "D", "value": 4}, 7]
    transcript = loaded(changed("response.headers", headers))
    assert dict(transcript[0].headers) == {"A": "1", "D": "4"}
    assert len(transcript.notes) == 3
    for odd in (None, {}, "x"):
        assert not loaded(changed("response.headers", odd))[0].headers


def test_an_odd_entry_costs_only_itself_and_is_named() -> None:
    transcript = loaded(BROWSERS, None, without("request"), without("request.url"), without("request.method"), BROWSERS)
    assert len(transcript) == 2
    assert "log.entries[1]" in transcript.notes[0]


def test_notes_of_one_kind_are_counted_together() -> None:
    transcript = loaded(*[changed("timings.send", float("nan"))] * 500)
    assert transcript.notes == (
        "left out: log.entries[0].timings.send is not a finite number (and 499 more of the same kind)",
    )


def test_a_number_of_any_length_costs_only_its_field() -> None:
    text = text_of(BROWSERS).replace('"send": 0.5', f'"send": {"9" * 5000}')
    assert len(transcript_in(text.encode(), "x.har")) == 1


def test_a_body_that_the_file_does_not_contain_is_not_an_empty_one() -> None:
    entry = changed("response.content", {"size": 0, "mimeType": "application/json"})
    entry["response"]["headers"] = [{"name": "Content-Length", "value": str(len(MANIFEST))}]
    (one,) = loaded(entry)
    assert one.response
    assert (one.response.body.size, one.response.body.digest) == (len(MANIFEST), None)
    assert not [finding for finding in rt.explain(one).diagnoses if "length" in finding.name.lower()]
    entry["request"]["method"] = "HEAD"
    (one,) = loaded(entry)
    assert one.bytes_down == 0


ODD = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(st.tuples(st.sampled_from(places(BROWSERS)), ODD), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_no_odd_value_costs_another_entry(changes: list[tuple[tuple[str, ...], Any]]) -> None:
    entry = copy.deepcopy(BROWSERS)
    for way, odd in changes:
        holder: Any = entry
        for name in way[:-1]:
            holder = holder.get(name) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            holder[way[-1]] = odd
    transcript = loaded(BROWSERS, entry, BROWSERS)
    assert len(transcript) >= 2
    assert transcript[0] == transcript[-1]
    assert len(transcript) == 3 or transcript.notes
    for exchange in transcript:
        assert rt.explain(exchange)
        assert str(exchange)


def test_a_file_without_any_usable_entry_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedTranscript, match=r"entries\[0\].*'request'"):
        loaded(without("request"), without("request.url"))
