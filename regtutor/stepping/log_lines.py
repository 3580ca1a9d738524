"""What a registry logged between two moments. A log may come late, be cut at its beginning, or not be seen at all."""

from __future__ import annotations

import time
from collections.abc import Callable

from regtutor.client.registry import Registry
from regtutor.errors import RegtutorError
from regtutor.protocol.secrets import redact_text

WAIT = 0.4
"""Seconds that are waited for a line at most; a registry may write it after its answer."""

_PAUSE = 0.05
_TRIES = 8
_SETTLE = 0.005

LINES = 40
"""Lines that are kept for one request at most: the last ones."""


def added(before: str, after: str) -> tuple[str, ...]:
    """The lines that ``after`` has and ``before`` had not, if a log that read ``before`` reads ``after`` now.

    Its beginning may be gone meanwhile, or all of it. A line that is still being written is left for the next time.
    """
    if after.startswith(before):
        return tuple(after[len(before) :].splitlines())
    if before.startswith(after):
        return ()
    old, new = before.splitlines(), after.splitlines()
    last = old[-1]
    known = next((index for index in range(len(new) - 1, -1, -1) if new[index] == last), -1)
    return tuple(new[known + 1 :])


class LogReader:
    """Reads a registry's log, a piece at a time.

    Parameters
    ----------
    reg: the registry.
    pause: waits so many seconds.
    """

    def __init__(self, reg: Registry, pause: Callable[[float], object] = time.sleep) -> None:
        self._reg, self._pause = reg, pause
        self._seen = ""

    def skip(self) -> str:
        """Pass over what is there; why it cannot be seen, or ``""``."""
        self._seen, why = self._text()
        return why

    def read(self) -> tuple[tuple[str, ...], str]:
        """The lines since the last time, without secrets, and why there are none to be seen, or ``""``.

        If there is none yet, one is waited for, for :data:`WAIT` seconds at most.
        """
        text, why = self._text()
        deadline = time.monotonic() + WAIT
        for _ in range(_TRIES):
            if why or added(self._seen, text) or time.monotonic() > deadline:
                break
            self._pause(_PAUSE)
            text, why = self._text()
        if not why and added(self._seen, text):
            # Where an answer has several lines, the first may be there alone.
            self._pause(_SETTLE)
            text, why = self._text()
        if why:
            return (), why
        lines = _cut(added(self._seen, text))
        self._seen = text
        return tuple(redact_text(line) for line in lines), ""

    def _text(self) -> tuple[str, str]:
        """The whole lines of the log, and why it cannot be read."""
        try:
            text = self._reg.logs()
        except RegtutorError as error:
            return "", str(error)
        except OSError as error:
            return "", f"The log cannot be read: {error.strerror or error}"
        return text[: text.rfind("\n") + 1], ""


def _cut(lines: tuple[str, ...]) -> tuple[str, ...]:
    if len(lines) <= LINES:
        return lines
    return (f"... {len(lines) - LINES + 1} lines before these", *lines[-(LINES - 1) :])
