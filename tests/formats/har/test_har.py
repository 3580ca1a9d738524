"""HAR 1.2: what is written has every field that the format requires, and loses nothing of a record."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

import regtutor as rt
from regtutor.errors import UnsupportedTranscript
from regtutor.exchange import BodyRecord, Exchange, RequestRecord
from tests.formats.hostile import TRANSCRIPT
from tests.formats.test_transcript_file import TRANSCRIPTS

Fields = dict[str, type | tuple[type, ...]]
NUMBER = (int, float)

# Required fields of each object, by hand from the format's document.
LOG: Fields = {"version": str, "creator": dict, "entries": list}
CREATOR: Fields = {"name": str, "version": str}
ENTRY: Fields = {
    "startedDateTime": str, "time": NUMBER, "request": dict, "response": dict, "cache": dict, "timings": dict
}  # fmt: skip
REQUEST: Fields = {
    "method": str, "url": str, "httpVersion": str, "cookies": list, "headers": list, "queryString": list,
    "headersSize": int, "bodySize": int,
}  # fmt: skip
RESPONSE: Fields = {
    "status": int, "statusText": str, "httpVersion": str, "cookies": list, "headers": list, "content": dict,
    "redirectURL": str, "headersSize": int, "bodySize": int,
}  # fmt: skip
CONTENT: Fields = {"size": int, "mimeType": str}
POST_DATA: Fields = {"mimeType": str, "text": str}
PAIR: Fields = {"name": str, "value": str}
TIMINGS: Fields = {"send": NUMBER, "wait": NUMBER, "receive": NUMBER}
OPTIONAL = {
    "pages", "comment", "postData", "text", "encoding", "blocked", "dns", "connect", "ssl"
}  # fmt: skip


def holds(value: Any, fields: Fields) -> None:
    """``value`` has the ``fields``, of their types, and none that the format does not know but for ``_`` ones."""
    for name, kind in fields.items():
        assert isinstance(value[name], kind) and not isinstance(value[name], bool), name
    unknown = {name for name in value if not name.startswith("_")} - set(fields) - OPTIONAL
    assert not unknown


def is_har(text: str) -> list[dict[str, Any]]:
    """The entries of a text that is HAR 1.2."""
    log = json.loads(text)["log"]
    holds(log, LOG)
    assert log["version"] == "1.2"
    holds(log["creator"], CREATOR)
    for entry in log["entries"]:
        is_entry(entry)
    return log["entries"]  # type: ignore[no-any-return]


def is_entry(entry: dict[str, Any]) -> None:
    holds(entry, ENTRY)
    assert datetime.fromisoformat(entry["startedDateTime"]).tzinfo is not None
    request, response, timings = entry["request"], entry["response"], entry["timings"]
    holds(request, REQUEST)
    holds(response, RESPONSE)
    holds(response["content"], CONTENT)
    holds(timings, TIMINGS)
    assert all(timings[name] >= 0 for name in TIMINGS)
    assert entry["time"] == pytest.approx(sum(max(part, 0) for part in timings.values()))
    for pair in [*request["headers"], *request["queryString"], *response["headers"]]:
        holds(pair, PAIR)
    if "postData" in request:
        holds(request["postData"], POST_DATA)


def exported(transcript: rt.Transcript, tmp_path: Path) -> str:
    return rt.export(transcript, tmp_path / "push.har").read_text()


def test_a_push_is_har(pushed: rt.Transcript, tmp_path: Path) -> None:
    entries = is_har(exported(pushed, tmp_path))
    assert [e["response"]["status"] for e in entries] == [e.status for e in pushed]
    put = entries[2]
    assert {"name": "digest", "value": pushed[2].request.body.digest} in put["request"]["queryString"]
    assert put["request"]["bodySize"] == pushed[2].bytes_up
    assert put["_interims"][0]["status"] == 100
    manifest = entries[-1]["request"]["postData"]
    assert json.loads(manifest["text"])["schemaVersion"] == 2


def test_hostile_texts_and_requests_without_an_answer_are_har(tmp_path: Path) -> None:
    first, failed = is_har(exported(TRANSCRIPT, tmp_path))
    assert first["startedDateTime"].startswith("1970")
    assert (failed["response"]["status"], failed["response"]["_answered"]) == (0, False)
    assert failed["response"]["_error"]


def test_a_body_that_is_no_text_is_base64(tmp_path: Path) -> None:
    body = BodyRecord(2, None, b"\xff\xfe", "sent")
    one = Exchange("put_blob", "http://h/", RequestRecord("PUT", "/", (), body))
    (entry,) = is_har(exported(rt.Transcript.of([one]), tmp_path))
    assert entry["request"]["postData"] == {"mimeType": "", "text": "//4=", "_encoding": "base64"}


def test_no_secret_reaches_the_file(tmp_path: Path) -> None:
    request = RequestRecord("GET", "/v2/?password=pw3", (("Authorization", "Basic pw4"), ("Cookie", "pw5")))
    one = Exchange("x", "http://me:pw1@h/v2/x?token=pw2", request, error="http://me:pw6@h/")
    assert not re.search(r"pw\d", exported(rt.Transcript.of([one]), tmp_path))


# --- And back -----------------------------------------------------------------------------------------------------


@given(TRANSCRIPTS)
@settings(max_examples=40, deadline=None)
def test_nothing_of_a_record_is_lost(tmp_path_factory: pytest.TempPathFactory, transcript: rt.Transcript) -> None:
    loaded = rt.load(rt.export(transcript, tmp_path_factory.mktemp("har") / "x.har"))
    assert loaded == transcript
    assert [e.location for e in loaded] == [e.location for e in transcript]


def test_a_push_comes_back_and_says_the_same(pushed: rt.Transcript, tmp_path: Path) -> None:
    assert rt.load(rt.export(pushed, tmp_path / "push.har")).as_text() == pushed.as_text()


# As browsers save it: HTTP/2, lower-case names, sizes and times that are not known, fields that are not there.
MANIFEST = '{"schemaVersion": 2}'
BROWSERS: dict[str, Any] = {
    "startedDateTime": "2026-01-02T03:04:05.678Z",
    "time": 12.5,
    "request": {
        "method": "GET",
        "url": "https://me:pw1@registry.example/v2/library/hello/manifests/v1?token=pw2",
        "httpVersion": "h2",
        "headers": [{"name": ":authority", "value": "x"}, {"name": "authorization", "value": "Bearer pw3"}],
        "queryString": [],
        "cookies": [{"name": "session", "value": "pw4"}],
        "headersSize": -1,
        "bodySize": 0,
    },
    "response": {
        "status": 200,
        "statusText": "",
        "httpVersion": "h2",
        "headers": [{"name": "set-cookie", "value": "pw5"}, {"name": "location", "value": "/next?sig=pw6"}],
        "cookies": [],
        "content": {"size": len(MANIFEST), "mimeType": "application/json", "text": MANIFEST},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": -1,
    },
    "cache": {},
    "timings": {"blocked": -1, "connect": -1, "send": 0.5, "wait": 10, "receive": 2},
    "_priority": "High",
}


def written(tmp_path: Path, *entries: Any) -> Path:
    path = tmp_path / "browser.har"
    path.write_text(json.dumps({"log": {"version": "1.2", "creator": {}, "entries": entries}}))
    return path


def test_a_browsers_har_is_a_transcript_without_its_secrets(tmp_path: Path) -> None:
    (one,) = loaded = rt.load(written(tmp_path, BROWSERS))
    assert (one.step, one.status, one.request.version) == ("get_manifest", 200, "h2")
    assert one.json() == {"schemaVersion": 2}
    assert one.response and one.response.body.digest == f"sha256:{hashlib.sha256(MANIFEST.encode()).hexdigest()}"
    assert one.milliseconds == pytest.approx(12.5)
    assert "authorization" in one.request_headers and ":authority" not in one.request_headers
    assert str(one.location) == "https://<redacted>@registry.example/next?sig=<redacted>"
    assert not re.search(r"pw\d", repr(loaded.exchanges) + str(loaded))


def test_no_answer_and_a_request_that_no_document_names_are_taken_too(tmp_path: Path) -> None:
    failed = BROWSERS | {"response": BROWSERS["response"] | {"status": 0}}
    failed["request"] = failed["request"] | {"url": "https://registry.example/favicon.ico"}
    (one,) = rt.load(written(tmp_path, failed))
    assert (one.step, one.status, one.error) == ("request", None, "the file contains no response")


def test_a_body_that_is_not_whole_has_no_digest(tmp_path: Path) -> None:
    content = {"size": 9000, "mimeType": "image/png", "encoding": "base64", "text": "iVBO\nRw=="}
    (one,) = rt.load(written(tmp_path, BROWSERS | {"response": BROWSERS["response"] | {"content": content}}))
    assert one.response and (one.response.body.size, one.response.body.digest) == (9000, None)
    assert one.content == b"\x89PNG"


def places(value: Any, *way: str) -> list[tuple[str, ...]]:
    inner = value.items() if isinstance(value, dict) else []
    return [found for name, item in inner for found in ((*way, name), *places(item, *way, name))]


@pytest.mark.parametrize("wrong", [None, [], {}, "x", -7, [3], {"a": 1}, 1e400], ids=str)
@pytest.mark.parametrize("way", places(BROWSERS), ids=".".join)
def test_a_wrong_value_anywhere_is_loaded_or_named_and_never_a_traceback(
    way: tuple[str, ...], wrong: Any, tmp_path: Path
) -> None:
    broken = copy.deepcopy(BROWSERS)
    holder = broken
    for name in way[:-1]:
        holder = holder[name]
    holder[way[-1]] = wrong
    try:
        assert len(rt.load(written(tmp_path, broken))) == 1
    except UnsupportedTranscript as error:
        assert way[-1] in error.why
    del holder[way[-1]]
    try:
        assert len(rt.load(written(tmp_path, broken))) == 1
    except UnsupportedTranscript as error:
        assert f"has no {way[-1]!r}" in error.why


@pytest.mark.parametrize("log", [None, [], {}, {"entries": 3}, {"entries": [None]}], ids=str)
def test_what_only_looks_like_har_is_refused_by_name(log: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.har"
    path.write_text(json.dumps({"log": log}))
    with pytest.raises(UnsupportedTranscript, match=r"entries|log"):
        rt.load(path)
