"""One exchange on its way through the proxy: the request to the registry and the responses to the client, both at once.

Neither direction waits for the other, so that ``Expect: 100-continue``, an early refusal and a body that the client
sends without waiting reach the other side as they would without a proxy.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from enum import Enum

from regtutor.backends.recorder.between import Between
from regtutor.backends.recorder.request_head import RequestHead, parse_request_head
from regtutor.backends.recorder.rewriting import with_host
from regtutor.backends.recorder.wire import Wire, ended, first_of
from regtutor.client.recording import WITHHELD, BodyTally, Recording, response_tally
from regtutor.client.wire.failures import Situation, sentences
from regtutor.client.wire.framing import Framing, UntilClose, request_framing, response_framing
from regtutor.client.wire.head import MalformedResponse, ReceivedHead, head_end, keeps_open, parse_head
from regtutor.client.wire.limits import Limits
from regtutor.client.wire.tap import ClosedEarly
from regtutor.exchange import Exchange, WireEvent
from regtutor.message import Request
from regtutor.protocol.secrets import redact_address
from regtutor.protocol.urls import split_origin

ABANDONED = 60.0
"""Seconds to wait for a response after the client has closed its side of the connection."""

STOPPED = "The recording was stopped during this exchange"


class ClientGone(Exception):
    """The client closed the connection; its argument is the sentence that says when."""


class RegistryGone(Exception):
    """The registry sent no complete response; its argument is what was raised."""


class After(Enum):
    """The end of an exchange: the client's connection carries another one, is closed in order, or is cut."""

    AGAIN = "again"
    CLOSE = "close"
    CUT = "cut"


