"""The recording of one exchange while it happens.

A transport reports each event to a :class:`Recording`; :meth:`Recording.exchange` makes the frozen record. This module
does not depend on sockets or Apps, so that both transports produce the same records.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from regtutor.client.echoes import Echoes
from regtutor.client.wire.head import ReceivedHead
from regtutor.errors import RegtutorError
from regtutor.exchange import (
    PREVIEW,
    BodyRecord,
    Exchange,
    Interim,
    RequestRecord,
    ResponseRecord,
    WireEvent,
    preview_limit,
)
from regtutor.message import HeaderList, Location, Request
from regtutor.protocol.digests import Hasher
from regtutor.protocol.tokens import LIMIT, Token, redact_token_response
from regtutor.protocol.urls import sendable_target

WITHHELD = "The response came before the body was sent, so no byte of the body was sent"
"""The note of the event ``body withheld``."""


class BodyTally:
    """Counts, hashes and previews a body while it passes."""

    def __init__(self, limit: int = PREVIEW, media_type: str = "") -> None:
        self.media_type = media_type
        self._limit = limit
        self._hasher = Hasher()
        self._preview = bytearray()

    @property
    def size(self) -> int:
        """How many bytes have passed so far."""
        return self._hasher.size

    @property
    def digest(self) -> str:
        """The sha256 digest of the bytes so far."""
        return self._hasher.digest

    def update(self, chunk: bytes | memoryview) -> None:
        """Count, hash and preview bytes that went over the wire."""
        self._hasher.update(chunk)
        self._keep_preview(chunk)

    def _keep_preview(self, chunk: bytes | memoryview) -> None:
        room = self._limit - len(self._preview)
        if room > 0:
            self._preview += chunk[:room]

    def record(self, fate: str) -> BodyRecord:
        """Return the record of the body."""
        digest = self.digest or None if self.size else None
        return BodyRecord(self.size, digest, bytes(self._preview), fate, self.media_type)


class HashedTally(BodyTally):
    """A body that is hashed where it is read: its bytes are counted here, and hashed only once.

    Parameters
    ----------
    digest_of_first: see :class:`~regtutor.message.Body`.
    """

    def __init__(self, digest_of_first: Callable[[int], str | None], limit: int, media_type: str) -> None:
        super().__init__(limit, media_type)
        self._digest_of_first, self._size = digest_of_first, 0

    @property
    def size(self) -> int:
        """How many bytes have passed so far."""
        return self._size

    @property
    def digest(self) -> str:
        """The sha256 digest of the bytes so far; ``""`` if they are no longer known."""
        return self._digest_of_first(self._size) or ""

    def update(self, chunk: bytes | memoryview) -> None:
        """Count and preview bytes that went over the wire."""
        self._size += len(chunk)
        self._keep_preview(chunk)


class SecretTally(BodyTally):
    """A form that can contain a password. Its digest is not recorded: a short secret can be guessed from a digest."""

    def record(self, fate: str) -> BodyRecord:
        """Return the record of the body without the secrets."""
        return replace(super().record(fate), digest=None)


class TokenTally(BodyTally):
    """The response of a token server. The body is kept until the token is read, and recorded without the token."""

    def __init__(self, limit: int = PREVIEW, media_type: str = "") -> None:
        super().__init__(limit, media_type)
        self._whole = bytearray()

    def update(self, chunk: bytes | memoryview) -> None:
        """Count bytes that were transferred, and keep them."""
        super().update(chunk)
        self._whole += chunk[: max(LIMIT - len(self._whole), 0)]

    def token(self) -> Token | None:
        """Return the token in the body, or None."""
        return Token.from_response(bytes(self._whole))

    def record(self, fate: str) -> BodyRecord:
        """Return the record of the body without the secrets."""
        self._preview[:] = redact_token_response(self.media_type, bytes(self._preview))
        return super().record(fate)


def upload_tally(request: Request) -> BodyTally:
    """Return the tally for the body of ``request``."""
    media_type = request.header("Content-Type") or ""
    limit = preview_limit(request.step, media_type)
    if _is_for_a_token(request):
        return SecretTally(limit, media_type)
    if request.body is not None and request.body.digest_of_first is not None:
        return HashedTally(request.body.digest_of_first, limit, media_type)
    return BodyTally(limit, media_type)


def response_tally(request: Request, media_type: str) -> BodyTally:
    """Return the tally for the body of the response to ``request``."""
    kind = TokenTally if _is_for_a_token(request) else BodyTally
    return kind(preview_limit(request.step, media_type), media_type)


def _is_for_a_token(request: Request) -> bool:
    return request.step == "request_token"


class Recording:
    """One exchange while it happens.

    Parameters
    ----------
    request: the request that is being sent.
    url: the absolute URL that it goes to.
    registry: the name of the registry that it goes to.
    proxy: the proxy that it goes through, or ``""``.
    """

    def __init__(self, request: Request, url: str, registry: str, proxy: str = "") -> None:
        self.request, self.url, self.registry, self.proxy = request, sendable_target(url), registry, proxy
        self.started = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._begun = time.perf_counter()
        self.target = request.shown_target
        self.headers: HeaderList = request.headers
        self.upload_fate = "none" if request.body is None or request.body.size == 0 else "withheld"
        self.upload = upload_tally(request)
        self._interims: list[Interim] = []
        self._events: list[WireEvent] = []
        self._final: ReceivedHead | None = None

    def event(self, kind: str, size: int = 0, note: str = "") -> None:
        """Record an event that happens now; for the kinds see :class:`~regtutor.exchange.WireEvent`."""
        self._events.append(WireEvent(time.perf_counter() - self._begun, kind, size, note))

    def received(self, head: ReceivedHead) -> None:
        """Record the head of an interim response or of the final response."""
        if not head.interim:
            self._final = head
            self.event("head received", head.size)
            return
        self.event("interim received", head.size)
        at = self._events[-1].at
        self._interims.append(Interim(head.status, head.reason, head.headers, at, head.version))

    def exchange(self, body: BodyRecord | None = None, error: str = "", token: Token | None = None) -> Exchange:
        """Return the record so far: with the final response, if its head came, and ``body`` as its body."""
        upload = self.upload.record(self.upload_fate)
        return Exchange(
            step=self.request.step,
            url=self.url,
            request=RequestRecord(self.request.method, self.target, self.headers, upload),
            response=self._response(body or BodyRecord()),
            interims=tuple(self._interims),
            events=tuple(self._events),
            started=self.started,
            location=self._location(),
            registry=self.registry,
            proxy=self.proxy,
            error=error,
            token=token,
        )

    def cut(self, error: Exception) -> Exception:
        """Return ``error``, which was raised when the request's body was read, with the record as its ``exchange``."""
        self.upload_fate = "partial"
        if isinstance(error, RegtutorError):
            self.stopped(error)
        return error

    def stopped(self, error: RegtutorError, body: BodyRecord | None = None) -> None:
        """Attach the record to ``error``, which ended this exchange; ``body`` is the received part of the body."""
        self.event("failed", note=error.what)
        error.exchange = self.exchange(body, ": ".join(part for part in (error.what, error.why) if part))

    def _response(self, body: BodyRecord) -> ResponseRecord | None:
        head, echoes = self._final, Echoes(self.headers)
        if head is None:
            return None
        shown = replace(body, preview=echoes.out_of_body(body.preview))
        return ResponseRecord(head.status, head.reason, echoes.out_of_headers(head.headers), shown, head.version)

    def _location(self) -> Location | None:
        value = self._final.header("Location") if self._final else ""
        try:
            return Location(value, self.url) if value else None
        except ValueError:  # not a URL, such as "http://["; the record still has the header
            return None
