"""Where Python lacks what only POSIX systems have, registries start, and nothing of them is left at their end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.backends import missing_names
from tests.backends.watching import alive

BEGINNING = f"""
import json, sys
sys.path.append({str(Path(missing_names.__file__).parent)!r})
import missing_names
missing_names.take_away(sys.argv[1])
from regtutor.backends import keeper
keeper._PROGRAM = missing_names.keepers_program(keeper._PROGRAM, sys.argv[1])
"""

PUSH_AND_PULL = """
import regtutor as rt
image = rt.sample_image()
with rt.open_registry(sys.argv[2], quiet=True) as reg:
    pushed = rt.push_image(reg, image, "library/hello", "v1", progress=False)
    rt.pull_image(reg, "library/hello", "v1", sys.argv[3], progress=False)
    keeper = keeper._KEEPERS[0].pid
print(json.dumps({"keeper": keeper, "status": pushed[-1].response.status, "pulled": rt.load_image(sys.argv[3]).digest}))
"""

A_TREE = """
from pathlib import Path
from regtutor.backends.keeper import Keeper

def ready(file):
    while not (file.exists() and file.read_text().endswith("\\n")):
        pass
    return file.read_text()

def start(script, file):
    return keeper.start(["sh", "-c", script, str(file)], env=None, log=home / "log")

with Keeper() as keeper:
    home = keeper.directory("test")
    leader = start('sleep 600 & echo $! > "$0"; wait', home / "pid")
    stubborn = start('trap "" TERM; echo > "$0"; sleep 600', home / "ready")
    pids = [leader, stubborn, int(ready(home / "pid"))]
    ready(home / "ready")
    limited = keeper.run(["sh", "-c", "echo begun; sleep 600"], limit=0.5)
print(json.dumps({"keeper": keeper.pid, "pids": pids, "limited": [limited.status, limited.output]}))
"""


def run(script: str, reports: Path, *arguments: object) -> dict[str, Any]:
    """Run ``script`` without the names; what it printed, once its processes have been seen to lack them to the end."""
    reports.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", BEGINNING + script, *map(str, arguments)],
        capture_output=True,
        env={**os.environ, missing_names.REPORT: str(reports)},
        timeout=120,
    )
    assert (done.returncode, done.stderr.decode()) == (0, "")
    said: dict[str, Any] = json.loads(done.stdout)
    found = {int(path.stem): json.loads(path.read_text()) for path in reports.iterdir()}
    assert [report["present"] for report in found.values()] == [[], []]  # the kernel's and the keeper's
    assert found[said["keeper"]]["loaded"] == [
        "regtutor.backends",
        "regtutor.backends.keeper_process",
        "regtutor.backends.pipe_lines",
        "regtutor.backends.processes",
    ]
    assert not alive(said["keeper"])
    return said


@pytest.mark.parametrize(("fcntl", "which"), [("empty", "embedded"), ("absent", "embedded"), ("absent", "in_process")])
def test_an_image_is_pushed_and_pulled(fcntl: str, which: str, temporary: Path, tmp_path: Path) -> None:
    said = run(PUSH_AND_PULL, tmp_path / "reports", fcntl, which, tmp_path / "image")
    assert said["status"] == 201
    assert list(temporary.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image", "reports", "temporary"]


def test_what_a_process_started_ends_with_it(temporary: Path, tmp_path: Path) -> None:
    said = run(A_TREE, tmp_path / "reports", "empty")
    assert [pid for pid in said["pids"] if alive(pid)] == []
    assert said["limited"] == [None, "begun\n"]
    assert list(temporary.iterdir()) == []
