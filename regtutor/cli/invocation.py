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
from tempfile import NamedTemporaryFile, mkstemp
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
from regtutor.message import HeaderList
from regtutor.protocol.references import (
    DOCKER_HUB,
    Reference,
    is_docker_hub,
    parse_reference,
    parse_repository,
)
from regtutor.protocol.text import visible

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
        return REFUSED  # not the user's address, but a Location that the registry sent
    return next((status for kind, status in _STATUS_OF if isinstance(error, kind)), REFUSED)


def teaching(command: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``command`` so that a named error prints its message and sets the exit status, without a traceback.

    The message ends with the command that explains every exchange, if there was one.
    """

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except RegtutorError as error:
            _say_why(error, kwargs.get("asking"))
            sys.exit(_status_of(error))
        except KeyboardInterrupt:
            say("regtutor: stopped")
            sys.exit(130)

    return wrapped


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


_OPTIONS = (
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
        "--trace",
        type=click.Path(dir_okay=False, path_type=Path),
        callback=can_be_made,
        help="Save every exchange in this file.",
    ),
    click.option("--quiet", "-q", is_flag=True, help="Print only the result."),
)
"""The options of every command that sends requests to a registry."""


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
    headers: HeaderList
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

    for option in reversed(_OPTIONS):
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
    try:
        number, name = mkstemp(prefix="regtutor-", suffix=".json")
    except OSError:
        return None
    os.close(number)
    return Path(name)


def _say_why(error: RegtutorError, asking: Asking | None) -> None:
    """Print the sentences of ``error``, one line each, and how to read the exchanges."""
    first, *more = str(error).splitlines() or [""]
    say(visible(f"regtutor: {first}"))
    for line in more:
        say(visible(f"  {line}"))
    if asking is not None and asking.saved:
        say(f"  All exchanges: regtutor explain {quote(str(asking.saved[-1]))}")


def say(line: str) -> None:
    """Print ``line`` on standard error."""
    try:
        click.echo(line, err=True)
    except OSError:
        return  # standard error was closed, or its disk is full: no reason to stop in the middle of a push
