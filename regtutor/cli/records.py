"""What can be done with exchanges in a file of any kind that ``rt.load`` reads: look at them, take them elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from regtutor.cli.command import teaching

if TYPE_CHECKING:
    from regtutor.exchange import Transcript
    from regtutor.message import Blob

SAVED = click.Path(dir_okay=False, path_type=Path)
"""The type of FILE; whether it is there, ``rt.load`` says."""

_STANDARD_INPUT = Path("-")


@click.command()
@click.argument("file", type=SAVED)
@teaching
def show(file: Path) -> None:
    """Print the exchanges in FILE: what was sent, what came back, line by line.

    FILE is what --trace or rt.save wrote, HAR, or what curl -v printed; - is standard input.
    """
    click.echo(loaded(file).as_text())


@click.command()
@click.argument("file", type=SAVED)
@teaching
def explain(file: Path) -> None:
    """Explain every line of the exchanges in FILE, and what went wrong in them.

    FILE is what --trace or rt.save wrote, HAR, or what curl -v printed; - is standard input. No registry is asked.
    """
    from regtutor import explain as explained
    from regtutor.protocol.text import visible

    transcript = loaded(file)
    for number, exchange in enumerate(transcript):
        click.echo(f"{chr(10) if number else ''}{explained(exchange)}")
    for note in transcript.notes:
        click.echo(f"\n* {visible(note)}")


@click.command()
@click.argument("file", type=SAVED)
@click.option("--to", metavar="FORMAT", help="har, script, markdown, svg or html; by default what PATH ends in.")
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="The file to write, also over one that is there; by default FILE with the format's ending, if that is new.",
)
@click.option(
    "--image",
    type=click.Path(path_type=Path),
    help="For a script: the archive or OCI layout that was pushed; what was sent of it is written beside PATH.",
)
@click.option("--name", help="Which image of --image: its tag or reference name.")
@click.option("--platform", help="Which image of an index in --image, such as linux/arm64; or all.")
@teaching
def export(
    file: Path, to: str | None, output: Path | None, image: Path | None, name: str | None, platform: str | None
) -> None:
    """Write the exchanges in FILE for others.

    har opens in a browser's developer tools, script is bash that does the same once more with curl, markdown is for a
    bug report, svg is a sequence diagram, html is one page that stands alone. The last line, on standard output, is the
    file.
    """
    from regtutor import export as export_transcript
    from regtutor.formats.exporting import format_of

    if to is None and output is None:
        raise click.UsageError("say --to FORMAT, or --output PATH with the format's ending")
    if output is None and is_input(file):
        raise click.UsageError("say --output PATH: standard input has no name that the file could have")
    if output is not None and output.exists() and file.exists() and output.samefile(file):
        raise click.UsageError(f"{output} is what would be read; name another file")
    path = output or _beside(file, to)
    if format_of(path, to) != "script" and (image or name or platform):
        raise click.UsageError("--image, --name and --platform are for a script, which sends what was pushed once more")
    if image is None and (name or platform):
        raise click.UsageError("--name and --platform say which image of --image")
    bodies = _bodies(image, name, platform) if image else ()
    click.echo(export_transcript(loaded(file), path, to=to, bodies=bodies))


def _bodies(image: Path, name: str | None, platform: str | None) -> tuple[Blob, ...]:
    """Everything that a push of the image sends."""
    from regtutor import load_image, load_index

    every = platform == "all"
    loaded = load_index(image, name=name) if every else load_image(image, platform=platform, name=name)
    return (*loaded.blobs, *loaded.manifests)


def _beside(file: Path, to: str | None) -> Path:
    """``file`` with the ending of the format, if nothing is there: only who names a file replaces it."""
    from regtutor.formats.exporting import FORMATS, format_of

    path = file.with_suffix(FORMATS[format_of(file, to)].endings[0])
    if path.exists():
        raise click.UsageError(f"{path} is there already; --output {path} replaces it")
    return path


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
