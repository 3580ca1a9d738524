"""How a registry receives a blob: the server side of ``regtutor.steps.uploads``.

A blob arrives in an *upload session*. ``start_upload`` opens one and returns its Location; the response to each PATCH
returns a new Location, which replaces the previous one. The ``_state`` of a Location contains the number of bytes that
had arrived. The next PATCH or PUT must begin exactly there, according to its Location and, if present, its
Content-Range. A client that has lost its place can GET the Location
to find its offset.
"""

from __future__ import annotations

from regtutor.errors import InvalidDigest
from regtutor.protocol import digests
from regtutor.protocol.digests import Digest
from regtutor.server.call import Call, digest_from
from regtutor.server.http import Response
from regtutor.server.names import is_repository
from regtutor.server.receiving import Handling, InMemory, receives
from regtutor.server.respond import Refusal, respond
from regtutor.server.upload_sessions import (
    check_length,
    named_session,
    refused_if_ended,
    session_headers,
    session_in_order,
    writing,
)


def start_upload(call: Call) -> Response:
    """``POST .../blobs/uploads/``: open an upload session.

    - 202 with ``Location``, the URL for the blob's bytes. If the registry has a minimum chunk size,
      ``OCI-Chunk-Min-Length`` gives it.
    - 400 NAME_INVALID; DIGEST_INVALID if ``digest-algorithm`` names an algorithm that the registry does not support.

    OCI distribution-spec v1.1.1, end-4a, "POST then PUT"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#post-then-put>. The parameter
    ``digest-algorithm`` is in no release, only on the specification's main branch: end-4c, "Pushing a blob in chunks".
    It only announces the algorithm, so that the bytes are hashed as they arrive: the digest of the PUT decides.
    """
    session = call.sessions.start(call.repository, _announced_algorithm(call))
    least = call.settings.chunk_min_length
    minimum = (("OCI-Chunk-Min-Length", str(least)),) if least is not None else ()
    return respond(202, *session_headers(call, session), *minimum)


@receives
def post_blob(call: Call) -> Handling:
    """``POST .../blobs/uploads/?digest=<digest>``: store a whole blob in a single request.

    A registry can decline this and open an upload session instead, with 202. This one never does.

    - 201 with the blob's ``Location``.
    - 400 DIGEST_INVALID if the digest is malformed or does not match the content; SIZE_INVALID; NAME_INVALID.

    OCI distribution-spec v1.1.1, end-4b, "Single POST"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#single-post>.
    """
    digest = digest_from(call.query["digest"], "Send the same POST with the digest of the bytes")
    session = call.sessions.start(call.repository)
    with writing(call, session, digest.algorithm, at=0, temporary=True) as writer:
        yield writer
        check_length(call, writer)
        writer.commit(digest)
    return _stored(call, digest)


@receives
def patch_upload(call: Call) -> Handling:
    """``PATCH <Location>``: append the next bytes of a blob to an upload session.

    With ``Content-Range: <first>-<last>`` the body is a chunk. Without it the body is a stream, which continues at the
    offset of its Location. If the connection is cut, the bytes that have arrived stay in the session.

    - 202 with ``Location``, the URL for the next bytes, and ``Range``, the bytes that have arrived.
    - 400 SIZE_INVALID if fewer or more bytes arrive than were announced, which discards them; NAME_INVALID.
    - 404 BLOB_UPLOAD_UNKNOWN or BLOB_UPLOAD_INVALID.
    - 416 BLOB_UPLOAD_INVALID, with the current ``Location`` and ``Range`` of the session, for a chunk that is out of
      order, for a Content-Range in another syntax, and for a Location that a later response has replaced. The
      specification has no error code of its own for these.

    OCI distribution-spec v1.1.1, end-5, "Pushing a blob in chunks"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks>. The
    416 for a malformed Content-Range follows CNCF Distribution 2.8.3, HTTP API V2, "Chunked Upload"
    <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/api.md#chunked-upload>.
    """
    session, offset = session_in_order(call)
    with writing(
        call, session, at=offset, keeps=True
    ) as writer:  # if the connection is cut, the session keeps the bytes
        yield writer
        check_length(call, writer)
        writer.pause()
    return respond(202, *session_headers(call, session))


def get_upload(call: Call) -> Response:
    """``GET <Location>``: report the state of an upload session. Any Location of the session is accepted.

    - 204 with ``Location``, the URL for the next bytes, and ``Range``, the bytes that have arrived. ``Range: 0-0``
      means one byte or none.
    - 400 NAME_INVALID.
    - 404 BLOB_UPLOAD_UNKNOWN or BLOB_UPLOAD_INVALID.

    OCI distribution-spec v1.1.1, end-13, "Pushing a blob in chunks"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks>.
    """
    return respond(204, *session_headers(call, named_session(call)))


