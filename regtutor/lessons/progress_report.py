"""The learner's progress as a bar and a table, by lesson and by concept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from regtutor.lessons.catalog import Entry, course
from regtutor.lessons.progress_file import KINDS, ProgressFile
from regtutor.printable import visible_lines

_BAR = 20


@dataclass(frozen=True)
class Tally:
    """How much of one lesson or concept is done.

    Attributes
    ----------
    label: the lesson or the concept.
    tasks, questions, predictions: how many are done (tasks), answered correctly (questions) or made (predictions), and
        how many the course has.
    right: how many of the predictions were right.
    at_once: how many of the questions were answered correctly at the first try.
    """

    label: str
    tasks: tuple[int, int]
    questions: tuple[int, int]
    predictions: tuple[int, int]
    right: int
    at_once: int = 0

    @property
    def done(self) -> int:
        """Tasks and questions done, and predictions made."""
        return self.tasks[0] + self.questions[0] + self.predictions[0]

    @property
    def of(self) -> int:
        """All tasks, questions and predictions."""
        return self.tasks[1] + self.questions[1] + self.predictions[1]

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of the table after the label."""
        right = f", {self.right} right" if self.predictions[0] else ""
        at_once = f", {self.at_once} at the first try" if self.questions[0] else ""
        return (
            bar(self.done, self.of),
            f"{self.tasks[0]} of {self.tasks[1]}",
            f"{self.questions[0]} of {self.questions[1]}{at_once}",
            f"{self.predictions[0]} of {self.predictions[1]}{right}",
        )


COLUMNS = ("", "done", "tasks", "questions", "predictions")


@dataclass(frozen=True)
class ProgressReport:
    """The progress of one learner; a notebook renders it as two tables."""

    lessons: tuple[Tally, ...]
    concepts: tuple[Tally, ...]

    @property
    def total(self) -> Tally:
        """The sum of all lessons."""
        return _sum("the course", self.lessons)

    @property
    def summary(self) -> str:
        """One sentence about the tasks."""
        done, of = self.total.tasks
        return f"{done} of {of} tasks done."

    @property
    def tables(self) -> tuple[tuple[str, tuple[Tally, ...]], ...]:
        """The title and the rows of each table."""
        return (("lesson", (*self.lessons, self.total)), ("concept", self.concepts))

    @property
    def text(self) -> str:
        """Both tables as text."""
        blocks = []
        for title, rows in self.tables:
            lines = [(title, *COLUMNS[1:]), *((row.label, *row.cells) for row in rows)]
            widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
            blocks.append("\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines))
        return "\n\n".join(blocks)

    def _repr_html_(self) -> str:
        cell = 'style="text-align:left;padding:2px 12px 2px 0"'
        blocks = []
        for title, rows in self.tables:
            head = "".join(f"<th {cell}>{escape(name)}</th>" for name in (title, *COLUMNS[1:]))
            body = "".join(
                "<tr>"
                + f"<td {cell}>{escape(row.label)}</td><td {cell}>{_bar_html(row.done, row.of)}</td>"
                + "".join(f"<td {cell}>{escape(value)}</td>" for value in row.cells[1:])
                + "</tr>"
                for row in rows
            )
            blocks.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
        return "".join(blocks)

    def __repr__(self) -> str:
        return visible_lines(self.text)


def bar(done: int, of: int) -> str:
    """Return a bar as text, such as ``#####---------------``."""
    filled = _BAR * done // of if of else 0
    return "#" * filled + "-" * (_BAR - filled)


def _bar_html(done: int, of: int) -> str:
    percent = 100 * done // of if of else 0
    full = f"width:{percent}%;height:100%;background:var(--jp-success-color1,#388e3c)"
    border = "1px solid var(--jp-border-color1,#9e9e9e)"
    return (
        f'<div role="progressbar" aria-label="done" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent}" '
        f'style="width:120px;height:10px;border:{border}"><div style="{full}"></div></div>'
    )


def report_of(results: ProgressFile, entries: Sequence[Entry] | None = None) -> ProgressReport:
    """Return the progress in ``entries``, by default in the whole course."""
    parts = [part for entry in (course() if entries is None else entries) for part in _parts(entry, results)]
    lessons = dict.fromkeys(part.lesson for part in parts)
    concepts = dict.fromkeys(part.concept for part in parts)
    return ProgressReport(
        tuple(_tally(lesson, (part for part in parts if part.lesson == lesson)) for lesson in lessons),
        tuple(_tally(concept, (part for part in parts if part.concept == concept)) for concept in concepts),
    )


@dataclass(frozen=True)
class _Part:
    lesson: str
    concept: str
    kind: str
    done: bool
    right: bool
    at_once: bool


def _parts(entry: Entry, results: ProgressFile) -> Iterable[_Part]:
    title = entry.title
    for kind in KINDS:
        for item in getattr(entry.lesson, kind):
            found = results.entry(entry.number, kind, item.name)
            done = bool(found) if kind == "predictions" else found.get("done") is True
            at_once = done and found.get("first") is True
            yield _Part(title, item.concept, kind, done, found.get("right") is True, at_once)


def _tally(label: str, parts: Iterable[_Part]) -> Tally:
    kept = list(parts)

    def count(kind: str) -> tuple[int, int]:
        own = [part.done for part in kept if part.kind == kind]
        return sum(own), len(own)

    right = sum(part.right for part in kept if part.kind == "predictions")
    at_once = sum(part.at_once for part in kept if part.kind == "questions")
    return Tally(label, count("tasks"), count("questions"), count("predictions"), right, at_once)


def _sum(label: str, rows: Sequence[Tally]) -> Tally:
    def total(kind: str) -> tuple[int, int]:
        pairs = [getattr(row, kind) for row in rows]
        return sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)

    right, at_once = sum(row.right for row in rows), sum(row.at_once for row in rows)
    return Tally(label, total("tasks"), total("questions"), total("predictions"), right, at_once)
