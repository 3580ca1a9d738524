"""A transcript as rows on a common time axis: short lists of numbers and texts, as a view sends them to the browser.

Texts are cut and made visible here, and numbers made finite, so that code that draws a row need not do it. This module
does not depend on widgets.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from regtutor.exchange import Exchange
from regtutor.protocol.referrers import is_referrers_tag
from regtutor.protocol.text import cut, visible

COLUMNS = (
    "step", "method", "target", "short", "status", "outcome", "expected", "said", "error", "up", "down",
    "left", "ms", "pause", "timed", "parts",
)  # fmt: skip
"""The content of a row, in this order.

``target`` as sent, and ``short``, the target with long names cut, or ``""`` if it is the same; ``status`` (None without
a final response) and its ``outcome``, as pictures colour it; ``expected``, whether it is a refusal by which the client
only finds something out, see :func:`is_expected`; ``said``, its reason phrase; ``error``, the registry's error codes,
each once, or the reason why there was no response; ``up`` and ``down``, bytes of the bodies; ``left``, where its bar
begins, and ``ms``, how long it is, both in milliseconds; ``pause``, by how many milliseconds the pause before it is
drawn shorter than it was; ``timed``, whether the record contains the time when it began; ``parts``, pairs of one of
:data:`PARTS` and milliseconds.
"""

Row = list[Any]

PARTS = ("begin", "wait", "body", "answer", "receive")
"""The phases of an exchange: connecting and sending the head, waiting for 100 (Continue), sending the body, waiting for
the final response, receiving its body."""

LONGEST_TARGET = 600
"""The most characters of a target in a row: enough for a registry's Location; an opened exchange shows all of it."""

LONGEST_TEXT = 80
"""The most characters of any other text in a row."""

LONGEST_TIME = 1000 * 60 * 60 * 24 * 366 * 100.0
"""The longest time in milliseconds that is drawn; a record can contain any number."""

PAUSE = 1000.0
"""The milliseconds without a request that count as a pause, in which a person thinks or a walk waits. A longer pause is
drawn no longer than the exchanges on both of its sides, which would otherwise be too short to see."""

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

_MOST_EVENTS, _MOST_CODES = 100, 20
_LONG_NAME = re.compile(r"[A-Za-z0-9_%.-]{25,}")


def short(target: str) -> str:
    """Return a target with its long names (digests, session ids, states) cut to their beginning.

    >>> short("/v2/hello/blobs/sha256:4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865")
    '/v2/hello/blobs/sha256:4355a46b19…'
    """
    return _LONG_NAME.sub(lambda name: name[0][: 19 if name[0].startswith("sha256%3A") else 10] + "…", target)


@dataclass(frozen=True)
class Place:
    """The place of a bar: ``left``, ``ms``, ``pause`` and ``timed`` as in :data:`COLUMNS`."""

    left: float
    ms: float
    pause: float = 0.0
    timed: bool = True


class TimeAxis:
    """Places exchanges on the axis, one after another; a later exchange never moves an earlier one.

    An exchange whose record has no time, or a time before the first one, is placed after all others.
    """

    def __init__(self) -> None:
        self._origin: float | None = None
        self._busy_until = 0.0  # real milliseconds since the origin
        self._end = 0.0  # the same on the axis, where pauses are short
        self._last = 0.0
        self._cuts: list[tuple[float, float]] = [(0.0, 0.0)]  # a real time, and the milliseconds cut from then on

    def place(self, exchange: Exchange) -> Place:
        """Return the place of the next exchange."""
        ms = _plausible(exchange.milliseconds)
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
        """Cut the pause that ends at ``start``; return the milliseconds that are cut, 0.0 without a pause."""
        idle = start - self._busy_until
        if idle <= PAUSE:
            return 0.0
        kept = min(max(ms, self._last, 1.0), idle)
        self._cuts.append((start, self._cuts[-1][1] + idle - kept))
        return idle - kept


def began_at(exchange: Exchange) -> float | None:
    """Return when an exchange began, in milliseconds since 1970, or None if its record has no time."""
    try:
        moment = datetime.fromisoformat(exchange.started)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000
    except (ValueError, OverflowError):
        return None


