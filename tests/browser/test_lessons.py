"""The lessons in JupyterLab: what a learner sees who runs every cell as it is, and who has written everything."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from regtutor.lessons.catalog import lesson_numbered
from regtutor.lessons.editions import learners_edition
from tests.browser.lab import RUN_ALL, Lab

pytestmark = pytest.mark.browser

NARROW, WIDE = 1024, 1440

TOO_WIDE = """root => [...root.querySelectorAll(".jp-RenderedHTML")]
  .filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.textContent.slice(0, 80))"""


def test_an_untouched_lesson_asks_for_a_guess_and_sends_nothing(lab: Lab, tmp_path: Path) -> None:
    entry = lesson_numbered("00")
    notebook = tmp_path / f"{entry.stem}.ipynb"
    notebook.write_text(learners_edition(entry), encoding="utf-8")
    lab.open(notebook, "untouched.ipynb")
    lab.page.evaluate(RUN_ALL)
    outputs = lab.page.locator(".jp-Notebook .jp-OutputArea-output", has_text="PredictionMissing")
    expect(outputs.first).to_contain_text("First guess the status, then send")
    assert [error["ename"] for error in lab.errors()] == ["PredictionMissing"]
    assert lab.ask_kernel("from regtutor.lessons import session; print(len(session.current().exchanges))") == "0\n"
    lab.picture("lesson-untouched", WIDE)


@pytest.mark.parametrize("number", ["00", "01", "02"])
def test_a_solved_lesson_is_readable_wide_and_narrow_in_both_themes(number: str, lab: Lab, tmp_path: Path) -> None:
    open_solved(lab, number, tmp_path)
    look_at(lab, number)


def open_solved(lab: Lab, number: str, folder: Path) -> None:
    entry = lesson_numbered(number)
    notebook = folder / f"{entry.stem}.ipynb"
    notebook.write_text(learners_edition(entry, solved=True), encoding="utf-8")
    lab.open(notebook, f"solved-{number}.ipynb")
    lab.run_all()


def look_at(lab: Lab, number: str) -> None:
    """Pictures at two widths and in two themes; no report stands out to the right."""
    cells = lab.page.locator(".jp-Notebook .jp-WindowedPanel-viewport")
    for scheme in lab.themes():
        for width in (WIDE, NARROW):
            lab.picture(f"lesson-{number}-{width}-{scheme}", width, of=cells)
            assert cells.evaluate(TOO_WIDE) == []
