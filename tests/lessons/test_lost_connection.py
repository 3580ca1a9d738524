"""A connection that breaks on purpose: what the record says, and what the registry has afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import regtutor as rt
from regtutor.errors import CourseError
from regtutor.lessons import begin
from regtutor.lessons.lost_connection import STOPPED_AFTER, interrupted_upload, lose_connection
from regtutor.lessons.session import current
from tests.lessons.running import kernel

DATA = bytes(range(200)) * 20


@pytest.fixture
def lesson(tmp_path: Path) -> Iterator[tuple[rt.Registry, str]]:
    with kernel("embedded", tmp_path):
        yield begin("04")


def test_the_part_of_the_body_that_was_sent_is_recorded_and_stored(lesson: tuple[rt.Registry, str]) -> None:
    reg, me = lesson
    session = rt.start_upload(reg, f"{me}/lost").location
    lost = lose_connection(reg, rt.draft(rt.patch_upload, session, DATA, start=0), after=700)
    assert (lost.response, lost.bytes_up) == (None, 700)
    assert "after 700 of 4000 bytes" in lost.error
    assert current().exchanges[-1] is lost, "it counts as the learner's"
    assert len(current().exchanges) == 2, "the look at the session does not"
    assert rt.get_upload(reg, session).headers["Range"] == "0-699"


def test_a_refusal_that_comes_first_is_the_exchange(lesson: tuple[rt.Registry, str]) -> None:
    reg, me = lesson
    request = rt.draft(rt.put_blob, f"{reg.url}/v2/{me}/lost/blobs/uploads/no-such-session", DATA)
    assert lose_connection(reg, request, after=10).status == 404


@pytest.mark.parametrize("after", [0, len(DATA), -1])
def test_the_connection_breaks_only_in_the_middle_of_a_body(lesson: tuple[rt.Registry, str], after: int) -> None:
    reg, me = lesson
    request = rt.draft(rt.patch_upload, f"{reg.url}/v2/{me}/lost/blobs/uploads/x", DATA, start=0)
    with pytest.raises(CourseError, match="4000 bytes"):
        lose_connection(reg, request, after=after)
    assert current().exchanges == []


def test_an_interrupted_upload_is_not_the_learners(lesson: tuple[rt.Registry, str]) -> None:
    reg, me = lesson
    location = interrupted_upload(f"{me}/lost", DATA)
    assert current().exchanges == []
    assert rt.get_upload(reg, location).headers["Range"] == f"0-{STOPPED_AFTER - 1}"
