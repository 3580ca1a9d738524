"""A learner's copy of the course: made once, brought up to date, and never written over."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from regtutor.errors import CourseError
from regtutor.lessons import notebooks
from regtutor.lessons.notebooks import (
    FIRST,
    MANIFEST,
    SETTINGS,
    Outcome,
    copy_notebooks,
    course_directory,
    lab_command,
    lab_variables,
    report,
)


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package whose course the test may change, as a later version of regtutor would."""
    course = tmp_path / "regtutor" / "lessons" / "course"
    (course / "data").mkdir(parents=True)
    (course / "01_push.ipynb").write_text("one")
    (course / "data" / "page.html").write_text("page")
    monkeypatch.setattr(notebooks, "_PACKAGE", tmp_path / "regtutor")
    return course


def outcomes(target: Path) -> dict[str, Outcome]:
    return {copy.path.relative_to(target).as_posix(): copy.outcome for copy in copy_notebooks(target)}


def test_the_first_copy_holds_every_file_of_the_course(course: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    assert outcomes(target) == {"01_push.ipynb": Outcome.COPIED, "data/page.html": Outcome.COPIED}
    assert (target / "01_push.ipynb").read_text() == "one"
    assert (target / "data" / "page.html").read_text() == "page"


def test_hidden_files_and_caches_are_no_part_of_the_course(course: Path, tmp_path: Path) -> None:
    for name in (".ipynb_checkpoints/01_push.ipynb", "__pycache__/a.pyc", "data/.hidden"):
        (course / name).parent.mkdir(exist_ok=True)
        (course / name).write_text("no")
    assert set(outcomes(tmp_path / "mine")) == {"01_push.ipynb", "data/page.html"}


def test_what_somebody_exported_is_no_part_of_the_course(course: Path, tmp_path: Path) -> None:
    (course / "exports" / "deep").mkdir(parents=True)
    (course / "exports" / "push.har").write_text("mine")
    (course / "exports" / "deep" / "push.svg").write_text("mine")
    assert set(outcomes(tmp_path / "mine")) == {"01_push.ipynb", "data/page.html"}
    assert not (tmp_path / "mine" / "exports").exists()


def test_a_second_copy_changes_nothing(course: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    copy_notebooks(target)
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*") if path.is_file() and path.name != MANIFEST}
    assert set(outcomes(target).values()) == {Outcome.UNCHANGED}
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_deleted_file_comes_back(course: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    copy_notebooks(target)
    (target / "01_push.ipynb").unlink()
    assert outcomes(target)["01_push.ipynb"] is Outcome.COPIED


def test_an_unedited_file_is_updated(course: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    copy_notebooks(target)
    (course / "01_push.ipynb").write_text("two")
    assert outcomes(target)["01_push.ipynb"] is Outcome.UPDATED
    assert (target / "01_push.ipynb").read_text() == "two"


def test_an_edited_file_is_kept_when_the_course_has_not_changed(course: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    copy_notebooks(target)
    (target / "01_push.ipynb").write_text("edited")
    assert outcomes(target)["01_push.ipynb"] is Outcome.KEPT
    assert (target / "01_push.ipynb").read_text() == "edited"
    assert not (target / "01_push.new.ipynb").exists()


def test_an_edited_file_is_kept_and_a_newer_one_is_put_beside_it_once(course: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    copy_notebooks(target)
    (target / "01_push.ipynb").write_text("edited")
    (course / "01_push.ipynb").write_text("two")
    copy = copy_notebooks(target)[0]
    assert (copy.outcome, copy.beside) == (Outcome.OFFERED, target / "01_push.new.ipynb")
    assert (target / "01_push.ipynb").read_text() == "edited"
    assert (target / "01_push.new.ipynb").read_text() == "two"
    assert outcomes(target)["01_push.ipynb"] is Outcome.KEPT
    (course / "01_push.ipynb").write_text("three")
    assert outcomes(target)["01_push.ipynb"] is Outcome.OFFERED
    assert (target / "01_push.new.ipynb").read_text() == "three"


def test_what_is_beside_an_edited_file_is_kept_when_it_is_edited_too(course: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    copy_notebooks(target)
    (target / "01_push.ipynb").write_text("edited")
    (target / "01_push.new.ipynb").write_text("also mine")
    (course / "01_push.ipynb").write_text("two")
    assert outcomes(target)["01_push.ipynb"] is Outcome.KEPT
    assert (target / "01_push.new.ipynb").read_text() == "also mine"


@pytest.mark.parametrize(
    "manifest",
    ["", "{", "[]", "null", '{"format": "regtutor-notebooks/9"}', '{"format": "regtutor-notebooks/1", "files": 3}'],
)
def test_with_a_manifest_that_cannot_be_read_nothing_is_replaced(course: Path, tmp_path: Path, manifest: str) -> None:
    target = tmp_path / "mine"
    copy_notebooks(target)
    (target / MANIFEST).write_text(manifest)
    (course / "01_push.ipynb").write_text("two")
    assert outcomes(target)["01_push.ipynb"] is Outcome.OFFERED
    assert (target / "01_push.ipynb").read_text() == "one"


def test_the_manifest_names_digests_of_what_was_given(course: Path, tmp_path: Path) -> None:
    copy_notebooks(tmp_path / "mine")
    manifest = json.loads((tmp_path / "mine" / MANIFEST).read_text())
    assert manifest["format"] == "regtutor-notebooks/1"
    one = "sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"  # printf one | sha256sum
    assert manifest["files"]["01_push.ipynb"] == one


def test_the_report_names_each_file_that_is_the_learners_own(course: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    assert report(copy_notebooks(target), target) == f"The course is in {target}: 2 copied."
    (target / "01_push.ipynb").write_text("edited")
    (course / "01_push.ipynb").write_text("two")
    first, second = report(copy_notebooks(target), target).splitlines()
    assert first.endswith("1 offered, 1 unchanged.")
    assert str(target / "01_push.ipynb") in second and str(target / "01_push.new.ipynb") in second


def test_links_in_the_copy_are_not_followed(course: Path, tmp_path: Path) -> None:
    target, elsewhere = tmp_path / "mine", tmp_path / "elsewhere"
    target.mkdir()
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("precious")
    (target / "01_push.ipynb").symlink_to(elsewhere / "precious")
    (target / "data").symlink_to(elsewhere)
    (target / MANIFEST).symlink_to(elsewhere / "manifest")
    assert set(outcomes(target).values()) == {Outcome.KEPT}
    assert [path.name for path in elsewhere.iterdir()] == ["precious"]
    assert (elsewhere / "precious").read_text() == "precious"


def test_a_target_that_is_a_link_or_a_file_is_refused(course: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "file").write_text("")
    for name in ("link", "file"):
        with pytest.raises(CourseError, match="not followed or replaced"):
            copy_notebooks(tmp_path / name)
    assert list((tmp_path / "real").iterdir()) == []


def test_a_file_where_the_course_has_a_folder_is_a_named_error(course: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    target.mkdir()
    (target / "data").write_text("a file")
    with pytest.raises(CourseError, match="cannot be copied"):
        copy_notebooks(target)
    assert (target / "data").read_text() == "a file"


def test_no_temporary_file_stays(course: Path, tmp_path: Path) -> None:
    copy_notebooks(tmp_path / "mine")
    assert {path.name for path in (tmp_path / "mine").iterdir()} == {"01_push.ipynb", "data", MANIFEST}


def test_in_a_checkout_the_course_is_the_notebooks_folder() -> None:
    assert course_directory() == Path(__file__).resolve().parents[2] / "notebooks"


def test_an_installation_without_the_course_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebooks, "_PACKAGE", tmp_path / "regtutor")
    with pytest.raises(CourseError, match="Install regtutor again"):
        course_directory()


def test_jupyterlab_is_this_interpreters_own_and_gets_the_arguments(tmp_path: Path) -> None:
    command = lab_command(tmp_path, ["--no-browser", "--port=0"])
    assert command[1:3] == ["-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={tmp_path}" in command
    assert command[-2:] == ["--no-browser", "--port=0"]


def opened(command: list[str]) -> list[str]:
    return [each.partition("default_url=")[2] for each in command if ".default_url=" in each]


def test_the_first_lesson_is_open_unless_an_argument_names_another_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JupyterLab refuses a setting that is given twice."""
    monkeypatch.chdir(tmp_path)
    target = tmp_path / "course"
    copy_notebooks(target)
    assert opened(lab_command(target, ["--no-browser", "--ServerApp.port=0"])) == [f"/lab/tree/{FIRST}"]
    assert opened(lab_command(target, ["--ServerApp.default_url=/lab"])) == ["/lab"]
    fifth = next(path.name for path in target.glob("05_*.ipynb"))
    for given in (fifth, f"course/{fifth}", str(target / fifth)):
        command = lab_command(target, [given])
        assert opened(command) == [f"/lab/tree/{fifth}"] and given not in command


def test_a_notebook_elsewhere_is_left_to_jupyterlab(tmp_path: Path) -> None:
    copy_notebooks(tmp_path / "course")
    (tmp_path / "mine.ipynb").write_text("{}")
    command = lab_command(tmp_path / "course", [str(tmp_path / "mine.ipynb")])
    assert opened(command) == [] and command[-1] == str(tmp_path / "mine.ipynb")


def test_jupyterlab_does_not_ask_about_news_and_keeps_the_settings_of_its_user() -> None:
    page = json.loads((SETTINGS / "labconfig" / "page_config.json").read_text())
    assert page["disabledExtensions"] == {"@jupyterlab/apputils-extension:announcements": True}
    assert lab_variables({"HOME": "/h"}) == {"HOME": "/h", "JUPYTER_CONFIG_PATH": str(SETTINGS)}
    own = lab_variables({"JUPYTER_CONFIG_PATH": "/own"})["JUPYTER_CONFIG_PATH"]
    assert own.split(os.pathsep) == [str(SETTINGS), "/own"]
