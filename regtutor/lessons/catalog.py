"""The lessons: their numbers, titles, sources and modules, found from the names of the sources."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path

from regtutor.errors import CourseError
from regtutor.lessons.lesson import Lesson

SOURCES = Path(__file__).resolve().parent / "sources"
_NAME = re.compile(r"([0-9A-Z]{2})_(\w+)")


@dataclass(frozen=True)
class Entry:
    """One lesson of the course.

    Attributes
    ----------
    number: ``"05"``, or ``"A1"`` for an appendix.
    name: the name of its module, such as ``never_upload_twice``.
    """

    number: str
    name: str

    @property
    def stem(self) -> str:
        """The name of its source and of its notebook, without a suffix."""
        return f"{self.number}_{self.name}"

    @property
    def source(self) -> Path:
        """The file with its text, its cells, its solutions and its wrong answers."""
        return SOURCES / f"{self.stem}.md"

    @property
    def title(self) -> str:
        """The first heading of its source."""
        first = self.source.read_text(encoding="utf-8").partition("\n")[0]
        return first.removeprefix("# ").strip()

    @cached_property
    def lesson(self) -> Lesson:
        """Its predictions, tasks and questions."""
        lesson = import_module(f"regtutor.lessons.tasks.{self.name}").LESSON
        assert isinstance(lesson, Lesson)
        return lesson


def course() -> tuple[Entry, ...]:
    """Return the lessons in the order of their numbers, the appendices last."""
    names = sorted(path.stem for path in SOURCES.glob("*.md"))
    found = [match for name in names if (match := _NAME.fullmatch(name))]
    return tuple(Entry(match[1], match[2]) for match in found)


def lesson_numbered(number: str) -> Entry:
    """Return the lesson with this number, such as ``"05"``; 5 and ``"5"`` are accepted as well.

    Raises
    ------
    CourseError: if the course has no such lesson.
    """
    wanted = str(number).strip().upper().zfill(2)
    for entry in course():
        if entry.number == wanted:
            return entry
    numbers = ", ".join(entry.number for entry in course())
    raise CourseError(f"There is no lesson {number!r}", f"the course has the lessons {numbers}", "Use one of them.")
