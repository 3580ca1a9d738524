"""A registry that keeps its blobs on another host, as large registries do: the scenery of the lesson about pulling.

Two servers on loopback share the work. The registry checks the password, relays manifests, and redirects each GET of a
blob to the storage. The storage wants the signature in the address and no password, and two of its blobs are damaged.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Thread

from regtutor.client.connect import connect
from regtutor.client.credentials import Credentials
from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_index
from regtutor.errors import RegtutorError
from regtutor.lessons.session import current
from regtutor.message import Request
from regtutor.protocol.endpoints import identify
from regtutor.steps import get_blob

USER = Credentials("learner", "learner-password")
"""The user of this registry."""

_AMD64, _ARM64 = sample_index().images
DAMAGED = {_ARM64.layers[1].digest: (b"Hello", b"Hallo"), _AMD64.config.digest: (b"/bin/greet", b"/bin/greed")}
"""The digest of each damaged blob, with the right and the false bytes; its size stays the same."""

_RELAYED = ("Content-Type", "Docker-Content-Digest")
_SECONDS = 30.0


def storage_elsewhere() -> Registry:
    """Open a registry with the repositories of the lesson, whose blobs are on another host, and print its address.

    A second call returns the same registry.

    Returns
    -------
    A Registry that sends a password, and whose exchanges count as the learner's.

    Raises
    ------
    NotBegun: before ``begin``.
    """
    reg = current().open_beside("cloud", _open_both, lambda _: None)
    print(f"Registry: {reg.url}, with its blobs on another host")
    return reg.with_auth(USER.username, USER.password)


def _open_both() -> Registry:
    """Start the two servers, after those of an earlier lesson in this kernel have ended."""
    while _OPEN:
        server = _OPEN.pop()
        server.shutdown()
        server.server_close()
    upstream, key = current().stage.reg, secrets.token_bytes(16)
    storage = _serve(partial(_Storage, upstream, key))
    registry = _serve(partial(_Redirecting, upstream, key, _url(storage)))
    return connect(_url(registry), proxies=None)


def broken_download(repository: str, digest: str, *, after: int) -> bytes:
    """Return the first bytes of a blob, as a download would leave them whose connection broke.

    Parameters
    ----------
    repository: the learner's repository, with its prefix.
    digest: of the blob.
    after: how many bytes arrived.
    """
    content = BytesIO()
    get_blob(current().stage.reg, repository, digest, into=content).expect(200)
    return content.getvalue()[:after]


class _Handler(BaseHTTPRequestHandler):
    """A handler that sends whole responses on connections that stay open; both servers use it."""

    protocol_version = "HTTP/1.1"
    timeout = _SECONDS

    def __init__(self, upstream: Registry, key: bytes, *args: object) -> None:
        self.upstream, self.key = upstream, key
        super().__init__(*args)  # type: ignore[arg-type]

    def respond(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""

    def signature(self, path: str) -> str:
        return hmac.new(self.key, path.encode(), hashlib.sha256).hexdigest()[:32]


class _Redirecting(_Handler):
    """The registry: it relays GET and HEAD, and redirects the GET of a blob."""

    def __init__(self, upstream: Registry, key: bytes, storage: str, *args: object) -> None:
        self.storage = storage
        super().__init__(upstream, key, *args)

    def do_GET(self) -> None:
        """Respond to GET and HEAD."""
        match = identify(self.command, self.path)
        name = match.endpoint.name if match is not None else "unknown"
        if self.headers.get("Authorization") != USER.header():
            self.respond(401, {"WWW-Authenticate": 'Basic realm="the registry"'})
        elif match is not None and name == "get_blob":
            path = f"/{match.path['repository']}/{match.path['digest']}"
            self.respond(307, {"Location": f"{self.storage}{path}?signature={self.signature(path)}"})
        else:
            self._relay(name)

    do_HEAD = do_GET

    def _relay(self, name: str) -> None:
        accept = tuple(("Accept", value) for value in self.headers.get_all("Accept", []))
        try:
            came = self.upstream.send(Request(name, self.command, self.path, accept))
        except RegtutorError:
            self.respond(502, {})
            return
        headers = {each: came.headers[each] for each in _RELAYED if each in came.headers}
        if self.command == "HEAD" and "Content-Length" in came.headers:
            headers["Content-Length"] = came.headers["Content-Length"]
        self.respond(came.status or 502, headers, came.content)


class _Storage(_Handler):
    """The storage: it sends a blob to whoever has its signed address."""

    def do_GET(self) -> None:
        """Respond to GET."""
        path, _, query = self.path.partition("?")
        repository, _, digest = path.strip("/").rpartition("/")
        if "Authorization" in self.headers:
            self._refuse(400, "InvalidArgument", "Only one auth mechanism allowed: the signature or Authorization")
        elif query != f"signature={self.signature(path)}":
            self._refuse(403, "SignatureDoesNotMatch", "The signature is missing, or is not that of this address")
        else:
            self._send(repository, digest)

    def _send(self, repository: str, digest: str) -> None:
        content = BytesIO()
        try:
            found = get_blob(self.upstream, repository, digest, into=content).status == 200
        except RegtutorError:
            found = False
        if not found:
            self._refuse(404, "NoSuchKey", "The storage has no such blob")
            return
        right, false = DAMAGED.get(digest, (b"", b""))
        data = content.getvalue().replace(right, false) if right else content.getvalue()
        self.respond(200, {"Content-Type": "application/octet-stream"}, data)

    def _refuse(self, status: int, code: str, message: str) -> None:
        body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
        self.respond(status, {"Content-Type": "application/xml"}, body)


_OPEN: list[ThreadingHTTPServer] = []


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


def _serve(handler: Callable[..., BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    server = _Server(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    _OPEN.append(server)
    return server


def _url(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}"
