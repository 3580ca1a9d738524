"""The command line: one call of the library for each command.

Exit status: 0 when it is done, 1 when the registry refused or could not be reached, 2 for bad arguments or an image
that cannot be read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from regtutor import __version__
from regtutor.errors import (
    BackendError,
    CannotSave,
    ImageError,
    InvalidCredentials,
    InvalidReference,
    InvalidURL,
    RegtutorError,
    ServerError,
    UnknownBackend,
    UnknownOption,
    UnusableDirectory,
)
from regtutor.exchange import Exchange, Transcript

_READABLE = click.Path(exists=True, dir_okay=False)

REFUSED = 1
UNUSABLE = 2

_STATUS_OF: tuple[tuple[type[RegtutorError], int], ...] = (
    (ImageError, UNUSABLE),
    (InvalidCredentials, UNUSABLE),
    (InvalidReference, UNUSABLE),
    (InvalidURL, UNUSABLE),
    (CannotSave, UNUSABLE),
    (ServerError, UNUSABLE),
    (UnknownBackend, UNUSABLE),
    (UnknownOption, UNUSABLE),
    (UnusableDirectory, UNUSABLE),
    (BackendError, REFUSED),
)


def _status_of(error: RegtutorError) -> int:
    if isinstance(error, InvalidURL) and error.transcript is not None:
        return REFUSED  # not the user's address, but a Location that the registry gave
    return next((status for kind, status in _STATUS_OF if isinstance(error, kind)), REFUSED)


def _teaching(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command whose named errors end it with their sentences and their status, not with a traceback."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except RegtutorError as error:
            click.echo(f"regtutor: {error}", err=True)
            sys.exit(_status_of(error))
        except KeyboardInterrupt:
            click.echo("regtutor: stopped", err=True)
            sys.exit(130)

    return wrapped


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="regtutor")
def main() -> None:
    """Learn how container registries work, request by request."""


def _in_a_directory(_context: click.Context, _parameter: click.Parameter, path: Path | None) -> Path | None:
    """Before the push, not after it: whether the file can be made at all."""
    if path is not None and not path.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no directory {path.parent}")
    return path


@main.command()
@click.argument("image", type=click.Path(path_type=Path))
@click.argument("reference", metavar="HOST/REPOSITORY:TAG")
@click.option("--name", help="Which image of the archive or layout: its tag or reference name.")
@click.option("--platform", help="Which image of an index, such as linux/arm64.")
@click.option("--mount-from", metavar="REPOSITORY", multiple=True, help="Try to mount blobs from there; repeatable.")
@click.option(
    "--upload",
    type=click.Choice(["monolithic", "chunked", "streamed"]),
    default="monolithic",
    show_default=True,
    help="How blobs are sent: in one PUT, in chunks, or in one PATCH of unsaid length.",
)
@click.option(
    "--chunk-size",
    type=click.IntRange(1),
    default=4 * 1024 * 1024,
    show_default=True,
    metavar="BYTES",
    help="For --upload chunked.",
)
@click.option("--username", help="Whom to push as; the password is read from standard input or asked for.")
@click.option(
    "--ca-file", type=click.Path(exists=True, dir_okay=False), help="The CA that signed the registry's certificate."
)
@click.option(
    "--trace",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_in_a_directory,
    help="Save every exchange to this file.",
)
@click.option("--quiet", "-q", is_flag=True, help="Print the digest only.")
@_teaching
def push(
    image: Path,
    reference: str,
    name: str | None,
    platform: str | None,
    mount_from: tuple[str, ...],
    upload: str,
    chunk_size: int,
    username: str | None,
    ca_file: str | None,
    trace: Path | None,
    quiet: bool,
) -> None:
    """Push IMAGE, an OCI layout (folder or tar) or a docker save archive.

    HOST is asked over plain HTTP on loopback, over TLS anywhere else; for a plain registry elsewhere write http://
    before it.

    Every request is told on standard error as it is made; the last line, on standard output, is the digest of what was
    pushed.
    """
    from regtutor import connect, load_image, push_image
    from regtutor.protocol.references import parse_reference

    host, repository, tag = parse_reference(reference)
    loaded = load_image(image, platform=platform, name=name)
    password = _password(username)
    with connect(host, username=username, password=password, verify=ca_file or True) as reg:
        try:
            transcript = push_image(
                reg,
                loaded,
                repository,
                tag,
                mount_from=mount_from or None,
                upload=upload,
                chunk_size=chunk_size,
                progress=not quiet,
                watch=None if quiet else _tell,
            )
        except RegtutorError as error:
            _keep_after_failure(trace, error.transcript)
            raise
    for note in transcript.notes:
        click.echo(note, err=True)
    click.echo(loaded.digest)
    _keep(trace, transcript)


def _password(username: str | None) -> str | None:
    if username is None:
        return None
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, err=True))
    return sys.stdin.readline().rstrip("\n")


def _tell(exchange: Exchange) -> None:
    sent = f"  {exchange.bytes_up:,} bytes sent" if exchange.bytes_up else ""
    click.echo(f"{exchange.status or '---'}  {exchange.step:<13} {exchange.meaning}{sent}", err=True)


def _keep(trace: Path | None, transcript: Transcript | None) -> None:
    if trace is None or transcript is None:
        return
    from regtutor import save

    save(transcript, trace)
    click.echo(f"The exchanges are in {trace}", err=True)


def _keep_after_failure(trace: Path | None, transcript: Transcript | None) -> None:
    """As :func:`_keep`; what keeps the file from being written does not hide why the push failed."""
    try:
        _keep(trace, transcript)
    except CannotSave as error:
        click.echo(f"regtutor: {error}", err=True)


@main.command()
@click.option(
    "--root",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where it stores; by default in a temporary folder.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=5000, show_default=True, help="0 takes any free port.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on; beyond loopback only with both --tls and --htpasswd.",
)
@click.option("--tls", is_flag=True, help="Serve TLS; without --cert and --key with a certificate made for it.")
@click.option("--cert", type=_READABLE, help="The certificate for --tls, with its chain; PEM.")
@click.option("--key", type=_READABLE, help="The key of --cert; PEM, without a password.")
@click.option("--htpasswd", type=_READABLE, help="Ask for a name and a password of this file, made by htpasswd -B.")
@click.option("--insecure-public", is_flag=True, help="Listen beyond loopback without --tls or --htpasswd.")
@_teaching
def serve(
    root: Path | None,
    port: int,
    host: str,
    tls: bool,
    cert: str | None,
    key: str | None,
    htpasswd: str | None,
    insecure_public: bool,
) -> None:
    """Run the embedded registry here, on loopback, and show each request until Ctrl-C."""
    from regtutor.backends.embedded import serve_embedded

    if (cert is None) != (key is None) or (cert is not None and not tls):
        raise click.UsageError("--cert and --key go together, and with --tls")
    serve_embedded(
        root,
        port,
        host=host,
        tls=(cert, key) if cert and key else tls,
        htpasswd=htpasswd,
        insecure_public=insecure_public,
        say=click.echo,
    )


@main.command()
@click.option(
    "--registry", default="auto", show_default=True, help="embedded, in_process, native, container, or a URL."
)
@_teaching
def demo(registry: str) -> None:
    """Push the sample image and print every exchange and the header table."""
    from regtutor.lessons.demo import demo as push_sample

    push_sample(registry)


@main.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--to",
    "target",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("regtutor-notebooks"),
    show_default=True,
    help="The folder for the notebooks; what you edited there is kept.",
)
@click.argument("jupyter_args", nargs=-1, type=click.UNPROCESSED)
@_teaching
def lab(target: Path, jupyter_args: tuple[str, ...]) -> None:
    """Copy the notebooks on first use and open JupyterLab on them; further arguments go to JupyterLab."""
    from regtutor.lessons.notebooks import open_lab

    sys.exit(open_lab(target, list(jupyter_args)))
