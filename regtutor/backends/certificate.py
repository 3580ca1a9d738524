"""The certificate that the embedded registry shows: one that it is given, or one that it makes for itself."""

from __future__ import annotations

import os
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from regtutor.errors import ServerError

TLS = bool | tuple[str | os.PathLike[str], str | os.PathLike[str]]
"""False for none, True for a certificate of our own making, or the paths of a certificate and of its key."""

EVERY_ADDRESS = ("0.0.0.0", "::")

CA_FILE = "ca.crt"  # the ending by which skopeo, podman and docker find a CA in a --cert-dir


@dataclass(frozen=True)
class ServerCertificate:
    """What to serve TLS with, and the ``ca_file`` to trust it by where that CA is our own."""

    context: ssl.SSLContext
    ca_file: Path | None = None


def server_certificate(tls: TLS, host: str, folder: Path) -> ServerCertificate | None:
    """What ``tls`` asks for, or None.

    Parameters
    ----------
    tls: see :data:`TLS`.
    host: the address that is listened on.
    folder: where the CA of our own goes, as ``ca.crt``; made if missing, and nothing else is put there.

    Raises
    ------
    ServerError: a file that cannot be used, or trustme is not installed.
    """
    if isinstance(tls, tuple):
        return ServerCertificate(_given(*tls))
    return _self_made(host, folder) if tls else None


def _given(certificate: str | os.PathLike[str], key: str | os.PathLike[str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password="")  # of a key with a password, nobody is asked for it
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ServerError(
            f"TLS cannot be served with the certificate {os.fspath(certificate)} and the key {os.fspath(key)}",
            error.strerror or str(error) if isinstance(error, OSError) else str(error),
            "Give two PEM files that belong together, the key without a password; a chain begins with the certificate",
        ) from error
    return context


def _self_made(host: str, folder: Path) -> ServerCertificate:
    """A CA, and what it signs; its key is gone after that, so that nothing else can ever be signed with it."""
    try:
        import trustme
    except ImportError as error:
        raise ServerError(
            "A certificate of its own making needs trustme",
            "it is not installed",
            "Run pip install 'regtutor[tls]', or give a certificate and its key: --tls --cert FILE --key FILE",
        ) from error
    authority = trustme.CA(organization_name="regtutor", organization_unit_name="made when this registry started")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*_names(host), common_name="regtutor's embedded registry").configure_cert(context)
    folder.mkdir(parents=True, exist_ok=True)
    authority.cert_pem.write_to_path(folder / CA_FILE)
    return ServerCertificate(context, folder / CA_FILE)


def _names(host: str) -> list[str]:
    """By which names clients may ask: those of loopback, and the host, or for every address this machine's name."""
    own = socket.gethostname() if host in EVERY_ADDRESS else host
    return list(dict.fromkeys(("localhost", "127.0.0.1", "::1", own)))
