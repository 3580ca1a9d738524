"""``regtutor login`` and ``logout``: check credentials with the registry, and store them in an auth file."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from regtutor.cli.invocation import Asking, asking, teaching, tell


@click.command(short_help="Log in to HOST and store the credentials.")
@click.argument("host", metavar="HOST")
@asking
@teaching
def login(host: str, asking: Asking) -> None:
    """Log in to HOST and store the user name and the password, as podman stores them.

    The first request has no credentials. The password goes only to the server that the challenge in the response names:
    HOST itself, or its token server. If HOST accepts it, it is stored: in the file of --authfile, or in
    $REGISTRY_AUTH_FILE, or in podman's own file. A registry that requires no credentials receives none, and nothing is
    stored.
    """
    from regtutor import login as log_in
    from regtutor.client.auth_files import default_auth_file, store_credentials
    from regtutor.protocol.references import host_of

    if asking.token is not None:
        raise click.UsageError("login needs a user name and a password, not --token")
    username = asking.username or _asked_name()
    key = host_of(host)
    with asking.anonymous(host) as reg, asking.traced() as keep:
        named = asking.with_password(reg, username)
        done = log_in(named, watch=asking.watch)
        keep(done.transcript)
    if not done.scheme or named.credentials is None:
        tell(f"{key} does not require credentials: nothing was stored")
        return
    path = asking.authfile or default_auth_file()
    store_credentials(key, named.credentials, path)
    tell(f"Logged in to {key} as {username} with {done.scheme}; stored in {path}")


def _asked_name() -> str:
    if not sys.stdin.isatty():
        raise click.UsageError("login needs a user name: --username NAME")
    return str(click.prompt("User name", err=True))


@click.command(short_help="Delete the stored credentials for HOST.")
@click.argument("host", metavar="HOST")
@click.option(
    "--authfile",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file with the credentials; by default the file of podman.",
)
@teaching
def logout(host: str, authfile: Path | None) -> None:
    """Delete the stored credentials for HOST. Nothing is sent.

    The file is that of --authfile, or $REGISTRY_AUTH_FILE, or podman's own file.
    """
    from regtutor.client.auth_files import default_auth_file, remove_credentials
    from regtutor.protocol.references import host_of

    path, key = authfile or default_auth_file(), host_of(host)
    found = remove_credentials(key, path)
    tell(f"The credentials for {key} were deleted from {path}" if found else f"{path} has none for {key}")
