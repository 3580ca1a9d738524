"""Requests a second: manifests by GET and HEAD, upload sessions by POST, manifests by PUT, and whole small pushes."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from itertools import count
from urllib.parse import urlsplit

from benchmarks.load import Job, run
from benchmarks.measuring import Comparison, Goal, Line, Plot, Report, Samples, in_turn
from benchmarks.registries import kinds, running
from benchmarks.setting import Setting
from regtutor import connect, push_image, sample_image

CONNECTIONS = (1, 8, 64)
_REPOSITORY = "bench/rates"
_runs = count(1)
_READS = {
    "GET of a manifest": {"method": "GET", "target": f"/v2/{_REPOSITORY}/manifests/v1"},
    "HEAD of a manifest": {"method": "HEAD", "target": f"/v2/{_REPOSITORY}/manifests/v1"},
    "POST that opens an upload session": {"method": "POST", "target": f"/v2/{_REPOSITORY}/blobs/uploads/"},
}
_NATIVE = "Distribution 2.8"


def reads(setting: Setting) -> Report:
    """GET, HEAD and POST"""
    return _rates(setting, {work: ("same", arguments) for work, arguments in _READS.items()}, 2.0, "requests")


def writes(setting: Setting) -> Report:
    """Manifests by PUT, and whole small pushes"""
    image = sample_image()
    config = {"repository": _REPOSITORY, "config": image.config.digest, "size": image.config.size}
    works = {"PUT of a manifest with a tag": ("tagged", config), "whole push of 64 KiB": ("pushes", {"layer": 65536})}
    return _rates(setting, works, 1.0, "requests or pushes")


def _rates(setting: Setting, works: dict, goal: float, what: str) -> Report:
    registries, _ = kinds(setting)
    comparisons, plots, busiest = [], [], 0.0
    with ExitStack() as stack:
        urls = {kind.name: stack.enter_context(running(kind, setting)) for kind in registries}
        for url in urls.values():
            push_image(connect(url), sample_image(), _REPOSITORY, "v1", progress=False)
        for work, (script, arguments) in works.items():
            by_kind: dict[str, list[tuple[float, float]]] = {name: [] for name in urls}
            for connections in (2,) if setting.quick else CONNECTIONS:
                busy: list[float] = []
                ways = {
                    name: partial(_rate, setting, url, script, connections, arguments, busy)
                    for name, url in urls.items()
                }
                samples = in_turn(ways, setting.size(3, 1), warm_up=setting.size(1, 0))
                goals = (Goal("embedded", goal, _NATIVE, least=True),)
                comparisons.append(Comparison(f"{work}, {_counted(connections)}", "a second", samples, goals))
                for name, found in samples.items():
                    by_kind[name].append((connections, found.median))
                busiest = max(busiest, *busy)
            lines = tuple(Line(name, tuple(points)) for name, points in by_kind.items())
            plots.append(Plot(_file_name(work), work, "connections", f"{what} a second", lines, logarithmic=True))
    note = f"The load generator was busy for at most {busiest:.0%} of the time; at 100% it would be the limit."
    return Report(tuple(comparisons), tuple(plots), (note,))


def _rate(setting: Setting, url: str, script: str, connections: int, arguments: dict, busy: list[float]) -> float:
    parts = urlsplit(url)
    own = {"run": str(next(_runs))} if script != "same" else {}
    seconds = setting.size(1000, 100) / 1000
    found = run(Job(parts.hostname or "", parts.port or 0, script, connections, seconds, {**arguments, **own}))
    if found.errors:
        raise RuntimeError(f"{found.errors} of {found.responses} responses of {url} were errors")
    busy.append(found.busy)
    return found.rounds / found.seconds


def _counted(connections: int) -> str:
    return f"{connections} connection{'s' * (connections != 1)}"


def _file_name(work: str) -> str:
    return "-".join(work.lower().replace(",", "").split())


def learners(setting: Setting) -> Report:
    """64 learners who push at once"""
    registries, _ = kinds(setting)
    clients = setting.size(64, 8)
    durations, lines, notes = {}, [], []
    for kind in registries:
        with running(kind, setting) as url:
            parts = urlsplit(url)
            seconds = setting.size(10_000, 200) / 1000
            job = Job(parts.hostname or "", parts.port or 0, "pushes", clients, seconds, {"layer": 256 * 1024})
            found = run(job)
        durations[kind.name] = Samples(tuple(latency * 1000 for latency in found.latencies))
        ordered = sorted(durations[kind.name].values)
        shares = (*(position / 100 for position in range(100)), 0.999)
        points = tuple((share * 100, ordered[int(share * len(ordered))]) for share in shares)
        lines.append(Line(kind.name, points))
        notes.append(
            f"{kind.name}: {found.rounds:,} pushes, {found.errors} errors in {found.responses:,} responses, "
            f"{found.rounds / found.seconds:.0f} pushes a second; the load generator was busy for {found.busy:.0%}."
        )
    comparison = Comparison(f"one push of 256 KiB, {clients} at once", "ms", durations)
    title = f"Duration of a push with {clients} learners"
    plot = Plot("learners", title, "percent of the pushes that take at most so long", "ms", tuple(lines))
    return Report((comparison,), (plot,), tuple(notes))
