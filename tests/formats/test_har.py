"""HAR 1.2: what is written has every field that the format requires, and loses nothing of a record."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import regtutor as rt
from regtutor.exchange import BodyRecord, Exchange, RequestRecord
from tests.formats.hostile import TRANSCRIPT

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


@pytest.fixture(scope="module")
def pushed() -> rt.Transcript:
    with rt.open_registry("embedded", quiet=True) as reg:
        return rt.push_image(reg, rt.sample_image(), "library/hello", "v1")


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
