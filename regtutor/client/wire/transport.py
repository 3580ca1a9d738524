"""The transport over a socket: sends each request once, and records what was sent and received.

It follows no redirects, retries nothing, keeps no cookies and reads no environment variables. Every wait has a time
limit, and so has each response that is small by nature.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from regtutor.client.proxies import proxy_for
from regtutor.client.recording import Recording
from regtutor.client.wire.default_limits import BLOB, CONNECT_TIMEOUT, DEADLINE, READ_TIMEOUT, SMALL_BODY
from regtutor.client.wire.failures import Situation, failures, sentences
from regtutor.client.wire.head import default_user_agent
from regtutor.client.wire.limits import Limits
from regtutor.client.wire.plain_connections import PlainConnections
from regtutor.client.wire.request_body import BodyUnreadable
from regtutor.client.wire.response_body import Download, check_destination, completed
from regtutor.client.wire.sending import Sending, StaleConnection
from regtutor.errors import ConnectionFailed, RegtutorError
from regtutor.exchange import BodyRecord, Exchange
from regtutor.message import HeaderList, Request
from regtutor.protocol.secrets import redact_url
from regtutor.protocol.unsaved import Unsaved
from regtutor.protocol.urls import Address, split_url

if TYPE_CHECKING:
    from regtutor.client.wire.connection import TappedAdapter


class WireTransport(Unsaved):
    """Sends requests over TCP, with TLS for https.

    Parameters
    ----------
    timeout: seconds to connect, and seconds that can pass without a byte; or one number for both.
    deadline, max_small_body: the most seconds and bytes of a response that is small by nature; see
        :mod:`regtutor.client.wire.limits`.
    max_blob: the most bytes of a blob whose size is not known from a descriptor.
    expect_wait: seconds to wait for a response to ``Expect: 100-continue`` before the body is sent anyway.
    proxies: maps ``http`` and ``https`` (the scheme of the registry's URL) to the URL of a proxy, and ``no_proxy`` to a
        list of hosts; None or empty for no proxy. Loopback is never proxied.
    verify: True for the usual CAs, the path of a file of CAs, or False to trust any certificate.
    cert: a client certificate: the path of a file with the certificate and its key, or the paths of both.
    user_agent: the User-Agent of requests that do not set one.
    sources: notes on where these settings come from; the event of each new connection contains them.

    Raises
    ------
    ConnectionFailed: if a certificate file does not exist.
    """

    def __init__(
        self,
        *,
        timeout: float | tuple[float, float] = (CONNECT_TIMEOUT, READ_TIMEOUT),
        deadline: float = DEADLINE,
        max_small_body: int = SMALL_BODY,
        max_blob: int = BLOB,
        expect_wait: float = 1.0,
        proxies: Mapping[str, str] | None = None,
        verify: bool | str | os.PathLike[str] = True,
        cert: str | tuple[str, str] | None = None,
        user_agent: str | None = None,
        sources: Sequence[str] = (),
    ) -> None:
        self.timeout = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        self.limits = Limits(*self.timeout, deadline, max_small_body, max_blob)
        self.expect_wait = expect_wait
        self.proxies = dict(proxies or {})
        self.verify = verify if isinstance(verify, bool) else os.fspath(verify)
        self.cert = cert
        self.sources = tuple(sources)
        self.user_agent = user_agent or default_user_agent()
        for path in (self.verify, *((cert,) if isinstance(cert, str) else cert or ())):
            if isinstance(path, str) and not os.path.exists(path):
                raise ConnectionFailed(
                    f"The certificate file {path} does not exist", next="Give the path of a PEM file"
                )
        self._plain = PlainConnections()
        self._adapter: TappedAdapter | None = None
        self._loading = threading.Lock()

    def close(self) -> None:
        """Close the open connections; a second call does nothing, and a later request opens new ones."""
        self._plain.close()
        if self._adapter is not None:
            self._adapter.close()

    def send(self, request: Request, url: str, headers: HeaderList, registry: str) -> Exchange:
        """Send ``request`` to ``url`` with these ``headers``, plus those that a client must add.

        Parameters
        ----------
        request: its method, body, ``into`` and ``digest`` are used.
        url: absolute; its path and query are sent byte for byte.
        headers: sent in their order and spelling.
        registry: the name of the registry in the record.

        Returns
        -------
        The record, whatever the status.

        Raises
        ------
        ConnectionFailed: if no complete response came; it carries the partial exchange.
        ContentMismatch: if the body of the response does not match ``request.digest``.
        InvalidURL, InvalidHeader, CannotSave: before anything is sent.

        An exception from reading the request's body, or from writing the response's body, is raised unchanged, and the
        connection is closed. If it is a RegtutorError, it carries the partial exchange.
        """
        address = split_url(url)
        check_destination(request)
        proxy = proxy_for(address, self.proxies)
        recording = Recording(request, url, registry, redact_url(proxy))
        sending = Sending(
            recording,
            address,
            headers,
            user_agent=self.user_agent,
            limits=self.limits,
            expect_wait=self.expect_wait,
            notes=(*self.sources, *_unverified(address, self.verify)),
        )
        try:
            give_back = self._deliver(sending, address, proxy)
        except BodyUnreadable as error:
            raise sending.recording.cut(error.error) from None
        except failures() as error:
            self._fail(error, sending, address, proxy)
        return self._receive(give_back, sending, address, proxy)

    def _deliver(self, sending: Sending, address: Address, proxy: str) -> Callable[[], None]:
        """Send, wait for the head of the final response, and return what gives the connection back at the end."""
        once = self._over_plain_http if address.scheme == "http" and not proxy else self._over_tls_or_a_proxy
        try:
            return once(sending, address, proxy)
        except StaleConnection:  # no byte was written, so this is not a second request
            return once(sending, address, proxy)

    def _over_plain_http(self, sending: Sending, address: Address, _proxy: str) -> Callable[[], None]:
        return self._plain.deliver(sending, address, self.timeout[0])

    def _over_tls_or_a_proxy(self, sending: Sending, address: Address, proxy: str) -> Callable[[], None]:
        with self._loading:
            if self._adapter is None:
                from regtutor.client.wire.connection import TappedAdapter  # only here: it loads requests and urllib3

                self._adapter = TappedAdapter()
        return self._adapter.deliver(
            sending, address, proxy=proxy, verify=self.verify, cert=self.cert, timeout=self.timeout
        ).release_conn

    def _receive(self, give_back: Callable[[], None], sending: Sending, address: Address, proxy: str) -> Exchange:
        recording, tap = sending.recording, sending.tap
        assert tap is not None
        whole = False
        try:
            final = sending.final
            media_type, encoding = final.header("Content-Type"), final.header("Content-Encoding")
            download = Download(recording.request, final.status, media_type, encoding)
            try:
                for chunk in sending.body:
                    download.write(chunk)
                whole = True
            except failures() as error:
                self._fail(error, sending, address, proxy, download.abort())
            except RegtutorError as error:  # the body cannot be written, for example because the disk is full
                recording.stopped(error, download.abort())
                raise
            finally:
                if not whole:
                    download.abort()
            return completed(recording, download)
        finally:
            if not whole or not tap.reusable:
                tap.close()
            give_back()

    def _fail(
        self, error: BaseException, sending: Sending, address: Address, proxy: str, body: BodyRecord | None = None
    ) -> NoReturn:
        now = Situation(
            origin=address.origin,
            scheme=address.scheme,
            proxy=proxy,
            limits=self.limits,
            connected=sending.tap is not None,
            reused=sending.reused,
            began=body is not None,
        )
        what, why, then = sentences(error, now)
        sending.recording.event("failed", note=what)
        partial = sending.recording.exchange(body, error=f"{what}: {why}" if why else what)
        raise ConnectionFailed(what, why, then, exchange=partial) from error


def _unverified(address: Address, verify: bool | str) -> tuple[str, ...]:
    return ("the certificate was not checked",) if address.scheme == "https" and verify is False else ()
