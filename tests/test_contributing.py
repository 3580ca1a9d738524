"""CONTRIBUTING.md names files, commands and targets that exist."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

MADE_BY_TESTS = {"tests/browser/screenshots/"}


def test_every_path_that_it_names_exists() -> None:
    paths = set(re.findall(r"`((?:regtutor|tests|docs|binder|notebooks|\.ci)/[\w./-]*|\w+\.(?:toml|lock|md))`", TEXT))
    assert len(paths) > 40
    assert [path for path in paths - MADE_BY_TESTS if not (ROOT / path).exists()] == []


def test_every_module_that_makes_a_page_exists() -> None:
    modules = re.findall(r"python -m ([\w.]+)", TEXT)
    assert len(modules) > 3
    assert [module for module in modules if find_spec(module) is None] == []


def test_every_target_of_make_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", TEXT)) <= targets


def test_each_row_of_the_map_has_a_place_a_test_and_a_fastest_test_with_its_seconds() -> None:
    rows = [line.strip("| ").split(" | ") for line in TEXT.splitlines() if re.match(r"\| an? |\| the ", line)]
    assert len(rows) >= 16
    for change, place, test, *_, fastest in rows:
        assert "`" in place and "tests/" in test and re.search(r"\d s\b", fastest), change
