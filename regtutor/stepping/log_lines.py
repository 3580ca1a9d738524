"""The lines that a registry logged between two moments. A log can lag, lose its beginning, or be unavailable."""

from __future__ import annotations

import time
from collections.abc import Callable

from regtutor.client.registry import Registry
from regtutor.errors import RegtutorError
from regtutor.protocol.secrets import redact_text

WAIT = 0.4
"""The most seconds to wait for a line; a registry can write it after it has responded."""

_PAUSE = 0.05
_TRIES = 8
_SETTLE = 0.005

LINES = 40
"""The most lines that are kept for one request: the last ones."""


def added(before: str, after: str) -> tuple[str, ...]:
    """Return the lines that a log has gained, if its text was ``before`` and is ``after`` now.

    The log can have lost its beginning meanwhile, or all of it. An incomplete line is left for the next reading.
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
    """Reads the lines that a registry's log has gained since the last reading.

    Parameters
    ----------
    reg: the registry.
    pause: a function that waits the given number of seconds.
    """

    def __init__(self, reg: Registry, pause: Callable[[float], object] = time.sleep) -> None:
        self._reg, self._pause = reg, pause
        self._seen = ""

    def skip(self) -> str:
        """Skip what the log contains now; return why it cannot be read, or ``""``."""
        self._seen, why = self._text()
        return why

    def read(self) -> tuple[tuple[str, ...], str]:
        """Return the new lines, without secrets, and why the log cannot be read, or ``""``.

        If there is no new line yet, wait for one, at most :data:`WAIT` seconds.
        """
        text, why = self._text()
        deadline = time.monotonic() + WAIT
        for _ in range(_TRIES):
            if why or added(self._seen, text) or time.monotonic() > deadline:
                break
            self._pause(_PAUSE)
            text, why = self._text()
        if not why and added(self._seen, text):
            # A registry can log several lines for a response; the first may have been written alone.
            self._pause(_SETTLE)
            text, why = self._text()
        if why:
            return (), why
        lines = _cut(added(self._seen, text))
        self._seen = text
        return tuple(redact_text(line) for line in lines), ""

    def _text(self) -> tuple[str, str]:
        """Return the complete lines of the log, and why it cannot be read."""
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
    return (f"... {len(lines) - LINES + 1} earlier lines", *lines[-(LINES - 1) :])
