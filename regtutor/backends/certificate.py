"""The TLS certificate of the embedded registry: from files, or made when the registry starts."""

from __future__ import annotations

import os
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from regtutor.errors import ServerError

if TYPE_CHECKING:
    import trustme

TLS = bool | tuple[str | os.PathLike[str], str | os.PathLike[str]]
"""False for no TLS, True for a certificate that regtutor makes, or the paths of a certificate and its key."""

EVERY_ADDRESS = ("0.0.0.0", "::")

CA_FILE = "ca.crt"  # skopeo, podman and docker recognize a CA in a --cert-dir by this ending


@dataclass(frozen=True)
class ServerCertificate:
    """The ``context`` for serving TLS, and the ``ca_file`` for clients if regtutor made the certificate."""

    context: ssl.SSLContext
    ca_file: Path | None = None


def server_certificate(tls: TLS, host: str, folder: Path) -> ServerCertificate | None:
    """Return the certificate for the option ``tls``; None without TLS.

    Parameters
    ----------
    tls: see :data:`TLS`.
    host: the address on which the registry listens.
    folder: the folder for the CA of a certificate that regtutor makes, as ``ca.crt``; it is created if it does not
        exist, and nothing else is written to it.

    Raises
    ------
    ServerError: if a file cannot be used, or trustme is not installed.
    """
    if isinstance(tls, tuple):
        return ServerCertificate(_from_files(*tls))
    return _self_made(host, folder) if tls else None


def _from_files(certificate: str | os.PathLike[str], key: str | os.PathLike[str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password="")  # do not prompt for the password of a key
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ServerError(
            f"The certificate {os.fspath(certificate)} and the key {os.fspath(key)} cannot be used for TLS",
            error.strerror or str(error) if isinstance(error, OSError) else str(error),
            "Give two matching PEM files, with a key that has no password; a chain begins with the certificate",
        ) from error
    return context


@dataclass(frozen=True)
class CertificateFiles:
    """PEM files for another server: its ``certificate``, its ``key``, and the ``ca_file`` for clients."""

    certificate: Path
    key: Path
    ca_file: Path


def certificate_files(host: str, folder: Path, trust: Path) -> CertificateFiles:
    """Make a certificate for a server that reads files, such as nginx.

    Parameters
    ----------
    host: the address on which the server listens.
    folder: the folder for the certificate and its key, private to this user.
    trust: the folder for the CA alone, as ``ca.crt``.

    Raises
    ------
    ServerError: if trustme is not installed.
    """
    authority = _authority()
    leaf = authority.issue_cert(*_names(host), common_name="regtutor's nginx")
    files = CertificateFiles(folder / "server.pem", folder / "server.key", trust / CA_FILE)
    files.certificate.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    leaf.private_key_pem.write_to_path(files.key)
    files.key.chmod(0o600)
    authority.cert_pem.write_to_path(files.ca_file)
    return files


def _self_made(host: str, folder: Path) -> ServerCertificate:
    """Make a CA and a certificate, and discard the key of the CA, so that it can never sign anything else."""
    authority = _authority()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*_names(host), common_name="regtutor's embedded registry").configure_cert(context)
    folder.mkdir(parents=True, exist_ok=True)
    authority.cert_pem.write_to_path(folder / CA_FILE)
    return ServerCertificate(context, folder / CA_FILE)


def _authority() -> trustme.CA:
    try:
        import trustme
    except ImportError as error:
        raise ServerError(
            "Making a TLS certificate needs trustme",
            "trustme is not installed",
            "Run pip install 'regtutor[tls]', or give a certificate and its key: --tls --cert FILE --key FILE",
        ) from error
    return trustme.CA(organization_name="regtutor", organization_unit_name="made when this registry started")


def _names(host: str) -> list[str]:
    """Return the names for clients: those of loopback, and the host, or the name of this machine for all addresses."""
    own = socket.gethostname() if host in EVERY_ADDRESS else host
    return list(dict.fromkeys(("localhost", "127.0.0.1", "::1", own)))
