"""Records: frozen, honest about what happened, and able to show themselves as text."""

from __future__ import annotations

import dataclasses
import json
import pickle

import pytest

from regtutor.errors import RegtutorError, UnexpectedStatus
from regtutor.exchange import (
    PREVIEW,
    BodyRecord,
    Exchange,
    HeaderView,
    Interim,
    RequestRecord,
    ResponseRecord,
    Transcript,
    WireEvent,
)
from regtutor.message import Location

ERRORS = json.dumps({"errors": [{"code": "NAME_UNKNOWN", "message": "not known", "detail": {"name": "x"}}]}).encode()


def exchange(status=201, body=b"", step="put_blob", **more):
    request = RequestRecord(
        "PUT",
        "/v2/a/blobs/uploads/1?_state=x",
        (("Host", "h"), ("Content-Length", "3")),
        BodyRecord(3, "sha256:00", b"abc", "sent", "application/octet-stream"),
    )
    fate = "received" if body else "none"
    response = ResponseRecord(
        status,
        "Reason",
        (("Link", "a"), ("LINK", "b"), ("Content-Length", "0")),
        BodyRecord(len(body), None, body, fate, "application/json"),
    )
    defaults = {"response": response if status else None, "events": (WireEvent(0.5, "head received"),)}
    return Exchange(step, "http://h/v2/a/blobs/uploads/1?_state=x", request, **{**defaults, **more})


def test_text_shows_the_exchange_in_the_order_in_which_it_happened():
    shown = exchange(interims=(Interim(100, "Continue", (("X", "1"),)),), proxy="http://p:1").as_text().splitlines()
    assert shown == [
        "* put_blob: the blob is stored under its digest",
        "* through the proxy http://p:1",
        "> PUT /v2/a/blobs/uploads/1?_state=x HTTP/1.1",
        "> Host: h",
        "> Content-Length: 3",
        ">",
        "< HTTP/1.1 100 Continue",
        "< X: 1",
        "<",
        "> [3 bytes sent, sha256:00]",
        "< HTTP/1.1 201 Reason",
        "< Link: a",
        "< LINK: b",
        "< Content-Length: 0",
        "<",
    ]


def test_a_body_that_was_withheld_reads_so_in_the_text():
    request = RequestRecord("PUT", "/", (), BodyRecord(fate="withheld"))
    assert "> [body withheld, 0 bytes sent]" in Exchange("put_blob", "http://h/", request).as_text().splitlines()


def test_text_of_no_answer_says_why():
    shown = exchange(None, error="it refused").as_text()
    assert "* no response: it refused" in shown.splitlines()
    assert exchange(None, error="it refused").meaning == "no response: it refused"


def test_headers_are_found_without_case_and_shown_as_received():
    headers = exchange().headers
    assert (headers["link"], headers.all("Link"), list(headers)) == ("a", ("a", "b"), ["Link", "Content-Length"])
    assert ("LINK" in headers, "X" in headers, len(headers)) == (True, False, 2)
    with pytest.raises(KeyError):
        headers["X"]
    assert exchange().request_headers["host"] == "h"
    assert isinstance(exchange(None).headers, HeaderView)


def test_expect_returns_the_exchange_or_says_what_the_registry_said():
    good = exchange(201)
    assert good.expect(200, 201) is good
    bad = exchange(404, ERRORS)
    with pytest.raises(UnexpectedStatus) as caught:
        bad.expect(201, 202)
    assert caught.value.exchange is bad
    assert "returned 404, not 201 or 202" in caught.value.what
    assert "NAME_UNKNOWN: not known" in caught.value.next
    assert "NAME_UNKNOWN" in bad.meaning


def test_what_the_registry_said_is_told_with_its_details_and_without_what_it_left_out():
    entries = [
        {"code": "A", "message": "one", "detail": {"given": "x"}},
        {"code": "B", "message": "two", "detail": None},
        {"code": "C"},
    ]
    refused = exchange(400, json.dumps({"errors": entries}).encode())
    assert refused.error_message == 'A: one, detail {"given": "x"}; B: two; C'
    assert exchange(400).error_message == ""


@pytest.mark.parametrize(
    "body", [b"", b"<html>413</html>", b'{"errors": 5}', b"[]", b"null", b'{"errors":[1]}', b"\xff"]
)
def test_a_body_that_is_no_error_body_has_no_errors(body):
    assert exchange(413, body).errors == ()
    assert exchange(413, body).meaning


