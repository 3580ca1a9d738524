"""A transcript as rows on a common time axis: short lists of numbers and texts, as a view sends them to the browser.

Everything is cut, made visible and finite here, so that whoever draws a row need not. It knows nothing of widgets.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from regtutor.exchange import Exchange
from regtutor.protocol.text import cut, visible

COLUMNS = (
    "step", "method", "target", "short", "status", "outcome", "said", "error", "up", "down",
    "left", "ms", "pause", "timed", "parts",
)  # fmt: skip
"""What a row holds, in this order.

``target`` as sent and ``short``, that with long names cut, or ``""`` if it is the same; ``status`` (None without a
final answer) and its ``outcome``, as pictures colour it; ``said``, its reason phrase; ``error``, the registry's error
codes, or why no answer came; ``up`` and ``down``, bytes of the bodies; ``left``, where its bar begins, and ``ms``, how
long it is, both in milliseconds; ``pause``, by how many milliseconds the pause before it is drawn shorter than it was;
``timed``, whether the record says when it began; ``parts``, pairs of one of :data:`PARTS` and milliseconds.
"""

Row = list[Any]

PARTS = ("begin", "wait", "body", "answer", "receive")
"""What an exchange spends its time on: connecting and sending the head, waiting for 100 (Continue), sending the body,
waiting for the final answer, receiving its body."""

LONGEST_TARGET = 600
"""Characters of a target that a row holds: all of what registries give; an opened exchange shows the whole."""

LONGEST_TEXT = 80
"""Characters of any other text in a row."""

LONGEST_TIME = 1000 * 60 * 60 * 24 * 366 * 100.0
"""Milliseconds of the longest time that is believed."""

PAUSE = 1000.0
"""Milliseconds without a request after which the time until the next one is a pause: a person thinks, or a walk waits.
It is drawn no longer than the exchanges on both of its sides, or they would be too short to be seen."""

_ENDED_BY = {
    "connected": "begin",
    "reused": "begin",
    "head sent": "begin",
    "interim received": "wait",
    "waited": "wait",
    "body sent": "body",
    "head received": "answer",
    "failed": "answer",
    "body received": "receive",
}
"""The kind of an event -> the part of the exchange that it ends."""

_MOST_EVENTS = 100
_LONG_NAME = re.compile(r"[A-Za-z0-9_%.-]{25,}")


def short(target: str) -> str:
    """A target with its long names (digests, session ids, states) cut to their beginning.

    >>> short("/v2/hello/blobs/sha256:4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865")
    '/v2/hello/blobs/sha256:4355a46b19…'
    """
    return _LONG_NAME.sub(lambda name: name[0][: 19 if name[0].startswith("sha256%3A") else 10] + "…", target)


@dataclass(frozen=True)
class Place:
    """Where a bar stands: ``left`` and ``ms`` as in :data:`COLUMNS`, ``pause`` and ``timed`` likewise."""

    left: float
    ms: float
    pause: float = 0.0
    timed: bool = True


class TimeAxis:
    """Gives each exchange its place, one after another, so that what comes later moves nothing that has its place.

    An exchange whose record does not say when it began, or says a time before the first one, stands behind all others.
    """

    def __init__(self) -> None:
        self._origin: float | None = None
        self._busy_until = 0.0  # real milliseconds since the origin
        self._end = 0.0  # the same on the axis, where pauses are short
        self._last = 0.0
        self._cuts: list[tuple[float, float]] = [(0.0, 0.0)]  # from this real time on, so much has been cut

    def place(self, exchange: Exchange) -> Place:
        """The place of the next exchange."""
        ms = _believed(exchange.milliseconds)
        began = began_at(exchange)
        if began is not None and self._origin is None:
            self._origin = began - self._end
            self._busy_until = self._end
        start = -1.0 if began is None or self._origin is None else began - self._origin
        if not 0 <= start <= LONGEST_TIME:
            place = Place(self._end, ms, timed=False)
        else:
            pause = self._cut_pause(start, ms)
            place = Place(start - self._cut_before(start), ms, pause)
            self._busy_until = max(self._busy_until, start + ms)
        self._end = max(self._end, place.left + ms)
        self._last = ms
        return place

    def _cut_before(self, start: float) -> float:
        return next(cut for since, cut in reversed(self._cuts) if since <= start)

    def _cut_pause(self, start: float, ms: float) -> float:
        """By how much the pause that ends at ``start`` is cut, from now on; 0.0 if there was none."""
        idle = start - self._busy_until
        if idle <= PAUSE:
            return 0.0
        kept = min(max(ms, self._last, 1.0), idle)
        self._cuts.append((start, self._cuts[-1][1] + idle - kept))
        return idle - kept


def began_at(exchange: Exchange) -> float | None:
    """When an exchange began, in milliseconds since 1970; None if its record does not say it."""
    try:
        moment = datetime.fromisoformat(exchange.started)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000
    except (ValueError, OverflowError):
        return None


def _believed(ms: float) -> float:
    return min(max(ms, 0.0), LONGEST_TIME) if math.isfinite(ms) else 0.0


def rows_of(exchanges: Sequence[Exchange], axis: TimeAxis) -> list[Row]:
    """The rows of exchanges, in their order; ``axis`` goes on from where it is.

    They get their places in the order of time: what was recorded beside each other may be listed behind each other.
    """
    moment, moments = -math.inf, []
    for exchange in exchanges:
        began = began_at(exchange)
        moment = moment if began is None else began
        moments.append(moment)
    in_time = sorted(range(len(exchanges)), key=moments.__getitem__)
    places = {index: axis.place(exchanges[index]) for index in in_time}
    return [row_of(exchange, places[index]) for index, exchange in enumerate(exchanges)]


def row_of(exchange: Exchange, place: Place) -> Row:
    """One exchange at its place, as a list in the order of :data:`COLUMNS`."""
    target = _text(exchange.target, LONGEST_TARGET)
    shortened = short(target)
    return [
        _text(exchange.step),
        _text(exchange.method, 20),
        target,
        "" if shortened == target else shortened,
        exchange.status,
        exchange.outcome,
        _text(exchange.response.reason, 40) if exchange.response else "no answer",
        _text(_error(exchange)),
        exchange.bytes_up,
        exchange.bytes_down,
        round(place.left, 2),
        round(place.ms, 2),
        round(place.pause, 2),
        place.timed,
        parts_of(exchange),
    ]


def _error(exchange: Exchange) -> str:
    if exchange.response is None:
        return exchange.error
    return "" if exchange.ok else ", ".join(str(entry.get("code")) for entry in exchange.errors[:4] if "code" in entry)


def _text(text: str, length: int = LONGEST_TEXT) -> str:
    first = text[: length + 1]
    return cut(first if first.isprintable() else visible(first), length)


def parts_of(exchange: Exchange) -> list[tuple[str, float]]:
    """What an exchange spent its time on, as far as its events tell: pairs of one of :data:`PARTS` and milliseconds."""
    spent = dict.fromkeys(PARTS, 0.0)
    before, sent = 0.0, False
    for event in exchange.events[:_MOST_EVENTS]:
        part = _ENDED_BY.get(event.kind)
        at = _believed(event.at * 1000)
        if part is None or at < before:
            continue
        spent["answer" if part == "wait" and sent else part] += at - before
        before, sent = at, sent or event.kind == "body sent"
    return [(part, round(ms, 2)) for part, ms in spent.items() if ms >= 0.01]


def refused(row: Row) -> bool:
    """Whether the answer was 400 or above, or none came; but a HEAD that finds nothing has got what it asked for."""
    method, found = row[COLUMNS.index("method")], row[COLUMNS.index("outcome")]
    return found in ("bad", "none") or (found == "quiet" and method != "HEAD")


def real_duration(rows: Iterable[Row]) -> float:
    """Milliseconds from the first of the rows to the last one's end, pauses in full."""
    left, ms, pause = (COLUMNS.index(name) for name in ("left", "ms", "pause"))
    listed = list(rows)
    if not listed:
        return 0.0
    ends = max(row[left] + row[ms] for row in listed)
    return float(ends - min(row[left] for row in listed) + sum(row[pause] for row in listed))


def duration(ms: float) -> str:
    """Milliseconds as people say them.

    >>> [duration(ms) for ms in (0.4, 12.34, 1240, 303_000)]
    ['0.4 ms', '12.3 ms', '1.24 s', '5 min 3 s']
    """
    if ms < 1000:
        return f"{ms:.3g} ms" if ms < 100 else f"{ms:.0f} ms"
    if ms < 60_000:
        return f"{ms / 1000:.3g} s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    return f"{minutes:,} min {seconds} s"
