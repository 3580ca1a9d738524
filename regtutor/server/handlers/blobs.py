"""Blobs that are there, and their removal. The answering end of ``regtutor.steps.blobs``."""

from __future__ import annotations

from regtutor.protocol.digests import Digest
from regtutor.server.call import Call, digest_from
from regtutor.server.http import FileRange, Response
from regtutor.server.negotiation import asked_range, unchanged
from regtutor.server.respond import Refusal, answer
from regtutor.server.storage.store import StoredBlob

BYTES = (("Accept-Ranges", "bytes"), ("Content-Type", "application/octet-stream"))


def head_blob(call: Call) -> Response:
    """``HEAD .../blobs/<digest>`` asks whether this repository has a blob, and how large it is.

    200, 304 when If-None-Match names the digest; 404 BLOB_UNKNOWN, also when only another repository has it; 400
    DIGEST_INVALID, NAME_INVALID.

    OCI distribution-spec v1.1.1, end-2, "Checking if content exists in the registry"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#checking-if-content-exists-in-the-registry>.
    """
    blob = _blob(call)
    if unchanged(call.head, str(blob.digest)):
        return answer(304, *_validators(blob))
    return answer(200, *_validators(blob), *BYTES, body=FileRange(blob.path, 0, blob.size))


def get_blob(call: Call) -> Response:
    """``GET .../blobs/<digest>`` asks for a blob's bytes, or with Range for a part of them.

    200, 206 with Content-Range, 304 when If-None-Match names the digest; 404 BLOB_UNKNOWN; 416 SIZE_INVALID; 400
    DIGEST_INVALID, NAME_INVALID. No redirect: the bytes are here.

    OCI distribution-spec v1.1.1, end-2, "Pulling blobs"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-blobs>.
    """
    blob = _blob(call)
    if unchanged(call.head, str(blob.digest)):
        return answer(304, *_validators(blob))
    try:
        part = asked_range(call.head, str(blob.digest), blob.size)
    except ValueError as error:
        raise Refusal(
            "SIZE_INVALID",
            given=call.head.header("Range"),
            expected=f"a range within the {blob.size} bytes",
            next="the same GET with such a Range, or without one",
            headers=(("Content-Range", f"bytes */{blob.size}"),),
            status=416,
        ) from error
    headers = (*_validators(blob), *BYTES)
    if part is None:
        return answer(200, *headers, body=FileRange(blob.path, 0, blob.size))
    start, stop = part
    content_range = ("Content-Range", f"bytes {start}-{stop - 1}/{blob.size}")
    return answer(206, *headers, content_range, body=FileRange(blob.path, start, stop))


def delete_blob(call: Call) -> Response:
    """``DELETE .../blobs/<digest>`` asks that this repository have a blob no more.

    202, also for a blob that a manifest still names. Only the repository's link is removed: other repositories keep
    theirs, and the bytes stay on disk until a garbage collection, as CNCF Distribution does it. 404 BLOB_UNKNOWN; 400
    DIGEST_INVALID, NAME_INVALID; 405 UNSUPPORTED where deletion is switched off.

    OCI distribution-spec v1.1.1, end-10, "Deleting Blobs"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-blobs>.
    """
    call.permit_deletion("GET, HEAD")
    repository, digest = _named(call)
    if not call.store.unlink_blob(repository, digest):
        raise _unknown(repository, digest)
    return answer(202)


def _blob(call: Call) -> StoredBlob:
    repository, digest = _named(call)
    blob = call.store.blob(repository, digest)
    if blob is None:
        raise _unknown(repository, digest)
    return blob


def _named(call: Call) -> tuple[str, Digest]:
    repository = call.repository
    return repository, digest_from(call.path["digest"], f"{call.head.method} /v2/{repository}/blobs/<digest>")


def _unknown(repository: str, digest: Digest) -> Refusal:
    return Refusal(
        "BLOB_UNKNOWN",
        given=str(digest),
        expected=f"a blob of the repository {repository}",
        next=f"POST /v2/{repository}/blobs/uploads/ to upload or to mount it",
    )


def _validators(blob: StoredBlob) -> tuple[tuple[str, str], ...]:
    """What lets a client keep the blob: it never changes, so neither does its tag."""
    digest = str(blob.digest)
    return ("Cache-Control", "max-age=31536000"), ("Docker-Content-Digest", digest), ("Etag", f'"{digest}"')
