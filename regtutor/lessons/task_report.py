"""The report of a task: what was seen, what is missing, and how to get a hint."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from regtutor.exchange import Exchange
from regtutor.lessons.evidence import Evidence, field_of
from regtutor.lessons.lesson import Point, Task
from regtutor.lessons.showing import box, lines_block, paragraph
from regtutor.protocol.text import cut, visible_lines

_WIDTH = 110
_MARKS = {True: "\N{CHECK MARK}", False: "\N{BALLOT X}", None: "\N{BULLET}"}


@dataclass(frozen=True)
class Line:
    """A point as it is printed, with the lines of its exchange; a line that only informs has None as ``met``."""

    met: bool | None
    said: str
    shown: tuple[str, ...] = ()


@dataclass(frozen=True)
class TaskReport:
    """The report of one look at a task; true if the task is done.

    Attributes
    ----------
    name: the task.
    passed: whether every point is met.
    lines: what was seen, and what is missing.
    closing: what the exchange shows if the task is done; otherwise what to do next.
    """

    name: str
    passed: bool
    lines: tuple[Line, ...]
    closing: str

    def __bool__(self) -> bool:
        return self.passed

    @property
    def title(self) -> str:
        """Whether the task is done."""
        return f"{self.name}: {'done' if self.passed else 'not yet'}"

    @property
    def text(self) -> str:
        """The report as text."""
        parts = [self.title]
        for line in self.lines:
            parts += [f"  {_MARKS[line.met]} {line.said}", *(f"      {shown}" for shown in line.shown)]
        return visible_lines("\n".join([*parts, self.closing]))

    def _repr_html_(self) -> str:
        blocks = [f"<b>{paragraph(self.title)}</b>"]
        for line in self.lines:
            blocks += [paragraph(f"{_MARKS[line.met]} {line.said}"), lines_block(line.shown)]
        return box("good" if self.passed else "open", *blocks, paragraph(self.closing))

    def __repr__(self) -> str:
        return visible_lines(self.text)


_DONE_BEFORE = "This task was done before, and stays done in your progress. "


def look(task: Task, evidence: Evidence, *, hints_used: int, done_before: bool = False) -> TaskReport:
    """Run the check of ``task`` and return its report.

    Parameters
    ----------
    evidence: with the requests of walks, which are left out if the task does not accept them.
    hints_used: how many of its hints the learner has seen.
    done_before: whether an earlier look, such as one before the kernel was restarted, found the task done.
    """
    walked = () if task.walks else evidence.attempt.walked
    evidence = evidence if task.walks else evidence.alone
    points = list(task.check(evidence))
    passed = bool(points) and all(each.met for each in points)
    lines = tuple(Line(each.met, each.said, _shown(each, evidence)) for each in points)
    if passed:
        return TaskReport(task.name, True, lines, task.done)
    left = len(task.hints) - hints_used
    more = f"hint() gives you a hint; {left} of {len(task.hints)} left." if left > 0 else "hint() repeats the hints."
    notes = (*_last(points, evidence), *_by_a_walk(len(walked)), *_elsewhere(evidence, [each.said for each in points]))
    return TaskReport(task.name, False, (*lines, *notes), (_DONE_BEFORE if done_before else "") + more)


def _by_a_walk(count: int) -> tuple[Line, ...]:
    """Return a line about requests that do not count."""
    if not count:
        return ()
    sent = "1 request was" if count == 1 else f"{count} requests were"
    walk = "a walk that ran by itself, such as rt.push_image or the preparation of a walk in the stepper"
    return (Line(None, f"{sent} sent by {walk}. That does not count here: send each request yourself."),)


def _elsewhere(evidence: Evidence, said: list[str]) -> tuple[Line, ...]:
    """Return a line about the repository of the last request, if it is not the learner's and no point names it."""
    last = evidence.attempt.exchanges[-1] if evidence.attempt.exchanges else None
    name = unquote(field_of(last, "repository") or "") if last is not None else ""
    if not name or name.startswith(evidence.repository("")) or any(name in text for text in said):
        return ()
    if "{me}" in name:
        return (Line(None, f"The repository of your last request is {name}: put an f before the quotes."),)
    own = f"The names of your repositories begin with {evidence.repository('')}."
    return (Line(None, f"The repository of your last request is {name}. {own}"),)


def _shown(each: Point, evidence: Evidence) -> tuple[str, ...]:
    if each.exchange is None:
        return ()
    number = evidence.number(each.exchange)
    return exchange_lines(each.exchange, f"request {number}: " if number else "")


def exchange_lines(exchange: Exchange, label: str = "", target: str = "") -> tuple[str, ...]:
    """Return an exchange as two lines: the request line with its body's size, and the status line.

    Parameters
    ----------
    label: before the method.
    target: the target to show; by default ``shown_target``, which leaves out the state of an upload session.
    """
    body = f"  [{exchange.bytes_up} bytes]" if exchange.bytes_up else ""
    sent = f"{label}{exchange.method} {target or exchange.shown_target}"
    codes = ", ".join(dict.fromkeys(str(entry["code"]) for entry in exchange.errors if entry.get("code")))
    status = exchange.response.start_line.partition(" ")[2] if exchange.response else exchange.error
    return (f"> {cut(sent, _WIDTH)}{body}", f"< {status}{f' ({codes})' if codes else ''}")


def _last(points: list[Point], evidence: Evidence) -> tuple[Line, ...]:
    """Return a line about the learner's last request, if no point shows an exchange."""
    if any(each.exchange is not None for each in points):
        return ()
    if not evidence.everything:
        return (Line(None, "You have sent no request in this lesson yet."),)
    last = evidence.everything[-1]
    return (Line(None, f"The last of your {len(evidence.everything)} requests was this one:", exchange_lines(last)),)
