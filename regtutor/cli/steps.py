"""Commands for single requests: check a registry, and send any one request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from regtutor.cli.invocation import Asking, asking, host_named, teaching, tell
from regtutor.errors import UnexpectedStatus

if TYPE_CHECKING:
    from regtutor.exchange import Exchange
    from regtutor.protocol.challenges import Challenge
    from regtutor.walks.driving import Walk


@click.command(short_help="Check that a registry works, and as whom.")
@click.argument("host")
@asking
@teaching
def check(host: str, asking: Asking) -> None:
    """Check a registry: whether it can be reached, with TLS, whether it speaks the API, and as whom it sees you.

    One request is sent, GET /v2/, and those that a login needs. The status is 1 if HOST is not a registry, or refuses
    the credentials of --username.
    """
    from regtutor import run
    from regtutor.steps import check_api, draft

    def walk() -> Walk:
        yield draft(check_api)
        return ()

    with asking.connect(host_named(host)) as reg, asking.traced() as keep:
        made = run(walk(), reg, watch=asking.watch, title=f"check of {reg.name}")
        for name, value in _checked(reg.url, made[0], made[-1], asking.username):
            tell(f"{name:<12} {value}")
        _expect_api(made[-1], asking.username)
        keep(made)


def _checked(url: str, first: Exchange, last: Exchange, username: str | None) -> Iterator[tuple[str, str]]:
    """Yield the lines of the screen."""
    from regtutor.protocol.challenges import challenges

    yield "registry", url
    yield "reachable", f"yes, in {first.milliseconds:,.0f} ms" + (f", through {first.proxy}" if first.proxy else "")
    yield from _tls(url, first)
    speaks = last.page is None and last.status in (200, 401)
    version = last.headers.get("Docker-Distribution-API-Version", "")
    yield "API", (f"yes, {version}".rstrip(", ") if speaks else f"no: {last.status}, {last.meaning}")
    required = "; or ".join(map(_scheme, challenges(first))) if first.status == 401 else ""
    yield "login", required or ("required" if first.status == 401 else "not required for GET /v2/")
    yield "as", _seen_as(last, username)


def _tls(url: str, first: Exchange) -> Iterator[tuple[str, str]]:
    """Yield the version of TLS, and the certificate with its names and dates."""
    if not url.startswith("https:"):
        yield "TLS", "no: everything is sent in plain text"
        return
    connected = next((event.note for event in first.events if event.kind == "connected"), "")
    version, _, certificate = connected.partition(", certificate ")
    yield "TLS", f"yes, {version}".rstrip(", ")
    yield "certificate", certificate or "not checked"


def _scheme(challenge: Challenge) -> str:
    parameters = challenge.parameters
    names = ", ".join(f"{name} {parameters[name]}" for name in ("realm", "service") if parameters.get(name))
    return f"{challenge.scheme}: {names}".rstrip(": ")


def _seen_as(last: Exchange, username: str | None) -> str:
    if last.status == 401:
        return f"nobody: {username} was refused" if username else "nobody: give --username"
    if last.page is not None or last.status != 200:
        return "unknown"
    sent = "Authorization" in last.request_headers
    return (username or "the credentials that were given") if sent else "anonymous"


def _expect_api(last: Exchange, username: str | None) -> None:
    wants_login = last.status == 401 and last.page is None and username is None
    if wants_login or (last.status == 200 and last.page is None):
        return
    raise UnexpectedStatus(f"{last.url} returned {last.status}", last.meaning, exchange=last)


@click.command(short_help="Send one request, and print it.")
@click.argument("method")
@click.argument("address", metavar="HOST/PATH")
@click.option(
    "--data",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Send this file as the body. Give its type with -H 'Content-Type: ...'.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the body of the response to this file.",
)
@asking
@teaching
def request(method: str, address: str, data: Path | None, output: Path | None, asking: Asking) -> None:
    """Send one request, and print it with its response, line by line.

    PATH begins with v2/. Nothing is added except the headers that every client sends: no redirect is followed. The
    status is 1 for a response of 400 or above, with the diagnosis.
    """
    from regtutor import run
    from regtutor.message import Request
    from regtutor.protocol.endpoints import UNDOCUMENTED, parse

    host, path = _split(address)
    found = parse(method.upper(), path)
    sent = Request(found.endpoint.name if found else UNDOCUMENTED, method.upper(), path, into=output)

    def walk() -> Walk:
        yield sent.edit(body=data) if data else sent
        return ()

    with asking.connect(host_named(host)) as reg, asking.traced() as keep:
        made = run(walk(), reg, watch=asking.watch, title=f"{sent.method} {path} on {reg.name}")
        tell(made[-1].as_text())
        if not made[-1].ok:
            what = f"{sent.method} {made[-1].shown_target} returned {made[-1].status}"
            raise UnexpectedStatus(what, made[-1].meaning, exchange=made[-1])
        keep(made)


def _split(address: str) -> tuple[str, str]:
    """Split ``[scheme://]HOST/PATH`` into the host, with its scheme, and the path with its slash."""
    begins = "://" in address.partition("?")[0].partition("/v2/")[0]
    scheme, mark, rest = address.partition("://") if begins else ("", "", address)
    host, slash, path = rest.partition("/")
    if "@" in path.partition("/v2/")[0] or (path.startswith("v2/") is False and "@" in path.partition("v2/")[0]):
        raise click.BadParameter("write %2F for a / in a password, or give it with --username")
    if not host or not slash:
        raise click.BadParameter("write HOST/PATH, such as 127.0.0.1:5000/v2/")
    return f"{scheme}{mark}{host}", f"/{path}"
