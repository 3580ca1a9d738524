"""Texts on which a pattern is slow if it can be: a part of what it matches, repeated, with and without its start."""

from __future__ import annotations

import random
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from re import _parser as grammar  # type: ignore[attr-defined]
from typing import Any

SIZE = 256 * 1024
CPU_SECONDS = 5.0
"""Processor time for one text: linear work needs a hundredth of it, quadratic work ten times as much."""


class TooMuchWork(Exception):
    """More processor time was needed than any linear function needs."""


@contextmanager
def bounded_work(seconds: float = CPU_SECONDS) -> Iterator[None]:
    """Raise TooMuchWork in the block after ``seconds`` of processor time; how busy the machine is has no influence."""

    def stop(_number: int, _frame: object) -> None:
        raise TooMuchWork(f"more than {seconds} s of processor time")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def sampled(pattern: re.Pattern[Any], chance: random.Random) -> str:
    """A text that ``pattern`` matches, more or less: what it looks ahead and behind for is ignored."""
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    return _sample(grammar.parse(text, pattern.flags & ~re.UNICODE), chance)


def _sample(tree: Any, chance: random.Random) -> str:
    return "".join(_one(str(kind), value, chance) for kind, value in tree)


def _one(kind: str, value: Any, chance: random.Random) -> str:
    if kind == "LITERAL":
        return chr(value)
    if kind in ("NOT_LITERAL", "ANY"):
        return chance.choice("a< \t\r%,;=\"'/:.-0")
    if kind == "IN":
        return _in(value, chance)
    if kind == "BRANCH":
        return _sample(chance.choice(value[1]), chance)
    if kind in ("SUBPATTERN", "ATOMIC_GROUP"):
        return _sample(value[3] if kind == "SUBPATTERN" else value, chance)
    if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least, most, part = value
        return "".join(_sample(part, chance) for _ in range(chance.randint(least, min(int(most), least + 3))))
    return ""


_CATEGORIES = {
    "CATEGORY_DIGIT": "07",
    "CATEGORY_SPACE": " \t\n\r",
    "CATEGORY_WORD": "a_Z0",
    "CATEGORY_NOT_SPACE": "a<%",
}


def _in(parts: Any, chance: random.Random) -> str:
    negated = str(parts[0][0]) == "NEGATE"
    found = [each for each in parts if str(each[0]) != "NEGATE"]
    if negated:
        forbidden = "".join(_in([each], chance) for each in found)
        return chance.choice([each for each in "a< \t\r%,;=\"'/:.-0\\" if each not in forbidden] or ["a"])
    kind, value = chance.choice(found)
    if str(kind) == "RANGE":
        return chr(chance.randint(*value))
    return chance.choice(_CATEGORIES.get(str(value), "a-")) if str(kind) == "CATEGORY" else chr(value)


def pumped(pattern: re.Pattern[Any], count: int, seed: int = 7, size: int = SIZE) -> Iterator[str]:
    """``count`` texts of ``size`` characters: a beginning, a piece many times, an end that does not fit."""
    chance = random.Random(f"{seed}{pattern.pattern!r}")
    for number in range(count):
        whole = sampled(pattern, chance) or "a"
        start = chance.randrange(len(whole))
        piece = whole[start : start + chance.randint(1, 3)]
        if number % 3 == 0:
            piece = chance.choice(whole)
        if number % 5 == 0:
            piece += chance.choice(whole)
        before = chance.choice(["", whole[: start + 1], whole])
        yield (before + piece * (size // len(piece)))[:size] + chance.choice(["", "\0", "\n", whole])


def try_pattern(pattern: re.Pattern[Any], texts: Iterator[str], *, anywhere: bool) -> None:
    """Match each text; ``anywhere`` also searches it, as the code does that uses this pattern."""
    ways: list[Callable[[Any], object]] = [pattern.match, pattern.fullmatch]
    if anywhere:
        ways.append(lambda text: pattern.sub(pattern.pattern[:0], text))
    for text in texts:
        value: Any = text if isinstance(pattern.pattern, str) else text.encode("latin-1", "replace")
        for way in ways:
            try:
                with bounded_work():
                    way(value)
            except TooMuchWork:
                raise AssertionError(f"{pattern.pattern!r} on {text[:80]!r}... {text[-20:]!r}") from None
