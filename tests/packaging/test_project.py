"""What the project says about itself, held against what it is."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import regtutor
from tests.packaging.conftest import ROOT, in_this_environment

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def dependencies() -> set[str]:
    optional = [name for extra in PROJECT["project"]["optional-dependencies"].values() for name in extra]
    named = [*PROJECT["project"]["dependencies"], *optional, *PROJECT["dependency-groups"]["dev"]]
    return {re.split(r"[<>=!~;\[ ]", requirement)[0] for requirement in named}


def decisions() -> list[Path]:
    return sorted(path for path in (ROOT / "docs/decisions").glob("*.md") if path.name != "README.md")


def test_every_dependency_has_its_sentence_of_reason_and_no_other_has() -> None:
    reasons = (ROOT / "docs/decisions/002-dependencies.md").read_text()
    rows = dict(re.findall(r"^\| ([a-z0-9-]+) \| (.+) \|$", reasons, re.MULTILINE))
    rows.pop("package")
    assert set(rows) == dependencies()
    assert [name for name, reason in rows.items() if not reason.endswith(".")] == []


def test_the_lock_fits_the_project() -> None:
    checked = subprocess.run(
        [in_this_environment("uv"), "lock", "--check", "--offline"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert checked.returncode == 0, checked.stderr


def test_uv_is_told_never_to_download_a_python() -> None:
    assert PROJECT["tool"]["uv"]["python-downloads"] == "never"


def test_decisions_have_numbers_of_their_own() -> None:
    numbers = [path.name.partition("-")[0] for path in decisions()]
    assert sorted(numbers) == sorted(set(numbers))
    assert all(re.fullmatch(r"\d{3}", number) for number in numbers)


def test_the_index_lists_every_decision_in_order_under_its_own_title() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text()
    rows = re.findall(r"^\| \[(.+)\]\((.+)\) \| (.+) \|$", index, re.MULTILINE)
    titles = [path.read_text().splitlines()[0].removeprefix("# ") for path in decisions()]
    assert [(title, name) for title, name, _ in rows] == list(
        zip(titles, [path.name for path in decisions()], strict=True)
    )
    assert [name for title, name, _ in rows if not title.startswith(f"{name[:3]}: ")] == []
    assert [decided for _, _, decided in rows if not decided.endswith(".")] == []


def test_the_readme_opens_with_the_two_commands() -> None:
    commands = re.findall(r"^\s*\$?\s*make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert commands[:2] == ["lab", "test"]


@pytest.mark.parametrize("target", ["lab", "test", "demo", "check", "format", "clean"])
def test_make_help_lists_the_target(target: str) -> None:
    listed = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    assert re.search(rf"^  {target} ", listed.stdout, re.MULTILINE)


def test_make_check_runs_every_tool_also_after_one_has_failed(tmp_path: Path) -> None:
    for tool in ("ruff", "mypy", "lint-imports"):
        (tmp_path / tool).write_text('#!/bin/sh\necho "$(basename "$0") $*"; test "$*" != check\n')
        (tmp_path / tool).chmod(0o755)
    command = ["make", "-s", "--old-file=environment", "check", f"BIN={tmp_path}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    tools = [line.partition(" --cache-dir")[0] for line in done.stdout.splitlines()[1::2]]
    platforms = [f"mypy --platform {name}" for name in ("linux", "darwin", "win32")]
    assert tools == ["ruff check", "ruff format --check", *platforms, "lint-imports "]
    assert done.returncode != 0 and "FAILED: ruff check\n" in done.stderr
    assert done.stderr.count("FAILED") == 1


def test_no_file_of_the_project_needs_a_package_host_of_its_own() -> None:
    sources = set(re.findall(r'source = \{ registry = "([^"]+)"', (ROOT / "uv.lock").read_text()))
    assert sources == {"https://pypi.org/simple"}


def test_the_version_in_the_package_is_that_of_the_project() -> None:
    assert regtutor.__version__ == PROJECT["project"]["version"]
