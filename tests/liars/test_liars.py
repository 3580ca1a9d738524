"""Each lie against each walk, at a real socket: a named error or a record, in bounded time and memory.

The walks run in a process of their own, which is ended if one hangs. In CI, what needs the client's deadline is tried
with two walks only; ``make soak`` tries everything with everything.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import regtutor as rt
from tests.liars.lies import LIES, Told
from tests.liars.registry import LyingRegistry, lying_registry

WALKS = ("check", "manifest", "tags", "referrers", "inspect", "pull", "push", "chunks", "delete", "probe")
LONGEST = 60.0
"""Seconds for one walk: its retries, each up to the deadline of one second, on a busy machine."""

LONGEST_SOAK = 300.0
"""The same where every lie meets every walk: a probe sends many requests, and each may last until its deadline."""

MEMORY = 100 * 1024
"""KiB that all lies together may add."""


class Driver:
    """``tests/liars/driver.py``: a walk that does not end in time fails the test, and the process is replaced."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._lines: queue.Queue[str] = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.liars.driver"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        threading.Thread(target=_read, args=(self._process, self._lines), daemon=True).start()

    def run(self, walk: str, url: str, longest: float = LONGEST) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{walk} {url}\n")
        self._process.stdin.flush()
        try:
            return dict(json.loads(self._lines.get(timeout=longest)))
        except queue.Empty:
            self.close()
            self._start()
            raise AssertionError(f"{walk} did not end within {longest:g} s") from None

    def close(self) -> None:
        self._process.kill()
        self._process.wait(10)


def _read(process: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    made = Driver()
    yield made
    made.close()


@pytest.fixture(scope="module")
def liar() -> Iterator[LyingRegistry]:
    with rt.open_registry("embedded", quiet=True) as reg:
        rt.push_image(reg, rt.sample_image(), "a/b", "v1", progress=False)
        with lying_registry(reg.url) as registry:
            yield registry


@pytest.fixture(scope="module")
def memory(driver: Driver, liar: LyingRegistry) -> int:
    """KiB after every walk has run once against the truth."""
    return max(driver.run(walk, liar.url)["memory"] for walk in WALKS)


def _holds(driver: Driver, liar: LyingRegistry, told: Told, walk: str, memory: int, longest: float = LONGEST) -> None:
    liar.lie = told.lie
    found = driver.run(walk, liar.url, longest)
    assert found["outcome"] in ("named", "recorded"), (told.name, walk, found)
    assert found["memory"] < memory + MEMORY, (told.name, walk, found)
    assert found["outcome"] == "recorded" or found["said"].strip(), (told.name, walk)


@pytest.mark.parametrize("told", LIES, ids=lambda told: told.name)
def test_no_lie_hangs_or_crashes_a_walk(driver: Driver, liar: LyingRegistry, memory: int, told: Told) -> None:
    for walk in ("manifest", "push") if told.slow else WALKS[:-1]:
        _holds(driver, liar, told, walk, memory)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("told", LIES, ids=lambda told: told.name)
def test_no_lie_hangs_or_crashes_any_walk(driver: Driver, liar: LyingRegistry, memory: int, told: Told) -> None:
    for walk in WALKS:
        _holds(driver, liar, told, walk, memory, LONGEST_SOAK)


@pytest.mark.parametrize("told", [told for told in LIES if "Range" in told.name], ids=lambda told: told.name)
def test_no_range_crashes_a_trial(driver: Driver, liar: LyingRegistry, memory: int, told: Told) -> None:
    """A probe that writes reads Range itself."""
    _holds(driver, liar, told, "trial", memory)


def test_the_lies_have_different_names() -> None:
    assert len({told.name for told in LIES}) == len(LIES) > 60
