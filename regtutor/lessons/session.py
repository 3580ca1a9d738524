"""The lesson that runs in this kernel: its registry, the learner's exchanges, and the results.

``begin`` starts it; the other calls of a notebook are in ``calls.py``. A kernel has one lesson at a time.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from regtutor.client.registry import Registry
from regtutor.errors import CourseError, NotBegun, PredictionMissing
from regtutor.exchange import Exchange
from regtutor.lessons.asked import Asked, QuestionVerdict, letter_of, verdict
from regtutor.lessons.catalog import Entry, lesson_numbered
from regtutor.lessons.evidence import Evidence, Stage, endpoint_of, field_of
from regtutor.lessons.guesses import MEASURES, PredictionResult, Value, compare, is_same_request
from regtutor.lessons.lesson import Prediction, Task, TranscriptQuestion, kind_of
from regtutor.lessons.progress_file import ProgressFile, count_in, progress_path
from regtutor.lessons.progress_report import report_of
from regtutor.lessons.quiz import Question as Quiz
from regtutor.lessons.quiz import Verdict
from regtutor.lessons.showing import after_each_cell, is_cell_running, show
from regtutor.lessons.task_report import TaskReport, look
from regtutor.lessons.watching import watched
from regtutor.message import Content, Request, body_of, digest_of
from regtutor.protocol.codes import CODES
from regtutor.protocol.endpoints import identify
from regtutor.walks.driving import is_driven_at_once

LEARNER = "REGTUTOR_LEARNER"
"""The environment variable with a name for the learner's repositories."""


