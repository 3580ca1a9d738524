"""Failures of an exchange: a table from exceptions of the libraries to what happened, why, and what to do next.

There is one row for each kind of failure. The first row that matches any exception in the chain of causes is used.

Plain HTTP does not load ssl, http.client and urllib3, and this module does not either: their exceptions are looked up
when something has failed. It is loaded before, because nothing more can be loaded once too many files are open.
"""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from regtutor.client.wire.head import MalformedResponse
from regtutor.client.wire.limits import Limits, Overdue, Stalled, TooLarge
from regtutor.client.wire.request_body import BodyTooShort
from regtutor.client.wire.sending import StaleConnection
from regtutor.client.wire.tap import ClosedEarly
from regtutor.protocol.secrets import redact_text, redact_url

_OWN = (OSError, MalformedResponse, TooLarge, BodyTooShort, StaleConnection, UnicodeError)

Kinds = tuple[type[BaseException], ...]


def failures() -> Kinds:
    """Return the exceptions that the libraries and this package raise when an exchange fails."""
    return (*_OWN, *_loaded("urllib3.exceptions", "HTTPError"), *_loaded("http.client", "HTTPException"))


def _loaded(module: str, name: str) -> Kinds:
    """Return an exception of a library; none if the library is not loaded, because then it has raised nothing."""
    kind = getattr(sys.modules.get(module), name, None)
    return () if kind is None else (kind,)


@dataclass(frozen=True)
class Situation:
    """The facts about a failed exchange that the table uses.

    Attributes
    ----------
    origin: scheme, host and port of the registry.
    scheme: the scheme alone.
    proxy: the URL of the proxy, or ``""``.
    limits: the limits in time and bytes.
    connected: whether there was a connection.
    reused: whether an earlier request had used the connection.
    began: whether the head of the response had arrived.
    """

    origin: str
    scheme: str
    proxy: str
    limits: Limits
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


def _is_of(module: str, name: str) -> Callable[[BaseException, Situation], bool]:
    return lambda error, _: isinstance(error, _loaded(module, name))


def _tls(*words: str) -> Callable[[BaseException, Situation], bool]:
    return lambda error, _: isinstance(error, _loaded("ssl", "SSLError")) and any(word in str(error) for word in words)


def _is_tls(error: BaseException, _: Situation) -> bool:
    return isinstance(error, MalformedResponse) and error.beginning[:2] in (b"\x15\x03", b"\x16\x03")


def _tunnel(status: str) -> Callable[[BaseException, Situation], bool]:
    return lambda error, _: isinstance(error, OSError) and f"Tunnel connection failed: {status}" in str(error)


_PLAIN = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "RECORD_LAYER_FAILURE",
    "wrong version number",
    "record layer failure",
)


def _is_proxy_error(error: BaseException) -> bool:
    return isinstance(error, _loaded("urllib3.exceptions", "ProxyError"))


def _proxy_tls(name: str, plain: bool = False) -> Callable[[BaseException, Situation], bool]:
    """Match a failure of TLS with the proxy itself: urllib3 raises ProxyError until the proxy is connected."""

    def fits(error: BaseException, now: Situation) -> bool:
        kinds = _loaded("ssl", name)
        inner = [link for link in _chain(error) if isinstance(link, kinds)] if _is_proxy_error(error) else []
        return bool(now.proxy and inner) and (not plain or any(word in str(inner) for word in _PLAIN))

    return fits


def _proxy_speaks_tls(error: BaseException, now: Situation) -> bool:
    """Match a proxy that responded with TLS records, although its URL begins with http://."""
    first = error.beginning if isinstance(error, MalformedResponse) else b""
    if isinstance(error, _loaded("http.client", "BadStatusLine")):
        first = str(error.args[0] if error.args else "").encode("latin-1", "replace")
    return now.proxy.lower().startswith("http:") and first[:2] in (b"\x15\x03", b"\x16\x03")


def _is_timeout(error: BaseException) -> bool:
    return isinstance(error, (TimeoutError, *_loaded("urllib3.exceptions", "ConnectTimeoutError")))


