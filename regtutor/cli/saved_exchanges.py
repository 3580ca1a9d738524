"""Commands for saved exchanges: show, explain and export. They read every kind of file that ``rt.load`` reads."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from regtutor.cli.invocation import teaching, tell
from regtutor.errors import UnsupportedTranscript

if TYPE_CHECKING:
    from regtutor.exchange import Transcript
    from regtutor.message import Blob

SAVED = click.Path(dir_okay=False, path_type=Path)
"""The type of FILE. It may be missing: ``rt.load`` raises the error."""

_STANDARD_INPUT = Path("-")


@click.command(short_help="Print saved exchanges.")
@click.argument("file", type=SAVED)
@teaching
def show(file: Path) -> None:
    """Print the exchanges in FILE, line by line as they were sent and received.

    FILE is a file that --trace or rt.save wrote, HAR, or the output of curl -v; - reads standard input.
    """
    tell(loaded(file).as_text())


@click.command(short_help="Explain saved exchanges, line by line.")
@click.argument("file", type=SAVED)
@click.option("--brief", is_flag=True, help="Print only what stands out: the cause, and each diagnosis.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@teaching
def explain(file: Path, brief: bool, as_json: bool) -> None:
    """Diagnose what went wrong in the exchanges in FILE, and explain every line of them.

    The cause of a failure comes first, then each exchange with its diagnoses and its lines.

    FILE is a file that --trace or rt.save wrote, HAR, or the output of curl -v; - reads standard input. It can also be
    the text that docker, containerd, podman, skopeo, buildah, oras, crane or helm printed when a push or pull failed:
    its likely causes are printed, with the signs that tell them apart. No request is sent.
    """
    from regtutor import explain as explained
    from regtutor.formats.transcript_file import transcript_in

    data, name = _content(file)
    try:
        explanation = explained(transcript_in(data, name))
    except UnsupportedTranscript:
        if not _explained_messages(data, as_json):
            raise
        return
    if as_json:
        tell(json.dumps(explanation.as_json(brief=brief), indent=2))
    else:
        tell(explanation.as_text(brief=brief))


def _explained_messages(data: bytes, as_json: bool) -> bool:
    """Print the causes of the messages of other clients in ``data``; return False if it contains no known message."""
    from regtutor.findings import found_messages

    found = found_messages.messages_in(data[: 4 * found_messages.LIMIT].decode("utf-8", "replace"))
    if as_json and found:
        tell(json.dumps(found_messages.as_json(found), indent=2))
    elif found:
        tell(found_messages.as_text(found))
    return bool(found)


@click.command(short_help="Convert saved exchanges to another format.")
@click.argument("file", type=SAVED)
@click.option(
    "--to",
    metavar="FORMAT",
    help="har, script, markdown, svg or html. Default: the format that the ending of PATH names.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="The file to write or replace. Default: FILE with the ending of the format, which must not exist yet.",
)
@click.option(
    "--image",
    type=click.Path(path_type=Path),
    help="For a script: the archive or OCI layout that was pushed. The bodies sent from it are written next to PATH.",
)
@click.option("--name", help="The image in --image, by its tag, its reference name or its digest.")
@click.option("--platform", help="The image of an index in --image, by its platform such as linux/arm64, or all.")
@teaching
def export(
    file: Path, to: str | None, output: Path | None, image: Path | None, name: str | None, platform: str | None
) -> None:
    """Write the exchanges in FILE in another format.

    har is for a browser's developer tools, script is a bash script that sends the same requests again with curl,
    markdown is for a bug report, svg is a sequence diagram, html is one self-contained page. The last line, on standard
    output, is the path of the new file.
    """
    from regtutor import export as export_transcript
    from regtutor.formats.exporting import format_of

    if to is None and output is None:
        raise click.UsageError("give --to FORMAT, or --output PATH with the ending of a format")
    if output is None and is_input(file):
        raise click.UsageError("give --output PATH: standard input has no file name to derive it from")
    if output is not None and output.exists() and file.exists() and output.samefile(file):
        raise click.UsageError(f"{output} is the input; give another file")
    path = output or _beside(file, to)
    if format_of(path, to) != "script" and (image or name or platform):
        raise click.UsageError(
            "--image, --name and --platform are only for a script, which sends the pushed content again"
        )
    if image is None and (name or platform):
        raise click.UsageError("--name and --platform choose an image in --image: give --image too")
    bodies = _bodies(image, name, platform) if image else ()
    tell(str(export_transcript(loaded(file), path, to=to, bodies=bodies)))


def _bodies(image: Path, name: str | None, platform: str | None) -> tuple[Blob, ...]:
    """Return every blob and manifest that a push of the image sends."""
    from regtutor import load_image, load_index

    every = platform == "all"
    loaded = load_index(image, name=name) if every else load_image(image, platform=platform, name=name)
    return (*loaded.blobs, *loaded.manifests)


def _beside(file: Path, to: str | None) -> Path:
    """Return ``file`` with the ending of the format. An existing file is an error: only ``--output`` replaces one."""
    from regtutor.formats.exporting import FORMATS, format_of

    path = file.with_suffix(FORMATS[format_of(file, to)].endings[0])
    if path.exists():
        raise click.UsageError(f"{path} already exists; --output {path} replaces it")
    return path


def loaded(file: Path) -> Transcript:
    """Return the transcript in ``file``.

    Raises
    ------
    UnsupportedTranscript: if the file does not exist, or is in no format that can be read.
    """
    from regtutor.formats.transcript_file import transcript_in

    return transcript_in(*_content(file))


def _content(file: Path) -> tuple[bytes, str]:
    """Return the bytes of ``file``, or of standard input, and its name for an error."""
    from regtutor.formats.transcript_file import LIMIT, read_file

    if is_input(file):
        return sys.stdin.buffer.read(LIMIT + 1), "standard input"
    return read_file(file), str(file)


def is_input(file: Path) -> bool:
    """Return whether ``-`` was given instead of a file."""
    return file == _STANDARD_INPUT
