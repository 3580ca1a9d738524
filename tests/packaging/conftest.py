"""A checkout to build from, and the package index, or a skip that says that it cannot be reached."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import missing

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("regtutor", "notebooks", ".ci", "Makefile", "pyproject.toml", "uv.lock", "README.md", "LICENSE", ".gitignore")
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")


def in_this_environment(program: str) -> str:
    """The program that was installed beside this interpreter, whatever PATH says."""
    path = Path(sys.executable).parent / program
    assert path.exists(), f"{path} is missing: run make environment"
    return str(path)


@pytest.fixture(scope="session")
def uv() -> str:
    return in_this_environment("uv")


@pytest.fixture(scope="session")
def package_index(uv: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip when neither the network nor uv's cache has packages."""
    target = tmp_path_factory.mktemp("index")
    asked = subprocess.run(
        [uv, "pip", "install", "--dry-run", "--no-deps", "--target", str(target), "hatchling"],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "UV_PYTHON": sys.executable},
    )
    if asked.returncode != 0:
        missing(f"the package index cannot be reached, nor is it in uv's cache: {asked.stderr.strip()[-300:]}")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The project as a fresh clone has it: no environment, no build products."""
    return copy_checkout(tmp_path / "clone")


def copy_checkout(place: Path) -> Path:
    place.mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, place / part, ignore=LEFT_OUT)
        elif (ROOT / part).exists():
            shutil.copy2(ROOT / part, place / part)
    return place


@pytest.fixture
def bare_path(tmp_path: Path) -> Callable[..., Path]:
    """``bare_path("python3")``: a directory for PATH with make, a shell and its programs, this Python, and no uv."""

    def make(*pythons: str) -> Path:
        directory = tmp_path / "bare"
        directory.mkdir()
        for program in ("sh", "make", "sed", "cat", "cksum", "dirname", "head", "ls", "rm", "id"):
            found = shutil.which(program)
            assert found is not None, f"{program} is missing from PATH"
            (directory / program).symlink_to(found)
        for name in pythons:
            (directory / name).symlink_to(getattr(sys, "_base_executable", sys.executable))
        return directory

    return make
