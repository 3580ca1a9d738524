"""Exporting a transcript to a file: the table of formats, and the choice of one.

Each format is a function from a transcript to text, in a module of its own. Every file is private to its owner, and is
written completely or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from regtutor.errors import UnknownFormat, UnsupportedTranscript
from regtutor.exchange import Exchange, Transcript
from regtutor.formats.curl.script import script_of
from regtutor.formats.har.writing import har_of
from regtutor.formats.html.page import page_of
from regtutor.formats.markdown import markdown_of
from regtutor.formats.svg import svg_of
from regtutor.message import Blob
from regtutor.private_file import private_file


@dataclass(frozen=True)
class Format:
    """A format: the ``endings`` of its files, the usual one first, and the function ``write``, which returns the text.

    ``write`` receives the transcript, the folder of the file, and the bodies that are not in the records.
    """

    endings: tuple[str, ...]
    write: Callable[[Transcript, Path, Iterable[Blob]], str]


FORMATS: dict[str, Format] = {
    "har": Format((".har",), lambda transcript, _folder, _bodies: har_of(transcript)),
    "script": Format((".sh",), script_of),
    "markdown": Format((".md", ".markdown"), lambda transcript, _folder, _bodies: markdown_of(transcript)),
    "svg": Format((".svg",), lambda transcript, _folder, _bodies: svg_of(transcript)),
    "html": Format((".html", ".htm"), lambda transcript, _folder, _bodies: page_of(transcript)),
}
"""Every format that :func:`export` writes, by its name."""


def export(
    transcript: Transcript | Exchange | Iterable[Exchange],
    path: str | os.PathLike[str],
    *,
    to: str | None = None,
    bodies: Iterable[Blob] = (),
) -> Path:
    """Write exchanges to a file in a format for other programs. Only its owner can read it; it contains no secrets.

    Parameters
    ----------
    transcript: a Transcript, one Exchange, or any exchanges.
    path: the file; an existing file is replaced.
    to: a name of :data:`FORMATS`; by default the format is chosen by the ending of the file.
    bodies: for a script, the pushed content, such as ``image.blobs``, because records contain only the first part of a
        layer. Bodies that are too large for a command are written to the folder of the script; for missing bodies, the
        script reports which files it needs. For a transcript read from ``curl -v``, pass the manifests as well:
        ``[*image.blobs, *image.manifests]``.

    Returns
    -------
    The path.

    Raises
    ------
    UnknownFormat: if the format does not exist, or no format has this ending.
    UnsupportedTranscript: if a text in the transcript cannot be encoded.
    CannotSave: if the directory does not exist or cannot be written to.
    """
    path = Path(path)
    form = FORMATS[format_of(path, to)]
    try:
        written = form.write(_as_transcript(transcript), path.parent, bodies)
    except UnicodeEncodeError as error:  # only from an edited file: it cannot have been received
        raise UnsupportedTranscript(
            f"{path} was not written",
            "the transcript contains half a character (a lone surrogate)",
            "Record the transcript again",
        ) from error
    with private_file(path) as file:
        file.write(written.encode())
    return path


def format_of(path: Path, to: str | None) -> str:
    """Return the name of the format ``to`` or, without it, of the format for the ending of ``path``.

    Raises
    ------
    UnknownFormat: if no format matches.
    """
    if to in FORMATS:
        return to
    by_ending = {ending: name for name, each in FORMATS.items() for ending in each.endings}
    if to is None and path.suffix.lower() in by_ending:
        return by_ending[path.suffix.lower()]
    wanted = f"a file that ends with {path.suffix!r}" if to is None else f"the format {to!r}"
    known = ", ".join(f"{name} ({each.endings[0]})" for name, each in FORMATS.items())
    raise UnknownFormat(
        f"A transcript cannot be exported to {wanted}",
        f"the formats are {known}",
        "Choose one of them (--to, or to= in Python), or use its file ending; rt.save writes a file for rt.load",
    )


def _as_transcript(records: Transcript | Exchange | Iterable[Exchange]) -> Transcript:
    if isinstance(records, Transcript):
        return records
    return Transcript.of([records] if isinstance(records, Exchange) else records)
