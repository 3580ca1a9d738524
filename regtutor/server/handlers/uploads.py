"""Getting a blob in: sessions, their end, and mounts. The answering end of ``regtutor.steps.uploads``."""

from __future__ import annotations

from regtutor.errors import InvalidDigest
from regtutor.message import Response
from regtutor.protocol import digests
from regtutor.protocol.digests import Digest
from regtutor.server.answers import Refusal, answer
from regtutor.server.call import BodySink, Call, digest_from
from regtutor.server.names import is_repository, is_session
from regtutor.server.sessions import Session, SessionBusy, SessionGone, SessionWriter, WrongDigest
from regtutor.server.upload_state import UploadState, seal, unseal

_START_ANEW = "POST /v2/{repository}/blobs/uploads/ for a new session, and follow its Location byte for byte"


def start_upload(call: Call) -> Response:
    """``POST .../blobs/uploads/`` asks for an upload session; 202 with a Location that says where its bytes go.

    400 NAME_INVALID. A body is read and dropped, also with ``?digest=``: a single POST is an offer that a registry may
    decline with this 202.

    OCI distribution-spec v1.1.1, end-4a, "POST then PUT"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#post-then-put>.
    """
    session = Session.start(call.store, call.repository)
    state = seal(UploadState(session.repository, session.id, session.size, session.started_at), call.secret)
    location = call.url("put_blob", repository=session.repository, session=session.id, query={"_state": state})
    return answer(202, ("Docker-Upload-UUID", session.id), ("Location", location), ("Range", "0-0"))


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


def put_blob(call: Call) -> BodySink:
    """``PUT <Location>&digest=<digest>`` sends a blob's bytes, or the last of them, and closes the session.

    201 with the blob's Location; 400 DIGEST_INVALID for a digest that is none, or not that of the bytes (then the
    session is gone, and nothing is stored), SIZE_INVALID, NAME_INVALID; 404 BLOB_UPLOAD_UNKNOWN, BLOB_UPLOAD_INVALID.

    OCI distribution-spec v1.1.1, end-6, "POST then PUT"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#post-then-put>.
    """
    repository = call.repository
    digest = digest_from(call.query["digest"], "the same PUT to the same Location with the digest of the bytes")
    session = _session_at_its_end(call, repository)
    try:
        return _BlobSink(call, session.writer(digest))
    except SessionBusy:
        raise _busy(session) from None


def cancel_upload(call: Call) -> Response:
    """``DELETE <Location>`` gives an upload session up; 204, and its bytes are gone.

    Any Location of the session will do, and so will one while a PUT to it is cut off or goes on, which then comes to
    nothing. 404 BLOB_UPLOAD_UNKNOWN, BLOB_UPLOAD_INVALID; 400 NAME_INVALID.

    CNCF Distribution 2.8.3, HTTP API V2, "Canceling an Upload" (not in the OCI distribution-spec v1.1.1)
    <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/api.md#canceling-an-upload>.
    """
    session, _ = _session(call, call.repository)
    try:
        session.discard()
    except SessionBusy:
        raise _busy(session) from None
    return answer(204, ("Docker-Upload-UUID", session.id))


class _BlobSink:
    """The body of a ``put_blob``, on its way into the session."""

    limit = None

    def __init__(self, call: Call, writer: SessionWriter) -> None:
        self._call, self._writer = call, writer
        self.write, self.abort = writer.write, writer.abort

    def finish(self) -> Response:
        promised, received = self._call.head.header("Content-Length"), self._writer.received
        if promised is not None and promised != str(received):
            self.abort()
            raise Refusal("SIZE_INVALID", given=received, expected=promised, next="the same PUT with all of the bytes")
        try:
            self._writer.commit()
        except SessionGone:
            next = _START_ANEW.format(repository=self._writer.session.repository)
            raise Refusal("BLOB_UPLOAD_UNKNOWN", given="a session that was cancelled meanwhile", next=next) from None
        except WrongDigest as error:
            raise Refusal(
                "DIGEST_INVALID",
                given=str(self._writer.digest),
                expected=f"{error.found}, the digest of the {error.size} bytes that arrived",
                next=_START_ANEW.format(repository=self._writer.session.repository),
            ) from error
        return _stored(self._call, self._writer.digest)


def _stored(call: Call, digest: Digest) -> Response:
    location = call.url("get_blob", repository=call.repository, digest=str(digest))
    return answer(201, ("Docker-Content-Digest", str(digest)), ("Location", location))


def _session(call: Call, repository: str) -> tuple[Session, UploadState]:
    """The session that the Location names, if its ``_state`` is ours; and that state."""
    id, sealed = call.path["session"], call.query.get("_state", "")
    state = unseal(sealed, call.secret)
    next = _START_ANEW.format(repository=repository)
    if state is None or (state.repository, state.session) != (repository, id) or not is_session(id):
        given = "no _state" if not sealed else "a _state that this registry did not write for this session"
        raise Refusal("BLOB_UPLOAD_INVALID", given=given, expected="_state as in Location", next=next, status=404)
    session = Session(call.store, repository, id)
    if not session.exists:
        raise Refusal("BLOB_UPLOAD_UNKNOWN", given=id, expected="a session that is still open", next=next)
    return session, state


def _session_at_its_end(call: Call, repository: str) -> Session:
    """The session that the Location names, if the Location says how many bytes are on disk."""
    session, state = _session(call, repository)
    if state.offset != session.size:
        next = _START_ANEW.format(repository=repository)
        given = f"a Location for offset {state.offset}"
        raise Refusal(
            "BLOB_UPLOAD_INVALID", given=given, expected=f"one for offset {session.size}", next=next, status=404
        )
    return session


def _busy(session: Session) -> Refusal:
    return Refusal(
        "BLOB_UPLOAD_INVALID",
        given=session.id,
        expected="a session to which no other request writes at this moment",
        next="the same request once the other one has ended",
    )
