"""Getting a blob in: sessions, their chunks and their end, and mounts. The answering end of ``regtutor.steps.uploads``.

A session is a Location that changes: its ``_state`` says how many bytes the client knows to have arrived. A request
that brings bytes must go on exactly there, by its Location and by its Content-Range; who lost the place asks for it.
"""

from __future__ import annotations

from regtutor.errors import InvalidDigest
from regtutor.message import HeaderList, Response
from regtutor.protocol import digests
from regtutor.protocol.digests import Digest
from regtutor.server import chunk_range
from regtutor.server.answers import Refusal, answer
from regtutor.server.call import BodySink, Call, digest_from
from regtutor.server.names import is_repository, is_session
from regtutor.server.sessions import Session, SessionBusy, SessionGone, SessionWriter, WrongDigest
from regtutor.server.upload_state import UploadState, seal, unseal

_START_ANEW = "POST /v2/{repository}/blobs/uploads/ for a new session, and follow its Location byte for byte"


def start_upload(call: Call) -> Response:
    """``POST .../blobs/uploads/`` asks for an upload session; 202 with a Location that says where its bytes go.

    ``OCI-Chunk-Min-Length`` where the registry wants chunks of some size. 400 NAME_INVALID.

    OCI distribution-spec v1.1.1, end-4a, "POST then PUT"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#post-then-put>.
    """
    session = Session.start(call.store, call.repository)
    least = call.chunk_min_length
    wanted = (("OCI-Chunk-Min-Length", str(least)),) if least is not None else ()
    return answer(202, *_standing(call, session), *wanted)


def post_blob(call: Call) -> BodySink:
    """``POST .../blobs/uploads/?digest=<digest>`` brings a whole blob in one request; 201 with its Location.

    400 DIGEST_INVALID for a digest that is none, or not that of the bytes, SIZE_INVALID, NAME_INVALID. A registry may
    decline to do this, and open a session in its place: 202. This one does not.

    OCI distribution-spec v1.1.1, end-4b, "Single POST"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#single-post>.
    """
    repository = call.repository
    digest = digest_from(call.query["digest"], "the same POST with the digest of the bytes")
    session = Session.start(call.store, repository)
    return _BlobSink(call, session.writer(digest.algorithm), digest, alone=True)


def mount_blob(call: Call) -> Response:
    """``POST .../blobs/uploads/?mount=<digest>&from=<repository>`` asks for a blob that another repository has.

    201 with its Location: no byte is sent. Where it cannot be mounted, for whatever reason (no ``from``, a repository
    that does not have it, a digest that is none), 202 and an upload session, as ``start_upload`` answers. 400
    NAME_INVALID.

    OCI distribution-spec v1.1.1, end-11, "Mounting a blob from another repository"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#mounting-a-blob-from-another-repository>.
    """
    repository, source = call.repository, call.query.get("from", "")
    try:
        digest = digests.parse(call.query["mount"])
    except InvalidDigest:
        return start_upload(call)
    if not is_repository(source) or not call.store.mount_blob(repository, digest, source):
        return start_upload(call)
    return _stored(call, digest)


def patch_upload(call: Call) -> BodySink:
    """``PATCH <Location>`` brings the next bytes of a blob; 202 with the Location to go on from, and a Range.

    With ``Content-Range: <first>-<last>`` a chunk; without it a stream, which goes on where its Location says. 416
    BLOB_UPLOAD_INVALID (the specification's list has no code of its own for it), with the Location and the Range of the
    session as it stands, for a chunk that is out of order, for a Content-Range that is in another syntax, and for a
    Location that a later answer has replaced. 400 SIZE_INVALID for fewer or more bytes than were announced (they are
    forgotten), NAME_INVALID; 404 BLOB_UPLOAD_UNKNOWN, BLOB_UPLOAD_INVALID. What came of a request that was cut off
    stays.

    OCI distribution-spec v1.1.1, end-5, "Pushing a blob in chunks"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks>. That a
    Content-Range in another syntax is a 416 is from CNCF Distribution 2.8.3, HTTP API V2, "Chunked Upload"
    <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/api.md#chunked-upload>.
    """
    session = _session_in_order(call)
    return _ChunkSink(call, _writer(session, keeps=True))


