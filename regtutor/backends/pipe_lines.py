"""Reading the lines of a pipe, with a time limit for each line.

A thread reads the pipe, because on Windows only a read can wait for a pipe. The keeper and its client use this module;
it imports only the standard library.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from io import RawIOBase
from queue import Empty, SimpleQueue
from typing import IO

_PIECE = 64 * 1024
_TICK = 1.0  # a longer wait would delay signals to Python's main thread, on Windows and on macOS


class PipeLines:
    """A reader of ``pipe``, which starts immediately and closes the pipe at its end.

    Parameters
    ----------
    pipe: an unbuffered pipe; the lock of a buffer, held by the reading thread, would prevent Python from ending.
    """

    def __init__(self, pipe: IO[bytes] | RawIOBase) -> None:
        self._pipe = pipe
        self._lines: SimpleQueue[bytes] = SimpleQueue()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read, name="regtutor-pipe", daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether the pipe has ended; lines that were read before the end can still be unread by the caller."""
        return self._ended.is_set()

    def next(self, seconds: float) -> bytes:
        """Return the next line with its newline, or ``b""`` at the end of the pipe.

        Raises
        ------
        TimeoutError: if no line arrives within ``seconds``.
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
                self._lines.put(b"")  # later calls return the end as well
            return line

    def __iter__(self) -> Iterator[bytes]:
        """Yield every line until the end, without a time limit."""
        while line := self.next(float("inf")):
            yield line

    def wait_until_closed(self, seconds: float) -> None:
        """Wait for the end of the pipe, for at most ``seconds``."""
        self._thread.join(seconds)

    def forget(self) -> None:
        """Close the copy of the pipe in a fork, where the thread does not run."""
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
            return  # on Windows, a read fails instead of returning nothing if the other process was killed
        finally:
            self._ended.set()
            self._lines.put(b"")
