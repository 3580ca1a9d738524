"""The source of a lesson, and the two editions that are made of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from regtutor.cli import main
from regtutor.errors import CourseError
from regtutor.lessons.catalog import Entry, course, lesson_numbered
from regtutor.lessons.editions import learners_edition, teachers_edition, write_learners_course
from regtutor.lessons.source import called, read_source

SOURCE = """\
# 05 A title

Text.

```python begin
reg, me = begin("05")
```

```http
GET /v2/
# no heading
```

## Next

```python mount
mounted = ...
```

```solution mount
mounted = 1
```

```wrong mount: no mount
mounted = 2
```

```check mount
assert mounted == 1
```

```python mount-task
!curl {url}
task("mount")
```

The end.
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "05_a_title.md"
    path.write_text(SOURCE)
    return path


def test_fences_become_cells_and_everything_else_is_text(source: Path) -> None:
    cells = read_source(source)
    assert [(cell.id, cell.code) for cell in cells] == [
        ("top-text-1", False),
        ("begin", True),
        ("begin-text-1", False),
        ("begin-text-2", False),
        ("mount", True),
        ("mount-task", True),
        ("mount-task-text-1", False),
    ]
    assert cells[2].text == "```http\nGET /v2/\n# no heading\n```"
    mount = cells[4]
    assert (mount.text, mount.solution, mount.wrong, mount.checks) == (
        "mounted = ...",
        "mounted = 1",
        [("no mount", "mounted = 2")],
        ["assert mounted == 1"],
    )
    assert called(cells, "task") == ["mount"], "in a cell with a line for the shell as well"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("```python mount\n", "```python begin\n"), "two cells have the identifier begin"),
        (("```solution mount\n", "```solution mont\n"), "solution mont comes before a cell with this identifier"),
        (("```check mount\n", "```solution mount\n"), "the cell mount has two solutions"),
        (("```wrong mount: no mount\n", "```wrong mount\n"), "a wrong answer of mount has no phrase"),
        (('task("mount")\n```\n', 'task("mount")\n'), "does not end"),
    ],
)
def test_a_slip_in_a_source_is_named(source: Path, change: tuple[str, str], why: str) -> None:
    assert change[0] in SOURCE
    source.write_text(SOURCE.replace(*change))
    with pytest.raises(CourseError, match=why):
        read_source(source)


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.number) for entry in course()])
def test_the_learners_edition_has_no_solution_and_the_teachers_has_each(entry: Entry) -> None:
    learners, teachers = (json.loads(make(entry)) for make in (learners_edition, teachers_edition))
    assert [cell["id"] for cell in learners["cells"]] == [cell["id"] for cell in teachers["cells"]]
    solved = [cell for cell in read_source(entry.source) if cell.solution]
    by_learner = {cell["id"]: "".join(cell["source"]) for cell in learners["cells"]}
    by_id = {cell["id"]: "".join(cell["source"]) for cell in teachers["cells"]}
    for cell in solved:
        assert f"### BEGIN SOLUTION\n{cell.solution}\n### END SOLUTION" in by_id[cell.id]
        assert cell.solution not in by_learner[cell.id]
    graded = [cell["metadata"]["nbgrader"] for cell in teachers["cells"] if cell["cell_type"] == "code"]
    assert sum(cell.get("points", 0) for cell in graded) == len(entry.lesson.tasks)
    assert "nbgrader" not in json.dumps(learners)


def test_the_command_writes_a_course_of_nbgrader(tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["solutions", str(tmp_path / "teacher")])
    assert ran.exit_code == 0, ran.output
    written = {path.relative_to(tmp_path / "teacher").as_posix() for path in (tmp_path / "teacher").rglob("*.*")}
    assert "nbgrader_config.py" in written
    assert {f"source/{entry.stem}/{entry.stem}.ipynb" for entry in course()} <= written


def test_the_notebooks_are_written_only_if_they_changed(tmp_path: Path) -> None:
    assert len(write_learners_course(tmp_path)) == len(course())
    assert write_learners_course(tmp_path) == []


def test_a_lesson_is_found_by_its_number_in_any_form() -> None:
    assert {lesson_numbered(number).stem for number in ("00", "0", 0)} == {"00_start_here"}
    assert lesson_numbered("a1").title == "A1 The page of 2018"
    assert all(re.fullmatch(r"[0-9A-Z]{2}", entry.number) for entry in course())
    with pytest.raises(CourseError, match="the course has the lessons 00, 01"):
        lesson_numbered("99")