class Session:
    """One lesson in this kernel.

    Parameters
    ----------
    entry: the lesson.
    which: the registry to open; None for the lesson's own choice.
    results: where the learner's results are kept.

    Attributes
    ----------
    reg: the registry for the learner, whose exchanges are watched.
    me: the prefix of the learner's repositories.
    exchanges: everything that the learner has sent, oldest first.
    """

    def __init__(self, entry: Entry, which: str | None, results: ProgressFile) -> None:
        reg = _opened(entry, which)
        self.entry, self.which, self.results = entry, which, results
        self.reg = watched(reg, self._before, self._after)
        self.me = _prefix(entry.number, reg, results)
        self.stage = Stage(entry.lesson.staged(reg), self.me)
        self.exchanges: list[Exchange] = []
        self._guess: tuple[Prediction, dict[str, Value]] | None = None
        self._owed: Prediction | None = None
        self._task: Task | None = None
        self._folder: TemporaryDirectory[str] | None = None
        self._late: list[PredictionResult] = []
        self._attempt = (0, 0)
        self._recorded: Any = None
        self._read = 0
        self._programs: list[Exchange] = []
        self._walked: list[Exchange] = []
        self._beside: dict[str, Registry] = {}

    @property
    def number(self) -> str:
        """The number of the lesson."""
        return self.entry.number

    def predict(self, name: str, guess: dict[str, object]) -> None:
        """Accept a guess about the next request that fits; see :func:`~regtutor.lessons.calls.predict`."""
        self.collect()
        prediction = _named("prediction", name, self.entry.lesson.predictions)
        unknown = [key for key in guess if key not in MEASURES]
        if unknown:
            raise CourseError(
                f"{unknown[0]} cannot be guessed", f"predict takes {', '.join(MEASURES)}", "Use one of them."
            )
        values = {key: MEASURES[key].read(value) for key, value in guess.items()}
        read = {key: value for key, value in values.items() if value is not None}
        if not read or len(read) < len(values):
            self._owed = prediction
            raise _missing(prediction, values, guess)
        self._owed, self._guess = None, (prediction, read)
        told = ", ".join(MEASURES[key].told(value) for key, value in read.items())
        print(f"Your prediction: {told}.")

    def _before(self, request: Request) -> None:
        owed = self._owed
        if owed is None:
            return
        match = identify(request.method, request.shown_target, request.step)
        if (match.endpoint.name if match is not None else request.step) == owed.of:
            raise _missing(owed, {"status": None})

    def _after(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        if is_driven_at_once():
            self._walked.append(exchange)
        if self._guess is None:
            return
        prediction, guess = self._guess
        if exchange.response is None or not self._is_about(prediction, exchange):
            return
        self._guess = None
        first = not self._has_seen(exchange) and not self.results.entry(self.number, "predictions", prediction.name)
        answer = compare(prediction, guess, exchange, kind=kind_of(self.reg), counted=first)
        if answer.counted:
            right = answer.right
            self.results.note(self.number, "predictions", prediction.name, lambda entry: entry.update(right=right))
        self._late.append(answer)
        if is_cell_running():
            self._show_late()

    def _has_seen(self, exchange: Exchange) -> bool:
        """Return whether the learner sent the same request before, with this response; what a walk sent is unseen."""
        unseen = [exchange, *self._walked]
        seen = (each for each in self.exchanges if not any(each is other for other in unseen))
        return any(is_same_request(each, exchange) for each in seen)

    def _is_about(self, prediction: Prediction, exchange: Exchange) -> bool:
        """Return whether the exchange is the predicted one. A request to no endpoint counts as that of its step."""
        if (endpoint_of(exchange) or exchange.step) != prediction.of:
            return False
        if prediction.lacks and prediction.lacks in exchange.request_headers:
            return False
        repository = field_of(exchange, "repository")
        wanted = self.stage.repository(prediction.repository) if prediction.repository else None
        return wanted is None or repository in (None, wanted)

    def _show_late(self) -> None:
        """Show the results of predictions; those of a click come with the next cell."""
        while self._late:
            show(self._late.pop(0))

    def evidence(self) -> Evidence:
        """Return what a check looks at, with the requests of walks."""
        self.collect()
        sent = tuple(self.exchanges)
        return Evidence(
            self.stage.reg,
            self.me,
            sent,
            sent,
            self._attempt[0],
            beside=self._beside,
            recorded=self._programs,
            walked=self._walked,
        )

    def task(self, name: str) -> TaskReport:
        """Look at a task; see :func:`~regtutor.lessons.calls.task`."""
        task = self._task = _named("task", name, self.entry.lesson.tasks)
        known = self.results.entry(self.number, "tasks", name)
        before = known.get("done") is True
        self.collect()
        if len(self.exchanges) > self._attempt[1]:  # a second look, with nothing new, is at the same attempt
            self._attempt = self._attempt[1], len(self.exchanges)
        report = look(task, self.evidence(), hints_used=count_in(known, "hints"), done_before=before)

        def change(entry: dict[str, Any]) -> None:
            entry["looks"] = count_in(entry, "looks") + 1
            entry["done"] = entry.get("done") is True or report.passed

        self.results.note(self.number, "tasks", name, change)
        return report

    def hint(self, name: str | None) -> str:
        """Return the next hint of a task; see :func:`~regtutor.lessons.calls.hint`."""
        task = self._task if name is None else _named("task", name, self.entry.lesson.tasks)
        if task is None:
            raise CourseError(
                "No task has been checked yet",
                "hint() belongs to the last task(...)",
                'Run a cell with task("...") first.',
            )
        shown = min(count_in(self.results.entry(self.number, "tasks", task.name), "hints") + 1, len(task.hints))
        self.results.note(self.number, "tasks", task.name, lambda entry: entry.update(hints=shown))
        return "\n".join(f"Hint {n} of {len(task.hints)}: {text}" for n, text in enumerate(task.hints[:shown], 1))

    def question(self, name: str, answer: tuple[object, ...]) -> Asked | QuestionVerdict | Quiz | Verdict:
        """Ask a question, or judge the choice; see :func:`~regtutor.lessons.calls.question`."""
        asked = _named("question", name, self.entry.lesson.questions)
        given = [each for each in answer if each is not ... and each is not None]
        if isinstance(asked, TranscriptQuestion):
            return self._quiz(asked, given)
        letter = letter_of(given[0], asked) if given else None
        if letter is None:
            return Asked(asked)
        judged = verdict(asked, letter, asked.shown(self.stage))
        self._answered(name, judged.right)
        return judged

    def _quiz(self, asked: TranscriptQuestion, given: list[object]) -> Quiz | Verdict:
        quiz = asked.make(self.evidence().exchanges).called(f'question("{asked.name}", ')
        if not given:
            return quiz
        judged = quiz.check(*given)
        if not judged.answered:
            return judged
        self._answered(asked.name, judged.right)
        return judged.after(quiz.text)

    def _answered(self, name: str, right: bool) -> None:
        def change(entry: dict[str, Any]) -> None:
            entry.setdefault("first", right)
            entry["done"] = entry.get("done") is True or right

        self.results.note(self.number, "questions", name, change)

    def open_beside(self, name: str, opened: Callable[[], Registry], scene: Callable[[Stage], None]) -> Registry:
        """Return another registry, opened at the first call and prepared at each: what is sent there counts as well.

        Parameters
        ----------
        name: as for ``seen.at(name)`` in a check.
        opened: opens it; it is closed with the lesson.
        scene: prepares it, with requests that do not count; as ``Lesson.scene``.
        """
        if name not in self._beside:
            self._beside[name] = opened()
        reg = self._beside[name]
        scene(Stage(reg, self.me))
        return watched(reg, self._before, self._after)

    def terminal(self) -> str:
        """Return an address for curl; see :func:`~regtutor.lessons.calls.terminal`."""
        if self._recorded is None:
            from regtutor.backends.recorder.proxy import RecordingProxy

            self._recorded = RecordingProxy(self.stage.reg)
        return str(self._recorded.url)

    def file_of(self, content: Content) -> str:
        """Write ``content`` to a file of this session; see :func:`~regtutor.lessons.calls.file_of`."""
        if self._folder is None:
            self._folder = TemporaryDirectory(prefix="regtutor-lesson-", ignore_cleanup_errors=True)
        body = body_of(content)
        path = Path(self._folder.name) / digest_of(body).replace(":", "-")[:19]
        with path.open("wb") as file:
            file.writelines(body.chunks())
        return str(path)

    def collect(self) -> None:
        """Add what other programs have sent through the recording proxy, and show what a click had no place for."""
        self._show_late()
        if self._recorded is None:
            return
        self._recorded.settle()
        new = self._recorded.transcript.exchanges[self._read :]
        self._read += len(new)
        self._programs += new
        for exchange in new:
            self._after(exchange)

    def close(self) -> None:
        """End the recording and the registry, and remove the files."""
        if self._folder is not None:
            self._folder.cleanup()
        if self._recorded is not None:
            self._recorded.close()
        for reg in self._beside.values():
            reg.close()
        self.reg.close()


_current: Session | None = None


def begin(number: str, *, which: str | None = None) -> tuple[Registry, str]:
    """Begin a lesson, or continue it: open its registry, prepare it, and watch what the learner sends.

    A second call in the same kernel keeps the registry, the prefix and everything that was sent.

    Parameters
    ----------
    number: of the lesson, such as ``"05"``.
    which: the registry, as for ``rt.open_registry``; by default ``$REGTUTOR_REGISTRY``, or what is available.

    Returns
    -------
    The registry, and ``me``: the prefix of the learner's repositories, such as ``me05-3f2a9c``. It stays the same for
    this learner, except on a registry of which only the URL is known: there each kernel begins with new repositories.

    Raises
    ------
    CourseError: if the course has no such lesson.
    """
    global _current
    entry = lesson_numbered(number)
    if _current is None or (_current.number, _current.which) != (entry.number, which):
        if _current is not None:
            _current.close()
            _current = None
        _current = Session(entry, which, ProgressFile(progress_path()))
        after_each_cell(_current.collect)
    else:
        print(f"Registry: {_current.reg.name} at {_current.reg.url}, as before")
    entry.lesson.scene(_current.stage)
    done = report_of(_current.results, (entry,))
    print(f"Your repositories begin with {_current.me}/. {done.summary}")
    if _current.results.trouble:
        print(_current.results.trouble)
    return _current.reg, _current.me


def _opened(entry: Entry, which: str | None) -> Registry:
    """Open the registry of a lesson. Credentials in its URL go with every request: lessons 00 to 08 have no login."""
    reg = entry.lesson.opened(which or "auto")
    known = reg.credentials
    return reg.with_auth(known.username, known.password) if known is not None else reg


def current() -> Session:
    """Return the lesson that runs in this kernel.

    Raises
    ------
    NotBegun: before ``begin``.
    """
    if _current is None:
        raise NotBegun(
            "No lesson has begun in this kernel", "its first cell was not run", "Run the first cell of the notebook."
        )
    return _current


def _prefix(number: str, reg: Registry, results: ProgressFile) -> str:
    """Return the learner's prefix: two kernels with the same registry at a URL get different ones."""
    name = re.sub(r"[^a-z0-9]+", "", os.environ.get(LEARNER, "").lower()) or "me"
    again = results.visit(reg.url) if reg.host is None else 1
    return f"{name}{number.lower()}-{results.learner}" + (f"-{again}" if again > 1 else "")


def _missing(
    prediction: Prediction, values: dict[str, Value | None], guess: dict[str, object] | None = None
) -> PredictionMissing:
    names = [key for key, value in values.items() if value is None] or ["status"]
    given = (guess or {}).get(names[0])
    example = {"code": '"UNKNOWN"', "header": '"Server"', "status": "500"}.get(names[0], "0")
    codes = f" The error codes are {', '.join(sorted(CODES))}." if "code" in names else ""
    if given is not None and given is not ...:
        return PredictionMissing(
            f"{names[0]}={given!r} cannot be compared with a response",
            f"{names[0]} must be {_FORMS.get(names[0], 'a whole number')}",
            f"Write for example {names[0]}={example}, and run the cell again.{codes}",
        )
    return PredictionMissing(
        f"First guess the {names[0].replace('_', ' ')}, then send",
        f"the prediction {prediction.name!r} has no value yet",
        f"Replace the dots, for example {names[0]}={example}, and run the cell again. A wrong guess costs nothing."
        + codes,
    )


_FORMS = {
    "status": "a number of three digits, from 100 to 599",
    "code": "an error code in quotes",
    "header": 'the name of a header in quotes, or "none"',
}
"""The form of a guess, by its name; every other one is a whole number."""


def _named(kind: str, name: str, items: tuple[Any, ...]) -> Any:
    for item in items:
        if item.name == name:
            return item
    known = ", ".join(repr(item.name) for item in items)
    raise CourseError(f"This lesson has no {kind} {name!r}", f"it has {known or 'none'}", "Check the spelling.")
