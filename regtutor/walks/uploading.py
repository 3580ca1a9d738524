"""Uploading one blob: whole, in chunks or as a stream, and resuming after an interruption.

After an interruption, the walk gets the offset from the registry, because only the registry has a record of the bytes
that arrived. The walk never relies on the number of bytes that it sent.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from typing import NoReturn

from regtutor.client.registry import Registry
from regtutor.content.chunks import Chunks
from regtutor.content.verified_body import checked
from regtutor.errors import ConnectionFailed, ImageError, RegtutorError
from regtutor.exchange import Exchange, Transcript
from regtutor.message import Body, Content, Location, Request, body_of, digest_of
from regtutor.protocol.ranges import STORED, least
from regtutor.steps import cancel_upload, draft, get_upload, head_blob, patch_upload, put_blob, start_upload
from regtutor.steps.sender import needs_registry
from regtutor.walks.driving import Walk, run
from regtutor.walks.existence import check_blob_stored, expect_success
from regtutor.walks.expected_status import expect, stop
from regtutor.walks.progress_bar import with_upload_bar
from regtutor.walks.redirects import follows_redirects

CHUNK_SIZE = 4 * 1024 * 1024
"""Bytes in a chunk, unless the registry requires larger chunks; some registries accept no larger ones (GHCR)."""

TRIES = 5
"""How many times an upload is resumed after an interruption."""

Part = Generator[Request, Exchange, None]
"""A part of a walk."""

Uploader = Callable[[str, Exchange, Content], Part]
"""A function that sends a blob to the session that an exchange has opened in a repository, and closes the session."""


@needs_registry
def upload_chunks(
    reg: Registry,
    repository: str,
    blob: Content,
    *,
    chunk_size: int | None = CHUNK_SIZE,
    location: Location | None = None,
    tries: int = TRIES,
    progress: bool = True,
    watch: Callable[[Exchange], None] | None = None,
) -> Transcript:
    """Upload one blob in chunks: POST, a PATCH for each chunk, and a PUT without a body that closes the session.

    After a cut connection, a 416 or a 404, the walk gets the offset from the registry and resumes there.

    Parameters
    ----------
    reg: the registry to push to.
    repository: the destination, such as ``"library/hello"``.
    blob: bytes, a path, an open binary file, or a layer of an image; it is read once, and its last bytes are sent only
        if all of them match its digest.
    chunk_size: bytes in a chunk; at least the minimum that the registry names (``OCI-Chunk-Min-Length``). None sends
        the whole blob in one PATCH, as a stream.
    location: of an open session without bytes; by default the upload opens one.
    tries: how many times the upload is resumed.
    progress: whether a long chunk gets a progress bar.
    watch: called with each exchange as soon as it is made.

    Returns
    -------
    The transcript of every request that was made.

    Raises
    ------
    PushFailed: if the registry refused a request.
    ConnectionFailed: if the registry could not be reached, or the connection was cut again after ``tries`` resumptions;
        resume later with :func:`resume_upload` and the last Location in ``error.transcript``.
    DigestMismatch: if the bytes do not match the digest of the blob; the upload was canceled.

    Source: OCI distribution-spec v1.1.1, "Pushing a blob in chunks"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks>.
    """
    walk = upload(repository, blob, chunk_size=chunk_size, location=location, tries=tries)
    title = f"upload to {repository} on {reg.name}"
    return run(walk, reg, prepare=with_upload_bar if progress else None, watch=watch, title=title)


@follows_redirects
def upload(
    repository: str,
    blob: Content,
    *,
    chunk_size: int | None = CHUNK_SIZE,
    location: Location | None = None,
    tries: int = TRIES,
) -> Walk:
    """The walk of :func:`upload_chunks`, with the same parameters."""
    blob_upload = _Upload(blob, _size(chunk_size), repository, tries)
    if location is None:
        yield from blob_upload.open()
    else:
        blob_upload.location = location
    yield from blob_upload.run()
    return ()


@needs_registry
def resume_upload(
    reg: Registry,
    location: Location | str,
    blob: Content,
    *,
    repository: str | None = None,
    chunk_size: int | None = CHUNK_SIZE,
    tries: int = TRIES,
    progress: bool = True,
    watch: Callable[[Exchange], None] | None = None,
) -> Transcript:
    """Finish an interrupted upload: GET the offset, a PATCH for each missing chunk, and a PUT that closes the session.

    Parameters
    ----------
    reg: the registry that opened the session.
    location: any Location of the session, preferably the latest: CNCF Distribution 2.8 accepts no other.
    blob: the whole blob, not the rest of it; the bytes that the registry has are read but not sent.
    repository: of the blob. With it, the upload can check whether the blob is already stored, and open a new session if
        the old one no longer exists or cannot say whether it has a byte (``Range: 0-0``).
    chunk_size, tries, progress, watch: see :func:`upload_chunks`.

    Returns
    -------
    The transcript of every request that was made.

    Raises
    ------
    PushFailed, ConnectionFailed, DigestMismatch: see :func:`upload_chunks`. PushFailed also if the session no longer
    exists and no ``repository`` was given.

    Source: OCI distribution-spec v1.1.1, "Pushing a blob in chunks"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks>.
    """
    walk = resume(location, blob, repository=repository, chunk_size=chunk_size, tries=tries)
    title = f"rest of an upload to {reg.name}"
    return run(walk, reg, prepare=with_upload_bar if progress else None, watch=watch, title=title)


@follows_redirects
def resume(
    location: Location | str,
    blob: Content,
    *,
    repository: str | None = None,
    chunk_size: int | None = CHUNK_SIZE,
    tries: int = TRIES,
) -> Walk:
    """The walk of :func:`resume_upload`, with the same parameters."""
    blob_upload = _Upload(blob, _size(chunk_size), repository, tries)
    blob_upload.location = location if isinstance(location, Location) else Location(location)
    blob_upload.known = False
    yield from blob_upload.run()
    return ()


def uploader(way: str, chunk_size: int = CHUNK_SIZE, expect_continue: bool = True) -> Uploader:
    """Return the function that sends a blob in one of three ways.

    Parameters
    ----------
    way: ``monolithic``, ``chunked`` or ``streamed``.
    chunk_size: bytes, for ``chunked``.
    expect_continue: for ``monolithic``, whether to wait for ``100 Continue`` before the body.
    """
    ways: dict[str, Uploader] = {
        "monolithic": _Whole(expect_continue).send,
        "chunked": partial(_send_chunks, _size(chunk_size)),
        "streamed": partial(_send_chunks, None),
    }
    if way not in ways:
        raise RegtutorError(f"{way!r} is not a way to upload", f"the ways are {', '.join(ways)}", "Use one of them")
    return ways[way]


class _Whole:
    """Sends all the bytes of a blob in one PUT. It is not resumed: a registry keeps no bytes of a PUT that was cut off.

    A registry or a proxy that does not support Expect responds 417. Then the request is repeated without Expect, and
    so are those for further blobs.

    Source: RFC 9110, 10.1.1 Expect <https://www.rfc-editor.org/rfc/rfc9110.html#section-10.1.1>.
    """

    def __init__(self, expect_continue: bool) -> None:
        self._expect_continue = expect_continue

    def send(self, repository: str, opened: Exchange, blob: Content) -> Part:
        """Send ``blob`` to the session that ``opened`` has opened."""
        location, body = session_of(opened), _known(blob)
        try:
            exchange = yield self._request(location, body)
            if exchange.status == 417 and self._expect_continue:
                self._expect_continue = False
                exchange = yield self._request(location, body)
        except ImageError:
            yield draft(cancel_upload, location)
            raise
        yield from check_blob_stored(exchange, repository, body.digest or "", body.size)

    def _request(self, location: Location, body: Body) -> Request:
        request = draft(put_blob, location, body, expect_continue=self._expect_continue)
        return replace(request, body=checked(body))


def _send_chunks(chunk_size: int | None, repository: str, opened: Exchange, blob: Content) -> Part:
    blob_upload = _Upload(blob, chunk_size, repository, TRIES)
    blob_upload.take(opened)
    yield from blob_upload.run()


def session_of(opened: Exchange) -> Location:
    """Return the Location of the session that ``opened`` has opened."""
    if opened.location is None:
        found = "has no Location" if "Location" not in opened.headers else "has a Location that cannot be read"
        next = "HEAD the blob: if it is there, nothing has to be uploaded; otherwise print this exchange"
        stop(opened, f"The response {found}, so there is no address to send the blob to", next=next)
    return opened.location


class _Lost(Exception):
    """The registry refused the bytes as out of order, or the session does not exist."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange.status)
        self.exchange = exchange


