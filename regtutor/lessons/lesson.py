"""The parts of a lesson, as data: predictions, tasks and questions. A lesson's module fills them in.

``regtutor/lessons/tasks/`` has one module for each lesson, with a ``LESSON``, and ``regtutor/lessons/sources/`` has its
text. ``docs/writing-a-lesson.md`` describes both for an author.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from regtutor.backends.opening import open_registry
from regtutor.client.registry import Registry
from regtutor.exchange import Exchange
from regtutor.lessons.evidence import Evidence, Stage
from regtutor.lessons.quiz import Question as TranscriptVerdicts

LETTERS = "abcdefgh"
"""The letters of the choices of a question."""


@dataclass(frozen=True)
class Point:
    """One line of a task's report.

    Attributes
    ----------
    met: whether this part of the task is done.
    said: a sentence: what was seen, or what is missing.
    exchange: the exchange that shows it; the report adds its number and its first lines.
    """

    met: bool
    said: str
    exchange: Exchange | None = None


def point(met: object, seen: str, missing: str, exchange: Exchange | None = None) -> Point:
    """Return a point that says ``seen`` if ``met`` is true, and ``missing`` otherwise."""
    return Point(bool(met), seen if met else missing, exchange)


Check = Callable[[Evidence], Iterator[Point]]
"""Looks at the learner's exchanges and at the registry, and yields points. It can end early, after an unmet point."""


@dataclass(frozen=True)
class Task:
    """A task: something that the learner has to send. It is done when every point of ``check`` is met.

    Attributes
    ----------
    name: as in ``task("mount a layer")``; unique in the lesson.
    concept: the topic in the table of progress.
    check: see :data:`Check`. It never looks at the text of a cell.
    hints: three, from a question that makes the learner look, to nearly the request itself.
    done: printed once the task is done: one or two sentences about what the exchange shows.
    from_memory: whether the cell has no template.
    walks: whether the requests of walks count, such as those of ``rt.push_image``. Otherwise the learner has to send
        each request, in whatever way.
    """

    name: str
    concept: str
    check: Check
    hints: tuple[str, str, str]
    done: str
    from_memory: bool = False
    walks: bool = False


@dataclass(frozen=True)
class Prediction:
    """A guess about the response to the next request of one kind.

    Attributes
    ----------
    name: as in ``predict("another repository", status=...)``; unique in the lesson.
    concept: the topic in the table of progress.
    of: the name of the endpoint of the request, such as ``head_blob``.
    status: the status of the response; a mapping if registries differ, see :data:`KINDS`. CI compares it with the wire.
    why: printed after the response: why it is so. A mapping from a status to its reason if registries differ.
    repository: only a request to this repository of the learner counts, such as ``"other"`` for ``{me}/other``; ``""``
        for any.
    lacks: only a request without this header counts, such as ``"Content-Type"``; ``""`` for any.
    headers: the names of the telling headers of the response, if the guess is about one; a guess of ``"none"`` is right
        if none of them came.
    """

    name: str
    concept: str
    of: str
    status: int | Mapping[str, int]
    why: str | Mapping[int, str]
    repository: str = ""
    lacks: str = ""
    headers: tuple[str, ...] = ()

    def reason(self, status: int | None) -> str:
        """Return the reason for ``status``; empty if the lesson has none."""
        return self.why if isinstance(self.why, str) else self.why.get(status or 0, "")

    def known_status(self, kind: str) -> int | None:
        """Return the status with which a registry of this kind responds, see :func:`kind_of`; None if unknown."""
        return self.status if isinstance(self.status, int) else self.status.get(kind)

    def expects(self, status: int | None, kind: str) -> bool:
        """Return whether ``status`` can come to the lesson's own request, from a registry of this kind."""
        return not kind or status in ({self.status} if isinstance(self.status, int) else set(self.status.values()))

    @property
    def differs(self) -> Mapping[str, int]:
        """The status of each kind of registry, if they differ; otherwise empty."""
        return {} if isinstance(self.status, int) or len(set(self.status.values())) == 1 else self.status


KINDS = {"embedded": "regtutor's own registry", "distribution": "CNCF Distribution 2.8"}
"""The kinds of registries on which CI runs the lessons, and their names in a sentence."""

_BACKENDS = {"embedded": "embedded", "in_process": "embedded", "native": "distribution", "container": "distribution"}


def kind_of(reg: Registry) -> str:
    """Return the kind of ``reg``, a key of :data:`KINDS`; empty for a registry of which only the URL is known."""
    return _BACKENDS.get(reg.name, "")


@dataclass(frozen=True)
class Choice:
    """One choice of a question; ``confuses`` names the misconception of a wrong one and is empty for the right one."""

    text: str
    confuses: str = ""


@dataclass(frozen=True)
class Question:
    """A question with choices, of which one is right. Whatever the choice, the response shows it on the wire.

    Attributes
    ----------
    name: as in ``question("a second push", ...)``; unique in the lesson.
    concept: the topic in the table of progress.
    text: the question.
    choices: in the order in which they are shown; their letters are a, b, c and so on.
    because: the explanation of the right choice.
    shown: sends the requests that show it, in a scratch repository of ``stage``, and returns the telling exchanges.
    headers: the names of the response headers that are shown with them.
    where: the sentence before them.
    """

    name: str
    concept: str
    text: str
    choices: tuple[Choice, ...]
    because: str
    shown: Callable[[Stage], Iterable[Exchange]]
    headers: tuple[str, ...] = ()
    where: str = "On this registry, just now:"

    @property
    def right(self) -> str:
        """The letter of the right choice."""
        return next(letter for letter, choice in zip(LETTERS, self.choices, strict=False) if not choice.confuses)


@dataclass(frozen=True)
class TranscriptQuestion:
    """A question about the learner's own exchanges, such as :func:`regtutor.lessons.questions.bytes_sent`."""

    name: str
    concept: str
    make: Callable[[Sequence[Exchange]], TranscriptVerdicts]


def _nothing(stage: Stage) -> None:
    """Prepare nothing."""


def _as_opened(reg: Registry) -> Registry:
    return reg


@dataclass(frozen=True)
class Lesson:
    """A lesson: its predictions, tasks and questions, and what must exist before it begins.

    Attributes
    ----------
    predictions, tasks, questions: in the order of the lesson.
    scene: prepares the learner's repositories, with requests that do not count as the learner's. It must be safe to run
        again.
    opened: opens the registry that is named, as ``rt.open_registry`` does, which is the default.
    staged: returns the registry for the scene and for checks, such as the opened one with credentials that may do
        everything; by default the opened one.
    """

    predictions: tuple[Prediction, ...] = ()
    tasks: tuple[Task, ...] = ()
    questions: tuple[Question | TranscriptQuestion, ...] = ()
    scene: Callable[[Stage], None] = _nothing
    opened: Callable[[str], Registry] = open_registry
    staged: Callable[[Registry], Registry] = _as_opened
