"""``make environment`` on machines that have little, or something broken: it works, or says what to do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.packaging.conftest import in_this_environment
from tests.packaging.lab import running_lab

pytestmark = [pytest.mark.packaging, pytest.mark.usefixtures("package_index")]

KEPT = {
    "HOME",
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "PIP_CERT"),
    *("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"),
    *("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_CACHE_DIR"),
}
LOCKED_UV = re.compile(r'^name = "uv"\nversion = "(.+)"$', re.MULTILINE)


def make_environment(
    checkout: Path, path: Path | str, python: str | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """``make environment`` with nothing of this process's environment but where packages come from."""
    environment = {name: value for name, value in os.environ.items() if name in KEPT}
    make = shutil.which("make")
    assert make is not None
    command = [make, "--no-print-directory", "environment", *([f"PYTHON={python}"] if python else [])]
    return subprocess.run(
        command,
        cwd=checkout,
        env={**environment, "PATH": str(path), **variables},
        capture_output=True,
        text=True,
        timeout=280,
    )


def uv_cache() -> Path:
    """Where uv keeps packages for this user: a test that gives JupyterLab another HOME need not fetch them again."""
    asked = subprocess.run([in_this_environment("uv"), "cache", "dir"], capture_output=True, text=True, timeout=60)
    return Path(asked.stdout.strip())


def installed(checkout: Path, program: str) -> str:
    return subprocess.run(
        [checkout / ".venv/bin" / program, "--version"], capture_output=True, text=True, timeout=60, check=True
    ).stdout


@pytest.fixture
def path_with_uv(bare_path: Callable[..., Path], uv: str) -> Path:
    directory = bare_path("python3")
    (directory / "uv").symlink_to(uv)
    return directory


def test_python_and_make_are_enough(checkout: Path, bare_path: Callable[..., Path]) -> None:
    path = bare_path("python3")
    made = make_environment(checkout, path)
    assert made.returncode == 0, made.stdout + made.stderr
    locked = LOCKED_UV.search((checkout / "uv.lock").read_text())
    assert locked is not None
    assert installed(checkout, "uv").split()[1] == locked[1], "uv is the locked one, in the project's own environment"
    assert "pytest" in installed(checkout, "pytest")
    assert installed(checkout, "jupyter-lab")
    imported = subprocess.run(
        [checkout / ".venv/bin/python", "-c", "import regtutor; print(regtutor.__file__)"],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert imported.stdout.strip() == str(checkout / "regtutor" / "__init__.py"), imported.stderr
    again = make_environment(checkout, path)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", ""), (
        "a second run has nothing to do, and says nothing"
    )


def test_make_lab_opens_a_copy_of_the_course(checkout: Path, path_with_uv: Path, tmp_path: Path) -> None:
    make = str(path_with_uv / "make")
    environment = {name: value for name, value in os.environ.items() if name in KEPT} | {"PATH": str(path_with_uv)}
    environment.setdefault("UV_CACHE_DIR", str(uv_cache()))
    with running_lab([make, "-C", str(checkout), "lab"], tmp_path, environment) as lab:
        assert lab.notebooks() == {path.name for path in (checkout / "notebooks").glob("*.ipynb")} != set()
        assert Path(str(lab.server["root_dir"])) == checkout / "regtutor-notebooks"


def test_a_changed_lock_is_synced_without_uv_on_path(checkout: Path, bare_path: Callable[..., Path]) -> None:
    path = bare_path("python3")
    assert make_environment(checkout, path).returncode == 0
    stamp = checkout / ".venv" / ".regtutor-stamp"
    before = stamp.read_text()
    own_uv, python = checkout / ".venv/bin/uv", checkout / ".venv/bin/python"
    subprocess.run([own_uv, "pip", "uninstall", "--python", python, "--quiet", "tqdm"], timeout=60, check=True)
    with (checkout / "uv.lock").open("a") as lock:
        lock.write("\n# changed\n")
    again = make_environment(checkout, path)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "installing uv" not in again.stdout
    assert stamp.read_text() != before
    subprocess.run([python, "-c", "import tqdm"], timeout=60, check=True)


