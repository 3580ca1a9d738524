"""What recording costs: a step beside a bare request, a long transcript as a table, and a long HAR file."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import requests

from benchmarks.measuring import Comparison, Goal, Line, Plot, Report, Samples, in_turn
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

_LOAD = """
import sys, time
import regtutor as rt
from regtutor.formats import load
begun = time.perf_counter()
transcript = load(sys.argv[1])
taken = time.perf_counter() - begun
assert len(transcript) == int(sys.argv[2]), len(transcript)
print(taken)
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


def har(setting: Setting) -> Report:
    """A long HAR file"""
    sizes = (100, 1_000) if setting.quick else (10_000, 100_000, 500_000)
    comparisons, points = [], []
    for size in sizes:
        path = setting.folder / "long.har"
        _write_har(path, size)
        program = [sys.executable, "-c", _LOAD, str(path), str(size)]
        taken = [float(output(program)) for _ in range(1 if size > 100_000 else 3)]
        samples = {"load": Samples(tuple(taken))}
        goals = (Goal("load", 10.0),) if size == sizes[-1] else ()
        comparisons.append(Comparison(f"HAR file with {size:,} entries", "s", samples, goals))
        points.append((float(size), samples["load"].median))
        path.unlink()
    plot = Plot("har", "Loading a HAR file", "entries", "s", (Line("load", tuple(points)),), logarithmic=True)
    return Report(tuple(comparisons), (plot,))


def _write_har(path: Path, size: int) -> None:
    entry = {
        "startedDateTime": "2026-01-01T00:00:00Z",
        "request": {
            "method": "HEAD",
            "url": "http://127.0.0.1:5000/v2/library/hello/blobs/sha256:" + "0" * 64,
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": "Host", "value": "127.0.0.1:5000"}],
        },
        "response": {
            "status": 404,
            "statusText": "Not Found",
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": "Content-Length", "value": "2"}],
            "content": {"size": 0},
        },
        "timings": {"send": 0.5, "wait": 0.5, "receive": 0.5},
    }
    text = json.dumps(entry)
    with path.open("w") as file:
        file.write('{"log":{"version":"1.2","creator":{"name":"bench","version":"1"},"entries":[')
        file.write(text)
        for _ in range(size - 1):
            file.write("," + text)
        file.write("]}}")
