"""Every lesson, cell by cell, on each registry: its statements hold, its solutions pass, its wrong answers do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from regtutor.lessons import question, session
from regtutor.lessons.catalog import Entry, course
from regtutor.lessons.guesses import PredictionResult
from regtutor.lessons.lesson import KINDS, LETTERS, Question, kind_of
from regtutor.lessons.progress_report import report_of
from regtutor.lessons.source import Cell, read_source
from regtutor.lessons.task_report import TaskReport
from tests.lessons.running import Learner, kernel, next_task_cell

REGISTRIES = ["embedded", pytest.param("native", marks=pytest.mark.registry)]
LESSONS = [pytest.param(entry, id=entry.number) for entry in course()]


@pytest.fixture(params=REGISTRIES)
def registry(request: pytest.FixtureRequest) -> str:
    if request.param == "native":
        request.getfixturevalue("registry_binary")
    return str(request.param)


@pytest.mark.parametrize("entry", LESSONS)
def test_the_solutions_pass_every_task_after_the_wrong_answers_did_not(
    entry: Entry, registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A learner who first gives every stored wrong answer is told why, and still gets to the end."""
    answers: list[PredictionResult] = []
    monkeypatch.setattr(session, "show", answers.append)
    cells = read_source(entry.source)
    with kernel(registry, tmp_path) as learner:
        for cell in (cell for cell in cells if cell.code):
            for phrase, wrong in cell.wrong:
                _refused(learner, next_task_cell(cells, cell), wrong, phrase)
            value = learner.run_cell(cell)
            assert not isinstance(value, TaskReport) or value.passed, f"{cell.id}: {value!r}"
            for check in cell.checks:
                learner.run(check)
        _finished(entry)
    expected = [prediction.name for prediction in entry.lesson.predictions]
    assert len(answers) >= len(expected), "every prediction has its answer"


def _refused(learner: Learner, look: Cell, wrong: str, phrase: str) -> None:
    """A wrong answer may raise as well: the learner then sees an error, and the task is still not done."""
    try:
        learner.run(wrong)
    except Exception as error:  # noqa: BLE001 - whatever a learner types
        raised = repr(error)
    else:
        raised = ""
    report = learner.run(look.text)
    assert isinstance(report, TaskReport)
    assert not report.passed, f"{look.id} accepts {wrong!r}: {report!r}"
    assert phrase in report.text + raised, f"{phrase!r} is not in {report.text} {raised}"


def _finished(entry: Entry) -> None:
    now = session.current()
    total = report_of(now.results, (entry,)).total
    assert (total.tasks[0], total.questions[0]) == (total.tasks[1], total.questions[1])
    assert total.predictions[0] == total.predictions[1]


@pytest.mark.parametrize("entry", LESSONS)
def test_each_prediction_says_what_the_registry_responds(entry: Entry, registry: str, tmp_path: Path) -> None:
    """Only the solutions, so that nothing before has changed the registry; each has the status of the lesson's data."""
    cells = read_source(entry.source)
    with kernel(registry, tmp_path) as learner:
        for cell in (cell for cell in cells if cell.code):
            before = len(session._current.exchanges) if session._current else 0
            owed = _predicted(cell)
            learner.run_cell(cell)
            now = session.current()
            for prediction in (each for each in entry.lesson.predictions if each.name in owed):
                statuses = [
                    each.status for each in now.exchanges[before:] if prediction.of in (each.request_name, each.step)
                ]
                assert prediction.known_status(kind_of(now.reg)) in statuses, prediction.name
                assert prediction.reason(prediction.known_status(kind_of(now.reg)))
                assert set(prediction.differs) <= set(KINDS)
        _finished(entry)


def _predicted(cell: Cell) -> list[str]:
    from regtutor.lessons.source import called

    return called([cell], "predict")


@pytest.mark.parametrize("entry", LESSONS)
def test_an_untouched_notebook_passes_nothing(entry: Entry, tmp_path: Path) -> None:
    with kernel("embedded", tmp_path) as learner:
        for cell in (cell for cell in read_source(entry.source) if cell.code):
            try:
                value = learner.run_cell(cell, solved=False)
            except Exception:  # noqa: BLE001, S112 - a blank, or a cell that needs the one before
                continue
            assert not isinstance(value, TaskReport) or not value.passed, f"{cell.id}: {value!r}"
        total = report_of(session.current().results, (entry,)).total
    assert (total.tasks[0], total.questions[0], total.predictions[0]) == (0, 0, 0)


@pytest.mark.parametrize("entry", LESSONS)
def test_every_cell_can_be_run_again(entry: Entry, tmp_path: Path) -> None:
    """Twice from the top, and again from the middle, in one kernel: what is done stays done, and nothing raises."""
    cells = [cell for cell in read_source(entry.source) if cell.code]
    with kernel("embedded", tmp_path) as learner:
        for cell in [*cells, *cells, *cells[len(cells) // 2 :]]:
            learner.run_cell(cell)
        _finished(entry)


@pytest.mark.parametrize("entry", LESSONS)
def test_each_choice_of_a_question_is_answered_on_the_wire(entry: Entry, registry: str, tmp_path: Path) -> None:
    with kernel(registry, tmp_path) as learner:
        learner.run_cell(next(cell for cell in read_source(entry.source) if cell.code))
        for asked in (each for each in entry.lesson.questions if isinstance(each, Question)):
            for letter, choice in zip(LETTERS, asked.choices, strict=False):
                judged = question(asked.name, letter)
                assert bool(judged) is not bool(choice.confuses)
                assert choice.confuses in judged.text
                assert "> " in judged.text and "< " in judged.text
