"""The command that records what another program sends to a registry."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from regtutor.cli.invocation import report, say, teaching
from regtutor.cli.options import can_be_made

if TYPE_CHECKING:
    from regtutor.backends.recorder.proxy import RecordingProxy
    from regtutor.client.registry import Registry

_READABLE = click.Path(exists=True, dir_okay=False)
_PATIENCE = 5.0
_TICK = 0.5
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126


@click.command(short_help="Record the requests of another client.", context_settings={"allow_interspersed_args": False})
@click.option("--to", "url", required=True, metavar="URL", help="The registry, by its URL or HOST.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="The port on 127.0.0.1 to listen on; 0 takes any free port.",
)
@click.option(
    "--save",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=can_be_made,
    help="Save every exchange in this file, at the end or after Ctrl-C.",
)
@click.option(
    "--ca-file",
    type=_READABLE,
    help="The CA that signed the registry's certificate. A HOST without a scheme then means HTTPS.",
)
@click.option("--insecure", is_flag=True, help="Do not verify the registry's certificate.")
@click.option("--tls", is_flag=True, help="Serve TLS to the client. Without --cert and --key, a certificate is made.")
@click.option("--cert", type=_READABLE, help="The certificate for --tls, with its chain, as PEM.")
@click.option("--key", type=_READABLE, help="The key of --cert, as PEM, without a password.")
@click.option("--quiet", "-q", is_flag=True, help="Do not print a line for each exchange.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@teaching
def record(
    url: str,
    port: int,
    file: Path | None,
    ca_file: str | None,
    insecure: bool,
    tls: bool,
    cert: str | None,
    key: str | None,
    quiet: bool,
    command: tuple[str, ...],
) -> None:
    """Record what a client sends to a registry: a proxy on loopback, between the two.

    With COMMAND, the proxy runs until COMMAND ends, and the exit status is that of COMMAND. In COMMAND, {registry}
    means the proxy's host and port; with --tls, {ca_file} means the CA of its certificate, and {ca_dir} the folder
    that holds only that file. Without COMMAND, the proxy runs until Ctrl-C: point a client at the address that it
    prints.

    Each exchange is one line on standard error. Passwords and tokens pass to the registry and are removed from the
    record.
    """
    from regtutor.backends.recorder.proxy import RecordingProxy

    if (cert is None) != (key is None) or (cert is not None and not tls):
        raise click.UsageError("give --cert and --key together, and with --tls")
    with _registry(url, ca_file, insecure) as reg:
        proxy = RecordingProxy(reg, port=port, tls=(cert, key) if cert and key else tls)
        with _finished(proxy, file), _stops() as stops:
            if not quiet:
                proxy.watch(report)
                _announce(proxy, reg, bool(command))
            status = _run(_filled(command, proxy), stops) if command else _wait(stops)
    if command and not proxy.transcript:
        say("No request came through the proxy. Does COMMAND contain {registry}?")
    sys.exit(status)


def _registry(url: str, ca_file: str | None, insecure: bool) -> Registry:
    from regtutor import connect

    plain = (ca_file is None and not insecure) or "://" in url
    return connect(url if plain else f"https://{url}", verify=False if insecure else ca_file or True)


@contextmanager
def _finished(proxy: RecordingProxy, file: Path | None) -> Iterator[None]:
    """Close the proxy and save its transcript, whatever ends the block."""
    try:
        yield
    finally:
        proxy.close()
        for note in proxy.transcript.notes:
            say(note)
        if file is not None:
            from regtutor import save

            save(proxy.transcript, file)
            say(f"The exchanges are in {file}")


def _announce(proxy: RecordingProxy, reg: Registry, ends: bool) -> None:
    say(f"{proxy.url} passes requests to {reg.url} and records them{'' if ends else '. Ctrl-C ends it'}")
    if proxy.ca_file is not None:
        say(f"Its certificate is signed by the CA in {proxy.ca_file}")


def _filled(command: Sequence[str], proxy: RecordingProxy) -> list[str]:
    values = {"{registry}": proxy.registry}
    if proxy.ca_file is not None:
        values |= {"{ca_file}": str(proxy.ca_file), "{ca_dir}": str(proxy.ca_file.parent)}
    words = list(command)
    for name, value in values.items():
        words = [word.replace(name, value) for word in words]
    return words


Stops = list[tuple[int, float]]
"""The number of each signal that came to end the recording, and when."""


@contextmanager
def _stops() -> Iterator[Stops]:
    """Yield a list that Ctrl-C and SIGTERM lengthen.

    They raise nothing: an exception could come when the system has just reported the status of COMMAND, and lose it.
    """
    stops: Stops = []

    def stop(number: int, _frame: object) -> None:
        stops.append((number, time.monotonic()))

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stops
    finally:
        for number, former in before.items():
            signal.signal(number, former)


def _run(command: Sequence[str], stops: Stops) -> int:
    """Run ``command`` to its end; its exit status, as a shell gives it."""
    try:
        process = subprocess.Popen(command)
    except OSError as error:
        say(f"regtutor: {command[0]} cannot be run: {error.strerror or error}")
        return _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE
    while True:
        try:
            status = process.wait(_TICK)
        except subprocess.TimeoutExpired:
            _end(process, stops)
        else:
            return status if status >= 0 else 128 - status


def _end(process: subprocess.Popen[bytes], stops: Stops) -> None:
    """End ``process`` after a signal. Ctrl-C reached it as well as this process, so it first has time to clean up."""
    waited = time.monotonic() - stops[0][1] if stops else 0.0
    if waited > 2 * _PATIENCE:
        process.kill()
    elif waited > _PATIENCE or signal.SIGTERM in dict(stops):
        process.terminate()


def _wait(stops: Stops) -> int:
    """Wait for Ctrl-C or SIGTERM."""
    while not stops:
        time.sleep(_TICK)
    return 0
