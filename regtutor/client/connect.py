"""Connecting to a registry by its URL: settings from the URL, the caller and the environment, combined in one place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from regtutor.client.credentials import Credentials
from regtutor.client.extra_headers import ExtraHeaders
from regtutor.client.proxies import Environment, from_environment, is_loopback, proxy_for
from regtutor.client.registry import Host, Registry, Transport
from regtutor.client.wire.default_limits import BLOB, CONNECT_TIMEOUT, DEADLINE, READ_TIMEOUT, SMALL_BODY
from regtutor.client.wire.transport import WireTransport
from regtutor.errors import ConnectionFailed, InvalidURL
from regtutor.message import HeaderList
from regtutor.protocol.references import DOCKER_HUB, is_docker_hub
from regtutor.protocol.secrets import redact_address, redact_url
from regtutor.protocol.urls import Address, split_url


def connect(
    url: str,
    *,
    username: str | None = None,
    password: str | None = None,
    proxies: Mapping[str, str] | str | None = "env",
    verify: bool | str | os.PathLike[str] = True,
    cert: str | tuple[str, str] | None = None,
    timeout: float | tuple[float, float] = (CONNECT_TIMEOUT, READ_TIMEOUT),
    deadline: float = DEADLINE,
    max_small_body: int = SMALL_BODY,
    max_blob: int = BLOB,
    expect_wait: float = 1.0,
    user_agent: str | None = None,
    headers: HeaderList = (),
) -> Registry:
    """Return a registry that is already running, by its URL. Nothing is sent yet.

    Parameters
    ----------
    url: ``https://host``, ``http://host:port``, or only ``host`` or ``host:port``. Without a scheme, loopback means
        plain HTTP, as in docker, and any other host means https. ``docker.io`` is a name for
        ``registry-1.docker.io``, where Docker Hub has its API. A user name and a password in the URL become
        credentials and are removed from it.
    username, password: for logins and walks. They are sent only after a challenge that asks for them, and only to the
        server that the challenge names. ``reg.with_auth(...)`` sends them with every request.
    proxies: ``"env"`` reads HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY and, if ``verify`` is True,
        REQUESTS_CA_BUNDLE or SSL_CERT_FILE from the environment; the record of each new connection names the variables
        that were used. Or a mapping of ``http``, ``https`` and ``no_proxy``. Or None to use no proxy and none of these
        variables. Loopback is never proxied.
    verify: True for the usual CAs, the path of a file of CAs, or False to trust any certificate.
    cert: a client certificate: the path of a file with the certificate and its key, or the paths of both.
    timeout: seconds to connect, and seconds that can pass without a byte; or one number for both.
    deadline: seconds from the end of a request to the end of its response, with interim responses. It does not apply to
        the content of a blob, which can take any time; a blob must only not come more slowly than 100 bytes a second.
    max_small_body: bytes that a response can have, except for the content of a blob.
    max_blob: bytes that a blob can have if its size is not known, as for ``get_blob``; 64 GiB by default. A pull knows
        the sizes from the manifest, and accepts exactly these.
    expect_wait: seconds to wait for a response to ``Expect: 100-continue`` before the body is sent anyway.
    user_agent: the User-Agent of requests that do not set one.
    headers: names and values to add to every request to this registry; they replace headers of the same name.

    Raises
    ------
    InvalidURL: if ``url`` is not an http or https URL, or contains more than a host and a port.
    ConnectionFailed: if a certificate file does not exist.
    """
    address = _registry_address(url)
    environment = from_environment(os.environ) if proxies == "env" else Environment(_mapping(proxies))
    sources = _sources(environment, address, verify is True) if proxies == "env" else ()
    transport: Transport = WireTransport(
        timeout=timeout,
        deadline=deadline,
        max_small_body=max_small_body,
        max_blob=max_blob,
        expect_wait=expect_wait,
        proxies=environment.proxies,
        verify=_ca_file_of(environment) if verify is True and environment.ca_file else verify,
        cert=cert,
        user_agent=user_agent,
        sources=sources,
    )
    if headers:
        transport = ExtraHeaders(transport, address.origin, headers)
    return Registry(address.origin, transport, credentials=_credentials(address, username, password))


def _ca_file_of(environment: Environment) -> str:
    """Return the file that the environment names for certificates.

    Raises
    ------
    ConnectionFailed: if it does not exist.
    """
    if not os.path.exists(environment.ca_file):
        variable = environment.sources["ca_file"]
        raise ConnectionFailed(
            f"The certificate file {environment.ca_file} does not exist",
            f"the environment variable {variable} names it",
            f"Correct or unset {variable}, or give another file: --ca-file ca.pem, or verify='ca.pem' in Python",
        )
    return environment.ca_file


def _mapping(proxies: Mapping[str, str] | str | None) -> Mapping[str, str]:
    if isinstance(proxies, str):
        raise InvalidURL(
            f"{redact_url(proxies)!r} is not a valid value of proxies",
            "proxies is 'env', a mapping, or None",
            "Write proxies={'http': 'http://host:port', 'https': 'http://host:port'}",
        )
    return proxies or {}


def _registry_address(url: str) -> Address:
    bare = "://" not in url
    address = split_url(f"https://{url}" if bare else url)
    if address.target != "/" or "#" in url:
        raise InvalidURL(
            f"{redact_address(url)!r} is more than the address of a registry",
            "the API begins at /v2/ on the host, and each request adds its own path",
            f"Write {address.origin}",
        )
    if is_docker_hub(address.authority):
        return replace(address, authority=DOCKER_HUB, host=DOCKER_HUB)
    return split_url(f"http://{url}") if bare and is_loopback(address.host) else address


def _credentials(address: Address, username: str | None, password: str | None) -> Credentials | None:
    name, _, secret = address.userinfo.partition(":")
    if username is not None:
        return Credentials(username, password or "")
    return Credentials(unquote(name), unquote(secret)) if address.userinfo else None


def _sources(environment: Environment, address: Address, verifies: bool) -> tuple[str, ...]:
    """Return notes for the record that name the variables which requests to ``address`` use."""
    notes = []
    proxy = proxy_for(address, environment.proxies)
    if proxy:
        key = address.scheme if address.scheme in environment.sources else "all"
        notes.append(f"the proxy {redact_url(proxy)} comes from {environment.sources[key]}")
    if verifies and environment.ca_file and address.scheme == "https":
        notes.append(f"the CA file {environment.ca_file} comes from {environment.sources['ca_file']}")
    return tuple(notes)


def registry_of(host: Host, url: str, ca_file: Path | None = None) -> Registry:
    """Return the registry at ``url`` that ``host`` runs, without a proxy and without credentials.

    Over TLS, only ``ca_file`` is trusted, or the usual CAs if ``ca_file`` is not given.
    """
    return Registry(url, WireTransport(verify=str(ca_file) if ca_file else True), host=host)
