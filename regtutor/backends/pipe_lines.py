"""The lines of a pipe, with a time limit on waiting for one.

A thread reads, since on Windows nothing but a read can wait for a pipe. Both the keeper and its other end use this; it
imports the standard library alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from io import RawIOBase
from queue import Empty, SimpleQueue
from typing import IO

_PIECE = 64 * 1024
_TICK = 1.0  # a longer wait would keep signals from Python's main thread, on Windows and on macOS


class PipeLines:
    """Reads ``pipe`` from now on, and closes it at its end.

    Parameters
    ----------
    pipe: unbuffered, since a buffer's lock, held by a thread that reads, stops Python from ending.
    """

    def __init__(self, pipe: IO[bytes] | RawIOBase) -> None:
        self._pipe = pipe
        self._lines: SimpleQueue[bytes] = SimpleQueue()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read, name="regtutor-pipe", daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether nothing more will come; lines that have come already may still wait to be taken."""
        return self._ended.is_set()

    def next(self, seconds: float) -> bytes:
        """The next line with its newline, or ``b""`` at the end of the pipe.

        Raises
        ------
        TimeoutError: if none comes in ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, min(_TICK, deadline - time.monotonic())))
            except Empty:
                if time.monotonic() >= deadline:
                    raise TimeoutError from None
                continue
            if not line:
                self._lines.put(b"")  # the end stays the end
            return line

    def __iter__(self) -> Iterator[bytes]:
        """Every line until the end, however long each takes."""
        while line := self.next(float("inf")):
            yield line

    def wait_until_closed(self, seconds: float) -> None:
        """Wait for the end of the pipe, at most for so long."""
        self._thread.join(seconds)

    def forget(self) -> None:
        """In a fork, where the thread does not run: close the copy."""
        self._pipe.close()

    def _read(self) -> None:
        rest = b""
        try:
            with self._pipe as pipe:
                while piece := pipe.read(_PIECE):
                    *whole, rest = (rest + piece).split(b"\n")
                    for line in whole:
                        self._lines.put(line + b"\n")
        except OSError:
            return  # Windows says so, instead of nothing more to read, where the other end was killed
        finally:
            self._ended.set()
            self._lines.put(b"")
