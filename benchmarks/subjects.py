"""Every subject of the benchmarks: one row for each. ``python -m benchmarks --only NAME`` runs a single one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks import (
    growth,
    heads,
    large_blobs,
    large_layer,
    long_har,
    recorder,
    requests_a_second,
    starting,
    steps_and_records,
)
from benchmarks.measuring import Report
from benchmarks.setting import Setting

SUBJECTS: Mapping[str, Callable[[Setting], Report]] = {
    "push": large_layer.push,
    "layers": large_layer.several_layers,
    "pull": large_layer.pull,
    "memory": large_layer.memory,
    "import": starting.importing,
    "step": steps_and_records.step,
    "start": starting.first_response,
    "put": large_blobs.put,
    "four-puts": large_blobs.four_puts,
    "get": large_blobs.get,
    "reads": requests_a_second.reads,
    "heads": heads.heads,
    "writes": requests_a_second.writes,
    "learners": requests_a_second.learners,
    "growth": growth.growth,
    "recorder": recorder.recorder,
    "table": steps_and_records.table,
    "har": long_har.har,
}
"""The function of each subject, by its name; the first line of its docstring is the heading of its section."""
