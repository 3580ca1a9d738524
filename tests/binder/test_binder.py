"""The files of binder/: what repo2docker makes of them, and what a session then has."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT, copy_checkout, in_this_environment

BINDER = ROOT / "binder"
SESSION = """
import os, regtutor
print("wanted", os.environ["REGTUTOR_REGISTRY"])
with regtutor.open_registry() as registry:
    print("host", registry.host.name)
    print("status", regtutor.check_api(registry).response.status)
"""


def pinned_python() -> str:
    return (BINDER / "runtime.txt").read_text().strip().removeprefix("python-")


def test_the_requirements_are_those_of_the_lock(tmp_path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    recipe = re.search(
        r"^binder-requirements:.*\n\t(.*?) \\\n\t\t--output-file binder/requirements.txt$", makefile, re.M
    )
    assert recipe is not None, "the Makefile says how the file is made"
    options = recipe[1].replace("$(BIN)/uv ", "").split()
    made = subprocess.run(
        [in_this_environment("uv"), *options], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert made.stdout == (BINDER / "requirements.txt").read_text(), "run make binder-requirements and commit"


def test_every_requirement_is_one_exact_version_of_a_package_from_the_index() -> None:
    pinned = re.compile(r"[a-z0-9._-]+==[^ ;]+( ; .+)?")
    lines = (BINDER / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not pinned.fullmatch(line)] == []
    names = {line.partition("==")[0] for line in lines}
    assert {"jupyterlab", "pandas", "requests", "tornado"} <= names
    assert not {"pytest", "ruff", "mypy", "regtutor"} & names, "neither test tools nor the project itself"


def test_the_pinned_python_is_one_that_the_tests_run_on() -> None:
    assert f"Programming Language :: Python :: {pinned_python()}" in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize("script", ["postBuild", "start"])
def test_the_scripts_can_be_executed(script: str) -> None:
    assert os.access(BINDER / script, os.X_OK)


def test_repo2docker_takes_the_files(tmp_path: Path) -> None:
    """``--no-build`` needs no Docker: it prints the Dockerfile that it would build."""
    program = in_this_environment("jupyter-repo2docker")
    source = copy_checkout(tmp_path / "source")
    shutil.copytree(BINDER, source / "binder")
    done = subprocess.run(
        [program, "--no-build", "--debug", str(source)], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    assert f"Building conda environment for python={pinned_python()}" in said
    assert "apt-get install --yes --no-install-recommends docker-registry" in said
    assert 'pip install --no-cache-dir -r "binder/requirements.txt"' in said
    assert said.index("binder/requirements.txt") < said.index("./binder/postBuild"), "a layer of its own"
    assert 'R2D_ENTRYPOINT="${REPO_DIR}/binder/start"' in said


@pytest.mark.packaging
@pytest.mark.registry
def test_a_session_opens_the_native_registry(
    uv: str, package_index: None, require_program: Callable[[str, str], str], tmp_path: Path
) -> None:
    """postBuild and start as a Binder runs them, in an environment of the requirements and with an empty home."""
    registry = require_program("docker-registry", "docker-registry")
    source, home, environment = copy_checkout(tmp_path / "source"), tmp_path / "home", tmp_path / "environment"
    shutil.copytree(BINDER, source / "binder")
    home.mkdir()
    install_requirements(uv, environment)
    path = f"{environment / 'bin'}:{Path(registry).parent}:/usr/bin:/bin"
    kept = {name: os.environ[name] for name in ("SSL_CERT_FILE", "PIP_CERT", "PIP_INDEX_URL") if name in os.environ}
    session = {**kept, "PATH": path, "HOME": str(home)}

    built = played(["./binder/postBuild"], source, session)
    assert built.returncode == 0, built.stdout + built.stderr
    ran = played([str(source / "binder/start"), "python", "-c", SESSION], home, session)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    lines = ran.stdout.splitlines()
    assert "wanted native" in lines
    assert "host native" in lines
    assert "status 200" in lines
    lab = played([str(source / "binder/start"), "jupyter", "labextension", "list"], home, session)
    assert "@jupyterlab/apputils-extension:announcements" in lab.stdout + lab.stderr, "disabled: it asks about news"


def install_requirements(uv: str, environment: Path) -> None:
    """The pinned Python where it is installed, else this one, with pip and what requirements.txt names."""
    subprocess.run([uv, "venv", "--quiet", "--seed", "--python", pinned_or_own(), environment], timeout=120, check=True)
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", environment / "bin/python", "-r", BINDER / "requirements.txt"],
        timeout=280,
        check=True,
    )


def pinned_or_own() -> str:
    version = pinned_python()
    pyenv = Path.home() / ".pyenv/versions"
    for candidate in [Path(f"python{version}"), *sorted(pyenv.glob(f"{version}.*/bin/python"))]:
        program = shutil.which(candidate)
        # a pyenv shim is found for versions that it then refuses to run
        if program and subprocess.run([program, "--version"], capture_output=True, timeout=60).returncode == 0:
            return program
    return sys.executable


def played(command: list[str], where: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=where, env=variables, capture_output=True, text=True, timeout=240)
