"""The grammars of ranges, each beside the others that look like it."""

from __future__ import annotations

import pytest

from regtutor.protocol.ranges import PART, WANTED, ChunkRange, chunk_range, first_and_last, last_stored, length


def test_the_range_of_a_chunk_has_neither_unit_nor_size() -> None:
    assert chunk_range("0-9") == ChunkRange(0, 9)
    assert ChunkRange(0, 9).size == 10
    for text in ("bytes 0-9", "0-9/10", "9-0", "0-", "-9", " 0-9", "0-" + "9" * 19, "0-²"):
        assert chunk_range(text) is None


def test_the_range_of_a_session_begins_with_0_and_may_have_a_unit() -> None:
    assert (last_stored("0-41"), last_stored("bytes=0-41"), last_stored("0-0")) == (41, 41, 0)
    assert [last_stored(text) for text in ("1-41", "bytes 0-41", "", "0-²")] == [None] * 4


@pytest.mark.parametrize("text", ["3-7", "bytes=3-7", "bytes 3-7/10", "bytes 3-7/*", " 3-7 "])
def test_two_positions_are_read_in_every_form(text: str) -> None:
    assert first_and_last(text) == (3, 7)


def test_a_range_of_a_get_may_lack_one_of_its_numbers_and_that_of_a_206_may_not() -> None:
    assert [match.groups() for text in ("bytes=3-", "bytes=-7", "bytes= 3-7") if (match := WANTED.fullmatch(text))] == [
        ("3", ""),
        ("", "7"),
        ("3", "7"),
    ]
    assert WANTED.fullmatch("bytes=0-1,3-4") is None
    assert PART.fullmatch("bytes 3-/10") is None and PART.fullmatch("bytes */10") is None


def test_a_length_is_digits_only() -> None:
    assert length("012") == 12
    assert [length(text) for text in (None, "", "-1", "1 ", "²", "9" * 19)] == [None] * 6
