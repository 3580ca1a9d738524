"""Transcripts in files: what is saved comes back, and nothing else is believed."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import regtutor as rt
from regtutor.errors import CannotSave, LocationLost, UnsupportedTranscript
from regtutor.exchange import BodyRecord, Exchange, Interim, RequestRecord, ResponseRecord, Transcript, WireEvent
from regtutor.formats import load, save, transcript_file
from regtutor.message import Location

TEXT = st.text(alphabet=st.characters(), max_size=30)  # lone surrogates included
HEADERS = st.lists(st.tuples(st.sampled_from(["Authorization", "Location", "X"]) | TEXT, TEXT), max_size=4).map(tuple)
MEDIA_TYPES = st.sampled_from(["", "application/json", "text/plain", "application/x-www-form-urlencoded"])
SECRETS = st.sampled_from([b'{"token": "abc", "n": 1}', b'{"token": "ab', b"password=x&token=y", b"\xff\xfe", b"{}"])
BODIES = st.builds(
    BodyRecord,
    st.integers(0, 2**40),
    st.none() | TEXT,
    st.binary(max_size=40) | SECRETS,
    st.sampled_from(sorted(transcript_file.FATES)),
    MEDIA_TYPES,
)
AT = st.floats(0, 1e6)
URLS = TEXT | st.sampled_from(["http://a:b@h/?token=x&_state=y", "/v2/x?X-Amz-Signature=1&sig=<redacted>"])
EXCHANGES = st.builds(
    Exchange,
    step=TEXT,
    url=URLS,
    request=st.builds(RequestRecord, TEXT, URLS, HEADERS, BODIES, TEXT),
    response=st.none() | st.builds(ResponseRecord, st.integers(100, 999), TEXT, HEADERS, BODIES, TEXT),
    interims=st.lists(st.builds(Interim, st.integers(100, 199), TEXT, HEADERS, AT, TEXT), max_size=2).map(tuple),
    events=st.lists(st.builds(WireEvent, AT, TEXT, st.integers(0, 2**40), TEXT), max_size=3).map(tuple),
    started=TEXT,
    location=st.none() | URLS.map(Location),
    registry=TEXT,
    proxy=URLS,
    error=URLS,
)
TRANSCRIPTS = st.builds(Transcript, st.lists(EXCHANGES, max_size=3).map(tuple), TEXT, st.lists(TEXT).map(tuple))


@given(TRANSCRIPTS)
@settings(max_examples=60, deadline=None)
def test_every_field_comes_back(tmp_path_factory: pytest.TempPathFactory, transcript: Transcript) -> None:
    path = tmp_path_factory.mktemp("saved") / "transcript.json"
    loaded = load(save(transcript, path))
    assert loaded == transcript
    assert [x.location for x in loaded] == [x.location for x in transcript]


@pytest.fixture
def pushed() -> Iterator[Transcript]:
    with rt.open_registry("embedded", quiet=True) as reg:
        yield rt.push_image(reg, rt.sample_image(), "library/hello", "v1")


def test_a_real_push_comes_back_and_says_the_same(pushed: Transcript, tmp_path: Path) -> None:
    loaded = load(save(pushed, tmp_path / "push.json"))
    assert loaded == pushed
    assert loaded.as_text() == pushed.as_text()
    assert loaded[-1].meaning == pushed[-1].meaning


def test_one_exchange_and_a_list_are_saved_as_transcripts(pushed: Transcript, tmp_path: Path) -> None:
    assert load(save(pushed[0], tmp_path / "one.json")) == Transcript.of([pushed[0]])
    assert load(save(list(pushed[:2]), tmp_path / "two.json")) == Transcript.of(pushed[:2])


def test_a_text_body_stays_readable_in_the_file(pushed: Transcript, tmp_path: Path) -> None:
    written = json.loads(save(pushed, tmp_path / "push.json").read_text())
    assert written["format"] == "regtutor-transcript/1"
    assert "schemaVersion" in written["exchanges"][-1]["request"]["body"]["text"]


def test_no_secret_reaches_the_file_and_a_lost_location_says_so(tmp_path: Path) -> None:
    whole = "http://me:pw1@h/v2/x?token=pw2"
    request = RequestRecord("GET", "/v2/?password=pw3", (("Authorization", "Basic pw4"),))
    path = save(Exchange("x", whole, request, location=Location(whole)), tmp_path / "one.json")
    assert "pw" not in path.read_text()
    location = load(path)[0].location
    assert location is not None
    with pytest.raises(LocationLost):
        location.follow()


def test_a_location_without_a_secret_can_still_be_followed(tmp_path: Path) -> None:
    exchange = Exchange(
        "x", "http://h/", RequestRecord("GET", "/"), location=Location("/v2/a?_state=b%2f", "http://h/")
    )
    location = load(save(exchange, tmp_path / "one.json"))[0].location
    assert location is not None and location.follow() == "http://h/v2/a?_state=b%2f"


def test_the_file_is_private_even_where_files_are_not(tmp_path: Path, pushed: Transcript) -> None:
    path = tmp_path / "push.json"
    path.write_text("old")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        save(pushed, path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = save(Transcript(title="old"), tmp_path / "push.json")
    broken = Exchange("x", "", RequestRecord("GET", "/"), events=(WireEvent(float("nan"), "x"),))
    with pytest.raises(ValueError, match="JSON compliant"):
        save(broken, path)
    assert load(path).title == "old"
    (tmp_path / "folder").mkdir()
    with pytest.raises(CannotSave, match="cannot be written"):
        save(Transcript(), tmp_path / "folder")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["folder", "push.json"]


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotSave, match="No such file or directory"):
        save(Transcript(), tmp_path / "nowhere" / "push.json")


def refused(path: Path, text: str | bytes, why: str) -> None:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UnsupportedTranscript, match=why) as caught:
        load(path)
    assert str(path) in caught.value.what and caught.value.next


def test_a_newer_format_is_refused_by_name(tmp_path: Path) -> None:
    refused(tmp_path / "a", '{"format": "regtutor-transcript/2", "exchanges": 1}', "'regtutor-transcript/2'.*newer one")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "its format is not recognized.*rt.save.*HAR.*curl -v"),
        ('{"format": "regtutor-transcript/1"', "delimiter"),
        (b"\xff\xfe\xfd", "not text"),
        (b"{\xff}", "not text: byte 1 cannot be decoded"),
        ("[" * 100_000, "recursion"),
        ("[]", "does not contain"),
        ("{}", "does not contain"),
        ('{"format": "har/1"}', "does not contain"),
        ('{"format": ["regtutor-transcript/1"]}', "does not contain"),
        ('{"format": "regtutor-transcript/1"}', "the file has no 'exchanges'"),
        ('{"format": "regtutor-transcript/1", "exchanges": {}}', "exchanges is not a list"),
        ('{"format": "regtutor-transcript/1", "exchanges": [3]}', r"exchanges\[0\] is not an object"),
        ('{"format": "regtutor-transcript/1", "exchanges": ' + "9" * 5000 + "}", "digits"),
    ],
)
def test_what_is_no_transcript_is_refused(text: str | bytes, why: str, tmp_path: Path) -> None:
    refused(tmp_path / "bad.json", text, why)


def test_a_file_that_is_not_there_or_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "missing", tmp_path / "pipe"):
        with pytest.raises(
            UnsupportedTranscript, match="does not exist" if path.name == "missing" else "is not a regular file"
        ):
            load(path)


def test_a_file_that_cannot_be_read() -> None:
    # Root may read every file; this one nobody can, from its first byte.
    path = Path("/proc/self/mem")
    if not path.exists():
        pytest.skip("only Linux has /proc/self/mem")
    with pytest.raises(UnsupportedTranscript, match=r"mem cannot be loaded: .*error"):
        load(path)


def test_a_file_that_is_too_large_is_refused_and_never_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(Transcript(title="t"), tmp_path / "a.json")
    monkeypatch.setattr(transcript_file, "LIMIT", 20)
    with pytest.raises(UnsupportedTranscript, match="more than 20 bytes"):
        load(path)
    with pytest.raises(UnsupportedTranscript, match="in parts"):
        save(Transcript(), tmp_path / "b.json")
    assert not (tmp_path / "b.json").exists()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a JSON value below the top."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


WRONG = [None, True, -1, 1.5, "x", [], {}, [["a"]], {"a": 1}, 10**30, "\ud800"]


def test_no_wrong_value_anywhere_gives_anything_but_the_named_error(tmp_path: Path) -> None:
    answer = ResponseRecord(200, "OK", (("A", "b"),), BodyRecord(2, "sha256:0", b"\xff", "received"))
    events = (WireEvent(0.5, "connected"),)
    request = RequestRecord("GET", "/v2/", (("Host", "h"),))
    exchange = Exchange("x", "http://h/", request, answer, (Interim(100, "Continue"),), events, location=Location("/a"))
    path = save(Transcript((exchange,), "title", ("note",)), tmp_path / "good.json")
    good = json.loads(path.read_text())
    refusals = 0
    for place in places(good):
        for wrong in (*WRONG, "missing"):
            bad = copy.deepcopy(good)
            holder = bad
            for key in place[:-1]:
                holder = holder[key]
            if wrong == "missing":
                del holder[place[-1]]
            else:
                holder[place[-1]] = wrong
            path.write_text(json.dumps(bad))
            try:
                rt.headers_table(load(path), side="both", as_sent=True)
                load(path).as_text()
            except UnsupportedTranscript:
                refusals += 1
    assert refusals > 300


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CannotSave, match="not a regular file"):
        save(Transcript(), tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()
