"""The options of every command that sends requests to a registry, and the checks of their values."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from regtutor.client.wire.default_limits import BLOB, DEADLINE, SMALL_BODY

if TYPE_CHECKING:
    from regtutor.message import HeaderList


def can_be_made(_context: click.Context, _parameter: click.Parameter, path: Path | None) -> Path | None:
    """Check that the file can be written, before the first request instead of after the last."""
    if path is None:
        return path
    if not path.absolute().parent.is_dir():
        raise click.BadParameter(f"the directory {path.parent} does not exist")
    try:
        if path.exists() and not path.is_file():
            raise click.BadParameter(f"{path} is not a regular file, so it cannot be replaced")
        _try_to_make(path)
    except OSError as error:
        raise click.BadParameter(f"{path} cannot be written: {error.strerror or error}") from error
    return path


def _try_to_make(path: Path) -> None:
    """Create and delete a file: ``path``, or one next to it if ``path`` exists, because saving replaces ``path``."""
    if os.path.lexists(path):
        from tempfile import NamedTemporaryFile

        NamedTemporaryFile(prefix=f".{path.name[:100]}.", dir=path.absolute().parent).close()
        return
    with path.open("xb"):
        path.unlink()


def _headers(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> HeaderList:
    """Split each ``Name: value`` at its first colon."""
    pairs = [text.partition(":") for text in given]
    for name, colon, _ in pairs:
        if not colon or not name.strip():
            raise click.BadParameter("write NAME:VALUE, such as 'X-Request-Id: 1'")
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)


OPTIONS = (
    click.option("--username", help="The user name. The password is read from standard input or prompted for."),
    click.option("--password-stdin", is_flag=True, help="Read the password from standard input, at a terminal too."),
    click.option(
        "--token",
        envvar="REGTUTOR_TOKEN",
        help="A bearer token to send with every request. Prefer the environment variable $REGTUTOR_TOKEN.",
    ),
    click.option(
        "--authfile",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The file with stored credentials. By default the files of podman and docker are read.",
    ),
    click.option(
        "--ca-file",
        type=click.Path(exists=True, dir_okay=False),
        help="The CA that signed the registry's certificate. A HOST without a scheme then means HTTPS.",
    ),
    click.option("--insecure", is_flag=True, help="Accept any certificate. A HOST without a scheme then means HTTPS."),
    click.option(
        "--cert",
        type=click.Path(exists=True, dir_okay=False),
        help="A client certificate, as PEM, with its key or with --key.",
    ),
    click.option("--key", type=click.Path(exists=True, dir_okay=False), help="The key of --cert, as PEM."),
    click.option(
        "--header",
        "-H",
        "headers",
        metavar="NAME:VALUE",
        multiple=True,
        callback=_headers,
        help="Add this header to every request to the registry; repeatable.",
    ),
    click.option(
        "--deadline",
        type=click.FloatRange(0, min_open=True),
        default=DEADLINE,
        show_default=True,
        metavar="SECONDS",
        help="The time for a response, with interim responses; the content of a blob can take longer.",
    ),
    click.option(
        "--max-small-body",
        type=click.IntRange(0),
        default=SMALL_BODY,
        show_default=True,
        metavar="BYTES",
        help="The largest body of a response, except for the content of a blob.",
    ),
    click.option(
        "--max-blob",
        type=click.IntRange(0),
        default=BLOB,
        show_default=True,
        metavar="BYTES",
        help="The largest blob, if its size is not known from a manifest.",
    ),
    click.option(
        "--trace",
        type=click.Path(dir_okay=False, path_type=Path),
        callback=can_be_made,
        help="Save every exchange in this file.",
    ),
    click.option("--quiet", "-q", is_flag=True, help="Print only the result."),
)
"""The options of every command that sends requests to a registry."""