def get_upload(call: Call) -> Response:
    """``GET <Location>`` asks where a session stands; 204 with the Location to go on from, and the Range of its bytes.

    Any Location of the session will do. ``Range: 0-0`` says one byte, or none. 404 BLOB_UPLOAD_UNKNOWN,
    BLOB_UPLOAD_INVALID; 400 NAME_INVALID.

    OCI distribution-spec v1.1.1, end-13, "Pushing a blob in chunks"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks>.
    """
    session, _ = _session(call)
    return answer(204, *_standing(call, session))


def head_upload(call: Call) -> Response:
    """``HEAD <Location>`` asks where a session stands, as GET does: neither answer has a body.

    RFC 9110, 9.3.2 HEAD <https://www.rfc-editor.org/rfc/rfc9110.html#section-9.3.2>: what answers GET answers HEAD.
    """
    return get_upload(call)


def put_blob(call: Call) -> BodySink:
    """``PUT <Location>&digest=<digest>`` brings a whole blob, or its last bytes, or none, and closes the session.

    201 with the blob's Location; 400 DIGEST_INVALID for a digest that is none, or not that of all bytes (then the
    session is gone, and nothing is stored), SIZE_INVALID, NAME_INVALID; 404 BLOB_UPLOAD_UNKNOWN, BLOB_UPLOAD_INVALID;
    416 BLOB_UPLOAD_INVALID as for a PATCH: the last chunk is a chunk. What came of a request that was cut off is
    forgotten.

    OCI distribution-spec v1.1.1, end-6, "POST then PUT"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#post-then-put>, and "Pushing a blob in
    chunks" <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks>.
    """
    digest = digest_from(call.query["digest"], "the same PUT to the same Location with the digest of the bytes")
    session = _session_in_order(call)
    return _BlobSink(call, _writer(session, digest.algorithm), digest)


def cancel_upload(call: Call) -> Response:
    """``DELETE <Location>`` gives an upload session up; 204, and its bytes are gone.

    Any Location of the session will do, and so will one while a request to it is cut off or goes on, which then comes
    to nothing. 404 BLOB_UPLOAD_UNKNOWN, BLOB_UPLOAD_INVALID; 400 NAME_INVALID.

    CNCF Distribution 2.8.3, HTTP API V2, "Canceling an Upload" (not in the OCI distribution-spec v1.1.1)
    <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/api.md#canceling-an-upload>.
    """
    session, _ = _session(call)
    try:
        session.discard()
    except SessionBusy:
        raise _busy(session) from None
    except SessionGone:
        raise _gone(session) from None
    return answer(204, ("Docker-Upload-UUID", session.id))


class _Sink:
    """The body of a request, on its way into a session."""

    limit = None

    def __init__(self, call: Call, writer: SessionWriter) -> None:
        self._call, self._writer = call, writer
        self.write, self.abort = writer.write, writer.abort

    @property
    def _start_anew(self) -> str:
        return _START_ANEW.format(repository=self._writer.session.repository)

    def finish(self) -> Response:
        promised = _promised(self._call)
        if promised is not None and promised != self._writer.received:
            self._writer.forget()
            self.abort()
            next = f"the same {self._call.head.method} with all of the bytes"
            raise Refusal("SIZE_INVALID", given=self._writer.received, expected=promised, next=next)
        try:
            return self._end()
        except SessionGone:
            raise _gone(self._writer.session) from None

    def _end(self) -> Response:
        raise NotImplementedError


class _ChunkSink(_Sink):
    """Leaves the bytes in the session."""

    def _end(self) -> Response:
        self._writer.pause()
        return answer(202, *_standing(self._call, self._writer.session))


class _BlobSink(_Sink):
    """Makes all bytes of the session a blob; a session for this request ``alone`` ends with it in any case."""

    def __init__(self, call: Call, writer: SessionWriter, digest: Digest, *, alone: bool = False) -> None:
        super().__init__(call, writer)
        self._digest = digest
        if alone:
            self.abort = self._abandon

    def _abandon(self) -> None:
        if self._writer.session.exists:
            self._writer.session.discard()

    def _end(self) -> Response:
        try:
            self._writer.commit(self._digest)
        except WrongDigest as error:
            raise Refusal(
                "DIGEST_INVALID",
                given=str(self._digest),
                expected=f"{error.found}, the digest of the {error.size} bytes that arrived",
                next=self._start_anew,
            ) from error
        return _stored(self._call, self._digest)


