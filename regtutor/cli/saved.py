"""The FILE of show, export and explain: any that ``rt.load`` reads, or standard input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from regtutor.exchange import Transcript

SAVED = click.Path(dir_okay=False, path_type=Path)
"""The type of FILE; whether it is there, ``rt.load`` says."""

_STANDARD_INPUT = Path("-")


def loaded(file: Path) -> Transcript:
    """The transcript in ``file``.

    Raises
    ------
    UnsupportedTranscript: if it is not there, or nothing that can be read.
    """
    from regtutor.formats.transcript_file import LIMIT, load, transcript_in

    if is_input(file):
        return transcript_in(sys.stdin.buffer.read(LIMIT + 1), "standard input")
    return load(file)


def is_input(file: Path) -> bool:
    """Whether ``-`` was given in place of a file."""
    return file == _STANDARD_INPUT
