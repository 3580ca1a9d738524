"""Which tests run without ``-m``, and with one: ``tests.soak`` leaves out the long ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak import with_default

ROOT = Path(__file__).parent.parent
TWO_TESTS = """
import pytest
from tests.soak import pytest_configure

@pytest.mark.soak
def test_long(): pass

def test_short(): pass

@pytest.mark.registry
def test_registry(): pass
"""


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("", "not soak"),
        ("not registry", "(not registry) and not soak"),
        ("registry or container", "(registry or container) and not soak"),
        ("soak", "soak"),
        ("soak and not registry", "soak and not registry"),
    ],
)
def test_the_long_tests_are_left_out_unless_they_are_named(given: str, used: str) -> None:
    assert with_default(given) == used
    assert with_default(used) == used  # the workers of pytest-xdist receive what the controller has made of it


@pytest.mark.parametrize(
    ("arguments", "ran"),
    [
        ([], {"short", "registry"}),
        (["-m", "not registry"], {"short"}),
        (["-m", "soak"], {"long"}),
        (["-m", "soak or registry"], {"long", "registry"}),
    ],
)
def test_pytest_runs_the_long_tests_only_on_request(tmp_path: Path, arguments: list[str], ran: set[str]) -> None:
    (tmp_path / "test_two.py").write_text(TWO_TESTS)
    (tmp_path / "conftest.py").write_text("from tests.soak import pytest_configure")
    command = [sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml", "--rootdir", ROOT, "-n0", "-p"]
    command += ["no:cacheprovider", "-v", *arguments, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert {name for name in ("long", "short", "registry") if f"::test_{name} PASSED" in done.stdout} == ran, (
        done.stdout
    )
