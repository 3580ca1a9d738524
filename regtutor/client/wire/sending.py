"""Sends one request over one connection, and reads the heads of its responses.

The steps are, in order: send the head; with ``Expect: 100-continue``, wait for a response; send the body, and stop if a
final response comes early; read the final head. Each event is reported to a ``Recording``. Connections are opened in
``plain_connections.py`` and ``connection.py``, and the body of the response is received in ``response_body.py``.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

from regtutor.client.recording import WITHHELD, Recording
from regtutor.client.wire.framing import response_framing
from regtutor.client.wire.head import (
    MalformedResponse,
    ReceivedHead,
    composed_headers,
    head_bytes,
    keeps_open,
    parse_head,
)
from regtutor.client.wire.limits import Allowance, Limits, has_own_limit, is_small
from regtutor.client.wire.received_body import body_chunks
from regtutor.client.wire.request_body import Framing, chunks_to_send
from regtutor.client.wire.tap import Tap
from regtutor.message import Body, HeaderList, Request
from regtutor.protocol.urls import Address, sendable_target

_INTERIMS = 100


class StaleConnection(Exception):
    """An open connection from the pool was already closed, before a byte was written to it."""


class Sending:
    """One request while it is sent.

    Parameters
    ----------
    recording: receives each event.
    address: where the request goes.
    headers: as ``Registry.send`` gives them.
    user_agent: the User-Agent, if ``headers`` has none.
    limits: of the response; its ``read`` is also how many seconds can pass without a byte sent.
    expect_wait: seconds to wait for a response to ``Expect: 100-continue``.
    notes: further notes for the event of a new connection.
    """

    def __init__(
        self,
        recording: Recording,
        address: Address,
        headers: HeaderList,
        *,
        user_agent: str,
        limits: Limits,
        expect_wait: float,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.recording, self._address, self._given = recording, address, headers
        self._user_agent, self._limits, self._expect_wait = user_agent, limits, expect_wait
        self._notes = notes
        self._final: ReceivedHead | None = None
        self._broken: OSError | None = None
        self._complete = False
        self._interims = 0
        self.body: Iterator[bytes] = iter(())
        self.tap: Tap | None = None
        self.reused = False
        self.compose(False, ())

    @property
    def request(self) -> Request:
        """The request that is sent."""
        return self.recording.request

    @property
    def final(self) -> ReceivedHead:
        """The final head; available after :meth:`begin`."""
        assert self._final is not None
        return self._final

    def compose(self, forwarding: bool, extra: HeaderList) -> None:
        """Compose the head. A forwarding proxy gets the target in absolute form, and the ``extra`` headers."""
        target = sendable_target(self._address.target)
        self.recording.target = f"{self._address.origin}{target}" if forwarding else target
        self.recording.headers = composed_headers(self.request, self._given, self._address, self._user_agent, extra)
        self._head = head_bytes(self.request.method, self.recording.target, self.recording.headers)

    def over(self, tap: Tap, *, forwarding: bool, extra: HeaderList, note: str) -> None:
        """Send the request over ``tap``; responses that come in the meantime are read."""
        self.tap = tap
        new = ", ".join(part for part in (note, *self._notes) if part)
        self.recording.event("reused" if tap.used else "connected", note="" if tap.used else new)
        self.reused, tap.used, tap.reusable, tap.deadline = tap.used, True, False, math.inf
        self.compose(forwarding, extra)
        if self.reused and not tap.is_silent():
            raise StaleConnection("it was closed, or it received bytes that belong to no request")
        if self._write(self._head, lambda: tap.ended) < len(self._head):
            return
        self.recording.event("head sent", len(self._head))
        body = self.request.body
        if body is None:
            framing = Framing.of(self.recording.headers)
            self._complete = not framing.chunked and framing.length in (None, 0)
        elif self._go_ahead():
            self._send_body(body)
        else:
            self.recording.event("body withheld", note=WITHHELD)

    # -- responses -----------------------------------------------------------------------------------------------

    def _take(self, raw: bytes) -> ReceivedHead:
        head = parse_head(raw)
        if head.interim:
            self._interims += 1
            if self._interims > _INTERIMS:
                raise MalformedResponse(f"more than {_INTERIMS} interim responses came")
        else:
            self._final = head
        self.recording.received(head)
        return head

    def _go_ahead(self) -> bool:
        """Return whether to send the body.

        Without Expect it is sent at once; with Expect, after a 100 or if no response comes in time.
        """
        assert self.tap is not None
        expected = (value.lower() for name, value in self.recording.headers if name.lower() == "expect")
        if "100-continue" not in expected:
            return True
        deadline = time.monotonic() + self._expect_wait
        while self._final is None:
            try:
                if self._take(self.tap.head(deadline)).status == 100:
                    return True
            except TimeoutError:
                note = f"No response to Expect came within {self._expect_wait:g} s, so the body was sent without one"
                self.recording.event("waited", note=note)
                return True
        return False

    def _must_stop(self) -> bool:
        """Return whether a final response has come, or none can come any more."""
        assert self.tap is not None
        while self._final is None:
            raw = self.tap.take_head()
            if raw is None:
                return self.tap.ended
            self._take(raw)
        return True

    def begin(self) -> None:
        """Wait for the final head; then :attr:`body` yields the content of the response, undecoded, as it arrives.

        Raises
        ------
        TimeoutError, OSError, MalformedResponse: if no final head comes.
        """
        tap, limits = self.tap, self._limits
        assert tap is not None
        tap.deadline = time.monotonic() + limits.deadline
        try:
            while self._final is None:
                # Each interim response restarts the timeout: the registry is still working. The deadline is for all.
                self._take(tap.head(time.monotonic() + limits.read))
        except OSError as error:
            raise self._broken or error from error
        framing = response_framing(self.request.method, self._final)
        tap.reusable = self._complete and keeps_open(self._final)
        small = is_small(self.request, self._final.status)
        if not small:
            tap.deadline = math.inf
        allowance = Allowance(limits, small, bounded=has_own_limit(self.request))
        self.body = body_chunks(tap, framing, allowance, limits.read)

    # -- the body ------------------------------------------------------------------------------------------------

    def _write(self, data: bytes, stop: Callable[[], bool] | None = None) -> int:
        """Send ``data``, and return how many bytes were sent.

        Not all are sent if a response comes first, or if the connection breaks.
        """
        assert self.tap is not None
        try:
            return self.tap.write(data, self._limits.read, stop or self._must_stop)
        except TimeoutError:
            raise
        except OSError as error:
            self._broken = error
            return 0

    def _send_body(self, body: Body) -> None:
        framing = Framing.of(self.recording.headers)
        complete = self._send_chunks(chunks_to_send(body, framing.limit(body)), framing.chunked)
        if complete and framing.chunked:
            complete = self._write(b"0\r\n\r\n") > 0
        sent = self.recording.upload.size
        self._complete = complete and sent == framing.limit(body)
        if body.size or sent:
            self.recording.upload_fate = "sent" if self._complete else "partial"
        note = framing.note(body, sent, complete)
        if sent or note:
            self.recording.event("body sent", sent, note)

    def _send_chunks(self, chunks: Iterator[bytes], chunked: bool) -> bool:
        """Send the body, and return whether all of it was sent."""
        tally = self.recording.upload
        for chunk in chunks:
            self.recording.upload_fate = "partial"
            before, after = (b"%x\r\n" % len(chunk), b"\r\n") if chunked else (b"", b"")
            written = self._write(b"".join([before, chunk, after]) if chunked else chunk)
            went = min(max(written - len(before), 0), len(chunk))
            if went:
                tally.update(chunk[:went])
            if written < len(before) + len(chunk) + len(after):
                return False
        return True
