"""Secrets that are held to be sent: they are never saved, and no traceback shows them."""

from __future__ import annotations

from contextlib import suppress
from types import TracebackType
from typing import Any, Self, SupportsIndex

from regtutor.errors import InvalidArgument


class Unsaved:
    """An object that cannot be pickled, because the pickle would hold its secrets in plain text.

    A copy is the object itself, so that no second object holds them.
    """

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        """Refuse to be pickled.

        Raises
        ------
        InvalidArgument: always.
        """
        raise InvalidArgument(
            f"An object of type {type(self).__name__} cannot be pickled",
            "it can hold a password or a token, and a pickle would hold them in plain text",
            "Pickle or save the exchanges, which contain no secrets, and connect again with rt.connect(url)",
        )

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self


def forget_locals(error: BaseException) -> None:
    """Clear the local variables of the frames that ``error``, and the errors that caused it, have left.

    They are what was sent, with its secrets, and some tracebacks show them: rich's, and IPython's in the mode Verbose.
    """
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        link = waiting.pop()
        if link is not None and id(link) not in seen:
            seen.add(id(link))
            _clear_frames(link.__traceback__)
            waiting += [link.__cause__, link.__context__]


def _clear_frames(trace: TracebackType | None) -> None:
    """Do what ``traceback.clear_frames`` does: that module may not be loaded, and cannot be when files run out."""
    while trace is not None:
        with suppress(RuntimeError):  # the frame is still running
            trace.tb_frame.clear()
        trace = trace.tb_next
