"""What pytest-xdist makes of the groups, with the options of this project: its next version may read them otherwise."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE = """
import pytest

@pytest.fixture
def podman(): ...

@pytest.mark.parametrize("number", range(3))
def test_engine(number, podman): ...

@pytest.mark.browser
@pytest.mark.parametrize("number", range(3))
def test_browser(number): ...

@pytest.mark.parametrize("number", range(3))
def test_{name}(number): ...
"""


def test_a_group_goes_to_one_worker_and_so_does_the_rest_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from tests.workers import *")
    for name in ("one", "two", "three"):
        (tmp_path / f"test_{name}.py").write_text(FILE.format(name=name))
    command = [sys.executable, "-m", "pytest", "-v", "-n", "2", "-c", str(ROOT / "pyproject.toml"), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": f"--rootdir={tmp_path}"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    workers = defaultdict(set)
    for worker, name in re.findall(r"^\[(gw\d)\] .* PASSED .*::test_(\w+)\[\d\]", done.stdout, re.MULTILINE):
        workers[name].add(worker)
    assert {name: len(found) for name, found in workers.items()} == {
        "engine": 1,
        "browser": 1,
        "one": 1,
        "two": 1,
        "three": 1,
    }