def _plausible(ms: float) -> float:
    return min(max(ms, 0.0), LONGEST_TIME) if math.isfinite(ms) else 0.0


def rows_of(exchanges: Sequence[Exchange], axis: TimeAxis) -> list[Row]:
    """Return the rows of exchanges, in their order; ``axis`` continues from its current state.

    They are placed in the order of time, since simultaneous exchanges can be listed in another order.
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
    """Return one exchange at its place, as a list in the order of :data:`COLUMNS`."""
    target = _text(exchange.target, LONGEST_TARGET)
    shortened = short(target)
    return [
        _text(exchange.step),
        _text(exchange.method, 20),
        target,
        "" if shortened == target else shortened,
        exchange.status,
        exchange.outcome,
        is_expected(exchange),
        _text(exchange.response.reason, 40) if exchange.response else "no response",
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
    if exchange.ok:
        return ""
    codes = Counter(str(entry["code"]) for entry in exchange.errors[:_MOST_CODES] if "code" in entry)
    return ", ".join(code if count == 1 else f"{code} \u00d7{count}" for code, count in codes.items())


def _text(text: str, length: int = LONGEST_TEXT) -> str:
    first = text[: length + 1]
    return cut(first if first.isprintable() else visible(first), length)


def parts_of(exchange: Exchange) -> list[tuple[str, float]]:
    """Return the phases of an exchange, according to its events: pairs of one of :data:`PARTS` and milliseconds."""
    spent = dict.fromkeys(PARTS, 0.0)
    before, sent = 0.0, False
    for event in exchange.events[:_MOST_EVENTS]:
        part = _ENDED_BY.get(event.kind)
        at = _plausible(event.at * 1000)
        if part is None or at < before:
            continue
        spent["answer" if part == "wait" and sent else part] += at - before
        before, sent = at, sent or event.kind == "body sent"
    return [(part, round(ms, 2)) for part, ms in spent.items() if ms >= 0.01]


def is_expected(exchange: Exchange) -> bool:
    """Whether a 404 is the response that a walk reckons with: nothing went wrong.

    This is a HEAD that finds nothing, and the two requests of a registry without the referrers API: the one for the
    list, and the one for the tag that replaces it, before the first referrer is pushed.

    Source: OCI distribution-spec v1.1.1, "Unavailable Referrers API"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#unavailable-referrers-api>.
    """
    if exchange.status != 404 or exchange.page is not None:
        return False
    match = exchange.endpoint
    if exchange.method == "HEAD":
        return True
    if match is None or exchange.method != "GET":
        return False
    return match.endpoint.name == "get_referrers" or is_referrers_tag(match.path.get("reference", ""))


def expected(row: Row) -> bool:
    """Whether the row is of a refusal by which the client only finds something out."""
    return bool(row[COLUMNS.index("expected")])


def refused(row: Row) -> bool:
    """Whether the status is 400 or above or there was no response; an expected 404 does not count."""
    return row[COLUMNS.index("outcome")] != "good" and not expected(row)


def real_duration(rows: Iterable[Row]) -> float:
    """Return the milliseconds from the beginning of the first row to the end of the last one, pauses in full."""
    left, ms, pause = (COLUMNS.index(name) for name in ("left", "ms", "pause"))
    listed = list(rows)
    if not listed:
        return 0.0
    ends = max(row[left] + row[ms] for row in listed)
    return float(ends - min(row[left] for row in listed) + sum(row[pause] for row in listed))


def duration(ms: float) -> str:
    """Return milliseconds in a form that is easy to read.

    >>> [duration(ms) for ms in (0.4, 12.34, 1240, 303_000)]
    ['0.4 ms', '12.3 ms', '1.24 s', '5 min 3 s']
    """
    if ms < 1000:
        return f"{ms:.3g} ms" if ms < 100 else f"{ms:.0f} ms"
    if ms < 60_000:
        return f"{ms / 1000:.3g} s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    return f"{minutes:,} min {seconds} s"