def test_the_callers_python_variables_make_no_difference(checkout: Path, path_with_uv: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    made = make_environment(
        checkout,
        path_with_uv,
        VIRTUAL_ENV=str(elsewhere),
        UV_PROJECT_ENVIRONMENT=str(elsewhere),
        UV_NO_DEV="1",
        PYTHONPATH=str(elsewhere),
        PYTHONHOME=str(elsewhere),
    )
    assert made.returncode == 0, made.stdout + made.stderr
    assert not elsewhere.exists()
    assert "pytest" in installed(checkout, "pytest")


def test_a_moved_checkout_gets_a_new_environment(checkout: Path, path_with_uv: Path) -> None:
    assert make_environment(checkout, path_with_uv).returncode == 0
    moved = checkout.rename(checkout.with_name("moved"))
    made = make_environment(moved, path_with_uv)
    assert f"it was created in {checkout}" in made.stdout, made.stdout + made.stderr
    assert made.returncode == 0
    assert "pytest" in installed(moved, "pytest"), "its scripts name the new place"


def test_an_environment_whose_python_is_gone_is_made_anew(checkout: Path, path_with_uv: Path) -> None:
    (checkout / ".venv/bin").mkdir(parents=True)
    (checkout / ".venv/pyvenv.cfg").write_text("home = /nowhere\n")
    (checkout / ".venv/bin/python").symlink_to("/nowhere/python")
    made = make_environment(checkout, path_with_uv)
    assert "does not run" in made.stdout, made.stdout + made.stderr
    assert made.returncode == 0
    assert "pytest" in installed(checkout, "pytest")


def test_a_directory_that_is_no_environment_is_left_alone(checkout: Path, path_with_uv: Path) -> None:
    (checkout / ".venv").mkdir()
    (checkout / ".venv/thesis.txt").write_text("mine")
    made = make_environment(checkout, path_with_uv)
    assert made.returncode != 0
    assert "move it" in made.stderr
    assert (checkout / ".venv/thesis.txt").read_text() == "mine"


def test_without_a_python_it_says_what_it_looked_for(checkout: Path, bare_path: Callable[..., Path]) -> None:
    made = make_environment(checkout, bare_path())
    assert made.returncode != 0
    assert "CPython 3.11 or newer was not found" in made.stderr
    assert "python3.12: not on PATH" in made.stderr
    assert "PYTHON=/path/to/python3.12" in made.stderr
    assert not (checkout / ".venv").exists()


def test_a_python_that_is_too_old_is_named_with_its_version(checkout: Path, bare_path: Callable[..., Path]) -> None:
    path = bare_path()
    old = path / "python3"
    old.write_text('#!/bin/sh\ncase "$*" in *print*version.split*) echo cpython 3.9.2;; *) exit 1;; esac\n')
    old.chmod(0o755)
    made = make_environment(checkout, path)
    assert made.returncode != 0
    assert "python3: cpython 3.9.2" in made.stderr


def test_a_python_without_venv_names_debians_package(checkout: Path, bare_path: Callable[..., Path]) -> None:
    path = bare_path()
    split = path / "python3"
    real = getattr(sys, "_base_executable", sys.executable)
    split.write_text(f'#!/bin/sh\ncase "$*" in *ensurepip*) exit 1;; esac\nexec {real} "$@"\n')
    split.chmod(0o755)
    made = make_environment(checkout, path)
    assert made.returncode != 0
    assert "apt-get install python3-venv" in made.stderr
    assert not (checkout / ".venv").exists()


def test_the_python_that_was_named_is_the_only_one_tried(checkout: Path, path_with_uv: Path) -> None:
    made = make_environment(checkout, path_with_uv, python="/nowhere/python3.12")
    assert made.returncode != 0
    assert "/nowhere/python3.12: not on PATH" in made.stderr
    assert "python3:" not in made.stderr