def _stored(call: Call, digest: Digest) -> Response:
    location = call.url("get_blob", repository=call.repository, digest=str(digest))
    return answer(201, ("Docker-Content-Digest", str(digest)), ("Location", location))


def _standing(call: Call, session: Session) -> HeaderList:
    """Where the session stands: the Location to go on from, and the bytes that are there, the last one included."""
    try:
        began = session.started_at
    except SessionGone:
        raise _gone(session) from None
    state = seal(UploadState(session.repository, session.id, session.size, began), call.secret)
    location = call.url("put_blob", repository=session.repository, session=session.id, query={"_state": state})
    last = max(session.size - 1, 0)
    return ("Docker-Upload-UUID", session.id), ("Location", location), ("Range", f"0-{last}")


def _session(call: Call) -> tuple[Session, UploadState]:
    """The session that the Location names, if its ``_state`` is ours; and that state."""
    repository, id, sealed = call.repository, call.path["session"], call.query.get("_state", "")
    state = unseal(sealed, call.secret)
    next = _START_ANEW.format(repository=repository)
    if state is None or (state.repository, state.session) != (repository, id) or not is_session(id):
        given = "no _state" if not sealed else "a _state that this registry did not write for this session"
        raise Refusal("BLOB_UPLOAD_INVALID", given=given, expected="_state as in Location", next=next, status=404)
    session = Session(call.store, repository, id)
    if not session.exists:
        raise Refusal("BLOB_UPLOAD_UNKNOWN", given=id, expected="a session that is still open", next=next)
    return session, state


def _session_in_order(call: Call) -> Session:
    """The session that the Location names, if this request's bytes begin where the session's end."""
    session, state = _session(call)
    size, text = session.size, call.head.header("Content-Range")
    chunk = chunk_range.parse(text) if text is not None else None
    if text is not None and chunk is None:
        raise _out_of_order(call, session, f"Content-Range: {text}", f"{chunk_range.GRAMMAR}, beginning with {size}")
    if chunk is not None and chunk.first != size:
        raise _out_of_order(call, session, f"Content-Range: {text}", f"a range that begins with {size}")
    if state.offset != size:
        raise _out_of_order(call, session, f"a Location for offset {state.offset}", f"the one for offset {size}")
    promised = call.head.header("Content-Length")
    if chunk is not None and promised is not None and promised != str(chunk.size):
        given = f"Content-Range: {text}, which is {chunk.size} bytes, and Content-Length: {promised}"
        next = f"the same {call.head.method} with the number of its last byte, not of the one after it"
        raise Refusal("SIZE_INVALID", given=given, expected="the same number of bytes in both", next=next)
    return session


def _out_of_order(call: Call, session: Session, given: str, expected: str) -> Refusal:
    next = "the bytes that follow those in Range, to the Location of this answer; GET that Location to ask again"
    headers = _standing(call, session)
    return Refusal("BLOB_UPLOAD_INVALID", given=given, expected=expected, next=next, headers=headers, status=416)


def _promised(call: Call) -> int | None:
    """How many bytes the head announced; None where it did not say."""
    length = call.head.header("Content-Length")
    if length is not None and length.isdecimal():
        return int(length)
    chunk = chunk_range.parse(call.head.header("Content-Range") or "")
    return chunk.size if chunk is not None else None


def _writer(session: Session, algorithm: str = digests.CANONICAL, *, keeps: bool = False) -> SessionWriter:
    try:
        return session.writer(algorithm, keeps=keeps)
    except SessionBusy:
        raise _busy(session) from None
    except SessionGone:
        raise _gone(session) from None


def _gone(session: Session) -> Refusal:
    return Refusal(
        "BLOB_UPLOAD_UNKNOWN",
        given="a session that was cancelled, finished, or taken over by another request, meanwhile",
        expected="a session that stays open while its bytes come",
        next=_START_ANEW.format(repository=session.repository),
    )


def _busy(session: Session) -> Refusal:
    return Refusal(
        "BLOB_UPLOAD_INVALID",
        given=session.id,
        expected="a session to which no other request is ending at this moment",
        next="GET the Location to see where the session stands; where that is 404, HEAD the blob",
        status=400,
    )
