"""Answers that are wrong by accident and answers that are right in another way: each is judged as ``tries.md`` says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from regtutor.lessons import session
from regtutor.lessons.catalog import course, lesson_numbered
from regtutor.lessons.source import Cell, called, read_source
from regtutor.lessons.task_report import TaskReport
from tests.lessons.running import Learner, kernel

TEXT = (Path(__file__).parent / "tries.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(wrong|right) ([^:\n]+)(?:: ([^\n]+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LOOK = re.compile(r"^# look\n", re.MULTILINE)
NUMBERS = re.findall(r"^## (\w+)$", TEXT, re.MULTILINE)


@dataclass(frozen=True)
class Try:
    """A cell of a learner; ``phrase`` is in the report of a wrong one, and empty for a right one."""

    task: str
    phrase: str
    code: str


def tries(number: str) -> Iterator[Try]:
    section = TEXT.partition(f"\n## {number}\n")[2].partition("\n## ")[0]
    for kind, task, phrase, code in FENCE.findall(section):
        assert bool(phrase) == (kind == "wrong"), f"only a wrong answer has a phrase: {task}"
        yield Try(task, phrase, code)


def places(cells: list[Cell], task: str) -> tuple[int, int]:
    """The cell that the learner writes, and the one that looks at the task."""
    look = next(number for number, cell in enumerate(cells) if task in cell.tasks)
    return max(number for number, cell in enumerate(cells[:look]) if cell.wrong), look


def verdict(cells: list[Cell], made: Try, learner: Learner) -> TaskReport:
    at, look = places(cells, made.task)
    for cell in cells[:at]:
        if not called([cell], "question"):  # a question sends requests of its own, which no task looks at
            learner.run_cell(cell)
    for number, part in enumerate(LOOK.split(made.code)):
        if number:
            assert not learner.run(cells[look].text)
        with suppress(Exception):  # whatever a learner types
            learner.run(part)
    report = learner.run(cells[look].text)
    assert isinstance(report, TaskReport)
    return report


def test_every_lesson_has_tries() -> None:
    assert [entry.number for entry in course()] == NUMBERS
    for number in NUMBERS:
        known = {task.name for task in lesson_numbered(number).lesson.tasks}
        assert {made.task for made in tries(number)} <= known


@pytest.mark.parametrize("number", NUMBERS)
def test_each_try_is_judged_and_told_why(number: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "show", lambda _: None)
    cells = [cell for cell in read_source(lesson_numbered(number).source) if cell.code]
    wrong = []
    for count, made in enumerate(tries(number)):
        home = tmp_path / str(count)
        home.mkdir()
        with kernel("embedded", home) as learner:
            report = verdict(cells, made, learner)
        if report.passed is bool(made.phrase) or made.phrase not in report.text:
            wrong.append(f"{made}\n{report.text}")
    assert not wrong, "\n\n".join(wrong)
