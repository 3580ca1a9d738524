"""What a log says since the last time, however it changed meanwhile."""

from __future__ import annotations

import pytest

from regtutor.client.registry import Registry
from regtutor.client.wire.transport import WireTransport
from regtutor.stepping.log_lines import LINES, LogReader, added
from regtutor.storage_tree import StorageTree


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "a\nb\n", ("a", "b")),
        ("a\n", "a\nb\nc\n", ("b", "c")),
        ("a\n", "a\n", ()),
        ("a\nb\nc\n", "b\nc\nd\n", ("d",)),
        ("a\nb\nc\n", "c\n", ()),
        ("a\nb\nc\n", "a\n", ()),
        ("a\nb\nc\n", "", ()),
        ("a\nb\n", "x\ny\n", ("x", "y")),
        ("half of a line\nb\n", "of a line\nb\nc\n", ("c",)),
    ],
)
def test_the_new_lines_are_found(before: str, after: str, expected: tuple[str, ...]) -> None:
    assert added(before, after) == expected


class _Host:
    """A host whose log says the next of ``texts`` each time, and the last one from then on."""

    name = "written"

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)

    def logs(self) -> str:
        return self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]

    def tree(self) -> StorageTree:
        return StorageTree()

    def close(self) -> None:
        """Nothing is open."""


def reader(*texts: str) -> tuple[LogReader, list[float]]:
    waits: list[float] = []
    return LogReader(Registry("http://r", WireTransport(), host=_Host(*texts)), waits.append), waits


def test_a_line_that_is_late_is_waited_for() -> None:
    log, waits = reader("old\n", "old\n", "old\n", "old\nnew\n")
    assert log.skip() == ""
    assert log.read() == (("new",), "")
    assert len(waits) == 3


def test_a_second_line_that_comes_right_after_the_first_is_taken_along() -> None:
    log, _ = reader("", "one\n", "one\ntwo\n")
    log.skip()
    assert log.read() == (("one", "two"), "")


def test_a_line_that_is_still_being_written_is_left_for_the_next_time() -> None:
    log, _ = reader("", "one\ntw", "one\ntw", "one\ntwo\n")
    log.skip()
    assert log.read() == (("one",), "")
    assert log.read() == (("two",), "")


def test_the_wait_has_an_end() -> None:
    log, waits = reader("old\n")
    log.skip()
    assert log.read() == ((), "")
    assert 0 < sum(waits) <= 0.41


def test_many_lines_are_cut_to_the_last_ones() -> None:
    log, _ = reader("", "".join(f"{number}\n" for number in range(1000)))
    log.skip()
    lines, _why = log.read()
    assert len(lines) == LINES
    assert (lines[0], lines[-1]) == (f"... {1000 - LINES + 1} earlier lines", "999")


def test_a_registry_known_by_its_url_alone_says_why_there_are_no_lines() -> None:
    waits: list[float] = []
    log = LogReader(Registry("http://r", WireTransport()), waits.append)
    assert "cannot be seen" in log.skip()
    lines, why = log.read()
    assert (lines, waits) == ((), [])
    assert "The log of http://r cannot be seen" in why


def test_a_secret_in_a_target_that_was_logged_is_taken_out() -> None:
    log, _ = reader("", 'uri="/v2/a/blobs/x?access_token=s3cret&_state=abc"\n')
    log.skip()
    assert log.read() == (('uri="/v2/a/blobs/x?access_token=<redacted>&_state=abc"',), "")
