"""The benchmarks run: each subject with tiny work, and the page that is made from what they found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.measuring import Comparison, Goal, Line, Plot, Report, Samples, in_turn
from benchmarks.page import written
from benchmarks.registries import kinds
from benchmarks.setting import Setting
from benchmarks.subjects import SUBJECTS


@pytest.mark.clients
@pytest.mark.parametrize("name", SUBJECTS)
def test_a_subject_measures_what_it_names(
    name: str, tmp_path: Path, require_program: Callable[[str, str], str]
) -> None:
    require_program("curl", "curl")
    setting = Setting(tmp_path, quick=True)
    report = SUBJECTS[name](setting)
    assert report.comparisons
    for comparison in report.comparisons:
        assert comparison.samples, comparison.work
        for found in comparison.samples.values():
            assert found.values
            assert all(value > 0 for value in found.values)
    left = {path.name for path in tmp_path.iterdir()} - {"registry.log", "layout", "blobs-layout"}
    assert not any(one.startswith("registry-") for one in left)  # each registry ended, and its folder is removed
    page = written(tmp_path, [("CPU", "some")], {name: ("Heading", report, 1.0)}, quick=True)
    text = page.read_text()
    assert all(comparison.work in text for comparison in report.comparisons)
    for plot in report.plots:
        assert "<svg" in (tmp_path / "plots" / f"{plot.name}.svg").read_text()


def test_the_ways_are_measured_in_turn_and_the_first_rounds_are_dropped() -> None:
    order: list[str] = []

    def way(name: str) -> float:
        order.append(name)
        return float(len(order))

    found = in_turn({"one": lambda: way("one"), "other": lambda: way("other")}, 2, warm_up=1)
    assert order == ["one", "other"] * 3
    assert found == {"one": Samples((3.0, 5.0)), "other": Samples((4.0, 6.0))}
    assert (found["one"].median, found["one"].least, found["one"].most) == (4.0, 3.0, 5.0)


@pytest.mark.parametrize(
    ("goal", "verdict"),
    [
        (Goal("ours", 1.1, "theirs"), "ours: 1.20 times theirs; the goal is at most 1.1: missed"),
        (Goal("ours", 1.2, "theirs"), "ours: 1.20 times theirs; the goal is at most 1.2: met"),
        (Goal("ours", 1.0, "theirs", least=True), "ours: 1.20 times theirs; the goal is at least 1: met"),
        (Goal("ours", 20.0), "ours: 12.00 s; the goal is at most 20: met"),
    ],
)
def test_a_goal_is_judged_by_the_medians(goal: Goal, verdict: str) -> None:
    samples = {"ours": Samples((12.0, 11.0, 90.0)), "theirs": Samples((10.0,))}
    assert Comparison("work", "s", samples, (goal,)).verdicts() == [verdict]


def test_a_goal_beside_a_program_that_is_missing_is_left_out() -> None:
    comparison = Comparison("work", "s", {"ours": Samples((1.0,))}, (Goal("ours", 1.0, "crane"),), {"crane": "absent"})
    assert comparison.verdicts() == []


def test_the_page_names_the_machine_the_goals_and_what_is_missing(tmp_path: Path) -> None:
    samples = {"ours": Samples((1.0, 2.0, 3.0)), "theirs": Samples((4.0,))}
    goals = (Goal("ours", 1.0, "theirs"),)
    comparison = Comparison("a push", "s", samples, goals, {"crane": "not installed"})
    plot = Plot("growth", "Growth", "size", "ms", (Line("ours", ((1.0, 2.0), (3.0, 4.0))),))
    report = Report((comparison,), (plot,), ("A note.",))
    page = written(tmp_path, [("CPU", "two cores")], {"push": ("Push", report, 3.0)}, quick=False)
    text = page.read_text()
    for part in ("| CPU | two cores |", "| ours | 2 | 1 | 3 | 1.00 |", "| theirs | 4 | 4 | 4 | 2.00 |", "A note."):
        assert part in text
    assert "- ours: 0.50 times theirs; the goal is at most 1: met." in text
    assert "| crane | not installed |" in text
    assert "(plots/growth.svg)" in text
    assert (tmp_path / "plots" / "growth.svg").exists()


def test_a_registry_that_is_not_installed_is_named(tmp_path: Path) -> None:
    present, missing = kinds(Setting(tmp_path, given={"docker-registry": "/somewhere"}))
    assert [kind.name for kind in present][:2] == ["embedded", "Distribution 2.8"]
    assert missing["olareg"] == "olareg is not installed"
