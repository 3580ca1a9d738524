"""The calls of a lesson's notebook after ``begin``. They belong to the lesson that began last in this kernel."""

from __future__ import annotations

from regtutor.exchange import Transcript
from regtutor.lessons.asked import Asked, QuestionVerdict
from regtutor.lessons.progress_report import ProgressReport, report_of
from regtutor.lessons.quiz import Question as Quiz
from regtutor.lessons.quiz import Verdict
from regtutor.lessons.session import current
from regtutor.lessons.task_report import TaskReport
from regtutor.message import Content


def predict(name: str, **guess: object) -> None:
    """Guess the response to the next request of this kind, before it is sent. A wrong guess costs nothing.

    The guess is compared with the response when that has come. Only the first guess counts.

    Parameters
    ----------
    name: the name of the prediction, as in the lesson.
    guess: ``status=`` and, in some lessons, ``code=``, ``header=``, ``bytes_up=`` or ``bytes_down=``.

    Raises
    ------
    PredictionMissing: if a value is still ``...``. Until a guess is given, the request is not sent.
    """
    current().predict(name, guess)


def task(name: str) -> TaskReport:
    """Look at everything that you have sent and at the registry, and report what a task still needs.

    Parameters
    ----------
    name: the name of the task, as in the lesson.
    """
    return current().task(name)


def hint(name: str | None = None) -> None:
    """Print the next of three hints of a task.

    Parameters
    ----------
    name: the name of the task; by default the one of the last ``task(...)``.
    """
    print(current().hint(name))


def question(name: str, *answer: object) -> Asked | QuestionVerdict | Quiz | Verdict:
    """Ask a question, or judge the choice and show on the wire why it is right or wrong.

    Parameters
    ----------
    name: the name of the question, as in the lesson.
    answer: the letter of a choice, or the values that the question asks for; ``...`` only asks.
    """
    return current().question(name, answer)


def progress() -> ProgressReport:
    """Return your progress in the course: a bar and a table, by lesson and by concept."""
    current().collect()
    return report_of(current().results)


def transcript() -> Transcript:
    """Return everything that you have sent in this lesson, for ``rt.summary_table`` or ``rt.TranscriptView``."""
    now = current()
    return Transcript.of(now.evidence().exchanges, f"lesson {now.number}")


def terminal() -> str:
    """Return the URL of the registry for curl in a terminal cell: what curl sends there counts as yours.

    A recording proxy listens there. It passes on what it receives, and writes its own address into each Location.
    """
    return current().terminal()


def file_of(content: Content) -> str:
    """Write a blob, a manifest or bytes to a temporary file, for a program in a terminal cell; return its path.

    Parameters
    ----------
    content: as for a step that sends a body, such as ``image.layers[0]`` or ``image.manifest``.
    """
    return current().file_of(content)
