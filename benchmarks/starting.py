"""What a start costs: importing the package, running the command, and the first response of ``regtutor serve``."""

from __future__ import annotations

import sys
import time

from benchmarks.measuring import Comparison, Goal, Report, Samples, Way, in_turn
from benchmarks.processes import REGTUTOR, output, seconds, seconds_to_first_code
from benchmarks.registries import Kind, kinds, running
from benchmarks.setting import Setting

OWN_START = "embedded, from its own start"
FIRST_RESPONSE_GOAL = 100.0
"""Milliseconds from the first line of code of ``regtutor serve`` to the first response."""

_FIRST = """
import time
begun = time.perf_counter()
{code}
print(time.perf_counter() - begun)
"""


def importing(setting: Setting) -> Report:
    """Import and start"""
    modules = {
        "import regtutor": "import regtutor",
        "all that a push needs": "from regtutor import connect, load_image, push_image; connect('http://127.0.0.1:1')",
        "import requests": "import requests",
    }
    imports = in_turn({name: _importing(code) for name, code in modules.items()}, setting.size(15, 1))
    commands = {
        "regtutor push --help": [*REGTUTOR, "push", "--help"],
        "an idle interpreter": [sys.executable, "-c", "pass"],
        "curl --version": ["curl", "--version"],
    }
    starts = in_turn(
        {name: lambda command=command: seconds(command) for name, command in commands.items()}, setting.size(15, 1)
    )
    goal = Goal("import regtutor", 1.0, "import requests")
    return Report(
        (
            Comparison("import in a new interpreter", "ms", _milli(imports), (goal,)),
            Comparison("start and end of a program", "ms", _milli(starts)),
        )
    )


def _importing(code: str) -> Way:
    program = _FIRST.format(code=code)
    return lambda: float(output([sys.executable, "-c", program]))


def first_response(setting: Setting) -> Report:
    """First response of a registry"""
    registries, _ = kinds(setting)
    ways = {kind.name: _starting(kind, setting) for kind in registries}
    ways[OWN_START] = _from_its_own_start(registries[0], setting)
    samples = in_turn(ways, setting.size(9, 1), warm_up=setting.size(1, 0))
    notes = (
        "From the launch of the process to the first response, with an empty folder. The start of the interpreter and "
        "the imports are included.",
        f"{OWN_START}: the same, without the start of the interpreter. That is the time from the launch of "
        "`python -c print()` until its line has arrived, measured in the same round and subtracted.",
    )
    goals = (Goal(OWN_START, FIRST_RESPONSE_GOAL),)
    return Report((Comparison("start until GET /v2/ responds", "ms", _milli(samples), goals),), notes=notes)


def _starting(kind: Kind, setting: Setting) -> Way:
    def once() -> float:
        begun = time.perf_counter()
        with running(kind, setting):
            return time.perf_counter() - begun

    return once


def _from_its_own_start(kind: Kind, setting: Setting) -> Way:
    whole = _starting(kind, setting)
    return lambda: whole() - seconds_to_first_code()


def _milli(samples: dict[str, Samples]) -> dict[str, Samples]:
    return {name: Samples(tuple(value * 1000 for value in found.values)) for name, found in samples.items()}
