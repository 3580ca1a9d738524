"""The cause of a failure: which diagnosis of which exchange it is, and what an error shows of it."""

from __future__ import annotations

import pytest

import regtutor as rt
from regtutor.errors import PushFailed, UnexpectedStatus
from regtutor.exchange import Transcript
from regtutor.findings.cause import cause_of
from regtutor.walks.expected_status import stop
from tests.findings.records import PUT, SESSION, exchange, refused

POST = {"step": "start_upload", "method": "POST", "target": "/v2/library/hello/blobs/uploads/"}


def test_a_location_that_lost_its_scheme_explains_the_failure_after_it() -> None:
    location = (("Location", f"http://registry.example{SESSION}?_state=a"),)
    opened = exchange(**POST, status=202, received=location, url="https://registry.example")
    failed = refused(400, "DIGEST_INVALID", **PUT, url="http://registry.example")
    cause = cause_of(Transcript.of([opened, failed]))
    assert cause is not None and cause.name == "Location changes https to http"
    alone = cause_of(failed)
    assert alone is not None and alone.name != cause.name
    elsewhere = refused(400, "DIGEST_INVALID", **PUT, url="https://registry.example")
    assert cause_of(Transcript.of([opened, elsewhere])) != cause


def test_a_transcript_without_a_failure_has_no_cause() -> None:
    assert cause_of(Transcript()) is None
    assert cause_of(Transcript.of([exchange(), exchange()])) is None
    assert cause_of(exchange()) is None


def test_what_the_registry_says_stays_beside_the_diagnosis() -> None:
    made = refused(403, "DENIED", message="quota exceeded", **PUT)
    with pytest.raises(PushFailed) as failed:
        stop(made, "PUT was refused")
    text = str(failed.value)
    assert "The registry says: DENIED: quota exceeded." in text and "not permitted: " in text
    with pytest.raises(UnexpectedStatus, match=r"quota exceeded"):
        made.expect(201)


def test_a_long_message_of_the_registry_does_not_make_an_error_longer_than_six_lines() -> None:
    made = refused(403, "DENIED", message="no\n\x1b[2J" * 5000, **PUT)
    with pytest.raises(PushFailed) as failed:
        stop(made, "PUT was refused")
    assert len(str(failed.value).splitlines()) <= 6 and len(str(failed.value)) < 3000


def test_an_error_without_a_diagnosis_keeps_its_own_next_step() -> None:
    error = PushFailed("It stopped", "a reason", "Do this", exchange=exchange())
    assert error.cause is None
    assert str(error) == "It stopped: a reason. Do this."


def test_a_call_of_the_facade_that_cannot_connect_keeps_its_exact_sentences() -> None:
    with rt.connect("http://127.0.0.1:9") as reg, pytest.raises(rt.errors.ConnectionFailed) as failed:
        rt.check_api(reg)
    assert "refused the connection" in str(failed.value) and failed.value.cause is None
