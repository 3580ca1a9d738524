"""The course: its lessons, the calls of their notebooks, and the files of a learner's copy.

A notebook begins with ``from regtutor.lessons import begin, hint, predict, question, task``. Each name is loaded on
first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regtutor.lessons.calls import file_of as file_of
    from regtutor.lessons.calls import hint as hint
    from regtutor.lessons.calls import predict as predict
    from regtutor.lessons.calls import progress as progress
    from regtutor.lessons.calls import question as question
    from regtutor.lessons.calls import task as task
    from regtutor.lessons.calls import terminal as terminal
    from regtutor.lessons.calls import transcript as transcript
    from regtutor.lessons.session import begin as begin

__all__ = ["begin", "file_of", "hint", "predict", "progress", "question", "task", "terminal", "transcript"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "session" if name == "begin" else "calls"
    return getattr(import_module(f"{__name__}.{home}"), name)