class _Upload:
    """One upload: the Location of its session, and how many bytes have arrived.

    Attributes
    ----------
    location: the latest Location of the session.
    done: how many bytes of the blob the registry has.
    known: whether ``done`` is certain; otherwise the walk gets it from the registry first.
    """

    def __init__(self, blob: Content, chunk_size: int | None, repository: str | None, tries: int) -> None:
        self._body = _known(blob)
        self._chunks = Chunks(self._body)
        self._chunk_size, self._repository, self._tries = chunk_size, repository, tries
        self.location = Location("")
        self.done, self.known = 0, True
        self._assumed_none = False

    def open(self) -> Part:
        """Open a new session."""
        assert self._repository is not None
        opened = yield draft(start_upload, self._repository)
        expect_success(opened, 202)
        self.take(opened)

    def take(self, opened: Exchange) -> None:
        """Continue in the session that ``opened`` has opened, with chunks of at least the size that it requires."""
        self.location, self.done, self.known = session_of(opened), 0, True
        required = least(opened.headers.get("OCI-Chunk-Min-Length"), self._body.size)
        if self._chunk_size is not None and required is not None:
            self._chunk_size = max(self._chunk_size, required)

    def run(self) -> Part:
        """Send the missing bytes and close the session; resume after interruptions as often as allowed."""
        try:
            for tries_left in range(self._tries, -1, -1):
                try:
                    stored = (yield from self._find_offset()) if not self.known else False
                    if not stored:
                        yield from self._send_rest()
                        yield from self._close()
                    return
                except (ConnectionFailed, _Lost) as broken:
                    if not tries_left:
                        _give_up(broken)
                    self.known = False
        except ImageError:
            yield draft(cancel_upload, self.location)
            raise
        finally:
            self._chunks.close()

    def _send_rest(self) -> Part:
        while self.done < self._body.size:
            left = self._body.size - self.done
            size = left if self._chunk_size is None else min(self._chunk_size, left)
            start = None if self._chunk_size is None else self.done
            exchange = yield draft(patch_upload, self.location, self._chunks.chunk(self.done, size), start=start)
            documented = self._unless_lost(exchange, 202)
            self.location, self.done = exchange.location or self.location, self.done + size
            if not documented:
                yield from self._check_arrived(exchange)

    def _close(self) -> Part:
        exchange = yield draft(put_blob, self.location, b"", digest=self._body.digest)
        self._unless_lost(exchange, 201)
        yield from check_blob_stored(exchange, self._repository, self._body.digest or "", self._body.size)

    def _check_arrived(self, exchange: Exchange) -> Part:
        """After a success with another status than 202: check that the bytes of the chunk arrived."""
        sent = self.done
        match = STORED.fullmatch(exchange.headers.get("Range", ""))
        if match is not None and int(match[1]) + 1 == sent:
            return
        stored = yield from self._find_offset()
        if not stored and self.done != sent:
            raise _Lost(exchange)

    @staticmethod
    def _unless_lost(exchange: Exchange, status: int) -> bool:
        """Return whether the response has this status; a further success does not stop the upload either."""
        if exchange.status in (404, 416):
            raise _Lost(exchange)
        return expect_success(exchange, status)

    def _find_offset(self) -> Generator[Request, Exchange, bool]:
        """Get the offset of the session; return True if the blob is already stored and nothing is left to do."""
        exchange = yield draft(get_upload, self.location)
        if exchange.status == 404:
            return (yield from self._start_again(exchange))
        expect_success(exchange, 204)
        self.location = exchange.location or self.location
        match = STORED.fullmatch(exchange.headers.get("Range", ""))
        if match is None or int(match[1]) >= max(self._body.size, 1):
            stop(exchange, f"Its Range does not say how many of the blob's {self._body.size} bytes have arrived")
        self.done = int(match[1]) + 1
        if self.done == 1:
            yield from self._none_or_one()
        self.known = True
        return False

    def _none_or_one(self) -> Part:
        """Handle ``Range: 0-0``, which a session sends if it has one byte, and also if it has none."""
        if self._repository is not None:
            yield draft(cancel_upload, self.location)
            yield from self.open()
            return
        self.done = 1 if self._assumed_none else 0
        self._assumed_none = True

    def _start_again(self, exchange: Exchange) -> Generator[Request, Exchange, bool]:
        """Check whether the blob is stored and only the response was lost; otherwise open a new session."""
        if self._repository is None:
            stop(exchange, "The session no longer exists, and a new session can only be opened with repository=")
        found = yield draft(head_blob, self._repository, self._body.digest)
        if found.status == 200 and found.page is None:
            return True
        expect(found, 404)
        yield from self.open()
        return False


def _give_up(broken: ConnectionFailed | _Lost) -> NoReturn:
    if isinstance(broken, ConnectionFailed):
        raise broken
    stop(broken.exchange, "The registry and this client still disagree on which bytes have arrived")


def _known(blob: Content) -> Body:
    """Return the blob as a body with a known digest."""
    body = body_of(blob)
    return replace(body, digest=digest_of(body))


def _size(chunk_size: int | None) -> int | None:
    if chunk_size is not None and chunk_size < 1:
        raise RegtutorError(f"A chunk cannot have {chunk_size} bytes", next="Give a chunk_size of at least 1")
    return chunk_size
