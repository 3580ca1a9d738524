"""What recording costs: a step beside a bare request, and a long transcript as a table."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import requests

from benchmarks.measuring import Comparison, Goal, Report, in_turn
from benchmarks.processes import output
from benchmarks.registries import kinds, running
from benchmarks.setting import Setting
from regtutor import connect, head_manifest, push_image, sample_image

_CALLS = 200
_REPOSITORY = "bench/steps"

_TABLE = """
import sys, time
from datetime import datetime, timedelta
from dataclasses import replace
import regtutor as rt
import pandas
with rt.open_registry("in_process", quiet=True) as reg:
    pushed = rt.push_image(reg, rt.sample_image(), "library/hello", "v1")
count = int(sys.argv[1])
rounds = range(count // len(pushed) + 1)
exchanges = [replace(one, started=(datetime.fromisoformat(one.started) + timedelta(seconds=n)).isoformat())
             for n in rounds for one in pushed][:count]
transcript = rt.Transcript.of(exchanges, "repeated")
begun = time.perf_counter()
table = rt.summary_table(transcript)
assert len(table) == count
print(time.perf_counter() - begun)
"""


def step(setting: Setting) -> Report:
    """A step beside a bare request"""
    kind = kinds(setting)[0][-1]  # the fastest that is installed, so that the client is most of the time
    calls = setting.size(_CALLS, 2)
    with running(kind, setting) as url, connect(url) as reg, requests.Session() as session:
        push_image(reg, sample_image(), _REPOSITORY, "v1", progress=False)
        session.trust_env = False
        target = f"{url}/v2/{_REPOSITORY}/manifests/v1"
        ways = {
            "step": lambda: _each(calls, lambda: head_manifest(reg, _REPOSITORY, "v1")),
            "requests": lambda: _each(calls, lambda: session.head(target)),
        }
        samples = in_turn(ways, setting.size(9, 1), warm_up=1)
    goal = Goal("step", 1.1, "requests")
    return Report((Comparison(f"HEAD of a manifest at {kind.name}, each of {calls}", "ms", samples, (goal,)),))


def _each(calls: int, call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - begun) / calls * 1000


def table(setting: Setting) -> Report:
    """A long transcript as a table"""
    count = setting.size(100_000, 1_000)
    samples = in_turn(
        {"summary_table": lambda: float(output([sys.executable, "-c", _TABLE, str(count)]))}, setting.size(3, 1)
    )
    return Report((Comparison(f"{count:,} exchanges as a table", "s", samples, (Goal("summary_table", 1.0),)),))
