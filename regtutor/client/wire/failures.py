"""Failures on the way, by name: from what the libraries raise to what happened, why, and what to do next.

One row for each kind of failure. The first row whose test fits any link of the chain of causes is taken.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from urllib3.exceptions import ConnectTimeoutError, HTTPError, IncompleteRead, ProxyError

from regtutor.client.wire.head import NonsenseAnswer
from regtutor.client.wire.request_body import BodyTooShort
from regtutor.client.wire.sending import StaleConnection
from regtutor.client.wire.tap import ClosedEarly
from regtutor.protocol.secrets import redact_text, redact_url

FAILURES = (
    OSError,
    HTTPError,
    http.client.HTTPException,
    NonsenseAnswer,
    BodyTooShort,
    StaleConnection,
    UnicodeError,
)
"""What the libraries below raise when an exchange fails."""


@dataclass(frozen=True)
class Situation:
    """What a sentence may name: the ``origin`` (scheme, host, port), its ``scheme``, the ``proxy``, time limits in
    seconds, whether there was a connection (``connected``), whether it was ``reused``, whether an answer ``began``."""

    origin: str
    scheme: str
    proxy: str
    connect_timeout: float
    read_timeout: float
    connected: bool = False
    reused: bool = False
    began: bool = False


@dataclass(frozen=True)
class _Row:
    fits: Callable[[BaseException, Situation], bool]
    what: str
    why: str
    next: str


def _is(*kinds: type[BaseException]) -> Callable[[BaseException, Situation], bool]:
    return lambda error, _: isinstance(error, kinds)


def _tls(*words: str) -> Callable[[BaseException, Situation], bool]:
    return lambda error, _: isinstance(error, ssl.SSLError) and any(word in str(error) for word in words)


def _nonsense_tls(error: BaseException, _: Situation) -> bool:
    return isinstance(error, NonsenseAnswer) and error.seen[:2] in (b"\x15\x03", b"\x16\x03")


def _tunnel(status: str) -> Callable[[BaseException, Situation], bool]:
    return lambda error, _: isinstance(error, OSError) and f"Tunnel connection failed: {status}" in str(error)


_CLOSED = (ClosedEarly, ConnectionResetError, BrokenPipeError, ConnectionAbortedError)
_PLAIN = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "RECORD_LAYER_FAILURE",
    "wrong version number",
    "record layer failure",
)

_ROWS = (
    _Row(_is(BodyTooShort), "The body ended too early: {error}", "what is being sent became shorter while it was read",
         "Send it again when nothing changes it any more"),
    _Row(_nonsense_tls, "{origin} answered with TLS", "it speaks https", "Use https:// in its URL"),
    _Row(_is(NonsenseAnswer), "What {origin} answered is not an HTTP answer: {error}", "{seen}",
         "See whether a registry listens on that port, and not another service"),
    _Row(_is(ssl.SSLCertVerificationError), "The certificate of {origin} is not trusted",
         "{error.verify_message}",
         "Give the file of the CA that signed it: --ca-file ca.pem, or verify='ca.pem' in Python"),
    _Row(_tls(*_PLAIN), "{origin} does not speak TLS", "it answered in plain HTTP",
         "Use http:// in its URL, if that is meant"),
    _Row(_is(ssl.SSLEOFError), "{origin} ended the TLS handshake", "it closed the connection without a word of TLS",
         "Use http:// in its URL, if that is meant"),
    _Row(_is(ssl.SSLError), "TLS with {origin} failed", "{error}",
         "Look at the server's certificate and at the versions of TLS that it speaks"),
    _Row(_tunnel("407"), "The proxy {proxy} refused the tunnel to {origin}", "it wants a user name and a password",
         "Write them in the proxy's URL: http://user:password@host:port"),
    _Row(_tunnel(""), "The proxy {proxy} refused the tunnel to {origin}", "{error}",
         "Correct HTTP_PROXY, HTTPS_PROXY or NO_PROXY; in Python also rt.connect(url, proxies=...), None for no proxy"),
    _Row(lambda error, now: isinstance(error, ProxyError) and bool(now.proxy),
         "The proxy {proxy} cannot be reached", "{cause}",
         "Correct HTTP_PROXY, HTTPS_PROXY or NO_PROXY; in Python also rt.connect(url, proxies=...), None for no proxy"),
    _Row(_is(socket.gaierror), "The name in {origin} is not known", "{error}",
         "See whether it is written right, and whether this machine can look names up"),
    _Row(_is(ConnectionRefusedError), "{origin} refused the connection", "nothing listens on that port",
         "Start the registry, or look at the port; regtutor serve starts one here, in Python rt.open_registry()"),
    _Row(lambda error, now: isinstance(error, ConnectTimeoutError | TimeoutError) and not now.connected,
         "{origin} could not be reached within {connect_timeout:g} s", "{error}",
         "See whether a firewall or a proxy stands between, or wait longer: rt.connect(url, timeout=...) in Python"),
    _Row(_is(TimeoutError), "{origin} was silent for {read_timeout:g} s", "no more bytes came, or it took none",
         "Look at the registry's log, or wait longer: rt.connect(url, timeout=(10, seconds)) in Python"),
    _Row(_is(StaleConnection), "{origin} had closed the connection that was to be used again", "it was idle too long",
         "Send the request again"),
    _Row(lambda error, now: isinstance(error, _CLOSED) and now.reused and not now.began,
         "{origin} closed the connection, which was open since an earlier request, before it answered",
         "it may or may not have done what was asked", "See with a HEAD or GET, then send the request again"),
    _Row(lambda error, now: isinstance(error, (*_CLOSED, IncompleteRead, http.client.IncompleteRead)) and now.began,
         "{origin} closed the connection in the middle of its answer", "{error}",
         "Send the request again; the registry's log may say why it stopped"),
    _Row(lambda error, now: isinstance(error, _CLOSED) and now.scheme == "http",
         "{origin} closed the connection before it answered", "{error}",
         "Look at the registry's log, or at the proxy in between; if it speaks TLS, use https:// in its URL"),
    _Row(_is(*_CLOSED), "{origin} closed the connection before it answered", "{error}",
         "Look at the registry's log, or at the proxy in between"),
    _Row(_is(UnicodeError), "The name in {origin} cannot be looked up", "{error}", "Write it in its ASCII form"),
    _Row(_is(BaseException), "{origin} could not be asked", "{error}", ""),
)  # fmt: skip


def sentences(error: BaseException, now: Situation) -> tuple[str, str, str]:
    """What happened, why, and what to do next, for a failure; no secret is in them."""
    chain = list(_chain(error))
    row, cause = next((row, link) for row in _ROWS for link in chain if row.fits(link, now))
    seen = f"it begins with {cause.seen!r}" if isinstance(cause, NonsenseAnswer) and cause.seen else ""
    known = {
        "origin": now.origin,
        "proxy": redact_url(now.proxy),
        "connect_timeout": now.connect_timeout,
        "read_timeout": now.read_timeout,
        "error": cause,
        "seen": seen,
        "cause": chain[-1],
    }
    what, why, then = (redact_text(text.format_map(known)) for text in (row.what, row.why, row.next))
    return what, why.strip(), then


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what it was made of and what caused it, at most 20 of them."""
    waiting, seen = [error], set[int]()
    while waiting and len(seen) < 20:
        link = waiting.pop(0)
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        parts = [*link.args, getattr(link, "original_error", None), getattr(link, "reason", None)]
        waiting += [part for part in (*parts, link.__cause__, link.__context__) if isinstance(part, BaseException)]
