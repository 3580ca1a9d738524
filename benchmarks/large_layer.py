"""Push and pull of one large layer: ``regtutor`` beside curl, skopeo and crane, each from its start to its end."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.layers import Layout, written
from benchmarks.measuring import Comparison, Goal, Report, Samples, Way, in_turn
from benchmarks.processes import REGTUTOR, peak_mebibytes, processor_seconds, seconds
from benchmarks.registries import Kind, kinds, running, settle
from benchmarks.setting import Setting

CURL_PUSH = """
location=$(curl -sSf -X POST -H 'Content-Length: 0' -D - -o /dev/null "$1/v2/$2/blobs/uploads/" |
  tr -d '\\r' | sed -n 's/^[Ll]ocation: //p')
case $location in /*) location="$1$location" ;; esac
case $location in *\\?*) joint='&' ;; *) joint='?' ;; esac
exec curl -sSf -o /dev/null -X PUT -H 'Content-Type: application/octet-stream' -T "$3" "${location}${joint}digest=$4"
"""
"""POST and PUT of a blob: the URL of the registry, the repository, the file and its digest are the arguments."""

_REPOSITORY = "bench/layer"
_copies = count(1)
Command = Callable[[str, Path], list[str]]
"""Returns the command of a client, for the URL of a registry and a path for what it writes."""


def push(setting: Setting) -> Report:
    """Push of a large layer"""
    layout = _layout(setting)
    commands: dict[str, Command] = {
        "regtutor": lambda url, _: [*REGTUTOR, "push", "-q", str(layout.path), f"{url}/{_REPOSITORY}:v1"],
        "curl": lambda url, _: _curl(url, layout, 0),
        "skopeo": lambda url, _: _skopeo(setting, "--dest-tls-verify=false", f"oci:{layout.path}:v1", _docker(url)),
        "crane": lambda url, _: [_path(setting, "crane"), "push", str(layout.path), f"{_host(url)}/{_REPOSITORY}:v1"],
    }
    goals = (Goal("regtutor", 1.1, "curl"), Goal("regtutor", 1.0, "crane"))
    note = (
        "curl sends the layer alone, in a POST and a PUT; the others push a config and a manifest as well, crane and "
        "skopeo the config beside the layer. regtutor and skopeo compute the digest of the layer while they send it; "
        "crane and curl leave that to the registry."
    )
    return _report(setting, "push", commands, goals, note, filled=False)


def several_layers(setting: Setting) -> Report:
    """Push of four layers, one after the other and beside each other"""
    layout = written(setting.folder / "four-layers", setting.size(64, 1), layers=4)
    push = [*REGTUTOR, "push", "-q", str(layout.path)]
    commands: dict[str, Command] = {
        "regtutor": lambda url, _: [*push, f"{url}/{_REPOSITORY}:v1"],
        "regtutor --jobs 2": lambda url, _: [*push, "--jobs", "2", f"{url}/{_REPOSITORY}:v1"],
        "regtutor --jobs 4": lambda url, _: [*push, "--jobs", "4", f"{url}/{_REPOSITORY}:v1"],
        "skopeo": lambda url, _: _skopeo(setting, "--dest-tls-verify=false", f"oci:{layout.path}:v1", _docker(url)),
    }
    note = "skopeo sends up to six layers at a time."
    found = _report(setting, "push", commands, (), note, filled=False, layout=layout)
    shutil.rmtree(layout.path)
    return found


def pull(setting: Setting) -> Report:
    """Pull of a large layer"""
    layout = _layout(setting)
    blob = f"/v2/{_REPOSITORY}/blobs/{layout.digests[0]}"
    commands: dict[str, Command] = {
        "regtutor": lambda url, to: [*REGTUTOR, "pull", "-q", f"{url}/{_REPOSITORY}:v1", str(to)],
        "curl": lambda url, to: ["curl", "-sSf", "-o", str(to), f"{url}{blob}"],
        "skopeo": lambda url, to: _skopeo(setting, "--src-tls-verify=false", _docker(url), f"oci:{to}:v1"),
        "crane": lambda url, to: [
            *[_path(setting, "crane"), "pull", "--format", "oci"],
            *[f"{_host(url)}/{_REPOSITORY}:v1", str(to)],
        ],
    }
    note = "regtutor verifies each digest; curl fetches the layer alone and verifies nothing."
    return _report(setting, "pull", commands, (), note, filled=True)


def memory(setting: Setting) -> Report:
    """Memory of a push"""
    layout = _layout(setting)
    kind = kinds(setting)[0][0]
    with running(kind, setting) as url:
        push = [*REGTUTOR, "push", "-q", str(layout.path), f"{url}/{_REPOSITORY}:v1"]
        idle = [REGTUTOR[0], "-c", "pass"]
        samples = in_turn(
            {"above the idle interpreter": lambda: peak_mebibytes(push) - peak_mebibytes(idle)}, setting.size(3, 1)
        )
    goal = Goal("above the idle interpreter", 30.0)
    return Report((Comparison(f"peak memory of a push of {_size(setting)}", "MiB", samples, (goal,)),))


def _report(
    setting: Setting,
    verb: str,
    commands: Mapping[str, Command],
    goals: tuple[Goal, ...],
    note: str,
    *,
    filled: bool,
    layout: Layout | None = None,
) -> Report:
    registries, absent = kinds(setting)
    present = {name: command for name, command in commands.items() if setting.program(_program(name))}
    missing = {name: "not installed" for name in commands if name not in present}
    work = f"{verb} of {_size(setting) if layout is None else f'{len(layout.layers)} layers'}"
    comparisons = []
    for kind in registries:
        with ExitStack() as stack:
            ways: dict[str, Way]
            used: dict[str, list[float]] = {name: [] for name in present}
            if filled:
                url = stack.enter_context(running(kind, setting))
                seconds([*REGTUTOR, "push", "-q", str(_layout(setting).path), f"{url}/{_REPOSITORY}:v1"])
                ways = {name: partial(_once, setting, url, command, used[name]) for name, command in present.items()}
            else:
                ways = {
                    name: partial(_at_new_registry, setting, kind, command, used[name])
                    for name, command in present.items()
                }
            warm_up = setting.size(1, 0)
            samples = in_turn(ways, setting.size(5, 1), warm_up=warm_up)
        comparisons.append(Comparison(f"{work}, {kind.name}", "s", samples, goals, missing))
        if kind is registries[0]:
            times = {name: Samples(tuple(values[warm_up:])) for name, values in used.items()}
            comparisons.append(Comparison(f"the same, processor time of the client, {kind.name}", "s", times))
    return Report(tuple(comparisons), notes=(note, *(f"{name}: {why}." for name, why in absent.items())))


def _at_new_registry(setting: Setting, kind: Kind, command: Command, used: list[float]) -> float:
    with running(kind, setting) as url:
        return _once(setting, url, command, used)


def _once(setting: Setting, url: str, command: Command, used: list[float]) -> float:
    """Run one client once, and remove what it wrote; its processor time is added to ``used``."""
    target = setting.folder / f"pulled-{next(_copies)}"
    settle()
    before = processor_seconds()
    taken = seconds(command(url, target))
    used.append(processor_seconds() - before)
    if target.is_dir():
        shutil.rmtree(target)
    target.unlink(missing_ok=True)
    return taken


def _layout(setting: Setting) -> Layout:
    folder = setting.folder / "layout"
    if not folder.exists():
        return written(folder, setting.size(512, 4))
    blobs = sorted((folder / "blobs" / "sha256").iterdir(), key=lambda path: path.stat().st_size)
    return Layout(folder, (blobs[-1],))


def _size(setting: Setting) -> str:
    return f"a layer of {setting.size(512, 4)} MiB"


def _program(way: str) -> str:
    return REGTUTOR[0] if way.startswith("regtutor") else way


def _path(setting: Setting, program: str) -> str:
    return setting.program(program) or program


def _curl(url: str, layout: Layout, number: int) -> list[str]:
    return ["sh", "-c", CURL_PUSH, "sh", url, _REPOSITORY, str(layout.layers[number]), layout.digests[number]]


def _skopeo(setting: Setting, *arguments: str) -> list[str]:
    return [_path(setting, "skopeo"), "--insecure-policy", "copy", "-q", *arguments]


def _docker(url: str) -> str:
    return f"docker://{_host(url)}/{_REPOSITORY}:v1"


def _host(url: str) -> str:
    return urlsplit(url).netloc
