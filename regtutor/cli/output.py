"""Standard output that cannot be written: a sentence and status 1; a closed pipe, as after ``| head``, is no error."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

_CLOSED = (errno.EPIPE, errno.ESHUTDOWN)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class OutputGroup(click.Group):
    """A group of commands whose output can end early or fail."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parse the arguments; ``--help`` and ``--version`` print here."""
        with _writing():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _writing():
            return super().invoke(ctx)


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
        if sys.stdout is not None:  # as after >&-, which is no error either
            sys.stdout.flush()
    except OSError as error:
        # An error of the library is a RegtutorError, and one of a file names it.
        if error.filename is not None or error.errno not in (*_CLOSED, *_FULL):
            raise
        _discard_output()
        if error.errno in _CLOSED:
            raise SystemExit(0) from None
        with suppress(OSError):
            click.echo(f"regtutor: the output cannot be written: {error.strerror}. Free some space, and run it again.",
                       err=True)  # fmt: skip
        raise SystemExit(1) from None


def _discard_output() -> None:
    """Send the rest of the output nowhere: Python writes it again at its end, and would report the same error."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
