"""Lines come whole and in order, waiting for one has a limit, and the end of a pipe stays the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import FileIO

import pytest

from regtutor.backends.pipe_lines import PipeLines
from tests.backends.watching import within


class Pipe:
    def __init__(self) -> None:
        reading, self.writing = os.pipe()
        self.lines = PipeLines(FileIO(reading))

    def write(self, data: bytes) -> None:
        os.write(self.writing, data)

    def end(self) -> None:
        if self.writing >= 0:
            os.close(self.writing)
            self.writing = -1


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.end()
    pipe.lines.wait_until_closed(5)


def test_a_line_that_comes_in_pieces_is_one_line(pipe: Pipe) -> None:
    pipe.write(b"one\ntw")
    assert pipe.lines.next(5) == b"one\n"
    with pytest.raises(TimeoutError):
        pipe.lines.next(0.05)
    pipe.write(b"o\nthree\n")
    assert [pipe.lines.next(5), pipe.lines.next(5)] == [b"two\n", b"three\n"]


def test_what_came_before_the_end_can_still_be_taken(pipe: Pipe) -> None:
    pipe.write(b"one\nnot a whole line")
    assert not pipe.lines.ended
    pipe.end()
    assert within(5, lambda: pipe.lines.ended)
    assert list(pipe.lines) == [b"one\n"]
    assert [pipe.lines.next(5), pipe.lines.next(0)] == [b"", b""]
