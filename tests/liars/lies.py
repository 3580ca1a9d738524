"""The table of lies: what a registry can answer that is wrong, and what a client then says."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tests.liars.registry import Asked, Lie, Truth

MIB = 1024 * 1024
BIG = b"a" * 65536


@dataclass(frozen=True)
class Told:
    """One lie.

    Attributes
    ----------
    name: what the registry does.
    lie: the response.
    slow: whether it ends only at the client's deadline, so that it is not tried with every walk in CI.
    """

    name: str
    lie: Lie
    slow: bool = False


def _is_blob(asked: Asked) -> bool:
    return asked.method == "GET" and "/blobs/" in asked.target


def raw(*pieces: bytes) -> Lie:
    return lambda _asked, _truth: pieces


def headers(*pairs: tuple[str, str]) -> Lie:
    """The truth with these headers instead of those of the same names."""

    def lie(_asked: Asked, truth: Truth) -> Iterable[bytes]:
        for name, value in pairs:
            truth = truth.with_header(name, value)
        return [truth.wire()]

    return lie


def without(*names: str) -> Lie:
    return lambda _asked, truth: [truth.head(*names) + truth.body]


def body(made: Callable[[Truth], bytes], *pairs: tuple[str, str]) -> Lie:
    def lie(asked: Asked, truth: Truth) -> Iterable[bytes]:
        if asked.method == "HEAD":
            return [truth.wire()]
        told = truth.with_body(made(truth))
        for name, value in pairs:
            told = told.with_header(name, value)
        return [told.wire()]

    return lie


def status(number: int, *pairs: tuple[str, str], text: bytes = b"") -> Lie:
    return lambda _asked, _truth: [Truth(number, "Lie", pairs, b"").with_body(text).wire()]


def endless(first: bytes, piece: bytes = BIG, pieces: int = 100_000) -> Lie:
    """``first``, then ``piece`` until the client leaves."""

    def lie(_asked: Asked, _truth: Truth) -> Iterator[bytes]:
        yield first
        for _ in range(pieces):
            yield piece

    return lie


def chunked(data: bytes) -> Lie:
    return raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + data)


def cut(share: float) -> Lie:
    """Only the first part of the response, then the end of the connection."""
    return lambda _asked, truth: [truth.wire()[: int(len(truth.wire()) * share)]]


OTHER = "sha256:" + "0" * 64
_LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\nContent-Type: application/json\r\n\r\n"
_TO_THE_END = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
_CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_DEEP = b"[" * 100_000

LIES = (
    # lengths
    Told("a length that is too small", headers(("Content-Length", "1"))),
    Told("a length that is too large", headers(("Content-Length", "1000000"))),
    Told("a negative length", headers(("Content-Length", "-5"))),
    Told("a length of 30 digits", headers(("Content-Length", "9" * 30))),
    Told("a length that is no number", headers(("Content-Length", "0x10"))),
    Told("two lengths", lambda _a, t: [t.with_header("Content-Length", "3", "4").wire()]),
    Told("no length", without("content-length")),
    # digests
    Told("another digest", headers(("Docker-Content-Digest", OTHER))),
    Told("a digest that is none", headers(("Docker-Content-Digest", "nonsense"))),
    Told("an empty digest", headers(("Docker-Content-Digest", ""))),
    Told("other bytes under the digest", body(lambda t: t.body[:-1] + b"!")),
    Told("no bytes under the digest", body(lambda _t: b"")),
    # redirects and Locations
    Told("a redirect to itself", lambda a, t: status(307, ("Location", a.target))(a, t)),
    Told("a redirect without a Location", status(307)),
    Told("a redirect to a file", status(302, ("Location", "file:///etc/passwd"))),
    Told("a redirect to no URL", status(308, ("Location", "http://["))),
    Told("a redirect to nobody", status(307, ("Location", "http://127.0.0.1:1/x"))),
    Told("a redirect with line breaks", status(303, ("Location", "/a%0d%0aX: y"))),
    Told("no Location", without("location")),
    Told("a Location that is none", headers(("Location", "http://[::1"))),
    Told("a Location elsewhere", headers(("Location", "http://127.0.0.1:1/v2/a/blobs/uploads/x"))),
    Told("a Location with a user", headers(("Location", "http://u:p@127.0.0.1:1/"))),
    Told("an empty Location", headers(("Location", ""))),
    # encodings and types
    Told("gzip that nobody asked for", body(lambda t: gzip.compress(t.body), ("Content-Encoding", "gzip"))),
    Told("a gzip bomb", body(lambda _t: gzip.compress(bytes(64 * MIB)), ("Content-Encoding", "gzip"))),
    Told("an unknown encoding", headers(("Content-Encoding", "br, zstd"))),
    Told("the type of a page", headers(("Content-Type", "text/html"))),
    Told("a page", body(lambda _t: b"<html><title>Log in</title>", ("Content-Type", "text/html"))),
    Told("no type", without("content-type")),
    Told("a type of 100 KB", headers(("Content-Type", "a/" + "b" * 100_000))),
    # chunking
    Told("a negative chunk", chunked(b"-5\r\nabc\r\n")),
    Told("a chunk of zz", chunked(b"zz\r\nabc\r\n")),
    Told("a chunk with a sign", chunked(b"+3\r\nabc\r\n0\r\n\r\n")),
    Told("a chunk as a Python number", chunked(b"0x3\r\nabc\r\n0\r\n\r\n")),
    Told("a chunk of 30 digits", chunked(b"f" * 30 + b"\r\nabc")),
    Told("a chunk that is longer", chunked(b"3\r\nabcdef\r\n0\r\n\r\n")),
    Told("an empty chunk size", chunked(b"\r\n\r\n")),
    Told("no last chunk", chunked(b"2\r\n{}\r\n")),
    Told("a chunk extension of 1 MB", chunked(b"2;" + b"a" * MIB + b"\r\n{}\r\n0\r\n\r\n")),
    Told("trailers of 1 MB", chunked(b"2\r\n{}\r\n0\r\n" + b"X: y\r\n" * 200_000 + b"\r\n")),
    # what does not end
    Told("an endless body", endless(_TO_THE_END), slow=True),
    Told("an endless body with a length", endless(_LONG.replace(b"99999999", b"9" * 18)), slow=True),
    Told("endless chunks", endless(_CHUNKS, b"10000\r\n" + BIG + b"\r\n"), slow=True),
    Told("endless chunks of one byte", endless(_CHUNKS, b"1\r\na\r\n" * 10_000), slow=True),
    Told("endless trailers", endless(_CHUNKS + b"0\r\n", b"X: y\r\n" * 10_000), slow=True),
    Told("an endless refusal", endless(b"HTTP/1.1 404 Not Found\r\n\r\n"), slow=True),
    Told("endless headers", endless(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 1000), slow=True),
    Told("an endless header", endless(b"HTTP/1.1 200 OK\r\nX: ", b"b" * 8000), slow=True),
    Told("endless interim responses", endless(b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 10), slow=True),
    Told("silence", lambda _a, _t: _silent(b""), slow=True),
    Told("silence in the head", lambda _a, _t: _silent(b"HTTP/1.1 200 OK\r\nX-"), slow=True),
    Told("silence in the body", lambda _a, _t: _silent(_LONG + b"{"), slow=True),
    Told("a byte every 100 ms", lambda _a, _t: _dripping(_LONG + b"{" * 1000), slow=True),
    Told("an interim response every 300 ms", lambda _a, _t: _dripping_interims(), slow=True),
    # no HTTP
    Told("nothing", raw(b"")),
    Told("SSH", raw(b"SSH-2.0-OpenSSH_9.2\r\n")),
    Told("a TLS alert", raw(b"\x15\x03\x01\x00\x02\x02\x46")),
    Told("the preface of HTTP/2", raw(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + b"\x00" * 18)),
    Told("a status of 099", raw(b"HTTP/1.1 099 Lie\r\n\r\n")),
    Told("a status of four digits", raw(b"HTTP/1.1 2000 OK\r\n\r\n")),
    Told("a status of 999", status(999)),
    Told("the status of another protocol", raw(b"ICY 200 OK\r\n\r\n")),
    Told("101 for nothing", raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\x00\x01")),
    Told("a half of the head", cut(0.3)),
    Told("a half of the response", cut(0.9)),
    Told("2,000 headers", lambda _a, t: [t.head()[:-2] + b"X-A: b\r\n" * 2000 + b"\r\n" + t.body]),
    # JSON
    Told("deeply nested JSON", body(lambda _t: _DEEP, ("Content-Type", "application/json"))),
    Told("a number of 100,000 digits", body(lambda _t: b'{"tags":' + b"9" * 100_000 + b"}")),
    Told("NaN", body(lambda _t: b'{"tags":[NaN],"size":NaN,"schemaVersion":Infinity}')),
    Told("null", body(lambda _t: b"null")),
    Told("a list instead of an object", body(lambda _t: b"[1, 2]")),
    Told("tags that are numbers", body(lambda _t: b'{"tags":[1,{}],"manifests":5,"layers":"x"}')),
    Told("JSON in UTF-16", body(lambda t: t.body.decode("latin-1").encode("utf-16"))),
    Told("2,000 errors", status(404, ("Content-Type", "application/json"), text=json.dumps(
        {"errors": [{"code": "MANIFEST_BLOB_UNKNOWN", "message": "unknown", "detail": {"digest": OTHER}}] * 2_000}
    ).encode())),
    Told("errors that are none", status(404, ("Content-Type", "application/json"), text=b'{"errors":[1,{"code":[]}]}')),
    # statuses, pages, challenges
    Told("200 for everything", status(200)),
    Told("201 for everything", status(201)),
    Told("404 for everything", status(404)),
    Told("416 for everything", status(416)),
    Told("429 for everything", status(429, ("Retry-After", "99999999"))),
    Told("500 for everything", status(500)),
    Told("a challenge that is none", status(401, ("WWW-Authenticate", "a" * 100_000))),
    Told("a token server that is nobody", status(401, ("WWW-Authenticate", 'Bearer realm="http://127.0.0.1:1/"'))),
    Told("a challenge for ever", lambda a, _t: _challenged(a)),
    Told("a Link to itself", lambda a, t: [t.with_header("Link", f'<{a.target}>; rel="next"').wire()]),
    Told("a Link that is no URL", headers(("Link", '<http://[>; rel="next"'))),
    Told("a Link of 100 KB", headers(("Link", "<" * 100_000))),
    Told("a Link that always goes on", lambda a, t: _next(a, t), slow=True),
    Told("a Range that is none", headers(("Range", "bytes=9-0"))),
    Told("a Range with a digit that is no number", headers(("Range", "0-\xb2"))),
    Told("a Range that went back", headers(("Range", "0-0"))),
    Told("a minimum of 30 digits", headers(("OCI-Chunk-Min-Length", "9" * 30))),
)  # fmt: skip


def _silent(first: bytes) -> Iterator[bytes]:
    if first:
        yield first
    for _ in range(200):
        time.sleep(0.05)
        yield b""


def _dripping(data: bytes) -> Iterator[bytes]:
    for number in range(len(data)):
        time.sleep(0.1)
        yield data[number : number + 1]


def _dripping_interims() -> Iterator[bytes]:
    for _ in range(90):
        time.sleep(0.3)
        yield b"HTTP/1.1 102 Processing\r\n\r\n"


def _challenged(asked: Asked) -> Iterable[bytes]:
    if asked.target.startswith("/token"):
        return [Truth(200, "OK", (("Content-Type", "application/json"),), b"").with_body(b'{"token":"abc"}').wire()]
    return list(status(401, ("WWW-Authenticate", 'Bearer realm="/token",scope="x:y:z"'))(asked, None) or ())  # type: ignore[arg-type]


def _next(asked: Asked, truth: Truth) -> Iterable[bytes]:
    mark = "&" if "?" in asked.target else "?"
    return [truth.with_header("Link", f'<{asked.target}{mark}x>; rel="next"').wire()]