def head_upload(call: Call) -> Response:
    """``HEAD <Location>``: report the state of an upload session, exactly as GET does. Neither response has a body.

    RFC 9110, 9.3.2 HEAD <https://www.rfc-editor.org/rfc/rfc9110.html#section-9.3.2>: HEAD works wherever GET does.
    """
    return get_upload(call)


@receives
def put_blob(call: Call) -> Handling:
    """``PUT <Location>&digest=<digest>``: append the last bytes of a blob, if any, and close the upload session.

    The body is the whole blob, or its last chunk, or empty because PATCH has sent all bytes. These cases cannot be
    distinguished before the body ends: Content-Range is optional, and a body in chunked transfer coding has no length.
    So all three are handled alike: the bytes are appended to the session, and the digest must match all of its bytes.
    If the connection is cut, the bytes of this request are discarded.

    - 201 with the blob's ``Location``.
    - 400 DIGEST_INVALID if the digest is malformed or does not match the content; in the second case the session ends,
      and nothing is stored. SIZE_INVALID; NAME_INVALID.
    - 404 BLOB_UPLOAD_UNKNOWN or BLOB_UPLOAD_INVALID.
    - 416 BLOB_UPLOAD_INVALID as for PATCH, since the last chunk must be in order too.

    OCI distribution-spec v1.1.1, end-6, "POST then PUT"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#post-then-put>, and "Pushing a blob in
    chunks" <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks>.
    """
    digest = digest_from(call.query["digest"], "Send the same PUT to the same Location with the digest of the bytes")
    session, offset = session_in_order(call)
    with writing(
        call, session, digest.algorithm, at=offset
    ) as writer:  # if the connection is cut, the bytes are discarded
        yield writer
        check_length(call, writer)
        writer.commit(digest)
    return _stored(call, digest)


@receives
def mount_blob(call: Call) -> Handling:
    """``POST .../blobs/uploads/?mount=<digest>&from=<repository>``: use a blob of another repository.

    - 201 with the blob's ``Location``. No byte of it is sent.
    - 202 with an upload session, as from ``start_upload``, if the blob cannot be mounted, whatever the reason: no
      ``from``, a repository that does not have the blob, a malformed digest, or a garbage collection in progress.
    - 400 NAME_INVALID.

    OCI distribution-spec v1.1.1, end-11, "Mounting a blob from another repository"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#mounting-a-blob-from-another-repository>.
    """
    repository, source = call.repository, call.query.get("from", "")
    try:
        digest = digests.parse(call.query["mount"])
    except InvalidDigest:
        return start_upload(call)
    if not is_repository(source):
        return start_upload(call)
    yield InMemory(0)  # no body is expected; what follows can wait for the disk, so it must not be in the event loop
    # During a garbage collection a mount would have to wait; the specification permits a session instead.
    if call.store.gate.closed or not call.store.mount_blob(repository, digest, source):
        return start_upload(call)
    return _stored(call, digest)


def cancel_upload(call: Call) -> Response:
    """``DELETE <Location>``: cancel an upload session and discard its bytes.

    Any Location of the session is accepted, even while another request to the session is still running or has been cut
    off. That request then has no effect.

    - 204.
    - 400 NAME_INVALID.
    - 404 BLOB_UPLOAD_UNKNOWN or BLOB_UPLOAD_INVALID.

    CNCF Distribution 2.8.3, HTTP API V2, "Canceling an Upload" (not in the OCI distribution-spec v1.1.1)
    <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/api.md#canceling-an-upload>.
    """
    session = named_session(call)
    with refused_if_ended(session):
        session.discard()
    return respond(204, ("Docker-Upload-UUID", session.id))


def _announced_algorithm(call: Call) -> str:
    """The algorithm that ``digest-algorithm`` in the query announces; without it, the canonical one."""
    algorithm = call.query.get("digest-algorithm", digests.CANONICAL)
    if algorithm in digests.ALGORITHMS:
        return algorithm
    raise Refusal(
        "DIGEST_INVALID",
        given=f"digest-algorithm={algorithm}",
        expected=f"a supported algorithm: {' or '.join(digests.ALGORITHMS)}",
        next=f"Send the same POST with digest-algorithm={digests.CANONICAL}, or without the parameter",
    )


def _stored(call: Call, digest: Digest) -> Response:
    location = call.url("get_blob", repository=call.repository, digest=str(digest))
    return respond(201, ("Docker-Content-Digest", str(digest)), ("Location", location))
