"""The back end ``in_process``: the embedded registry without a socket, through a transport that calls the App.

The transport makes the same records as the wire: the request head with the headers that a client adds, ``100 Continue``
if the App accepts the request, and a withheld body if it does not. It needs no thread, socket or subprocess, so it also
runs in a browser.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import Any

from regtutor.backends.access import access_of
from regtutor.backends.local_host import local_host
from regtutor.client.recording import WITHHELD, Recording
from regtutor.client.registry import Registry
from regtutor.client.wire.head import ReceivedHead, composed_headers, default_user_agent, head_bytes
from regtutor.client.wire.request_body import BodyTooShort, BodyUnreadable, Framing, chunks_to_send
from regtutor.client.wire.response_body import Download, check_destination, completed
from regtutor.errors import ConnectionFailed, RegtutorError
from regtutor.exchange import Exchange
from regtutor.message import CHUNK, Body, HeaderList, Request
from regtutor.protocol.urls import Address, sendable_target, split_url
from regtutor.server.app import App
from regtutor.server.http import FileRange, Head, Response
from regtutor.server.receiving import BodySink
from regtutor.server.respond import internal_failure

URL = "http://registry.localhost"
"""The URL of the registry in this process; nothing listens on it."""

DRAIN = 4 * 1024 * 1024
"""The most bytes of a refused body that are read and dropped, as by the embedded registry on a socket."""


def open_in_process(
    root: str | Path | None = None,
    *,
    quirks: str | Iterable[str] = (),
    auth: str | None = None,
    users: Mapping[str, str] | None = None,
    policy: Mapping[str, Any] | None = None,
    token_seconds: int | None = None,
    deletes: bool = True,
    chunk_min_length: int | None = None,
    verify_reads: bool = False,
    sparse_indexes: bool = False,
) -> Registry:
    """Open the embedded registry without a socket: each request is a function call in this process.

    Parameters
    ----------
    root: the storage directory, created if it does not exist, and kept; by default a temporary directory, which is
        deleted when the registry is closed.
    quirks: behavior to copy from CNCF Distribution: ``distribution-2.8``, ``distribution-3.1``, or single names;
        ``regtutor serve --quirks list`` lists them.
    auth: ``token`` requires bearer tokens of a token server at the same address; ``basic`` requires a user name and a
        password. The Registry has no credentials; ``reg.host.about`` names the users.
    users: user name to password, for users with all permissions; by default the users of the lessons.
    policy: users with their own permissions, as plain data, with ``auth="token"``; see
        ``server.token.policy.policy_of``.
    token_seconds: the lifetime of a token in seconds; by default 300.
    deletes: whether blobs, manifests and tags can be deleted; if not, DELETE gets 405.
    chunk_min_length: the least size in bytes that a chunk of an upload should have, which the registry announces in
        ``OCI-Chunk-Min-Length``; None announces nothing.
    verify_reads: whether the bytes of a blob are compared with its digest before each response. Those of a manifest
        always are. Damaged content gets 404, and the log names the file.
    sparse_indexes: accept an index before the manifests that it lists, as a registry may.

    Raises
    ------
    UnusableDirectory: if the directory cannot be used.
    StoreLocked: if another embedded registry uses the directory.
    ServerError: if a quirk does not exist.
    """
    access = access_of(auth, users, policy, token_seconds)
    host = local_host("in_process", "regtutor's own registry, called without a socket", root)
    settings: dict[str, Any] = {"deletes": deletes, "chunk_min_length": chunk_min_length, "verify_reads": verify_reads}
    try:
        settings |= {"sparse_indexes": sparse_indexes, **(access.app_settings if access else {})}
        app = App(host.store, quirks=quirks, **settings)
        transport = InProcessTransport(app)
    except BaseException:
        host.close()
        raise
    host.lets_in(access)
    host.in_use = app.sessions.in_use
    host.store.report = transport.log_lines.append
    host.runs(transport.log_lines)
    return Registry(transport.url, transport, host=host)


class InProcessTransport:
    """A transport that sends requests to an App by calling it.

    Parameters
    ----------
    app: the App; the transport does not close its store.
    url: the address of the App; requests to any other host fail, because there is no network.
    user_agent: the User-Agent of requests without one.
    """

    def __init__(self, app: App, *, url: str = URL, user_agent: str | None = None) -> None:
        self.app, self.url = app, url
        self.user_agent = user_agent or default_user_agent()
        self.log_lines: list[str] = []
        self._one_at_a_time = Lock()  # the App expects its requests from one thread

    def close(self) -> None:
        """Do nothing: nothing is open."""

    def send(self, request: Request, url: str, headers: HeaderList, registry: str) -> Exchange:
        """Send a request to the App; parameters, result and errors are those of ``WireTransport.send``."""
        with self._one_at_a_time:
            return self._send(request, url, headers, registry)

    def _send(self, request: Request, url: str, headers: HeaderList, registry: str) -> Exchange:
        address = split_url(url)
        check_destination(request)
        recording = Recording(request, url, registry)
        recording.target = sendable_target(address.target)
        recording.headers = composed_headers(request, headers, address, self.user_agent)
        if address.origin.lower() != self.url.lower():
            raise self._failed(recording, f"{address.origin} cannot be reached", "this registry runs without a network")
        recording.event("connected", note="In this process: a function call, not a connection")
        recording.event("head sent", len(head_bytes(request.method, recording.target, recording.headers)))
        try:
            response = self._respond(recording, self._begin(recording, address))
        except BodyUnreadable as error:
            raise recording.cut(error.error) from None
        except BodyTooShort as error:
            what = f"The body ended too early: {error}"
            raise self._failed(recording, what, "its source became shorter while it was read") from error
        self._log(recording, response)
        return _received(recording, response)

    def _begin(self, recording: Recording, address: Address) -> Response | BodySink:
        head = Head(recording.request.method, recording.target, recording.headers)
        try:
            return self.app.begin(head, scheme=address.scheme)
        except Exception as error:  # noqa: BLE001 - any failure of the App becomes a response and a line of the log
            return self._failure(error)

    def _respond(self, recording: Recording, outcome: Response | BodySink) -> Response:
        """Return the final response, after writing the body to the sink or withholding it."""
        body = recording.request.body
        expects = any(name.lower() == "expect" and value.lower() == "100-continue" for name, value in recording.headers)
        if isinstance(outcome, Response):
            if body is not None and not expects:
                self._drop(recording, body)
            return outcome
        if expects and body is not None:
            recording.received(ReceivedHead("HTTP/1.1", 100, "Continue", (), len(b"HTTP/1.1 100 Continue\r\n\r\n")))
        try:
            with outcome:
                self._hand_over(recording, body, outcome)
                return outcome.finish()
        except (BodyUnreadable, BodyTooShort, ConnectionFailed):
            raise
        except Exception as error:  # noqa: BLE001 - as above; such as a full disk
            return self._failure(error)

    def _hand_over(self, recording: Recording, body: Body | None, sink: BodySink) -> None:
        """Write as much of the body to ``sink`` as the headers announce."""
        framing = Framing.of(recording.headers)
        limit = framing.limit(body) if body is not None else framing.length or 0
        for chunk in chunks_to_send(body, limit) if body is not None else ():
            recording.upload_fate = "partial"
            recording.upload.update(chunk)
            sink.write(chunk)
        if recording.upload.size < limit:
            why = f"Content-Length is {limit}, but the body has {recording.upload.size} bytes"
            raise self._failed(recording, "The registry waits for more of the body", why)
        if recording.upload.size:
            assert body is not None
            recording.upload_fate = "sent"
            recording.event("body sent", limit, framing.note(body, limit, True))

    def _drop(self, recording: Recording, body: Body) -> None:
        """Read and drop the body, up to a limit, as a server does after it has responded."""
        framing = Framing.of(recording.headers)
        limit = framing.limit(body)
        for chunk in chunks_to_send(body, min(limit, body.size, DRAIN)):
            recording.upload.update(chunk)
        sent = recording.upload.size
        if sent:
            recording.upload_fate = "sent" if sent == limit else "partial"
            recording.event("body sent", sent, framing.note(body, sent, sent == limit))

    def _failure(self, error: Exception) -> Response:
        return internal_failure(error, self.log_lines.append)

    def _failed(self, recording: Recording, what: str, why: str) -> ConnectionFailed:
        recording.event("failed", note=what)
        return ConnectionFailed(what, why, exchange=recording.exchange(error=f"{what}: {why}"))

    def _log(self, recording: Recording, response: Response) -> None:
        request = recording.request
        self.log_lines.append(
            f"{recording.started} in-process {request.method} {request.shown_target} {response.status} "
            f"in={recording.upload.size}"
        )
        del self.log_lines[:-1000]


def _received(recording: Recording, response: Response) -> Exchange:
    headers = (*response.headers, ("Date", formatdate(usegmt=True)))
    reason = HTTPStatus(response.status).phrase
    size = len(f"HTTP/1.1 {response.status} {reason}\r\n\r\n") + sum(
        len(name) + len(value) + 4 for name, value in headers
    )
    recording.received(ReceivedHead("HTTP/1.1", response.status, reason, headers, size))
    if recording.upload_fate == "withheld":
        recording.event("body withheld", note=WITHHELD)
    download = Download(recording.request, response.status, response.header("Content-Type") or "")
    whole = False
    try:
        for chunk in _chunks(response):
            download.write(chunk)
        whole = True
    except RegtutorError as error:
        recording.stopped(error, download.abort())
        raise
    finally:
        if not whole:
            download.abort()
    return completed(recording, download)


def _chunks(response: Response) -> Iterator[bytes]:
    body = response.body
    if not isinstance(body, FileRange):
        if body:
            yield body
        return
    left = body.stop - body.start
    with body.path.open("rb") as file:
        file.seek(body.start)
        while left > 0 and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk
