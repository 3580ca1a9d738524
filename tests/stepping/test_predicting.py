"""Guesses about answers: what may be picked, how it is judged, and the score; without a registry."""

from __future__ import annotations

import pytest

from regtutor.exchange import Exchange, RequestRecord, ResponseRecord
from regtutor.message import Request
from regtutor.protocol.endpoints import ENDPOINTS
from regtutor.protocol.headers import HEADERS
from regtutor.protocol.responses import RESPONSES, documented
from regtutor.stepping.predicting import CONCEPTS, HEADERS_ASKED, Guess, Question, Score, judge, question

OPENED = Exchange(
    "start_upload",
    "http://r/v2/a/blobs/uploads/",
    RequestRecord("POST", "/v2/a/blobs/uploads/"),
    ResponseRecord(202, "Accepted", (("location", "/v2/a/blobs/uploads/1"), ("Range", "0-0"))),
)


def asked(step: str) -> Question:
    return question(Request(step, "GET", "/"))


def test_every_documented_request_has_a_concept() -> None:
    assert set(CONCEPTS) == {endpoint.name for endpoint in ENDPOINTS}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_a_question_offers_the_documented_statuses_and_a_few_others_in_order(endpoint) -> None:  # type: ignore[no-untyped-def]
    found = asked(endpoint.name).statuses
    assert list(found) == sorted(set(found))
    assert set(documented(endpoint.name)) < set(found)
    assert len(set(found) - set(documented(endpoint.name))) == 2


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_a_question_offers_five_known_headers_and_among_them_what_an_answer_must_carry(endpoint) -> None:  # type: ignore[no-untyped-def]
    found = asked(endpoint.name).headers
    assert len(set(found)) == HEADERS_ASKED
    assert all(HEADERS[name.lower()].sender != "client" for name in found)
    required = {name for row in RESPONSES if row.endpoint == endpoint.name for name in row.headers}
    assert required <= set(found)


def test_a_status_that_this_registry_gave_before_is_offered() -> None:
    odd = Exchange("start_upload", "http://r/", RequestRecord("POST", "/"), ResponseRecord(429, "Slow"))
    assert 429 in question(Request("start_upload", "POST", "/"), [odd]).statuses
    assert 429 not in question(Request("put_blob", "PUT", "/"), [odd]).statuses


def test_a_right_guess_has_every_point_and_is_told_why() -> None:
    wanted = asked("start_upload")
    there = [name for name in wanted.headers if name in OPENED.headers]
    assert there == ["Location", "Range"]
    verdict = judge(wanted, Guess.of(202, there), OPENED)
    assert (verdict.points, verdict.of) == (6, 6)
    assert verdict.sentences[0] == (
        "Right, the status was 202: an upload session is open; Location says where its bytes go."
    )
    location = next(row for row in verdict.rows if row.about == "Location")
    assert "OCI distribution-spec v1.1.1" in location.sentence


def test_a_wrong_guess_says_what_came_and_what_the_guess_would_have_meant() -> None:
    verdict = judge(asked("start_upload"), Guess.of(404, ["Location", "WWW-Authenticate"]), OPENED)
    rows = {row.about: row for row in verdict.rows}
    assert not rows["status"].right
    assert rows["status"].sentence == (
        "The status was 202: an upload session is open; Location says where its bytes go. "
        "404 would mean: the repository is not known to the registry."
    )
    assert rows["Location"].right
    assert not rows["WWW-Authenticate"].right
    assert rows["WWW-Authenticate"].sentence.startswith("WWW-Authenticate was absent; its meaning: how to authenticate")
    assert not rows["Range"].right
    assert rows["Range"].sentence.startswith("Range was present; its meaning:")
    assert verdict.points == 1 + 2


def test_no_pick_is_no_point_for_the_status() -> None:
    assert not judge(asked("start_upload"), Guess(), OPENED).rows[0].right


def test_without_an_answer_nothing_is_scored() -> None:
    silent = Exchange("start_upload", "http://r/", RequestRecord("POST", "/"), error="cut")
    for exchange in (None, silent):
        verdict = judge(asked("start_upload"), Guess.of(202), exchange)
        assert (verdict.of, verdict.sentences) == (0, ("There was no response, so nothing is scored.",))
        assert Score().add(verdict) == Score()


def test_the_score_is_kept_by_concept() -> None:
    good = judge(asked("start_upload"), Guess.of(202, ["Location", "Range"]), OPENED)
    bad = judge(asked("put_blob"), Guess.of(413), OPENED)
    score = Score().add(good).add(bad).add(good)
    assert [row.concept for row in score.rows] == ["upload session", "closing the upload"]
    assert (score.rows[0].guesses, score.rows[0].right) == (12, 12)
    assert (score.total.guesses, score.total.right) == (18, 12 + bad.points)
