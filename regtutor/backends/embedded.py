"""``embedded``: our own registry on a socket, in a thread of this process."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from regtutor.backends.access import Access, access_of
from regtutor.backends.certificate import TLS, server_certificate
from regtutor.backends.local_host import LocalHost, local_host
from regtutor.client.connect import registry_of
from regtutor.client.registry import Registry
from regtutor.errors import ServerError
from regtutor.server.app import App
from regtutor.server.quirks.table import listed
from regtutor.server.shell.authentication import Htpasswd
from regtutor.server.shell.listen import Server, is_loopback

_ABOUT = "regtutor's own registry, in a thread of this process"
_TLS_FOLDER = ".regtutor/tls"  # below the root, beside the store's lock
_TICK = 1.0

PasswordFile = str | os.PathLike[str]


@dataclass(frozen=True)
class _Door:
    """Where it listens, and who comes in."""

    host: str
    port: int
    tls: TLS
    htpasswd: PasswordFile | None
    insecure_public: bool = False
    access: Access | None = None


def open_embedded(
    root: str | Path | None = None,
    port: int = 0,
    *,
    tls: TLS = False,
    htpasswd: PasswordFile | None = None,
    quirks: str | Iterable[str] = (),
    auth: str | None = None,
    users: Mapping[str, str] | None = None,
    policy: Mapping[str, Any] | None = None,
    token_seconds: int | None = None,
) -> Registry:
    """Start the embedded registry on a loopback port.

    Parameters
    ----------
    root: the directory of its storage, made if missing, and kept; by default a temporary one, deleted with it.
    port: 0 for a free one.
    tls: True serves TLS with a certificate made for it; the Registry trusts its CA, which is in the file
        ``reg.host.ca_file``. Or the paths of a certificate and of its key; the Registry then trusts the usual CAs.
    htpasswd: a file of names and passwords as Apache's ``htpasswd -B`` writes it; without one everybody is let in.
        The Registry has no credentials: ``reg.with_auth(username, password)``.
    quirks: in what it behaves as CNCF Distribution does: ``distribution-2.8``, ``distribution-3.1``, or single names;
        ``regtutor serve --quirks list`` shows them.
    auth: ``token`` asks for bearer tokens of a token server on the same port; ``basic`` asks for a name and a
        password. The Registry has no credentials; ``reg.host.about`` names the users.
    users: name to password, for users who may do everything; by default the users of the lessons.
    policy: users with rules of their own, as plain data, with ``auth="token"``; see ``server.token.policy.policy_of``.
    token_seconds: how long a token is valid; by default 300.

    Returns
    -------
    A Registry; closing it, and the end of this process, end it.

    Raises
    ------
    UnusableDirectory: if the directory cannot be used.
    StoreLocked: if another embedded registry uses it.
    ServerError: if the port is taken, the files for TLS or passwords cannot be used, or a quirk is not known.
    """
    access = access_of(auth, users, policy, token_seconds)
    server, host = _start(root, _Door("127.0.0.1", port, tls, htpasswd, access=access), quirks)
    return registry_of(host, server.url, host.ca_file)


def serve_embedded(
    root: str | Path | None = None,
    port: int = 5000,
    *,
    host: str = "127.0.0.1",
    tls: TLS = False,
    htpasswd: PasswordFile | None = None,
    insecure_public: bool = False,
    quirks: str | Iterable[str] = (),
    auth: str | None = None,
    say: Callable[[str], object] = print,
) -> None:
    """Run the embedded registry until Ctrl-C or SIGTERM, and say each request as it is answered.

    Parameters
    ----------
    root, port, tls, htpasswd, quirks, auth: as for :func:`open_embedded`.
    host: the address to listen on; beyond loopback only with both ``tls`` and ``htpasswd``.
    insecure_public: listen on ``host`` without them.
    say: gets each line.

    Raises
    ------
    ServerError: besides, for a ``host`` that is not protected.
    """
    ended = threading.Event()
    if auth is not None and not (insecure_public or is_loopback(host)):
        why = "the passwords of the lessons' users are public"
        raise ServerError(f"--auth does not protect a registry on {host}", why, "Use --tls and --htpasswd FILE")
    door = _Door(host, port, tls, htpasswd, insecure_public, access_of(auth))
    server, local = _start(root, door, quirks, say)
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: ended.set())
    try:
        kept = "and stays" if root is not None else "and is deleted at the end"
        say(f"A registry at {server.url}; its content is in {local.root} {kept}. Ctrl-C ends it.")
        if local.access is not None:
            say(f"It asks for credentials. {local.access.about}.")
        if local.ca_file is not None:
            push = f"regtutor push IMAGE {_asked_at(server.url)}/REPOSITORY:TAG --ca-file {quote(str(local.ca_file))}"
            say(f"Its certificate is signed by the CA in {local.ca_file}: {push}")
        while not ended.wait(_TICK):  # without a limit, Ctrl-C would not end it on Windows
            pass
    except KeyboardInterrupt:
        say("")
    finally:
        signal.signal(signal.SIGTERM, before)
        local.close()


def _asked_at(url: str) -> str:
    """``url``, with an address that can be connected to where it is that of every interface."""
    return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")


def _start(
    root: str | Path | None, door: _Door, quirks: str | Iterable[str], log: Callable[[str], object] | None = None
) -> tuple[Server, LocalHost]:
    access = door.access
    if access is not None and door.htpasswd is not None:
        raise ServerError("htpasswd= and auth= do not go together", "both name the users", "Give one of them")
    local = local_host("embedded", _ABOUT, root)
    try:
        certificate = server_certificate(door.tls, door.host, local.root / _TLS_FOLDER)
        server = Server(
            App(local.store, quirks=quirks, **(access.app_settings if access and access.tokens else {})),
            door.host,
            door.port,
            certificate.context if certificate else None,
            log,
            passwords=_passwords(door),
            public=door.insecure_public,
        ).start()
    except BaseException:
        local.close()
        raise
    local.ca_file = certificate.ca_file if certificate else None
    local.lets_in(access)
    local.runs(server.log_lines, server.close)
    return server, local


def _passwords(door: _Door) -> Htpasswd | None:
    """What the server asks before the App; tokens are the App's own."""
    if door.access is not None and door.access.tokens is None:
        return door.access.passwords
    return Htpasswd(door.htpasswd) if door.htpasswd is not None else None


def quirks_listed() -> str:
    """What ``quirks`` may name, as text."""
    return listed()
