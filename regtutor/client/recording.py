"""A record in the making: what one exchange has shown so far.

The transport tells a :class:`Recording` what happens; :meth:`Recording.exchange` freezes it. It knows neither sockets
nor Apps, so that a record says the same of both.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

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

WITHHELD = "An answer came before the body, so no byte of it was sent"
"""What a record says of a body that was withheld."""


class BodyTally:
    """Counts, hashes and previews a body while it passes."""

    def __init__(self, limit: int = PREVIEW, media_type: str = "") -> None:
        self.media_type = media_type
        self._limit = limit
        self._hasher = Hasher()
        self._preview = bytearray()

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._hasher.size

    @property
    def digest(self) -> str:
        """The sha256 digest of the bytes so far."""
        return self._hasher.digest

    def update(self, chunk: bytes | memoryview) -> None:
        """Take in bytes that really went by."""
        self._hasher.update(chunk)  # type: ignore[arg-type]  # hashlib takes any buffer
        room = self._limit - len(self._preview)
        if room > 0:
            self._preview += chunk[:room]

    def record(self, fate: str) -> BodyRecord:
        """What is kept of it."""
        digest = self._hasher.digest if self.size else None
        return BodyRecord(self.size, digest, bytes(self._preview), fate, self.media_type)


class SecretTally(BodyTally):
    """A form that may hold a password: its digest is not kept, since a short secret can be guessed from it."""

    def record(self, fate: str) -> BodyRecord:
        """The record of it."""
        return replace(super().record(fate), digest=None)


class TokenTally(BodyTally):
    """The response of a token server: it is kept until the token was read, and recorded without it."""

    def __init__(self, limit: int = PREVIEW, media_type: str = "") -> None:
        super().__init__(limit, media_type)
        self._whole = bytearray()

    def update(self, chunk: bytes | memoryview) -> None:
        """Take in bytes that really went by."""
        super().update(chunk)
        self._whole += chunk[: max(LIMIT - len(self._whole), 0)]

    def token(self) -> Token | None:
        """The token in it, or None."""
        return Token.from_response(bytes(self._whole))

    def record(self, fate: str) -> BodyRecord:
        """The record of it."""
        self._preview[:] = redact_token_response(self.media_type, bytes(self._preview))
        return super().record(fate)


def response_tally(request: Request, media_type: str) -> BodyTally:
    """The tally for the body of a response to ``request``."""
    kind = TokenTally if _is_for_a_token(request) else BodyTally
    return kind(preview_limit(request.step, media_type), media_type)


def _is_for_a_token(request: Request) -> bool:
    return request.step == "request_token"


class Recording:
    """One exchange while it happens.

    Parameters
    ----------
    request: what is being sent.
    url: the absolute URL that it goes to.
    registry: the name of the registry that is asked.
    proxy: the proxy that it goes through, or ``""``.
    """

    def __init__(self, request: Request, url: str, registry: str, proxy: str = "") -> None:
        self.request, self.url, self.registry, self.proxy = request, sendable_target(url), registry, proxy
        self.started = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._begun = time.perf_counter()
        self.target = request.shown_target
        self.headers: HeaderList = request.headers
        self.upload_fate = "none" if request.body is None or request.body.size == 0 else "withheld"
        media_type = request.header("Content-Type") or ""
        kind = SecretTally if _is_for_a_token(request) else BodyTally
        self.upload = kind(preview_limit(request.step, media_type), media_type)
        self._interims: list[Interim] = []
        self._events: list[WireEvent] = []
        self._final: ReceivedHead | None = None

    def event(self, kind: str, size: int = 0, note: str = "") -> None:
        """Something happened now; the kinds are those of :class:`~regtutor.exchange.WireEvent`."""
        self._events.append(WireEvent(time.perf_counter() - self._begun, kind, size, note))

    def received(self, head: ReceivedHead) -> None:
        """A head came: an interim answer or the final one."""
        if not head.interim:
            self._final = head
            self.event("head received", head.size)
            return
        self.event("interim received", head.size)
        at = self._events[-1].at
        self._interims.append(Interim(head.status, head.reason, head.headers, at, head.version))

    def exchange(self, body: BodyRecord | None = None, error: str = "", token: Token | None = None) -> Exchange:
        """The record as it stands: with the final answer, if its head came, and ``body`` as its body."""
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
        """``error``, which the reading of the body raised, with the record of what was sent as its ``exchange``."""
        self.upload_fate = "partial"
        if isinstance(error, RegtutorError):
            self.stopped(error)
        return error

    def stopped(self, error: RegtutorError, body: BodyRecord | None = None) -> None:
        """Give ``error``, which ended this exchange, the record of it; ``body`` is what came of the answer's body."""
        self.event("failed", note=error.what)
        error.exchange = self.exchange(body, ": ".join(part for part in (error.what, error.why) if part))

    def _response(self, body: BodyRecord) -> ResponseRecord | None:
        head = self._final
        return ResponseRecord(head.status, head.reason, head.headers, body, head.version) if head else None

    def _location(self) -> Location | None:
        value = self._final.header("Location") if self._final else ""
        try:
            return Location(value, self.url) if value else None
        except ValueError:  # no URL at all, such as "http://["; the header itself is in the record
            return None