class Relay:
    """One exchange.

    Parameters
    ----------
    head: of the request.
    client: where it comes from.
    between: where it goes, what changes on the way, and who keeps the record, before the client has the last bytes of
        the response.

    Attributes
    ----------
    sent: whether the connection to the registry has taken the whole request.
    """

    def __init__(self, head: RequestHead, client: Wire, between: Between) -> None:
        upstream, proxy = between.upstream, between.proxy
        self._head, self._client, self._upstream, self._between = head, client, upstream, between
        self._sent_head, hosts = with_host(head.raw, upstream.address.authority)
        self._hosts = hosts
        self._proxy = f"{proxy.partition('//')[0]}//{hosts[0]}" if hosts and hosts[0] else proxy
        self._recording = _recording(head, self._sent_head, between)
        self._up: Framing = request_framing(head.headers)
        self._down: Framing = UntilClose()
        self._has_body = not self._up.done
        self._expects = "100-continue" in head.header("Expect").lower()
        self._waiting = self._expects
        self._final: ReceivedHead | None = None
        self._received: BodyTally | None = None
        self._reused = False
        self.sent = False
        self._ended = False

    # -- the whole -----------------------------------------------------------------------------------------------

    async def over(self, registry: Wire, *, reused: bool) -> After:
        """Relay the exchange over a connection to the registry.

        Parameters
        ----------
        registry: the connection.
        reused: whether an exchange went over it before.
        """
        self._registry, self._reused = registry, reused
        new = ", ".join(part for part in (registry.tls, *self._upstream.notes) if part)
        self._recording.event("reused" if reused else "connected", note="" if reused else new)
        upload = asyncio.ensure_future(self._upload())
        download = asyncio.ensure_future(self._download())
        try:
            await self._both(upload, download)
        except ClientGone as gone:
            await ended(upload, download)
            if not self._down.done:
                self._fail(str(gone))
            else:  # it has its response, and sends no more of its body
                self._recording.event("failed", note=str(gone))
                self._finish()
        except RegistryGone as gone:
            await ended(upload, download)
            self._registry_failed(gone.args[0], connected=True)
        except asyncio.CancelledError:
            await ended(upload, download)
            if self._down.done:
                self._finish()
            else:
                self._fail(STOPPED)
            raise
        else:
            await ended(upload)
            self._finish()
            return After.AGAIN if self._reusable() else After.CLOSE
        return After.CUT

    async def _both(self, upload: asyncio.Future[None], download: asyncio.Future[None]) -> None:
        await asyncio.wait((upload, download), return_when=asyncio.FIRST_COMPLETED)
        if upload.done() and not download.done():
            upload.result()
            await self._response_awaited(download)
        download.result()
        if not upload.done() and self._stays_open() and not self._up.broken:
            await first_of(asyncio.shield(upload), self._registry.fill())
        if upload.done():
            upload.result()

    async def _response_awaited(self, download: asyncio.Future[None]) -> None:
        """Wait for the rest of the response. A client that closes its side may still read it, or may be gone."""
        if not (self._client.ended or self._client.pending):
            await first_of(asyncio.shield(download), self._client.fill())
        if self._client.ended and not download.done():
            self._recording.event("failed", note="The client closed its side before the response was complete")
            await asyncio.wait((download,), timeout=ABANDONED)
            if not download.done():
                raise ClientGone(f"The client closed the connection, and no response came within {ABANDONED:g} s")
        await asyncio.wait((download,))

    def _stays_open(self) -> bool:
        assert self._final is not None
        close = "close" in self._head.header("Connection").lower() or self._head.version != "HTTP/1.1"
        return keeps_open(self._final) and not close and not isinstance(self._down, UntilClose)

    def _reusable(self) -> bool:
        registry = self._registry
        return self._stays_open() and self.sent and self._down.done and not registry.ended and registry.lost is None

    # -- the request -----------------------------------------------------------------------------------------------

    async def _upload(self) -> None:
        """Relay the request. If the registry takes no more of it, its response or its end says why."""
        try:
            await self._registry.send(self._sent_head, self._head_sent)
            while not self._up.done:
                piece = await self._client.piece()
                if not piece:
                    raise ClientGone(
                        f"The client closed the connection after {self._recording.upload.size} bytes of its body"
                    )
                await self._send_piece(piece)
        except OSError:
            return

    def _head_sent(self) -> None:
        self._recording.event("head sent", len(self._sent_head), _host_note(self._hosts))
        self.sent = self._up.done

    async def _send_piece(self, piece: bytes) -> None:
        if self._waiting:
            self._waiting = False
            self._recording.event("waited", note="The client sent its body before a response to Expect came")
        used, content = self._up.take(piece)
        self._client.pending[:0] = piece[used:]
        await self._registry.send(piece[:used], lambda: self._body_sent(content))

    def _body_sent(self, content: list[memoryview]) -> None:
        _count(self._recording.upload, content)
        self.sent = self._up.done
        if self.sent:
            self._recording.event("body sent", self._recording.upload.size)

    # -- the response ----------------------------------------------------------------------------------------------

    async def _download(self) -> None:
        while self._final is None:
            raw = await self._response_head()
            await self._take_head(raw)
        try:
            while not self._down.done:
                piece = await self._registry.piece()
                if not piece:
                    self._ended_early()
                    break
                await self._deliver_piece(piece)
        except OSError as error:
            raise ClientGone(f"The client closed the connection after {self._size} bytes of the response") from error

    async def _response_head(self) -> bytes:
        registry = self._registry
        try:
            while (end := head_end(registry.pending) if registry.pending else None) is None:
                if registry.ended:
                    raise RegistryGone(registry.lost or ClosedEarly(f"after {len(registry.pending)} bytes"))
                await registry.fill()
        except MalformedResponse as error:
            raise RegistryGone(error) from error
        raw = bytes(registry.pending[:end])
        del registry.pending[:end]
        return raw

    async def _take_head(self, raw: bytes) -> None:
        try:
            head = parse_head(raw)
            framing = None if head.interim else response_framing(self._head.method, head)
        except MalformedResponse as error:
            raise RegistryGone(error) from error
        self._waiting = False
        self._recording.received(head)
        shown, notes = self._between.addresses.rewritten(raw, self._proxy)
        for note in notes:
            self._recording.event("rewritten", note=note)
        if framing is not None:
            for where in self._between.addresses.leading_away(raw):
                self._recording.event("leads away", note=f"The client leaves this proxy if it follows {where}")
            self._between.realms.note(head.headers)
            self._final, self._down = head, framing
            media_type = head.header("Content-Type")
            self._received = response_tally(self._recording.request, media_type)
            if framing.done:
                self._response_complete()
        try:
            await self._client.send(shown)
        except OSError as error:
            raise ClientGone("The client closed the connection before it received the response") from error

    async def _deliver_piece(self, piece: bytes) -> None:
        used, content = self._down.take(piece)
        self._registry.pending[:0] = piece[used:]
        assert self._received is not None
        received = self._received
        if not self._down.done:
            await self._client.send(piece[:used], lambda: _count(received, content))
            return
        _count(received, content)
        self._response_complete()
        await self._client.send(piece[:used])

    @property
    def _size(self) -> int:
        return self._received.size if self._received else 0

    def _ended_early(self) -> None:
        """The registry's connection ended: the right end of a body without a length, too early for any other."""
        lost = self._registry.lost
        if isinstance(self._down, UntilClose) and lost is None:
            self._down.done = True
            self._response_complete()
            return
        raise RegistryGone(lost or ClosedEarly(f"the connection was closed after {self._size} bytes of the body"))

    # -- the record ------------------------------------------------------------------------------------------------

    def _response_complete(self) -> None:
        """Keep the record before the client has the last bytes of the response, so that a client that ended has one.

        After an early response the client may still send its body, so that the record can change until the end.
        """
        if self._size:
            self._recording.event("body received", self._size)
        if self.sent:
            self._freeze()
        else:
            self._between.kept.hold(self, self._record())

    def _finish(self) -> None:
        if not self._ended:
            self._freeze()

    def unreachable(self, error: Exception) -> str:
        """Record that no connection could be opened; the sentence that the client receives with 502."""
        return self._registry_failed(error, connected=False)

    def _registry_failed(self, error: Exception, *, connected: bool) -> str:
        address = self._upstream.address
        now = Situation(
            origin=address.origin,
            scheme=address.scheme,
            proxy="",
            limits=Limits(connect=self._upstream.timeout),
            connected=connected,
            reused=self._reused,
            began=self._final is not None,
        )
        what, why, _ = sentences(error, now)
        told = f"{what}: {why}" if why else what
        received = "The client's connection was cut" if connected else "The client received 502 from this proxy"
        self._fail(told, f"{what}. {received}")
        return told

    def _fail(self, error: str, note: str = "") -> None:
        if not self._ended:
            self._recording.event("failed", note=note or error)
            self._freeze(error)

    def _freeze(self, error: str = "") -> None:
        self._ended = True
        self._between.kept.add(self._record(error), self)

    def _record(self, error: str = "") -> Exchange:
        """The record so far."""
        recording = self._recording
        recording.upload_fate = self._fate()
        fate = "none" if not self._size else "received" if self._down.done else "partial"
        exchange = recording.exchange(self._received.record(fate) if self._received else None, error)
        if recording.upload_fate != "withheld":
            return exchange
        withheld = WireEvent(exchange.events[-1].at, "body withheld", 0, WITHHELD)
        return replace(exchange, events=(*exchange.events, withheld))

    def _fate(self) -> str:
        if not self._has_body:
            return "none"
        if self.sent:
            return "sent"
        return "partial" if self._recording.upload.size or self._final is None else "withheld"


def _count(tally: BodyTally, content: list[memoryview]) -> None:
    for part in content:
        tally.update(part)


def _recording(head: RequestHead, sent: bytes, between: Between) -> Recording:
    headers, upstream = parse_request_head(sent).headers, between.upstream
    request = Request(between.realms.step_of(head.method, head.target), head.method, head.target, headers)
    absolute = bool(split_origin(head.target)[0])
    return Recording(request, head.target if absolute else upstream.address.origin + head.target, upstream.name)


def _host_note(hosts: tuple[str, ...]) -> str:
    return f"The client sent Host: {', '.join(map(redact_address, hosts))}" if hosts else "The client sent no Host"
