"""The registry as the proxy reaches it: address, trust, and new connections."""

from __future__ import annotations

import asyncio
import os
import ssl
from dataclasses import dataclass

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from regtutor.backends.recorder.wire import Wire, opened
from regtutor.client.proxies import proxy_for
from regtutor.client.registry import Registry
from regtutor.client.wire.transport import WireTransport
from regtutor.errors import ServerError
from regtutor.protocol.urls import Address, split_url


@dataclass(frozen=True)
class Upstream:
    """Where requests are relayed to.

    Attributes
    ----------
    address: of the registry.
    name: of the registry, in records.
    context: verifies its certificate; None for plain HTTP.
    timeout: seconds to connect.
    notes: what the record of each new connection says besides its TLS.
    """

    address: Address
    name: str
    context: ssl.SSLContext | None
    timeout: float
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, reg: Registry) -> Upstream:
        """The way to ``reg``, with its trust and its client certificate. Its credentials are not used.

        Raises
        ------
        ServerError: for a registry without a socket, or one behind an HTTP proxy.
        """
        transport = reg.transport
        if not isinstance(transport, WireTransport):
            raise ServerError(
                f"The requests to {reg.name} cannot be recorded from outside",
                "it runs inside this process and has no port",
                "Use rt.open_registry('embedded')",
            )
        address = split_url(reg.url)
        if proxy_for(address, transport.proxies):
            raise ServerError(
                f"{address.origin} is reached through an HTTP proxy, which the recording proxy does not use",
                "HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names one",
                "Add the registry's host to NO_PROXY, or give rt.connect(url, proxies=None)",
            )
        notes = (*transport.sources, *_unverified(address, transport))
        return cls(address, reg.name, _context(address, transport), transport.timeout[0], notes)

    async def open(self) -> Wire:
        """A new connection.

        Raises
        ------
        OSError: if it cannot be opened within the time limit.
        """
        async with asyncio.timeout(self.timeout):
            return await opened(self.address.host, self.address.port, self.context)


def _unverified(address: Address, transport: WireTransport) -> tuple[str, ...]:
    unverified = address.scheme == "https" and transport.verify is False
    return ("the certificate was not checked",) if unverified else ()


def _context(address: Address, transport: WireTransport) -> ssl.SSLContext | None:
    if address.scheme != "https":
        return None
    trusted = DEFAULT_CA_BUNDLE_PATH if transport.verify is True else transport.verify or None
    try:
        folder = trusted is not None and os.path.isdir(trusted)
        context = ssl.create_default_context(cafile=None if folder else trusted, capath=trusted if folder else None)
        if trusted is None:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if transport.cert is not None:
            context.load_cert_chain(*((transport.cert,) if isinstance(transport.cert, str) else transport.cert))
    except OSError as error:
        raise ServerError(
            f"TLS with {address.origin} cannot be set up", error.strerror or str(error), "Give PEM files"
        ) from error
    return context
