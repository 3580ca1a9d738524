"""urllib3's connections with a tap on the socket, and their pools.

urllib3 opens, verifies, tunnels and pools connections. It reads no environment variables here. ``sending.py`` decides
what is sent over a connection: a connection here receives a :class:`Sending` as its body argument, and gives it the
socket.
"""

from __future__ import annotations

import base64
import os
from typing import Any
from urllib.parse import unquote, urlsplit

from urllib3 import (
    HTTPConnectionPool,
    HTTPHeaderDict,
    HTTPResponse,
    HTTPSConnectionPool,
    PoolManager,
    ProxyManager,
    Timeout,
)
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.wait import wait_for_read

from regtutor.client.wire.sending import Sending
from regtutor.client.wire.tap import Tap
from regtutor.protocol.urls import Address


class _Tapped(HTTPConnection):
    """A connection over which a Sending writes its request and reads the response."""

    def connect(self) -> None:
        super().connect()
        self.sock = Tap(self.sock)

    @property
    def is_connected(self) -> bool:
        """Whether it can take another request.

        If an idle connection is readable, it was closed, or what arrived belongs to no request.
        """
        tap: Any = self.sock
        return tap is not None and tap.reusable and not wait_for_read(tap, timeout=0.0)

    def request(self, _method: str, _url: str, body: Any = None, headers: Any = None, **_options: Any) -> None:  # type: ignore[override]
        sending: Sending = body
        if self.sock is None:
            self.connect()
        tap: Any = self.sock
        self._sending = sending
        notes = [
            f"Through a tunnel of the proxy {self.proxy.host}" if self.proxy_is_tunneling and self.proxy else "",
            tap.tls,
        ]
        sending.over(
            tap,
            forwarding=self.proxy_is_forwarding,
            extra=tuple((headers or {}).items()),
            note=", ".join(note for note in notes if note),
        )

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        """Wait for the head. The pool gets a response without a body, because the transport reads it from the tap."""
        self._sending.begin()
        return HTTPResponse(b"", preload_content=False)


class _TappedTLS(_Tapped, HTTPSConnection):
    """The same over TLS; the tap sees the decrypted bytes."""


class _Pool(HTTPConnectionPool):
    ConnectionCls: Any = _Tapped


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls: Any = _TappedTLS


_POOLS = {"http": _Pool, "https": _TLSPool}
_POOLS_KEPT = 10
_IDLE_KEPT = 10


class ConnectionPools:
    """Pools of tapped connections: one for each origin, proxy and set of certificates. Nothing is retried."""

    def __init__(self) -> None:
        self._direct: Any = _with_taps(PoolManager(_POOLS_KEPT, maxsize=_IDLE_KEPT))
        self._through: dict[str, Any] = {}

    def close(self) -> None:
        """Close the open connections; a later request opens new ones."""
        for manager in (self._direct, *self._through.values()):
            manager.clear()

    def deliver(
        self,
        sending: Sending,
        address: Address,
        *,
        proxy: str,
        verify: bool | str,
        cert: str | tuple[str, str] | None,
        timeout: tuple[float, float],
    ) -> HTTPResponse:
        """Send over a pooled or a new connection, and wait for the head of the final response.

        Returns
        -------
        A response whose ``release_conn`` gives the connection back to the pool; ``sending.body`` has the body.
        """
        manager = self._proxied(proxy) if proxy else self._direct
        trust = _trust(verify, cert) if address.scheme == "https" else {}
        pool: Any = manager.connection_from_host(address.host, address.port, address.scheme, pool_kwargs=trust)
        return pool.urlopen(
            sending.request.method,
            f"{address.origin}/",
            body=sending,
            headers=HTTPHeaderDict(),
            retries=False,
            redirect=False,
            assert_same_host=False,
            timeout=Timeout(connect=timeout[0], read=timeout[1]),
            preload_content=False,
            decode_content=False,
        )

    def _proxied(self, proxy: str) -> Any:
        found = self._through.get(proxy)
        if found is None:
            made = ProxyManager(proxy, _POOLS_KEPT, proxy_headers=_credentials_for(proxy), maxsize=_IDLE_KEPT)
            found = self._through.setdefault(proxy, _with_taps(made))  # another thread can be first
        return found


def _with_taps(manager: Any) -> Any:
    manager.pool_classes_by_scheme = _POOLS
    return manager


def _trust(verify: bool | str, cert: str | tuple[str, str] | None) -> dict[str, Any]:
    """Return the settings of a pool: the CAs that it trusts, and the client certificate that it presents."""
    trust: dict[str, Any] = {"cert_reqs": "CERT_NONE" if verify is False else "CERT_REQUIRED"}
    if verify is not False:
        authorities = usual_authorities() if verify is True else verify
        trust["ca_cert_dir" if os.path.isdir(authorities) else "ca_certs"] = authorities
    if cert is not None:
        trust["cert_file"], trust["key_file"] = (cert, None) if isinstance(cert, str) else cert
    return trust


def usual_authorities() -> str:
    """Return the path of the file with the usual CAs, those of Mozilla."""
    import certifi  # only for TLS: a push to loopback need not find the file

    return certifi.where()


def _credentials_for(proxy: str) -> dict[str, str]:
    """Return the header with the credentials in the URL of a proxy, if there are any."""
    parts = urlsplit(proxy)
    if not parts.username:
        return {}
    text = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(text.encode('latin-1')).decode()}"}
