"""Blobs of 512 MiB at the registry: PUT, GET and four PUTs at once, each by curl, which is nearly free."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.large_layer import CURL_PUSH
from benchmarks.layers import Layout, written
from benchmarks.measuring import Comparison, Goal, Report, Way, in_turn
from benchmarks.processes import LIMIT, environment, output
from benchmarks.registries import Kind, kinds, running, settle
from benchmarks.setting import Setting

Put = Callable[[str], float]
"""Sends blobs to the registry at a URL, and returns the seconds that it took."""

_NATIVE = "Distribution 2.8"
_REPOSITORY = "bench/blobs"


def put(setting: Setting) -> Report:
    """PUT of a large blob"""
    layout = written(setting.folder / "blobs-layout", setting.size(512, 4))
    goals = (Goal("embedded", 1 / 2.5, _NATIVE),)
    return _report(setting, f"PUT of {_size(setting)}", goals, lambda url: _puts(url, layout))


def four_puts(setting: Setting) -> Report:
    """Four PUTs at once"""
    layout = written(setting.folder / "four-blobs", setting.size(512, 4), layers=4)
    goals = (Goal("embedded", 1.0, "Distribution 3"),)
    found = _report(setting, f"four PUTs of {_size(setting)} at once", goals, lambda url: _puts(url, layout), rounds=3)
    for layer in layout.layers:
        layer.unlink()
    return found


def get(setting: Setting) -> Report:
    """GET of a large blob"""
    layout = written(setting.folder / "blobs-layout", setting.size(512, 4))
    registries, _ = kinds(setting)
    ways: dict[str, Way] = {}
    with ExitStack() as stack:
        for kind in registries:
            url = stack.enter_context(running(kind, setting))
            _puts(url, layout)
            blob = f"{url}/v2/{_REPOSITORY}/blobs/{layout.digests[0]}"
            ways[kind.name] = lambda blob=blob: float(
                output(["curl", "-sSf", "-o", "/dev/null", "-w", "%{time_total}", blob])
            )
        samples = in_turn(ways, setting.size(7, 1), warm_up=1)
    goal = Goal("embedded", 1 / 1.5, _NATIVE)
    return Report((Comparison(f"GET of {_size(setting)}", "s", samples, (goal,)),))


def _report(setting: Setting, work: str, goals: tuple[Goal, ...], put: Put, *, rounds: int = 5) -> Report:
    registries, missing = kinds(setting)
    ways = {kind.name: lambda kind=kind: _at_new_registry(kind, setting, put) for kind in registries}
    samples = in_turn(ways, setting.size(rounds, 1), warm_up=setting.size(1, 0))
    note = "From the start of the PUT to its 201. The embedded registry has synced file and folder to the disk by then."
    return Report((Comparison(work, "s", samples, goals, missing),), notes=(note,))


def _at_new_registry(kind: Kind, setting: Setting, put: Put) -> float:
    with running(kind, setting) as url:
        settle()
        return float(put(url))


def _puts(url: str, layout: Layout) -> float:
    """PUT every layer at the same time, and return the seconds until the last 201."""
    begun = time.perf_counter()
    clients = [
        subprocess.Popen(_curl(url, layer), stdin=subprocess.DEVNULL, env=environment()) for layer in layout.layers
    ]
    for client in clients:
        if client.wait(LIMIT):
            raise RuntimeError(f"{client.args!r} ended with {client.returncode}")
    return time.perf_counter() - begun


def _curl(url: str, layer: Path) -> list[str]:
    return ["sh", "-c", CURL_PUSH, "sh", url, _REPOSITORY, str(layer), f"sha256:{layer.name}"]


def _size(setting: Setting) -> str:
    return f"a blob of {setting.size(512, 4)} MiB"
