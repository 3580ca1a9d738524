"""Ctrl-C while a command is loaded, and after that.

While modules are loaded there is nothing to clean up, and an exception would be in the way: Python prints a traceback,
or loses the exception, because some of its code for imports cannot raise. So the process ends at once. When the command
begins, Ctrl-C becomes an exception again, so that a command can remove its files and save its exchanges.

This module loads almost nothing, because until then Ctrl-C shows a traceback.
"""

from __future__ import annotations

import os
import signal
from types import FrameType

STOPPED = 130
"""The exit status after Ctrl-C: 128 and the number of the signal, as in a shell."""


def end_at_once() -> None:
    """From here on, end the process at Ctrl-C with one line, unless the signal is ignored, as in the background."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def raise_again() -> None:
    """From here on, raise KeyboardInterrupt at Ctrl-C; without :func:`end_at_once` before, nothing changes."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(_number: int, _frame: FrameType | None) -> None:
    try:
        os.write(2, b"regtutor: stopped\n")
    finally:  # also if standard error is closed
        os._exit(STOPPED)
