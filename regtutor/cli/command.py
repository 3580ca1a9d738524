"""How a command asks a registry, what it says meanwhile, and with which status it ends.

The result goes to standard output, everything else to standard error. Which commands there are is not known here.
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
    UnusableAuthFile,
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
    (UnusableAuthFile, UNUSABLE),
    (UnusableDirectory, UNUSABLE),
    (BackendError, REFUSED),
)


def _status_of(error: RegtutorError) -> int:
    if isinstance(error, InvalidURL) and error.transcript is not None:
        return REFUSED  # not the user's address, but a Location that the registry gave
    return next((status for kind, status in _STATUS_OF if isinstance(error, kind)), REFUSED)


def teaching(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command whose named errors end it with their sentences and their status, not with a traceback."""

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
    """Before the first request, not after the last: whether the file can be made at all."""
    if path is None:
        return path
    if not path.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no directory {path.parent}")
    try:
        if path.exists() and not path.is_file():
            raise click.BadParameter(f"{path} is no file that can be replaced")
        _try_to_make(path)
    except OSError as error:
        raise click.BadParameter(f"{path} cannot be written: {error.strerror or error}") from error
    return path


def _try_to_make(path: Path) -> None:
    """Make and delete a file: ``path``, or one beside it where it is there already, since that is then replaced."""
    if os.path.lexists(path):
        NamedTemporaryFile(prefix=f".{path.name[:100]}.", dir=path.absolute().parent).close()
        return
    with path.open("xb"):
        path.unlink()


_OPTIONS = (
    click.option("--username", help="Who asks; the password is read from standard input or asked for."),
    click.option("--password-stdin", is_flag=True, help="Read the password from standard input, at a terminal too."),
    click.option(
        "--token",
        envvar="REGTUTOR_TOKEN",
        help="A bearer token to send with every request; better in the environment, as $REGTUTOR_TOKEN.",
    ),
    click.option(
        "--authfile",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The file with stored credentials; by default podman's and docker's files are read.",
    ),
    click.option(
        "--ca-file",
        type=click.Path(exists=True, dir_okay=False),
        help="The CA that signed the registry's certificate; a HOST without http:// is then asked over TLS.",
    ),
    click.option(
        "--trace",
        type=click.Path(dir_okay=False, path_type=Path),
        callback=_can_be_made,
        help="Save every exchange to this file.",
    ),
    click.option("--quiet", "-q", is_flag=True, help="Print the result only."),
)
"""What every command has that asks a registry."""


@dataclass(frozen=True)
class Asking:
    """How a registry is asked: the values of the options that :func:`asking` adds."""

    username: str | None
    password_stdin: bool
    token: str | None = field(repr=False)
    authfile: Path | None
    ca_file: str | None
    trace: Path | None
    quiet: bool
    seen: list[Exchange] = field(default_factory=list, init=False)

    def connect(self, host: str, repository: str = "") -> Registry:
        """The registry at ``host``, asked as ``--username`` or ``--token`` say, or else as who is stored for it."""
        return self.as_whom(self.anonymous(host), repository, self.username, self.token)

    def as_whom(self, reg: Registry, repository: str, username: str | None, token: str | None = None) -> Registry:
        """``reg`` with a token, with a user name and its password, or with the credentials that are stored for it."""
        if token is not None:
            return reg.with_auth(token=token)
        if username is not None:
            return self.with_password(reg, username)
        return reg if reg.credentials is not None else self._stored(reg, repository)

    def with_password(self, reg: Registry, username: str) -> Registry:
        """``reg`` with ``username`` and the password that is read now, to be sent when a challenge asks for them."""
        from regtutor.client.credentials import Credentials

        Credentials(username, "")  # before the password is asked for
        return reg.with_credentials(Credentials(username, _password(username, self.password_stdin)))

    def _stored(self, reg: Registry, repository: str) -> Registry:
        from regtutor.client.auth_files import stored_credentials
        from regtutor.protocol.references import host_of

        try:
            found = stored_credentials(host_of(reg.url), repository, path=self.authfile)
        except UnusableAuthFile as error:
            if self.authfile is not None or os.environ.get("REGISTRY_AUTH_FILE"):
                raise
            _say(f"regtutor: {error}")
            return reg
        if found is None:
            return reg
        if not self.quiet:
            _say(f"If {host_of(reg.url)} asks who you are: {found.credentials.username}, from {found.source}")
        return reg.with_credentials(found.credentials)

    def anonymous(self, host: str) -> Registry:
        """The registry at ``host``, asked as nobody, or as whom the address itself names."""
        from regtutor import connect

        plain = self.ca_file is None or "://" in host
        return connect(host if plain else f"https://{host}", verify=self.ca_file or True)

    def watch(self, exchange: Exchange) -> None:
        """Remember ``exchange``, and tell of it on standard error, unless that is not wanted."""
        self.seen.append(exchange)
        if not self.quiet:
            _tell(exchange)

    @contextmanager
    def traced(self) -> Iterator[Callable[[Transcript], None]]:
        """Takes the transcript, to be kept in the trace; what was done until an error or Ctrl-C is kept as well."""
        made: list[Transcript] = []
        try:
            yield made.append
        except BaseException:  # Ctrl-C too is no reason to forget what was done
            if not made and self.seen:
                self._keep_after_failure(Transcript.of(self.seen))
            raise
        finally:  # also when nobody reads the result
            for transcript in made:
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
        """What keeps the file from being written does not hide why the command failed."""
        try:
            self._keep(transcript)
        except CannotSave as error:
            _say(f"regtutor: {error}")


def asking(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command that asks a registry: it gets the options, and their values as its argument ``asking``."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        values = {one.name: kwargs.pop(one.name) for one in fields(Asking) if one.init}
        return command(*args, asking=Asking(**values), **kwargs)

    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def _password(username: str, from_stdin: bool) -> str:
    if sys.stdin.isatty() and not from_stdin:
        return str(click.prompt(f"Password of {username}", hide_input=True, err=True))
    return sys.stdin.readline().rstrip("\n")


def _tell(exchange: Exchange) -> None:
    amounts = ((exchange.bytes_up, "sent"), (exchange.bytes_down if exchange.step == "get_blob" else 0, "received"))
    moved = "".join(f"  {amount:,} bytes {way}" for amount, way in amounts if amount)
    _say(f"{exchange.status or '---'}  {exchange.step:<13} {exchange.meaning}{moved}")


def _say(line: str) -> None:
    try:
        click.echo(line, err=True)
    except BrokenPipeError:
        return  # nobody reads standard error any more, which is no reason to stop in the middle of a push
