"""One request on its way over one connection, and the answers to it.

In the order in which it happens: the head goes out; with ``Expect: 100-continue`` the answer is awaited; the body goes
out while an eye is kept on answers; the final head comes in. What happens is told to a ``Recording``. How the
connection came to be is not known here, and neither is what becomes of the answer's body.
"""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Iterator
from typing import Any

from urllib3 import HTTPHeaderDict, HTTPResponse

from regtutor.client.head import (
    Address,
    NonsenseAnswer,
    ReceivedHead,
    composed_headers,
    framing,
    head_bytes,
    keeps_open,
    parse_head,
    sendable_target,
)
from regtutor.client.recording import Recording
from regtutor.client.tap import Tap
from regtutor.message import CHUNK, Body, HeaderList, Request

_INTERIMS = 100


class BodyUnreadable(Exception):
    """Reading the body that is to be sent raised ``error``; the transport raises that one."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class BodyTooShort(Exception):
    """The body to be sent ended before the size that it said it has."""


class Sending:
    """One request on its way.

    Parameters
    ----------
    recording: is told what happens.
    address: where the request goes.
    headers: as ``Registry.send`` gives them.
    user_agent: sent where they name none.
    read_timeout: seconds that may pass without a byte going out or coming in.
    expect_wait: seconds to wait for an answer to ``Expect: 100-continue``.
    """

    def __init__(
        self,
        recording: Recording,
        address: Address,
        headers: HeaderList,
        *,
        user_agent: str,
        read_timeout: float,
        expect_wait: float,
    ) -> None:
        self.recording, self._address, self._given = recording, address, headers
        self._user_agent, self._read_timeout, self._expect_wait = user_agent, read_timeout, expect_wait
        self._final: ReceivedHead | None = None
        self._broken: OSError | None = None
        self._complete = False
        self._interims = 0
        self.tap: Tap | None = None
        self.reused = False
        self.compose(False, ())

    @property
    def request(self) -> Request:
        """What is being sent."""
        return self.recording.request

    @property
    def final(self) -> ReceivedHead:
        """The final head; only after :meth:`answer`."""
        assert self._final is not None
        return self._final

    def compose(self, forwarding: bool, extra: HeaderList) -> None:
        """Write the head. A proxy that forwards gets the absolute form of the target, and ``extra`` headers."""
        target = sendable_target(self._address.target)
        self.recording.target = f"{self._address.origin}{target}" if forwarding else target
        self.recording.headers = composed_headers(self.request, self._given, self._address, self._user_agent, extra)
        self._head = head_bytes(self.request.method, self.recording.target, self.recording.headers)

    def over(self, tap: Tap, *, forwarding: bool, extra: HeaderList, note: str) -> None:
        """Send the request over ``tap``; an answer that comes meanwhile is taken in."""
        self.tap = tap
        self.recording.event("reused" if tap.used else "connected", note="" if tap.used else note)
        self.reused, tap.used, tap.reusable = tap.used, True, False
        self.compose(forwarding, extra)
        written = self._write(self._head)
        if not written and self.reused and self._broken is None:
            raise StaleConnection("nothing was written")
        if written < len(self._head):
            return
        self.recording.event("head sent", len(self._head))
        body = self.request.body
        if body is None:
            self._complete = _declared_length(self.recording.headers) in (None, 0)
        elif self._go_ahead():
            self._send_body(body)
        else:
            self.recording.event("body withheld", note="An answer came before the body, so no byte of it was sent")

    # -- answers -------------------------------------------------------------------------------------------------

    def _take(self, raw: bytes) -> ReceivedHead:
        head = parse_head(raw)
        if head.interim:
            self._interims += 1
            if self._interims > _INTERIMS:
                raise NonsenseAnswer(f"it is more than {_INTERIMS} interim answers")
        else:
            self._final = head
        self.recording.received(head)
        return head

    def _go_ahead(self) -> bool:
        """Whether the body may go: at once without Expect; with it, after 100, or when no answer comes in time."""
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
                note = f"No answer to Expect came within {self._expect_wait:g} s, so the body was sent without one"
                self.recording.event("waited", note=note)
                return True
        return False

    def _answered(self) -> bool:
        """Whether a final answer has come, or none can come any more."""
        assert self.tap is not None
        while self._final is None:
            raw = self.tap.take_head()
            if raw is None:
                return self.tap.ended
            self._take(raw)
        return True

    def answer(self) -> HTTPResponse:
        """Wait for the final head.

        Returns
        -------
        What reads the answer's body, undecoded.

        Raises
        ------
        TimeoutError, OSError, NonsenseAnswer: if no final head comes.
        """
        assert self.tap is not None
        deadline = time.monotonic() + self._read_timeout
        try:
            while self._final is None:
                self._take(self.tap.head(deadline))
        except OSError as error:
            raise self._broken or error from error
        body = framing(self._final)
        self.tap.reusable = self._complete and keeps_open(self._final)
        return _body_reader(self.tap, self.request.method, self._final.status, body, self._read_timeout)

    # -- the body ------------------------------------------------------------------------------------------------

    def _write(self, data: bytes) -> int:
        """Send; fewer bytes than ``data`` has go out if an answer came first, or if the connection broke."""
        assert self.tap is not None
        try:
            return self.tap.write(data, self._read_timeout, self._answered)
        except TimeoutError:
            raise
        except OSError as error:
            self._broken = error
            return 0

    def _send_body(self, body: Body) -> None:
        chunked = _is_chunked(self.recording.headers)
        length = None if chunked else _declared_length(self.recording.headers)
        limit = body.size if length is None else length
        complete = self._send_chunks(body, None if chunked else limit, chunked)
        if complete and chunked:
            complete = self._write(b"0\r\n\r\n") > 0
        sent = self.recording.upload.size
        self._complete = complete and (chunked or sent == limit)
        if body.size or sent:
            self.recording.upload_fate = "sent" if self._complete else "partial"
        if complete and sent < min(limit, body.size):
            raise BodyTooShort(f"{sent} of {body.size} bytes")
        note = _note_on_length(body.size, sent, limit, complete)
        if sent or note:
            self.recording.event("body sent", sent, note)

    def _send_chunks(self, body: Body, limit: int | None, chunked: bool) -> bool:
        """Send at most ``limit`` bytes of the body; whether nothing stopped it."""
        tally = self.recording.upload
        for chunk in _read(body, limit):
            before, after = (b"%x\r\n" % len(chunk), b"\r\n") if chunked else (b"", b"")
            written = self._write(b"".join([before, chunk, after]) if chunked else chunk)
            went = min(max(written - len(before), 0), len(chunk))
            if went:
                tally.update(chunk[:went])
            if written < len(before) + len(chunk) + len(after):
                return False
        return True


class StaleConnection(Exception):
    """An open connection that was used again was gone when the head was sent."""


def _read(body: Body, limit: int | None) -> Iterator[bytes]:
    """The body's bytes, at most ``limit``; whatever reading raises comes out as :class:`BodyUnreadable`."""
    left = body.size + CHUNK if limit is None else limit
    chunks = body.chunks()
    while left > 0:
        try:
            chunk = next(chunks, b"")
        except Exception as error:  # whatever the opener's file raises is passed on as it is
            raise BodyUnreadable(error) from error
        if not chunk:
            return
        left = left if limit is None else left - len(chunk)
        yield chunk[: len(chunk) + min(left, 0)]


