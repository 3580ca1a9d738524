"""What somebody gets who has only the wheel: built here, installed into an empty environment, and used."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT, copy_checkout
from tests.packaging.lab import running_lab

pytestmark = pytest.mark.packaging


@pytest.fixture(scope="module")
def distributions(uv: str, package_index: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel, built from the sdist as an index would build it, and the sdist."""
    place = tmp_path_factory.mktemp("build")
    source = copy_checkout(place / "source")
    subprocess.run([uv, "build", "--quiet", "--out-dir", str(place / "dist")], cwd=source, timeout=280, check=True)
    (wheel,) = (place / "dist").glob("*.whl")
    (sdist,) = (place / "dist").glob("*.tar.gz")
    return wheel, sdist


@pytest.fixture(scope="module")
def installation(uv: str, distributions: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds the wheel and what the wheel asks for, and nothing else; its bin directory."""
    environment = tmp_path_factory.mktemp("installation") / "environment"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(environment)], timeout=120, check=True)
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", str(environment / "bin/python"), str(distributions[0])],
        timeout=280,
        check=True,
    )
    return environment / "bin"


def run(command: list[str | Path], where: Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=where, env=outside(where), capture_output=True, text=True, timeout=timeout)


def outside(home: Path) -> dict[str, str]:
    """The environment of somebody who has never heard of this checkout."""
    private = {"HOME": str(home), "JUPYTER_RUNTIME_DIR": str(home / "runtime"), "NO_COLOR": "1"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL", "REGTUTOR"))}
    return kept | private


def needed_files() -> set[str]:
    """Every file of the package and the course in this checkout, by its name in the wheel."""
    package = {path for path in (ROOT / "regtutor").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    course = {path for path in (ROOT / "notebooks").rglob("*") if path.is_file()}
    course = {path for path in course if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)}
    names = {path.relative_to(ROOT).as_posix() for path in package}
    return names | {f"regtutor/lessons/course/{path.relative_to(ROOT / 'notebooks').as_posix()}" for path in course}


def test_the_wheel_holds_the_whole_package_and_the_course_and_nothing_else(distributions: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(distributions[0]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == needed_files()
    assert "regtutor/py.typed" in names
    assert any(name.startswith("regtutor/lessons/course/") and name.endswith(".ipynb") for name in names)


def test_the_sdist_holds_what_a_build_and_a_reader_need(distributions: tuple[Path, Path]) -> None:
    with tarfile.open(distributions[1]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"LICENSE", "README.md", "pyproject.toml", "uv.lock", "Makefile", "regtutor/py.typed"} <= names
    assert any(name.startswith("notebooks/") and name.endswith(".ipynb") for name in names)


def test_the_license_is_in_the_wheel_in_full(distributions: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(distributions[0]) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith("licenses/LICENSE"))
        text = wheel.read(name).decode()
    assert "Apache License" in text and "END OF TERMS AND CONDITIONS" in text


def test_the_installed_package_is_imported_from_the_wheel(installation: Path, tmp_path: Path) -> None:
    done = run([installation / "python", "-c", "import regtutor; print(regtutor.__file__)"], tmp_path)
    assert done.stdout.startswith(str(installation.parent)), done.stderr


def test_the_installed_command_tells_its_version(installation: Path, tmp_path: Path) -> None:
    done = run([installation / "regtutor", "--version"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert "0.1.0" in done.stdout


def test_the_installed_demo_pushes_the_sample_image(installation: Path, tmp_path: Path) -> None:
    done = run([installation / "regtutor", "demo"], tmp_path, timeout=240)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    for seen in ("POST /v2/", "PUT /v2/", "201", "Docker-Content-Digest"):
        assert seen in done.stdout


def test_the_installed_lab_copies_the_course_and_serves_it(installation: Path, tmp_path: Path) -> None:
    with running_lab([installation / "regtutor", "lab"], tmp_path, outside(tmp_path)) as lab:
        assert lab.notebooks() == {path.name for path in (ROOT / "notebooks").glob("*.ipynb")} != set()
        path, disabled = lab.first_page()
        assert path == "/lab/tree/00_start_here.ipynb"
        assert "@jupyterlab/apputils-extension:announcements" in disabled, "it asks about news"
        assert lab.is_the_started_process, "regtutor lab becomes JupyterLab: ending the one ends the other"
    assert (tmp_path / "regtutor-notebooks").is_dir()


def test_the_installed_lab_leaves_an_edited_notebook_alone(installation: Path, tmp_path: Path) -> None:
    notebook = next((ROOT / "notebooks").glob("*.ipynb")).name
    (tmp_path / "regtutor-notebooks").mkdir()
    (tmp_path / "regtutor-notebooks" / notebook).write_text("mine")
    with running_lab([installation / "regtutor", "lab"], tmp_path, outside(tmp_path)) as lab:
        assert notebook.replace(".ipynb", ".new.ipynb") in lab.notebooks()
    assert (tmp_path / "regtutor-notebooks" / notebook).read_text() == "mine"
