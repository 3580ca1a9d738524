"""A transcript into a file of another format: which formats there are, and how one is chosen.

Each format is a function from a transcript to text, in a module of its own; here they are a table. Every file is
private to its owner and there whole or not at all.
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
from regtutor.formats.private_file import private_file
from regtutor.formats.svg import svg_of
from regtutor.message import Blob


@dataclass(frozen=True)
class Format:
    """A format: the ``endings`` of its files, the usual one first, and what ``write`` makes of a transcript.

    ``write`` is also told in which folder the file will be, and where bodies are that the records do not hold.
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
    """Write exchanges to a file in a format that others read. Only its owner can read it; it holds no secrets.

    Parameters
    ----------
    transcript: a Transcript, one Exchange, or any exchanges.
    path: the file; one that is there already is replaced.
    to: a name of :data:`FORMATS`; without it the file's ending says which.
    bodies: for a script, what was pushed, such as ``image.blobs``: records hold the first part of a layer only. What
        is too large for a command is written beside the script; what is not given, the script asks for by name. Of a
        transcript that ``curl -v`` printed, the manifests too: ``[*image.blobs, *image.manifests]``.

    Returns
    -------
    The path.

    Raises
    ------
    UnknownFormat: if there is no such format, or none for this ending.
    UnsupportedTranscript: if a text in it cannot be written at all.
    CannotSave: if the directory is not there or cannot be written to.
    """
    path = Path(path)
    form = FORMATS[format_of(path, to)]
    try:
        written = form.write(_as_transcript(transcript), path.parent, bodies)
    except UnicodeEncodeError as error:  # no wire can have carried it: it is from an edited file
        raise UnsupportedTranscript(
            f"{path} was not written", "the transcript holds half a character (a lone surrogate)", "Record it once more"
        ) from error
    with private_file(path) as file:
        file.write(written.encode())
    return path


def format_of(path: Path, to: str | None) -> str:
    """The name of the format that is meant by ``to`` or, without it, by the ending of ``path``.

    Raises
    ------
    UnknownFormat: if there is none.
    """
    if to in FORMATS:
        return to
    by_ending = {ending: name for name, each in FORMATS.items() for ending in each.endings}
    if to is None and path.suffix.lower() in by_ending:
        return by_ending[path.suffix.lower()]
    meant = f"a file that ends in {path.suffix!r}" if to is None else f"the format {to!r}"
    known = ", ".join(f"{name} ({each.endings[0]})" for name, each in FORMATS.items())
    raise UnknownFormat(
        f"A transcript cannot be exported to {meant}",
        f"the formats are {known}",
        "Give one of them as to=, or end the file's name so; rt.save writes what rt.load reads",
    )


def _as_transcript(records: Transcript | Exchange | Iterable[Exchange]) -> Transcript:
    if isinstance(records, Transcript):
        return records
    return Transcript.of([records] if isinstance(records, Exchange) else records)
