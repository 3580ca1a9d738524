"""The parts that all commands share: options for requests, progress messages, traces and exit statuses.

The result goes to standard output, everything else to standard error. This module does not depend on any command.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import wraps
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

import click

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
    UnknownFormat,
    UnknownOption,
    UnsupportedTranscript,
    UnusableDirectory,
)
from regtutor.exchange import Exchange, Transcript

if TYPE_CHECKING:
    from regtutor.client.registry import Registry

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
    (UnknownFormat, UNUSABLE),
    (UnknownOption, UNUSABLE),
    (UnsupportedTranscript, UNUSABLE),
    (UnusableDirectory, UNUSABLE),
    (BackendError, REFUSED),
)


def _status_of(error: RegtutorError) -> int:
    if isinstance(error, InvalidURL) and error.transcript is not None:
        return REFUSED  # not the user's address, but a Location that the registry sent
    return next((status for kind, status in _STATUS_OF if isinstance(error, kind)), REFUSED)


def teaching(command: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``command`` so that a named error prints its message and sets the exit status, without a traceback."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except RegtutorError as error:
            _say(f"regtutor: {error}")
            sys.exit(_status_of(error))
        except KeyboardInterrupt:
            _say("regtutor: stopped")
            sys.exit(130)

    return wrapped


def _can_be_made(_context: click.Context, _parameter: click.Parameter, path: Path | None) -> Path | None:
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
        NamedTemporaryFile(prefix=f".{path.name[:100]}.", dir=path.absolute().parent).close()
        return
    with path.open("xb"):
        path.unlink()


_OPTIONS = (
    click.option("--username", help="The user name. The password is read from standard input or prompted for."),
    click.option(
        "--ca-file",
        type=click.Path(exists=True, dir_okay=False),
        help="The CA that signed the registry's certificate. A HOST without a scheme then means HTTPS.",
    ),
    click.option(
        "--trace",
        type=click.Path(dir_okay=False, path_type=Path),
        callback=_can_be_made,
        help="Save every exchange in this file.",
    ),
    click.option("--quiet", "-q", is_flag=True, help="Print only the result."),
)
"""The options of every command that sends requests to a registry."""


@dataclass(frozen=True)
class Asking:
    """The values of the options that :func:`asking` adds, and the exchanges of the command."""

    username: str | None
    ca_file: str | None
    trace: Path | None
    quiet: bool
    exchanges: list[Exchange] = field(default_factory=list, init=False)

    def connect(self, host: str) -> Registry:
        """Return the registry at ``host``, with the credentials of ``--username``."""
        return authenticated(self.anonymous(host), self.username)

    def anonymous(self, host: str) -> Registry:
        """Return the registry at ``host``, without credentials except those in the address itself."""
        from regtutor import connect

        plain = self.ca_file is None or "://" in host
        return connect(host if plain else f"https://{host}", verify=self.ca_file or True)

    def watch(self, exchange: Exchange) -> None:
        """Record ``exchange``, and report it on standard error unless ``--quiet`` was given."""
        self.exchanges.append(exchange)
        if not self.quiet:
            _report(exchange)

    @contextmanager
    def traced(self) -> Iterator[Callable[[Transcript], None]]:
        """Yield a function that takes the transcript for the trace.

        After an error or Ctrl-C the trace has the exchanges up to then.
        """
        transcripts: list[Transcript] = []
        try:
            yield transcripts.append
        except BaseException:  # includes Ctrl-C
            if not transcripts and self.exchanges:
                self._keep_after_failure(Transcript.of(self.exchanges))
            raise
        finally:  # also if nothing reads standard output
            for transcript in transcripts:
                for note in transcript.notes:
                    _say(note)
                self._keep(transcript)

    def _keep(self, transcript: Transcript) -> None:
        if self.trace is None:
            return
        from regtutor import save

        save(transcript, self.trace)
        _say(f"The exchanges are in {self.trace}")

    def _keep_after_failure(self, transcript: Transcript) -> None:
        """Save the trace; an error while saving does not hide the reason why the command failed."""
        try:
            self._keep(transcript)
        except CannotSave as error:
            _say(f"regtutor: {error}")


def asking(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options for requests, and pass their values as its argument ``asking``."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        values = {one.name: kwargs.pop(one.name) for one in fields(Asking) if one.init}
        return command(*args, asking=Asking(**values), **kwargs)

    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def authenticated(reg: Registry, username: str | None) -> Registry:
    """Return ``reg`` with ``username`` and a password that is read now, or ``reg`` unchanged without a user name."""
    return reg if username is None else reg.with_auth(username, _password(username))


def _password(username: str) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(f"Password for {username}", hide_input=True, err=True))
    return sys.stdin.readline().rstrip("\n")


def _report(exchange: Exchange) -> None:
    amounts = ((exchange.bytes_up, "sent"), (exchange.bytes_down if exchange.step == "get_blob" else 0, "received"))
    moved = "".join(f"  {amount:,} bytes {way}" for amount, way in amounts if amount)
    _say(f"{exchange.status or '---'}  {exchange.step:<13} {exchange.meaning}{moved}")


def _say(line: str) -> None:
    try:
        click.echo(line, err=True)
    except OSError:
        return  # standard error was closed, or its disk is full: no reason to stop in the middle of a push
