"""urllib3's connections with a tap on the socket, and the requests adapter that pools them.

urllib3 opens, verifies, tunnels and pools connections; requests chooses the certificates and the proxy. ``sending.py``
decides what is sent over a connection: a connection here receives a :class:`Sending` as its body argument, and gives
it the socket. Plain HTTP without a proxy needs none of this: see ``plain_connections.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPHeaderDict, HTTPResponse, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.wait import wait_for_read

from regtutor.client.wire.sending import Sending
from regtutor.client.wire.tls_tap import TLSTap
from regtutor.protocol.urls import Address


class _Tapped(HTTPConnection):
    """A connection over which a Sending writes its request and reads the response."""

    def connect(self) -> None:
        super().connect()
        self.sock = TLSTap(self.sock)

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


class TappedAdapter(HTTPAdapter):
    """The adapter of requests, with tapped connections. It retries nothing and reads no environment variables."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager

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
        request = PreparedRequest()
        request.url = f"{address.origin}/"
        proxies: Mapping[str, str] = {address.scheme: proxy} if proxy else {}
        pool: Any = self.get_connection_with_tls_context(request, verify, proxies=dict(proxies), cert=cert)
        self.cert_verify(pool, request.url, verify, cert)
        return pool.urlopen(
            sending.request.method,
            request.url,
            body=sending,
            headers=HTTPHeaderDict(),
            retries=False,
            redirect=False,
            assert_same_host=False,
            timeout=Timeout(connect=timeout[0], read=timeout[1]),
            preload_content=False,
            decode_content=False,
        )
