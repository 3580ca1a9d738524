"""The two editions of a lesson's notebook: the learner's, and the teacher's with solutions, as nbgrader expects it.

``python -m regtutor.lessons.editions`` writes the learner's edition of every lesson to ``notebooks/`` of the checkout.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from regtutor.lessons.catalog import Entry, course
from regtutor.lessons.source import Cell, read_source

METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

NBGRADER_CONFIG = '''\
"""The nbgrader course that `regtutor solutions` writes: generate, release, collect and autograde as usual."""

c = get_config()  # noqa: F821 - nbgrader defines it
c.CourseDirectory.course_id = "regtutor"
c.ClearSolutions.code_stub = {"python": "# Write your code here."}
c.ExecutePreprocessor.timeout = 120
'''


def learners_edition(entry: Entry, *, solved: bool = False) -> str:
    """Return the notebook of a lesson as the learner gets it, as JSON without outputs.

    Parameters
    ----------
    entry: the lesson.
    solved: whether each blank has its solution, as after a learner has finished.
    """
    cells = read_source(entry.source)
    return _notebook([_cell(cell, cell.solution or None if solved else None) for cell in cells])


def teachers_edition(entry: Entry) -> str:
    """Return the notebook of a lesson with its solutions, in nbgrader's conventions.

    A cell with a solution has its template as comments, and the solution between ``### BEGIN SOLUTION`` and
    ``### END SOLUTION``. A cell with a task is a test of one point, with a hidden assertion. Every other code cell is
    read-only.

    Source: nbgrader, "Creating and grading assignments"
    <https://nbgrader.readthedocs.io/en/stable/user_guide/creating_and_grading_assignments.html>.
    """
    return _notebook([_teachers_cell(cell) for cell in read_source(entry.source)])


def write_teachers_course(target: Path, entries: tuple[Entry, ...] | None = None) -> list[Path]:
    """Write an nbgrader course: ``nbgrader_config.py``, and ``source/NN_name/NN_name.ipynb`` for each lesson.

    Parameters
    ----------
    target: a directory; created if it does not exist. Existing files of these names are replaced.
    entries: the lessons; by default all.

    Returns
    -------
    The paths of the notebooks.
    """
    target.mkdir(parents=True, exist_ok=True)
    (target / "nbgrader_config.py").write_text(NBGRADER_CONFIG, encoding="utf-8")
    paths = []
    for entry in entries or course():
        # nbgrader's assignments cannot have "+" in their names; ours have only letters, digits and "_".
        path = target / "source" / entry.stem / f"{entry.stem}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(teachers_edition(entry), encoding="utf-8")
        paths.append(path)
    return paths


def write_learners_course(folder: Path) -> list[Path]:
    """Write the learner's edition of every lesson into ``folder``; return the paths of those that changed."""
    changed = []
    for entry in course():
        path, text = folder / f"{entry.stem}.ipynb", learners_edition(entry)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


def _notebook(cells: list[dict[str, Any]]) -> str:
    notebook = {"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _cell(cell: Cell, text: str | None = None, metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    source = (cell.text if text is None else text).splitlines(keepends=True)
    own: dict[str, Any] = {"id": cell.id, "metadata": metadata or {}, "source": source}
    if not cell.code:
        return {"cell_type": "markdown", **own}
    return {"cell_type": "code", "execution_count": None, **own, "outputs": []}


def _teachers_cell(cell: Cell) -> dict[str, Any]:
    if not cell.code:
        return _cell(cell)
    if cell.solution:
        template = [f"# {line}".rstrip() if not line.startswith("#") else line for line in cell.text.splitlines()]
        text = "\n".join([*template, "### BEGIN SOLUTION", cell.solution, "### END SOLUTION"])
        return _cell(cell, text, _nbgrader(cell, solution=True))
    if cell.tasks:
        tests = [f'assert task("{name}"), "not done: {name}"' for name in cell.tasks]
        text = "\n".join([cell.text, "### BEGIN HIDDEN TESTS", *tests, "### END HIDDEN TESTS"])
        return _cell(cell, text, _nbgrader(cell, grade=True, locked=True, points=len(cell.tasks)))
    return _cell(cell, metadata=_nbgrader(cell, locked=True))


def _nbgrader(
    cell: Cell, *, grade: bool = False, solution: bool = False, locked: bool = False, points: int | None = None
) -> dict[str, Any]:
    kept: dict[str, Any] = {
        "grade": grade,
        "grade_id": cell.id,
        "locked": locked,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    return {"nbgrader": kept | ({"points": points} if points is not None else {})}


if __name__ == "__main__":
    for written in write_learners_course(Path(__file__).resolve().parents[2] / "notebooks"):
        print(written)
