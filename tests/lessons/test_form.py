"""The form of every lesson: what its text begins and ends with, how long its cells are, and what its data must have."""

from __future__ import annotations

import json
import re
import statistics
from pathlib import Path

import pytest

from regtutor.lessons.catalog import Entry, course
from regtutor.lessons.editions import learners_edition
from regtutor.lessons.lesson import Question
from regtutor.lessons.source import Cell, called, read_source

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
LESSONS = [pytest.param(entry, id=entry.number) for entry in course()]

MOST_WORDS = 140
MOST_LINES = 8
CALLS = {"task": "tasks", "predict": "predictions", "question": "questions"}

pytestmark = pytest.mark.parametrize("entry", LESSONS)


def cells(entry: Entry) -> list[Cell]:
    return read_source(entry.source)


def code(entry: Entry) -> list[Cell]:
    return [cell for cell in cells(entry) if cell.code]


def lines(cell: Cell) -> int:
    return len([line for line in cell.text.splitlines() if line.strip()])


def is_only_comments(cell: Cell) -> bool:
    return all(line.startswith("#") for line in cell.text.splitlines() if line.strip())


def test_the_notebook_is_the_learners_edition_of_the_source(entry: Entry) -> None:
    committed = (NOTEBOOKS / f"{entry.stem}.ipynb").read_text(encoding="utf-8")
    assert committed == learners_edition(entry), "run: python -m regtutor.lessons.editions"
    assert [cell for cell in json.loads(committed)["cells"] if cell.get("outputs")] == []


def test_it_begins_with_what_you_will_be_able_to_do(entry: Entry) -> None:
    top = cells(entry)[0].text
    assert top.startswith(f"# {entry.number} ")
    assert re.search(r"\*\*You will be able to\*\* .*\*\*\d+ minutes\.\*\* \*\*Needs:\*\* ", top)
    minutes = int(re.findall(r"(\d+) minutes", top)[0])
    assert 10 <= minutes <= 25
    assert f'begin("{entry.number}")' in code(entry)[0].text


def test_it_ends_with_five_lines_and_where_to_go_next(entry: Entry) -> None:
    end = cells(entry)[-1].text
    assert end.startswith("**In five lines**")
    assert len(re.findall(r"^\d\. ", end, re.MULTILINE)) == 5
    link = re.search(r"^\*\*Next:\*\* .*?\[[^\]]+\]\((\w+)\.ipynb\)", end, re.MULTILINE)
    assert link and (link[1] in [each.stem for each in course()] or re.fullmatch(r"\d\d_\w+", link[1]))


def test_its_cells_are_short_and_have_no_helper_code(entry: Entry) -> None:
    assert statistics.median(lines(cell) for cell in code(entry)) <= 3
    assert [cell.id for cell in code(entry) if lines(cell) > MOST_LINES] == []
    assert [cell.id for cell in code(entry) if re.search(r"^\s*(def|class|for|while|try)\b", cell.text, re.M)] == []
    assert [cell.id for cell in code(entry)[1:] if re.search(r"^(import|from) ", cell.text, re.M)] == []
    assert [(cell.id, len(cell.text.split())) for cell in cells(entry) if len(cell.text.split()) > MOST_WORDS] == []


def test_a_blank_has_a_solution_and_a_solution_has_a_blank(entry: Entry) -> None:
    for cell in code(entry):
        blank = "..." in cell.text or is_only_comments(cell)
        assert blank == bool(cell.solution), f"{cell.id}: a cell with a blank needs a solution, and only such a cell"
        assert "..." not in cell.solution


def test_everything_in_the_data_is_in_the_text_and_the_other_way_round(entry: Entry) -> None:
    for call, field in CALLS.items():
        names = [item.name for item in getattr(entry.lesson, field)]
        assert called(cells(entry), call) == names, f"{call} cells, in the order of LESSON.{field}"
        assert len(names) == len(set(names))


def test_it_has_at_least_four_tasks_and_one_of_them_is_from_memory(entry: Entry) -> None:
    tasks = entry.lesson.tasks
    assert len(tasks) >= 4
    assert any(task.from_memory for task in tasks)
    assert [task.name for task in tasks if len(set(task.hints)) != 3 or not all(task.hints) or not task.done] == []


def test_a_task_from_memory_has_no_template_and_no_task_has_fewer_than_three_wrong_answers(entry: Entry) -> None:
    since: list[Cell] = []
    by_name = {task.name: task for task in entry.lesson.tasks}
    for cell in code(entry):
        if not cell.tasks:
            since.append(cell)
            continue
        written = [each for each in since if each.solution]
        assert written, f"nothing to write before {cell.tasks}"
        wrong = [code for each in since for _, code in each.wrong]
        assert len(set(wrong)) >= 3, f"{cell.tasks} has {len(wrong)} wrong answers"
        if by_name[cell.tasks[0]].from_memory:
            assert any(is_only_comments(each) for each in written), f"{cell.tasks} is from memory"
        since = []


def test_a_prediction_is_asked_with_blanks_and_not_answered_in_the_text_before(entry: Entry) -> None:
    by_name = {prediction.name: prediction for prediction in entry.lesson.predictions}
    all_cells = cells(entry)
    for number, cell in enumerate(all_cells):
        for name in called([cell], "predict"):
            call = re.search(rf'predict\("{re.escape(name)}", (.+)\)$', cell.text, re.MULTILINE)
            assert call and all(value.endswith("=...") for value in call[1].split(", ")), cell.text
            known = by_name[name].status
            right = {known} if isinstance(known, int) else set(known.values())
            before = all_cells[number - 1].text
            assert not [status for status in right if re.search(rf"\b{status}\b", before)], (
                f"the text before {cell.id} has the status"
            )


def test_a_question_has_one_right_choice_and_names_the_misconception_of_each_other(entry: Entry) -> None:
    for asked in entry.lesson.questions:
        if isinstance(asked, Question):
            assert 3 <= len(asked.choices) <= 6
            assert sum(not choice.confuses for choice in asked.choices) == 1
            assert all(choice.confuses.endswith(".") for choice in asked.choices if choice.confuses)
    assert entry.lesson.questions
