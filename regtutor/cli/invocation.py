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
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from regtutor.cli.options import OPTIONS
from regtutor.ctrl_c import STOPPED, raise_again
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
from regtutor.printable import visible, visible_lines
from regtutor.protocol.references import (
    DOCKER_HUB,
    Reference,
    is_docker_hub,
    parse_reference,
    parse_repository,
)

if TYPE_CHECKING:
    from regtutor.client.registry import Registry
    from regtutor.exchange import Exchange, Transcript
    from regtutor.message import HeaderList

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
        return REFUSED  # not the user's address, but a Location that the registry sent
    return next((status for kind, status in _STATUS_OF if isinstance(error, kind)), REFUSED)


def teaching(command: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``command`` so that a named error prints its message and sets the exit status, without a traceback.

    The message ends with the command that explains every exchange, if there was one. Ctrl-C is one line and status 130.
    """

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            raise_again()
            return command(*args, **kwargs)
        except RegtutorError as error:
            _say_why(error, kwargs.get("asking"))
            sys.exit(_status_of(error))
        except KeyboardInterrupt:
            say("regtutor: stopped")
            sys.exit(STOPPED)

    return wrapped


@dataclass(frozen=True)
class Asking:
    """The values of the options that :func:`asking` adds, the exchanges of the command, and the files with them."""

    username: str | None
    password_stdin: bool
    token: str | None = field(repr=False)
    authfile: Path | None
    ca_file: str | None
    insecure: bool
    cert: str | None
    key: str | None
    headers: HeaderList = field(repr=False)
    deadline: float
    max_small_body: int
    max_blob: int
    trace: Path | None
    quiet: bool
    exchanges: list[Exchange] = field(default_factory=list, init=False)
    saved: list[Path] = field(default_factory=list, init=False)

    def connect(self, host: str, repository: str = "") -> Registry:
        """Return the registry at ``host``, with the credentials of the options, or else with stored credentials."""
        return self.authenticated(self.anonymous(host), repository, self.username, self.token)

    def authenticated(self, reg: Registry, repository: str, username: str | None, token: str | None = None) -> Registry:
        """Return ``reg`` with ``token``, or with ``username`` and a password, or else with its stored credentials."""
        if token is not None:
            return reg.with_auth(token=token)
        if username is not None:
            return self.with_password(reg, username)
        return reg if reg.credentials is not None else self._stored(reg, repository)

    def with_password(self, reg: Registry, username: str) -> Registry:
        """Return ``reg`` with ``username`` and a password that is read now, both sent only after a challenge."""
        from regtutor.client.credentials import Credentials

        Credentials(username, "")  # checks the name before the prompt for the password
        return reg.with_credentials(Credentials(username, _password(username, self.password_stdin)))

    def _stored(self, reg: Registry, repository: str) -> Registry:
        from regtutor.client.auth_files import stored_credentials
        from regtutor.protocol.references import host_of

        try:
            found = stored_credentials(host_of(reg.url), repository, path=self.authfile)
        except UnusableAuthFile as error:
            if self.authfile is not None or os.environ.get("REGISTRY_AUTH_FILE"):
                raise
            say(f"regtutor: {error}")
            return reg
        if found is None:
            return reg
        if not self.quiet:
            name = found.credentials.username
            say(f"If {host_of(reg.url)} requires credentials, those of {name} from {found.source} are used")
        return reg.with_credentials(found.credentials)

    def anonymous(self, host: str, *, extra: bool = True) -> Registry:
        """Return the registry at ``host``, without credentials except those in the address itself.

        ``extra`` is whether it receives the headers of ``-H``, which can contain a secret.
        """
        from regtutor import connect

        if self.key and not self.cert:
            raise click.UsageError("--key is the key of a certificate: give --cert too")
        if self.insecure:
            _silence_warnings_of_urllib3()
        plain = not (self.ca_file or self.insecure or self.cert) or "://" in host
        return connect(
            host if plain else f"https://{host}",
            verify=False if self.insecure else self.ca_file or True,
            cert=(self.cert, self.key) if self.cert and self.key else self.cert,
            headers=self.headers if extra else (),
            deadline=self.deadline,
            max_small_body=self.max_small_body,
            max_blob=self.max_blob,
        )

    def watch(self, exchange: Exchange) -> None:
        """Record ``exchange``, and report it on standard error unless ``--quiet`` was given."""
        self.exchanges.append(exchange)
        if not self.quiet:
            report(exchange)

    @contextmanager
    def traced(self) -> Iterator[Callable[[Transcript], None]]:
        """Yield a function that takes the transcript for the trace.

        After an error or Ctrl-C the trace has the exchanges up to then. After an error without ``--trace``, a temporary
        file has them, which only its owner can read.
        """
        from regtutor.exchange import Transcript

        transcripts: list[Transcript] = []
        try:
            yield transcripts.append
        except BaseException as error:  # includes Ctrl-C
            if not transcripts and self.exchanges:
                path = _temporary() if self.trace is None and isinstance(error, RegtutorError) else None
                self._keep_after_failure(Transcript.of(self.exchanges), path)
            raise
        finally:  # also if nothing reads standard output
            for transcript in transcripts:
                for note in transcript.notes:
                    say(note)
                self._keep(transcript)

    def _keep(self, transcript: Transcript, temporary: Path | None = None) -> None:
        path = self.trace or temporary
        if path is None:
            return
        from regtutor import save

        save(transcript, path)
        self.saved.append(path)
        if self.trace is not None:
            say(f"The exchanges are in {self.trace}")

    def _keep_after_failure(self, transcript: Transcript, temporary: Path | None) -> None:
        """Save the trace; an error while saving does not hide the reason why the command failed."""
        try:
            self._keep(transcript, temporary)
        except (CannotSave, OSError) as error:
            say(f"regtutor: {error}")


def _silence_warnings_of_urllib3() -> None:
    """Suppress the warning that a certificate is not checked: the option was given, and each record has a note."""
    from urllib3 import disable_warnings
    from urllib3.exceptions import InsecureRequestWarning

    disable_warnings(InsecureRequestWarning)


def asking(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options for requests, and pass their values as its argument ``asking``."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        values = {one.name: kwargs.pop(one.name) for one in fields(Asking) if one.init}
        return command(*args, asking=Asking(**values), **kwargs)

    for option in reversed(OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def reference_named(text: str, *, digest: bool = False, default: str = "latest") -> Reference:
    """Return the parts of a reference, and report it if its host stands for another one, as docker.io does."""
    reference = parse_reference(text, digest=digest, default=default)
    if is_docker_hub(text):
        say(f"docker.io is Docker Hub: {reference.host}/{reference.repository}")
    return reference


def repository_named(text: str) -> tuple[str, str]:
    """Return the host and the name of a repository, and report them as :func:`reference_named` does."""
    host, repository = parse_repository(text)
    if is_docker_hub(text):
        say(f"docker.io is Docker Hub: {host}/{repository}")
    return host, repository


def host_named(host: str) -> str:
    """Return the host of a registry's API, and report it if ``host`` is another name for it."""
    if not is_docker_hub(host):
        return host
    say(f"docker.io is Docker Hub: {DOCKER_HUB}")
    return DOCKER_HUB


def _password(username: str, from_stdin: bool) -> str:
    if sys.stdin.isatty() and not from_stdin:
        return str(click.prompt(f"Password for {username}", hide_input=True, err=True))
    return sys.stdin.readline().rstrip("\n")


def report(exchange: Exchange) -> None:
    """Print one line about ``exchange`` on standard error."""
    amounts = ((exchange.bytes_up, "sent"), (exchange.bytes_down if exchange.step == "get_blob" else 0, "received"))
    moved = "".join(f"  {amount:,} bytes {way}" for amount, way in amounts if amount)
    say(f"{exchange.status or '---'}  {exchange.step:<13} {exchange.meaning}{moved}")


def _temporary() -> Path | None:
    """Create an empty file with mode 0600; None if no directory for temporary files can be written to."""
    from tempfile import mkstemp

    try:
        number, name = mkstemp(prefix="regtutor-", suffix=".json")
    except OSError:
        return None
    os.close(number)
    return Path(name)


def _say_why(error: RegtutorError, asking: Asking | None) -> None:
    """Print the sentences of ``error``, one line each, and how to read the exchanges."""
    first, *more = str(error).splitlines() or [""]
    say(f"regtutor: {first}")
    for line in more:
        say(f"  {line}")
    if asking is not None and asking.saved:
        say(f"  All exchanges: regtutor explain {quote(str(asking.saved[-1]))}")


def tell(text: str) -> None:
    """Print the result of a command on standard output, in one or more lines, as text that controls no terminal."""
    click.echo(visible_lines(text))


def say(line: str) -> None:
    """Print ``line`` on standard error, as text that controls no terminal."""
    try:
        click.echo(visible(line), err=True)
    except OSError:
        return  # standard error was closed, or its disk is full: no reason to stop in the middle of a push
