"""The course: its lessons, the calls of their notebooks, and the files of a learner's copy.

A notebook begins with ``from regtutor.lessons import begin, hint, predict, question, task``. Each name is loaded on
first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regtutor.lessons.session import begin as begin
    from regtutor.lessons.session import file_of as file_of
    from regtutor.lessons.session import hint as hint
    from regtutor.lessons.session import predict as predict
    from regtutor.lessons.session import progress as progress
    from regtutor.lessons.session import question as question
    from regtutor.lessons.session import task as task
    from regtutor.lessons.session import terminal as terminal
    from regtutor.lessons.session import transcript as transcript

__all__ = ["begin", "file_of", "hint", "predict", "progress", "question", "task", "terminal", "transcript"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.session"), name)
