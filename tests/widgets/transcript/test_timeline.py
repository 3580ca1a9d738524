"""Where the bars of a transcript stand, and what its rows hold."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from importlib.resources import files

import pytest

import regtutor as rt
from regtutor.exchange import BodyRecord, Exchange, RequestRecord, ResponseRecord, WireEvent
from regtutor.protocol.referrers import referrers_tag
from regtutor.widgets.transcript import still, timeline
from regtutor.widgets.transcript.timeline import (
    COLUMNS,
    Place,
    TimeAxis,
    duration,
    expected,
    parts_of,
    refused,
    rows_of,
    short,
)
from tests.formats.hostile import HOSTILE, TRANSCRIPT


def made(started: str = "", ms: float = 10.0, status: int | None = 200, body: str = "") -> Exchange:
    response = None if status is None else ResponseRecord(status, "OK", (), BodyRecord(len(body), None, body.encode()))
    events = (WireEvent(ms / 1000, "head received"),)
    return Exchange("check_api", "http://127.0.0.1/v2/", RequestRecord("GET", "/v2/"), response, (), events, started)


def at(seconds: float) -> str:
    return f"2026-11-23T12:{int(seconds // 60):02}:{seconds % 60:06.3f}+00:00"


def places(*exchanges: Exchange) -> list[tuple[float, float, float, bool]]:
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in rows_of(exchanges, TimeAxis())]
    return [(row["left"], row["ms"], row["pause"], row["timed"]) for row in rows]


def test_bars_stand_where_the_exchanges_began_counted_from_the_first() -> None:
    assert places(made(at(5)), made(at(5.02)), made(at(5.025), 40)) == [
        (0.0, 10.0, 0.0, True),
        (20.0, 10.0, 0.0, True),
        (25.0, 40.0, 0.0, True),
    ]


def test_a_pause_of_more_than_a_second_is_no_longer_than_the_exchanges_beside_it() -> None:
    found = places(made(at(0), 10), made(at(31.010), 20), made(at(31.530)))
    assert found == [(0.0, 10.0, 0.0, True), (30.0, 20.0, 30_980.0, True), (550.0, 10.0, 0.0, True)]


def test_exchanges_listed_behind_each_other_and_recorded_beside_each_other_overlap() -> None:
    assert places(made(at(10.005)), made(at(10))) == [(5.0, 10.0, 0.0, True), (0.0, 10.0, 0.0, True)]


def test_without_a_time_exchanges_stand_one_after_another_and_say_so() -> None:
    assert places(made(), made(ms=5), made("soon")) == [
        (0.0, 10.0, 0.0, False),
        (10.0, 5.0, 0.0, False),
        (15.0, 10.0, 0.0, False),
    ]


def test_one_without_a_time_among_others_stands_behind_those_before_it() -> None:
    assert places(made(at(0)), made(), made(at(0.05))) == [
        (0.0, 10.0, 0.0, True),
        (10.0, 10.0, 0.0, False),
        (50.0, 10.0, 0.0, True),
    ]


def test_what_comes_later_moves_nothing_even_if_it_began_before_all_others() -> None:
    axis = TimeAxis()
    assert axis.place(made(at(10))) == Place(0.0, 10.0)
    assert axis.place(made(at(3))) == Place(10.0, 10.0, timed=False)
    assert axis.place(made(at(10.03))) == Place(30.0, 10.0)


def test_an_exchange_from_before_a_pause_that_comes_late_stands_before_that_pause() -> None:
    axis = TimeAxis()
    lefts = [axis.place(made(at(second), 10)).left for second in (0, 60, 0.02, 60.05)]
    assert lefts == [0.0, 20.0, 20.0, 70.0]


def test_a_real_push_lies_on_the_axis_in_order_and_its_parts_add_up(pushed: rt.Transcript) -> None:
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in rows_of(pushed.exchanges, TimeAxis())]
    lefts = [row["left"] for row in rows]
    assert lefts == sorted(lefts) and lefts[0] == 0 and all(row["timed"] for row in rows)
    for row in rows:
        assert sum(ms for _, ms in row["parts"]) == pytest.approx(row["ms"], abs=0.1)
    put = next(row for row in rows if row["step"] == "put_blob")
    assert [part for part, _ in put["parts"]] == ["begin", "wait", "body", "answer"]
    assert put["short"].count("…") == 3 and put["target"].startswith(put["short"][:40])
    assert put["said"] == "Created" and put["up"] > 0


def test_an_interim_answer_after_the_body_is_no_wait_for_100() -> None:
    kinds = ("connected", "head sent", "body sent", "interim received", "head received", "body received")
    events = tuple(WireEvent(number / 1000, kind) for number, kind in enumerate(kinds, 1))
    assert parts_of(replace(made(), events=events)) == [
        ("begin", 2.0),
        ("body", 1.0),
        ("answer", 2.0),
        ("receive", 1.0),
    ]


def test_a_refusal_holds_the_registrys_codes_and_a_failure_its_reason() -> None:
    body = json.dumps({"errors": [{"code": "BLOB_UNKNOWN"}, {"code": "DENIED"}, {"code": "BLOB_UNKNOWN"}]})
    rows = rows_of(
        [made(status=404, body=body), replace(made(status=None), error="the connection was cut"), made()], TimeAxis()
    )
    assert [row[COLUMNS.index("error")] for row in rows] == [
        "BLOB_UNKNOWN \u00d72, DENIED",
        "the connection was cut",
        "",
    ]
    assert [refused(row) for row in rows] == [True, True, False]


def responded(step: str, method: str, target: str, status: int) -> Exchange:
    request = RequestRecord(method, target)
    return Exchange(step, f"http://127.0.0.1{target}", request, ResponseRecord(status, "Not Found"))


def test_a_404_that_a_walk_reckons_with_is_expected_and_another_is_refused() -> None:
    digest = "sha256:" + "ab" * 32
    tag = referrers_tag(digest)
    found_out = [
        responded("head_blob", "HEAD", f"/v2/a/blobs/{digest}", 404),
        responded("get_referrers", "GET", f"/v2/a/referrers/{digest}", 404),
        responded("get_manifest", "GET", f"/v2/a/manifests/{tag}", 404),
    ]
    wrong = [
        responded("get_manifest", "GET", "/v2/a/manifests/v1", 404),
        responded("get_blob", "GET", f"/v2/a/blobs/{digest}", 404),
        responded("put_manifest", "PUT", f"/v2/a/manifests/{tag}", 404),
        responded("head_blob", "HEAD", f"/v2/a/blobs/{digest}", 401),
    ]
    rows = rows_of([*found_out, *wrong], TimeAxis())
    assert [(expected(row), refused(row)) for row in rows] == [(True, False)] * 3 + [(False, True)] * 4


def test_hostile_records_give_short_finite_visible_rows() -> None:
    nan = (WireEvent(math.nan, "head sent"), WireEvent(math.inf, "head received"), WireEvent(-1, "body sent"))
    long = replace(HOSTILE, request=replace(HOSTILE.request, target="/" + "x" * 10**6, method="M" * 10**6))
    many = replace(made(), events=(WireEvent(0.001, "head sent"),) * 10**4, started="9999-12-31T23:59:59Z")
    listed = [*TRANSCRIPT, long, many, replace(made(), events=nan), made("0001-01-01T00:00:00+23:00")]
    text = json.dumps(rows_of(listed, TimeAxis()), allow_nan=False)
    assert len(text) < 8_000
    assert all(character.isprintable() for character in json.loads(text)[0][0])
    assert "\\\\u202e" in text and "\\u202e" not in text.replace("\\\\u202e", "")


def test_long_names_are_cut_and_words_are_not() -> None:
    digest = "sha256:" + "ab" * 32
    assert short(f"/v2/library/hello/blobs/{digest}") == "/v2/library/hello/blobs/sha256:ababababab…"
    assert short("/v2/library/hello/manifests/v1?n=3") == "/v2/library/hello/manifests/v1?n=3"
    assert short(f"/x?digest={digest.replace(':', '%3A')}") == "/x?digest=sha256%3Aababababab…"


def test_times_are_said_as_people_say_them() -> None:
    assert [duration(ms) for ms in (0, 0.4, 12.34, 312, 1240, 59_994, 303_000)] == [
        "0 ms", "0.4 ms", "12.3 ms", "312 ms", "1.24 s", "60 s", "5 min 3 s",
    ]  # fmt: skip


def test_every_kind_of_event_that_the_recorder_knows_ends_a_part_or_takes_no_time() -> None:
    told = {"connected", "reused", "head sent", "interim received", "waited", "body sent", "head received", "failed"}
    assert told | {"body received"} == set(timeline._ENDED_BY)
    assert set(timeline._ENDED_BY.values()) == set(timeline.PARTS)


def test_every_part_has_a_word_and_a_colour_wherever_bars_are_drawn() -> None:
    front = files("regtutor.widgets") / "front"
    script, style = (front / name for name in ("timeline.js", "transcript_view.css"))
    for part in timeline.PARTS:
        assert f'\n  {part}: "' in script.read_text("utf-8")
        assert f".regtutor-part-{part} {{" in style.read_text("utf-8")
    assert set(still._COLOURS) == set(timeline.PARTS)
