"""Measurements in turn, and the ratios and goals that follow from them.

Each round measures every way once before the next round begins, so that a busy machine slows all of them. Compare
ratios, not times: a time depends on the machine.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Way = Callable[[], float]
"""Does the work once and returns the measured value, such as seconds or requests a second."""


@dataclass(frozen=True)
class Samples:
    """The values of one way, in the order in which they were measured."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def least(self) -> float:
        return min(self.values)

    @property
    def most(self) -> float:
        return max(self.values)


def in_turn(ways: Mapping[str, Way], rounds: int, *, warm_up: int = 0) -> dict[str, Samples]:
    """Measure every way ``rounds`` times, in turn; the values of ``warm_up`` earlier rounds are dropped."""
    values: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(warm_up + rounds):
        for name, way in ways.items():
            values[name].append(way())
    return {name: Samples(tuple(found[warm_up:])) for name, found in values.items()}


@dataclass(frozen=True)
class Goal:
    """A limit for the value of ``way``: ``factor`` times the median of ``base``, or the number ``factor`` without one.

    ``least`` is True if the value must be at least the limit, and False if it must be at most the limit.
    """

    way: str
    factor: float
    base: str = ""
    least: bool = False


@dataclass(frozen=True)
class Comparison:
    """The samples of several ways to do the same work.

    Attributes
    ----------
    work: what was done, such as ``push of a layer of 512 MiB``.
    unit: of the values, such as ``s`` or ``requests a second``.
    samples: by the name of the way.
    goals: limits for some of the ways; a goal whose way or base was not measured is left out.
    missing: the ways that could not be measured, each with the reason.
    """

    work: str
    unit: str
    samples: Mapping[str, Samples]
    goals: tuple[Goal, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)

    def verdicts(self) -> list[str]:
        """Return a sentence for each goal that can be judged."""
        return [self._verdict(goal) for goal in self.goals if goal.way in self.samples and self._has_base(goal)]

    def _has_base(self, goal: Goal) -> bool:
        return not goal.base or goal.base in self.samples

    def _verdict(self, goal: Goal) -> str:
        base = self.samples[goal.base].median if goal.base else 1.0
        value = self.samples[goal.way].median / base
        met = value >= goal.factor if goal.least else value <= goal.factor
        limit = f"at {'least' if goal.least else 'most'} {goal.factor:g}"
        compared = f" times {goal.base}" if goal.base else f" {self.unit}"
        return f"{goal.way}: {value:.2f}{compared}; the goal is {limit}: {'met' if met else 'missed'}"


@dataclass(frozen=True)
class Line:
    """One line of a plot: ``points`` of (x, y)."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Plot:
    """A plot: lines over a common x axis.

    Attributes
    ----------
    name: of the file, without its suffix.
    logarithmic: whether the axes are logarithmic.
    """

    name: str
    title: str
    x: str
    y: str
    lines: tuple[Line, ...]
    logarithmic: bool = False


@dataclass(frozen=True)
class Report:
    """What a subject found: comparisons, plots, and sentences about how it was measured."""

    comparisons: tuple[Comparison, ...]
    plots: tuple[Plot, ...] = ()
    notes: tuple[str, ...] = ()