def test_statuses_say_whether_it_went_well():
    assert [exchange(status).ok for status in (200, 307, 400, 500, None)] == [True, True, False, False, False]


def test_bytes_and_time():
    one = exchange(200, b"{}")
    assert (one.bytes_up, one.bytes_down, one.milliseconds) == (3, 2, 500)
    assert (exchange(None).bytes_down, exchange(None, events=()).milliseconds) == (0, 0)


def test_only_a_whole_preview_is_the_content():
    assert BodyRecord(3, None, b"abc").whole
    assert not BodyRecord(PREVIEW + 1, None, b"a" * PREVIEW).whole


def test_a_long_text_is_cut_in_the_text_and_binary_is_not_shown():
    long = exchange(200, json.dumps({"a": "x" * 2 * PREVIEW}).encode()).as_text()
    assert long.endswith(" ...")
    assert len(long) < 2 * PREVIEW
    assert "abc" not in exchange().as_text()


def test_records_are_frozen_and_equal_by_what_they_say():
    assert exchange() == exchange()
    assert exchange(201) != exchange(202)
    with pytest.raises(dataclasses.FrozenInstanceError):
        exchange().step = "other"


def test_a_pickled_record_is_equal_and_its_location_says_when_it_is_lost():
    before = exchange(location=Location("http://h/next?_state=1"))
    after = pickle.loads(pickle.dumps(before))
    assert after == before
    assert after.location.follow() == "http://h/next?_state=1"


def test_a_transcript_is_a_sequence_of_exchanges():
    both = Transcript.of([exchange(201), exchange(404, ERRORS)], "two", ["a note"])
    assert (len(both), both[0].status, [e.status for e in both[1:]]) == (2, 201, [404])
    assert isinstance(both[1:], Transcript)
    assert (both.bytes_up, both.bytes_down) == (6, len(ERRORS))
    assert both.as_text().endswith("\n\n* a note")
    assert repr(both) == "<Transcript 'two': 2 exchanges>"
    more = both + Transcript.of([exchange(202)], notes=["another"])
    assert (len(more), more.title, more.notes) == (3, "two", ("a note", "another"))


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("It broke",), "It broke."),
        (("It broke", "it was old", "Buy one"), "It broke: it was old. Buy one."),
        (("It broke.", "it was old."), "It broke: it was old."),
        (("It broke", "", "Is it old?"), "It broke. Is it old?"),
    ],
)
def test_an_error_reads_as_what_happened_why_and_what_to_do(parts, text):
    assert str(RegtutorError(*parts)) == text


def test_repr_is_one_line():
    assert repr(exchange()) == "<Exchange put_blob: PUT /v2/a/blobs/uploads/1?_state=x -> 201>"
    assert repr(exchange(None, error="silence")).endswith("-> silence>")


NONSENSE = RequestRecord("PUT", "/v2/nonsense")


def test_a_request_that_was_edited_to_no_endpoint_is_not_called_by_the_step_that_drafted_it():
    made = dataclasses.replace(exchange(404), request=NONSENSE)
    assert made.endpoint is None
    assert made.meaning == "not found"
    assert made.as_text().startswith("* PUT /v2/nonsense: not found")
    with pytest.raises(UnexpectedStatus, match="PUT /v2/nonsense returned 404, not 201"):
        made.expect(201)


def test_a_session_outside_of_the_api_belongs_to_its_step():
    elsewhere = RequestRecord("PUT", "https://storage.example/u/1?digest=sha256:00")
    made = dataclasses.replace(exchange(404), request=elsewhere)
    assert made.endpoint is not None
    assert (made.endpoint.endpoint.name, made.endpoint.path, made.endpoint.query["digest"]) == (
        "put_blob",
        {},
        "sha256:00",
    )
    assert made.meaning == "the upload session is not known to the registry"


def test_the_endpoint_is_no_part_of_the_record_and_is_found_anew_for_another_request():
    made, same = exchange(), exchange()
    assert made.endpoint is not None
    assert made == same and repr(made) == repr(same) and hash(made) == hash(same)
    assert vars(pickle.loads(pickle.dumps(made))).keys() == vars(same).keys()
    assert dataclasses.replace(made, request=NONSENSE).endpoint is None
