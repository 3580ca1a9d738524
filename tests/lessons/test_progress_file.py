"""The file of a learner's progress: kept, shared between kernels, and never in the way of a lesson."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from regtutor.cli import main
from regtutor.file_lock import lock_file
from regtutor.lessons import progress_file
from regtutor.lessons.catalog import lesson_numbered
from regtutor.lessons.progress_file import ProgressFile, count_in, progress_path
from regtutor.lessons.progress_report import bar, report_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "progress.json"


def done(entry: dict[str, object]) -> None:
    entry["done"] = True


def test_results_are_kept_in_a_folder_that_is_made(path: Path) -> None:
    ProgressFile(path).note("00", "tasks", "a", done)
    again = ProgressFile(path)
    assert again.entry("00", "tasks", "a") == {"done": True}
    assert again.entry("00", "tasks", "b") == {}
    assert json.loads(path.read_text())["format"] == "regtutor-progress/1"


def test_the_learner_keeps_a_name_of_six_characters(path: Path) -> None:
    name = ProgressFile(path).learner
    assert len(name) == 6 and ProgressFile(path).learner == name


def test_two_kernels_do_not_lose_each_others_results(path: Path) -> None:
    def work(lesson: str) -> None:
        for number in range(10):
            ProgressFile(path).note(lesson, "tasks", str(number), done)

    threads = [threading.Thread(target=work, args=(lesson,)) for lesson in ("00", "01")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    data = ProgressFile(path).read()
    assert {lesson: len(kinds["tasks"]) for lesson, kinds in data["lessons"].items()} == {"00": 10, "01": 10}


def test_a_lock_that_is_never_released_stops_no_lesson(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_file, "_TRIES", 2)
    path.parent.mkdir()
    with lock_file(path.with_name("progress.json.lock")):
        ProgressFile(path).note("00", "tasks", "a", done)
    assert ProgressFile(path).entry("00", "tasks", "a") == {"done": True}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 100_000,
        "[]",
        '{"format": "regtutor-progress/9"}',
        '{"format": "regtutor-progress/1", "lessons": 3}',
        '{"format": "regtutor-progress/1", "lessons": {"00": []}}',
        '{"format": "regtutor-progress/1", "lessons": {"00": {"tasks": 1}}}',
    ],
)
def test_an_unreadable_file_is_kept_beside_the_new_one(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    results = ProgressFile(path)
    assert results.entry("00", "tasks", "a") == {}
    results.note("00", "tasks", "a", done)
    assert ProgressFile(path).entry("00", "tasks", "a") == {"done": True}
    assert path.with_name("progress.json.unreadable").read_text() == text


def test_without_a_place_to_write_results_are_kept_in_memory_and_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    results = ProgressFile(tmp_path / "file" / "progress.json")
    results.note("00", "tasks", "a", done)
    assert results.entry("00", "tasks", "a") == {"done": True}
    assert results.trouble.startswith("Your progress is not kept: ")
    assert len(results.learner) == 6


def test_the_variable_names_another_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REGTUTOR_PROGRESS", str(tmp_path / "mine.json"))
    assert progress_path() == tmp_path / "mine.json"
    monkeypatch.delenv("REGTUTOR_PROGRESS")
    assert progress_path().parts[-2:] == ("regtutor", "progress.json")


def test_the_report_counts_by_lesson_and_by_concept(path: Path) -> None:
    results, entry = ProgressFile(path), lesson_numbered("00")
    results.note("00", "tasks", entry.lesson.tasks[0].name, done)
    results.note("00", "predictions", entry.lesson.predictions[0].name, lambda item: item.update(right=False))
    results.note("00", "tasks", "a task of an older version", done)
    report = report_of(results, (entry,))
    assert report.total.tasks == (1, len(entry.lesson.tasks))
    assert (report.total.predictions[0], report.total.right) == (1, 0)
    assert report.summary.startswith("1 of ")
    assert "reading a response" in report.text and "1 of 3, 0 right" in report.text
    assert 'role="progressbar"' in report._repr_html_()


def test_a_question_that_was_answered_by_trying_every_choice_is_told_apart(path: Path) -> None:
    results, entry = ProgressFile(path), lesson_numbered("01")
    first, second, _ = (question.name for question in entry.lesson.questions)
    results.note("01", "questions", first, lambda item: item.update(first=True, done=True))
    results.note("01", "questions", second, lambda item: item.update(first=False, done=True))
    report = report_of(results, (entry,))
    assert (report.total.questions[0], report.total.at_once) == (2, 1)
    assert "2 of 3, 1 at the first try" in report.text


def test_an_edited_entry_neither_counts_nor_stops_a_lesson(path: Path) -> None:
    entry = lesson_numbered("00")
    task, guess = entry.lesson.tasks[0].name, entry.lesson.predictions[0].name
    kinds = {"tasks": {task: "done"}, "predictions": {guess: 3}}
    data = {"format": "regtutor-progress/1", "lessons": {"00": kinds}, "visits": {"http://a": "x"}}
    path.parent.mkdir()
    path.write_text(json.dumps(data))
    results = ProgressFile(path)
    assert (report_of(results, (entry,)).total.tasks[0], report_of(results, (entry,)).total.predictions[0]) == (0, 0)
    results.note("00", "tasks", task, done)
    assert results.entry("00", "tasks", task) == {"done": True} and results.visit("http://a") == 1
    assert [count_in({"hints": given}, "hints") for given in ("three", None, True, -1, 2)] == [0, 0, 0, 0, 2]


def test_a_bar_is_full_only_at_the_end() -> None:
    assert [bar(done, 7).count("#") for done in (0, 1, 6, 7)] == [0, 2, 17, 20]
    assert bar(0, 0).count("#") == 0


def test_the_command_prints_the_progress_of_a_file(path: Path) -> None:
    entry = lesson_numbered("00")
    ProgressFile(path).note("00", "tasks", entry.lesson.tasks[0].name, done)
    ran = CliRunner().invoke(main, ["progress", "--file", str(path)])
    assert ran.exit_code == 0
    assert f"1 of {len(entry.lesson.tasks)}" in ran.output and f"The file with your progress: {path}" in ran.output
