"""The back end ``embedded``: regtutor's own registry on a socket, in a thread of this process."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from regtutor.backends.access import Access, access_of
from regtutor.backends.local_host import LocalHost, local_host
from regtutor.errors import ServerError
from regtutor.server.app import App
from regtutor.server.shell.limits import Limits, limits_of
from regtutor.server.shell.listen import Server, is_loopback
from regtutor.server.shell.origin_check import ANY

if TYPE_CHECKING:
    from regtutor.backends.certificate import TLS, ServerCertificate
    from regtutor.client.registry import Registry
    from regtutor.server.shell.authentication import Htpasswd
    from regtutor.server.token.policy import Policy

_ABOUT = "regtutor's own registry, in a thread of this process"
_TLS_FOLDER = ".regtutor/tls"  # below the root, next to the lock of the store
_TICK = 1.0

PasswordFile = str | os.PathLike[str]


class _Settings(TypedDict, total=False):
    """The options of the App that every way to open it has."""

    deletes: bool
    chunk_min_length: int | None
    verify_reads: bool
    sparse_indexes: bool


@dataclass(frozen=True)
class _Access:
    """The address to listen on, the TLS and password files, and the limits."""

    host: str
    port: int
    tls: TLS
    htpasswd: PasswordFile | None
    insecure_public: bool = False
    required: Access | None = None
    hosts: tuple[str, ...] = ()
    limits: Limits | None = None


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
    deletes: bool = True,
    chunk_min_length: int | None = None,
    verify_reads: bool = False,
    sparse_indexes: bool = False,
    hosts: Iterable[str] = (),
    limits: Mapping[str, float] | None = None,
) -> Registry:
    """Start the embedded registry on a loopback port.

    Parameters
    ----------
    root: the storage directory, created if it does not exist, and kept; by default a temporary directory, which is
        deleted when the registry is closed.
    port: the port; 0 for a free one.
    tls: True to serve TLS with a new certificate; the Registry trusts its CA, which is in the file
        ``reg.host.ca_file``. Or the paths of a certificate and its key; the Registry then trusts the usual CAs.
    htpasswd: a file of names and passwords as Apache's ``htpasswd -B`` writes it; by default everyone has access.
        The returned Registry has no credentials; add them with ``reg.with_auth(username, password)``.
    quirks: behavior to copy from CNCF Distribution: ``distribution-2.8``, ``distribution-3.1``, or single names;
        ``regtutor serve --quirks list`` lists them.
    auth: ``token`` requires bearer tokens of a token server on the same port; ``basic`` requires a user name and a
        password. The Registry has no credentials; ``reg.host.about`` names the users.
    users: user name to password, for users with all permissions; by default the users of the lessons.
    policy: users with their own permissions, as plain data, with ``auth="token"``; see
        ``server.token.policy.policy_of``.
    token_seconds: the lifetime of a token in seconds; by default 300.
    deletes: whether blobs, manifests and tags can be deleted; if not, DELETE gets 405.
    chunk_min_length: the least size in bytes that a chunk of an upload should have, which the registry announces in
        ``OCI-Chunk-Min-Length``; None announces nothing.
    verify_reads: whether the bytes of a blob are compared with its digest before each response. Those of a manifest
        always are. Damaged content gets 404, and the log names the file.
    sparse_indexes: accept an index before the manifests that it lists, as a registry may.
    hosts: host names of the registry that clients send in Host, such as the name of a proxy in front of it; ``*``
        accepts any. IP addresses and names without a dot are accepted anyway. Not checked with TLS or ``htpasswd``.
    limits: what one client may take from the others, by the names in ``server.shell.limits.Limits``:
        ``max_connections``, ``head_timeout``, ``body_timeout``, ``idle_timeout``, ``least_rate``, ``rate_window``,
        ``waiting_passwords``.

    Returns
    -------
    A Registry; the embedded registry stops when the Registry is closed or this process ends.

    Raises
    ------
    UnusableDirectory: if the directory cannot be used.
    StoreLocked: if another embedded registry uses the directory.
    ServerError: if the port is in use, the files for TLS or passwords cannot be used, or a quirk does not exist.
    """
    from regtutor.client.connect import registry_of  # only here: `regtutor serve` starts without a client

    required = access_of(auth, users, policy, token_seconds)
    access = _Access("127.0.0.1", port, tls, htpasswd, required=required, hosts=tuple(hosts), limits=limits_of(limits))
    settings = _Settings(
        deletes=deletes,
        chunk_min_length=chunk_min_length,
        verify_reads=verify_reads,
        sparse_indexes=sparse_indexes,
    )
    server, host = _start(root, access, quirks, **settings)
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
    policy: str | os.PathLike[str] | None = None,
    hosts: Iterable[str] = (),
    limits: Mapping[str, float] | None = None,
    say: Callable[[str], object] = print,
    **settings: Unpack[_Settings],
) -> None:
    """Run the embedded registry until Ctrl-C or SIGTERM, and print a line for each request.

    Parameters
    ----------
    root, port, tls, htpasswd, quirks, auth, hosts, limits: as for :func:`open_embedded`.
    settings: ``deletes``, ``chunk_min_length``, ``verify_reads`` and ``sparse_indexes``, as for :func:`open_embedded`.
    host: the address to listen on; an address other than loopback requires both ``tls`` and ``htpasswd``.
    insecure_public: listen on ``host`` without them.
    policy: a JSON or TOML file with the users and the private repositories, instead of those of the lessons; for
        ``auth="token"``. It has the fields of ``server.token.policy.policy_of``.
    say: the function that receives each line; by default ``print``.

    Raises
    ------
    ServerError: as for :func:`open_embedded`, and for a ``host`` that is not protected.
    """
    ended = threading.Event()
    if auth is not None and not (insecure_public or is_loopback(host)):
        why = "the passwords of the lessons' users are public"
        raise ServerError(f"--auth does not protect a registry on {host}", why, "Use --tls and --htpasswd FILE")
    required = access_of(auth, policy=_policy(policy))
    access = _Access(host, port, tls, htpasswd, insecure_public, required, tuple(hosts), limits_of(limits))
    server, local = _start(root, access, quirks, say, **settings)
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: ended.set())
    try:
        kept = "is kept" if root is not None else "is deleted at the end"
        say(f"Registry at {server.url}; its content is in {local.root} and {kept}. Press Ctrl-C to stop it.")
        for line in _needs(server, local):
            say(line)
        while not ended.wait(_TICK):  # without a time limit, Ctrl-C would not interrupt this on Windows
            pass
    except KeyboardInterrupt:
        say("")
    finally:
        signal.signal(signal.SIGTERM, before)
        local.close()


def _needs(server: Server, local: LocalHost) -> Iterator[str]:
    """Yield a sentence for each thing that a client needs: credentials, a CA."""
    if local.access is not None:
        yield f"It requires credentials. {local.access.about}."
    if local.ca_file is not None:
        address = _connectable(server.url)
        push = f"regtutor push IMAGE {address}/REPOSITORY:TAG --ca-file {quote(str(local.ca_file))}"
        yield f"Its certificate is signed by the CA in {local.ca_file}: {push}"


def _connectable(url: str) -> str:
    """Return ``url`` with a loopback address instead of the address of all interfaces, to which no client connects."""
    return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")


def _start(
    root: str | Path | None,
    access: _Access,
    quirks: str | Iterable[str],
    log: Callable[[str], object] | None = None,
    **settings: Unpack[_Settings],
) -> tuple[Server, LocalHost]:
    required, tokens = access.required, {}
    if required is not None and access.htpasswd is not None:
        raise ServerError("htpasswd= and auth= cannot be used together", "both name the users", "Give one of them")
    if required is not None and required.tokens is not None:
        tokens = required.app_settings
    local = local_host("embedded", _ABOUT, root)
    try:
        certificate = _certificate(access, local.root)
        app = App(local.store, quirks=quirks, **settings, **tokens)
        server = Server(
            app,
            access.host,
            access.port,
            certificate.context if certificate else None,
            log,
            passwords=_passwords(access),
            public=access.insecure_public,
            limits=access.limits,
            hosts=(ANY,) if required else access.hosts,  # a web page has no credentials
        ).start()
    except BaseException:
        local.close()
        raise
    local.ca_file = certificate.ca_file if certificate else None
    local.lets_in(required)
    local.in_use = app.sessions.in_use
    local.store.report = server.write_log
    local.runs(server.log_lines, server.close)
    return server, local


def _policy(path: str | os.PathLike[str] | None) -> Mapping[str, Any] | Policy | None:
    if path is None:
        return None
    from regtutor.server.token.policy_file import policy_in

    return policy_in(Path(path))


def _certificate(access: _Access, root: Path) -> ServerCertificate | None:
    if not access.tls:
        return None
    from regtutor.backends.certificate import server_certificate

    return server_certificate(access.tls, access.host, root / _TLS_FOLDER)


def _passwords(access: _Access) -> Htpasswd | None:
    """The passwords that the server checks before it calls the App. The App checks tokens itself."""
    if access.required is not None and access.required.tokens is None:
        return access.required.passwords
    if access.htpasswd is None:
        return None
    from regtutor.server.shell.authentication import Htpasswd

    return Htpasswd(access.htpasswd)


def quirks_listed() -> str:
    """Return the list of quirks and their groups as text."""
    from regtutor.server.quirks.table import listed

    return listed()