_CLOSED = (ClosedEarly, ConnectionResetError, BrokenPipeError, ConnectionAbortedError)
_ROWS = (
    _Row(_is(BodyTooShort), "The body ended too early: {error}", "the content became shorter while it was read",
         "Send it again once nothing changes it any more"),
    _Row(_proxy_tls("SSLError", plain=True), "The proxy {proxy} speaks plain HTTP",
         "its URL begins with https://, so the connection to the proxy itself began with TLS",
         "Write http:// in the proxy's URL (HTTPS_PROXY=http://HOST:PORT): the scheme is that of the connection to the "
         "proxy, not that of the registry"),
    _Row(_proxy_tls("SSLCertVerificationError"), "The certificate of the proxy {proxy} is not trusted", "{cause}",
         "Name the file of the CA that signed it: --ca-file ca.pem, or verify='ca.pem' in Python"),
    _Row(_proxy_tls("SSLError"), "TLS with the proxy {proxy} failed", "{cause}",
         "Check the scheme in the proxy's URL: most proxies speak plain HTTP (HTTPS_PROXY=http://HOST:PORT)"),
    _Row(_proxy_speaks_tls, "The proxy {proxy} responded with TLS", "its URL begins with http://",
         "Write https:// in the proxy's URL"),
    _Row(_is_tls, "{origin} responded with TLS", "it speaks https", "Use https:// in its URL"),
    _Row(lambda error, now: isinstance(error, MalformedResponse) and now.began,
         "{origin} sent a body that is not valid HTTP", "{error}",
         "Look at the registry's log, or at the proxy in between: the end of this body cannot be found"),
    _Row(_is(MalformedResponse), "{origin} did not send a valid HTTP response: {error}", "{beginning}",
         "Check whether a registry listens on that port, and not another service"),
    _Row(_is_of("ssl", "SSLCertVerificationError"), "The certificate of {origin} is not trusted",
         "{error.verify_message}",
         "Name the file of the CA that signed it: --ca-file ca.pem, or verify='ca.pem' in Python"),
    _Row(_tls(*_PLAIN), "{origin} does not speak TLS", "it responded in plain HTTP",
         "Use http:// in its URL, if you intend to connect without TLS"),
    _Row(_is_of("ssl", "SSLEOFError"), "{origin} ended the TLS handshake",
         "it closed the connection without sending any TLS",
         "Use http:// in its URL, if you intend to connect without TLS"),
    _Row(lambda error, _: isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE),
         "No connection to {origin} can be opened", "this process, or this machine, has too many open files",
         "Close registries, connections and files, or raise the limit (ulimit -n)"),
    _Row(_is_of("ssl", "SSLError"), "TLS with {origin} failed", "{error}",
         "Check the server's certificate and the TLS versions that it supports"),
    _Row(_tunnel("407"), "The proxy {proxy} refused the tunnel to {origin}", "it requires a user name and a password",
         "Write them in the proxy's URL: http://user:password@host:port"),
    _Row(_tunnel(""), "The proxy {proxy} refused the tunnel to {origin}", "{error}",
         "Correct HTTP_PROXY, HTTPS_PROXY or NO_PROXY; in Python, you can also use rt.connect(url, proxies=...), with "
         "None for no proxy"),
    _Row(lambda error, now: _is_proxy_error(error) and bool(now.proxy),
         "The proxy {proxy} cannot be reached", "{cause}",
         "Correct HTTP_PROXY, HTTPS_PROXY or NO_PROXY; in Python, you can also use rt.connect(url, proxies=...), with "
         "None for no proxy"),
    _Row(_is(socket.gaierror), "The host name in {origin} is not known", "{error}",
         "Check its spelling, and whether this machine can resolve host names"),
    _Row(_is(ConnectionRefusedError), "{origin} refused the connection", "nothing listens on that port",
         "Start the registry, or check the port; regtutor serve starts a registry here, in Python rt.open_registry()"),
    _Row(lambda error, now: _is_timeout(error) and not now.connected,
         "{origin} could not be reached within {limits.connect:g} s", "{error}",
         "Check whether a firewall or a proxy is in between, or wait longer: rt.connect(url, timeout=...) in Python"),
    _Row(_is(TooLarge), "{origin} sent a response that is too large", "{error}",
         "Check the address, or accept more: {error.option}"),
    _Row(_is(Stalled), "{origin} sent its response too slowly", "{error}",
         "Look at the registry's log, or at the network in between, and send the request again"),
    _Row(_is(Overdue), "{origin} did not complete its response in time", "{error}",
         "Look at the registry's log, or wait longer: --deadline SECONDS, in Python rt.connect(url, deadline=...); the "
         "limit is {limits.deadline:g} s"),
    _Row(_is(TimeoutError), "{origin} was silent for {limits.read:g} s", "it neither sent nor accepted any bytes",
         "Look at the registry's log, or wait longer: rt.connect(url, timeout=(10, seconds)) in Python"),
    _Row(_is(StaleConnection), "{origin} had closed the connection before it could be used again",
         "it was idle too long", "Send the request again"),
    _Row(lambda error, now: isinstance(error, _CLOSED) and now.reused and not now.began,
         "{origin} closed the connection, which was opened for an earlier request, before it responded",
         "it may or may not have processed the request", "Check with a HEAD or GET, then send the request again"),
    _Row(lambda error, now: isinstance(error, _CLOSED) and now.began,
         "{origin} closed the connection in the middle of its response", "{error}",
         "Send the request again; the registry's log may say why it stopped"),
    _Row(lambda error, now: isinstance(error, _CLOSED) and now.scheme == "http",
         "{origin} closed the connection before it responded", "{error}",
         "Look at the registry's log, or at the proxy in between; if it speaks TLS, use https:// in its URL"),
    _Row(_is(*_CLOSED), "{origin} closed the connection before it responded", "{error}",
         "Look at the registry's log, or at the proxy in between"),
    _Row(_is(UnicodeError), "The host name in {origin} cannot be looked up", "{error}", "Write it in its ASCII form"),
    _Row(_is(BaseException), "The request to {origin} failed", "{error}", ""),
)  # fmt: skip


def sentences(error: BaseException, now: Situation) -> tuple[str, str, str]:
    """Return what happened, why, and what to do next, for a failure; the sentences contain no secret."""
    chain = list(_chain(error))
    row, cause = next((row, link) for row in _ROWS for link in chain if row.fits(link, now))
    beginning = cause.beginning if isinstance(cause, MalformedResponse) else b""
    facts = {
        "origin": now.origin,
        "proxy": redact_url(now.proxy),
        "limits": now.limits,
        "error": cause,
        "beginning": f"it begins with {beginning!r}" if beginning else "",
        "cause": chain[-1],
    }
    what, why, then = (redact_text(text.format_map(facts)) for text in (row.what, row.why, row.next))
    return what, why.strip(), then


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error, the errors in its arguments and the errors that caused it, at most 20."""
    waiting, seen = [error], set[int]()
    while waiting and len(seen) < 20:
        link = waiting.pop(0)
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        parts = [*link.args, getattr(link, "original_error", None), getattr(link, "reason", None)]
        waiting += [part for part in (*parts, link.__cause__, link.__context__) if isinstance(part, BaseException)]