def _is_chunked(headers: HeaderList) -> bool:
    codings = [
        part.strip().lower()
        for name, value in headers
        if name.lower() == "transfer-encoding"
        for part in value.split(",")
    ]
    return bool(codings) and codings[-1] == "chunked"


def _declared_length(headers: HeaderList) -> int | None:
    """Content-Length as a number; None where it is absent, or is none."""
    value = next((value for name, value in headers if name.lower() == "content-length"), "")
    return int(value) if re.fullmatch("[0-9]{1,18}", value.strip()) else None


def _note_on_length(size: int, sent: int, limit: int, complete: bool) -> str:
    if not complete:
        return f"An answer came, or the connection broke, after {sent} of {size} bytes"
    if limit < size:
        return f"Content-Length is {limit}, so only the first {sent} of {size} bytes were sent"
    if limit > size:
        return f"Content-Length is {limit}, but there are only {size} bytes: the registry waits for the rest"
    return ""


def _body_reader(tap: Tap, method: str, status: int, body: HeaderList, timeout: float) -> HTTPResponse:
    """http.client decodes the framing of the body. It is given a head of our own making, which says nothing else:
    how it reads real heads (folding, limits, 103 as a final answer) is not what should be recorded."""
    lines = [f"HTTP/1.1 {status} -", *(f"{name}: {value}" for name, value in body)]
    tap.pending[:0] = "\r\n".join([*lines, "", ""]).encode()
    tap.settimeout(timeout)
    received: Any = http.client.HTTPResponse(tap, method=method)  # type: ignore[arg-type]
    received.begin()
    return HTTPResponse(
        body=received,
        headers=HTTPHeaderDict(body),
        status=status,
        preload_content=False,
        decode_content=False,
        original_response=received,
        enforce_content_length=True,
        request_method=method,
    )
