"""Getting a blob in: sessions, their chunks and their end, and mounts. The answering end of ``regtutor.steps.uploads``.

A session is a Location that changes: its ``_state`` says how many bytes the client knows to have arrived. A request
that brings bytes must go on exactly there, by its Location and by its Content-Range; who lost the place asks for it.
"""

from __future__ import annotations

from regtutor.errors import InvalidDigest
from regtutor.protocol import digests
from regtutor.protocol.digests import Digest
from regtutor.server.call import Call, digest_from
from regtutor.server.http import Response
from regtutor.server.names import is_repository
from regtutor.server.receiving import Handling, receives
from regtutor.server.respond import answer
from regtutor.server.upload_refusals import (
    check_length,
    commit,
    discard,
    only_for_this_request,
    session_in_order,
    session_of,
    standing,
    writing,
)


def start_upload(call: Call) -> Response:
    """``POST .../blobs/uploads/`` asks for an upload session; 202 with a Location that says where its bytes go.

    ``OCI-Chunk-Min-Length`` where the registry wants chunks of some size. 400 NAME_INVALID.

    OCI distribution-spec v1.1.1, end-4a, "POST then PUT"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#post-then-put>.
    """
    session = call.sessions.start(call.repository)
    least = call.settings.chunk_min_length
    wanted = (("OCI-Chunk-Min-Length", str(least)),) if least is not None else ()
    return answer(202, *standing(call, session), *wanted)


@receives
def post_blob(call: Call) -> Handling:
    """``POST .../blobs/uploads/?digest=<digest>`` brings a whole blob in one request; 201 with its Location.

    400 DIGEST_INVALID for a digest that is none, or not that of the bytes, SIZE_INVALID, NAME_INVALID. A registry may
    decline to do this, and open a session in its place: 202. This one does not.

    OCI distribution-spec v1.1.1, end-4b, "Single POST"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#single-post>.
    """
    repository = call.repository
    digest = digest_from(call.query["digest"], "the same POST with the digest of the bytes")
    new_session = call.sessions.start(repository)
    with only_for_this_request(new_session), writing(new_session, digest.algorithm) as writer:
        yield writer
        check_length(call, writer)
        commit(writer, digest)
    return _stored(call, digest)


@receives
def patch_upload(call: Call) -> Handling:
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
    session = session_in_order(call)
    with writing(session, keeps=True) as writer:  # the bytes of a request that is cut off stay
        yield writer
        check_length(call, writer)
        writer.pause()
    return answer(202, *standing(call, session))


def get_upload(call: Call) -> Response:
    """``GET <Location>`` asks where a session stands; 204 with the Location to go on from, and the Range of its bytes.

    Any Location of the session will do. ``Range: 0-0`` says one byte, or none. 404 BLOB_UPLOAD_UNKNOWN,
    BLOB_UPLOAD_INVALID; 400 NAME_INVALID.

    OCI distribution-spec v1.1.1, end-13, "Pushing a blob in chunks"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks>.
    """
    return answer(204, *standing(call, session_of(call)))


def head_upload(call: Call) -> Response:
    """``HEAD <Location>`` asks where a session stands, as GET does: neither answer has a body.

    RFC 9110, 9.3.2 HEAD <https://www.rfc-editor.org/rfc/rfc9110.html#section-9.3.2>: what answers GET answers HEAD.
    """
    return get_upload(call)


@receives
def put_blob(call: Call) -> Handling:
    """``PUT <Location>&digest=<digest>`` brings a whole blob, or its last bytes, or none, and closes the session.

    A PUT serves three cases: the whole blob, the last chunk, and no bytes because PATCH has brought them all. They
    cannot be told apart before the body ends: Content-Range is optional, and a body in chunked transfer coding has no
    length. So all are handled alike: the bytes are appended to the session, and the digest is that of the whole.

    201 with the blob's Location; 400 DIGEST_INVALID for a digest that is none, or not that of all bytes (then the
    session is gone, and nothing is stored), SIZE_INVALID, NAME_INVALID; 404 BLOB_UPLOAD_UNKNOWN, BLOB_UPLOAD_INVALID;
    416 BLOB_UPLOAD_INVALID as for a PATCH: the last chunk is a chunk. What came of a request that was cut off is
    forgotten.

    OCI distribution-spec v1.1.1, end-6, "POST then PUT"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#post-then-put>, and "Pushing a blob in
    chunks" <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks>.
    """
    digest = digest_from(call.query["digest"], "the same PUT to the same Location with the digest of the bytes")
    session = session_in_order(call)
    with writing(session, digest.algorithm) as writer:  # the bytes of a request that is cut off are forgotten
        yield writer
        check_length(call, writer)
        commit(writer, digest)
    return _stored(call, digest)


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


def cancel_upload(call: Call) -> Response:
    """``DELETE <Location>`` gives an upload session up; 204, and its bytes are gone.

    Any Location of the session will do, and so will one while a request to it is cut off or goes on, which then comes
    to nothing. 404 BLOB_UPLOAD_UNKNOWN, BLOB_UPLOAD_INVALID; 400 NAME_INVALID.

    CNCF Distribution 2.8.3, HTTP API V2, "Canceling an Upload" (not in the OCI distribution-spec v1.1.1)
    <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/api.md#canceling-an-upload>.
    """
    session = session_of(call)
    discard(session)
    return answer(204, ("Docker-Upload-UUID", session.id))


def _stored(call: Call, digest: Digest) -> Response:
    location = call.url("get_blob", repository=call.repository, digest=str(digest))
    return answer(201, ("Docker-Content-Digest", str(digest)), ("Location", location))
