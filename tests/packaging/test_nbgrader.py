"""The teacher's edition in nbgrader's own hands: it makes the learners' edition, and grades what they submit.

nbgrader is installed into an environment of its own: it brings a database, which nothing else here needs.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from regtutor.lessons.catalog import lesson_numbered
from regtutor.lessons.editions import write_teachers_course
from tests.packaging.conftest import ROOT

pytestmark = pytest.mark.packaging

ENTRY = lesson_numbered("00")

Nbgrader = Callable[..., str]


@pytest.fixture
def nbgrader(uv: str, package_index: None, tmp_path: Path) -> Nbgrader:
    """Runs nbgrader in the teacher's course, ``tmp_path / "course"``."""
    environment, course = tmp_path / "environment", tmp_path / "course"
    python = environment / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, environment], timeout=60, check=True)
    install = [uv, "pip", "install", "--quiet", "--python", python, "nbgrader>=0.9.5", "--editable", ROOT]
    subprocess.run(install, timeout=280, check=True)
    own = {"REGTUTOR_REGISTRY": "embedded", "REGTUTOR_PROGRESS": str(tmp_path / "progress.json")}
    # nbgrader finds the program that makes its database on PATH.
    path = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"

    def run(*arguments: str) -> str:
        command = [python, "-m", "nbgrader", *arguments]
        env = {**os.environ, **own, "PATH": path}
        done = subprocess.run(command, cwd=course, env=env, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_a_solved_lesson_gets_every_point_and_an_untouched_one_none(nbgrader: Nbgrader, tmp_path: Path) -> None:
    course = tmp_path / "course"
    (source,) = write_teachers_course(course, (ENTRY,))
    nbgrader("generate_assignment", ENTRY.stem, "--create")
    release = course / "release" / ENTRY.stem / source.name
    assert "SOLUTION" not in release.read_text() and "HIDDEN TESTS" not in release.read_text()
    for student, notebook in (("ada", source), ("bob", release)):
        submitted = course / "submitted" / student / ENTRY.stem
        submitted.mkdir(parents=True)
        shutil.copy(notebook, submitted)
    nbgrader("autograde", ENTRY.stem)
    nbgrader("export")
    with (course / "grades.csv").open(newline="") as file:
        scores = {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in csv.DictReader(file)}
    points = float(len(ENTRY.lesson.tasks))
    assert scores == {"ada": (points, points), "bob": (0.0, points)}
