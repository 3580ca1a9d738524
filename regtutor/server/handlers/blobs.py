"""Serving and deleting stored blobs: the server side of ``regtutor.steps.blobs``."""

from __future__ import annotations

from regtutor.protocol.digests import Digest
from regtutor.server.call import Call, digest_from, found_by_a_push
from regtutor.server.http import FileRange, Response
from regtutor.server.negotiation import requested_range, unchanged
from regtutor.server.respond import Refusal, respond
from regtutor.server.storage.store import StoredBlob

BYTES = (("Accept-Ranges", "bytes"), ("Content-Type", "application/octet-stream"))


def head_blob(call: Call) -> Response:
    """``HEAD .../blobs/<digest>``: report whether the repository has a blob, and its size.

    - 200 if it does.
    - 304 if ``If-None-Match`` names the digest.
    - 400 DIGEST_INVALID or NAME_INVALID.
    - 404 BLOB_UNKNOWN if it does not, even if another repository has the blob; with ``verify_reads``, also if the
      stored bytes do not match the digest.

    OCI distribution-spec v1.1.1, end-2, "Checking if content exists in the registry"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#checking-if-content-exists-in-the-registry>.
    """
    # Not get_blob: that would select a part, but Range is defined for GET only (RFC 9110, section 14.2).
    repository, digest = _named(call)
    with found_by_a_push(call, digest, _unknown(repository, digest)):
        blob = _blob(call)
    if unchanged(call.head, str(blob.digest)):
        return respond(304, *_validators(blob))
    return respond(200, *_validators(blob), *BYTES, body=FileRange(blob.path, 0, blob.size))


def get_blob(call: Call) -> Response:
    """``GET .../blobs/<digest>``: return a blob, or the part of it that ``Range`` selects.

    - 200 with the whole blob. The registry never redirects, since it stores the bytes itself.
    - 206 with ``Content-Range`` and a part of the blob.
    - 304 if ``If-None-Match`` names the digest.
    - 400 DIGEST_INVALID or NAME_INVALID.
    - 404 BLOB_UNKNOWN, as for HEAD.
    - 416 SIZE_INVALID if the range is outside the blob.

    OCI distribution-spec v1.1.1, end-2, "Pulling blobs"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-blobs>.
    """
    blob = _blob(call)
    if unchanged(call.head, str(blob.digest)):
        return respond(304, *_validators(blob))
    try:
        part = requested_range(call.head, str(blob.digest), blob.size)
    except ValueError as error:
        raise Refusal(
            "SIZE_INVALID",
            given=call.head.header("Range"),
            expected=f"a range within the {blob.size} bytes",
            next="Send the same GET with a Range within the blob, or without Range",
            headers=(("Content-Range", f"bytes */{blob.size}"),),
            status=416,
        ) from error
    headers = (*_validators(blob), *BYTES)
    if part is None:
        return respond(200, *headers, body=FileRange(blob.path, 0, blob.size))
    start, stop = part
    content_range = ("Content-Range", f"bytes {start}-{stop - 1}/{blob.size}")
    return respond(206, *headers, content_range, body=FileRange(blob.path, start, stop))


def delete_blob(call: Call) -> Response:
    """``DELETE .../blobs/<digest>``: remove a blob from the repository.

    Only the repository's link is removed. Other repositories keep their links, and the bytes stay on disk until a
    garbage collection, as in CNCF Distribution.

    - 202, even if a manifest still refers to the blob.
    - 400 DIGEST_INVALID or NAME_INVALID.
    - 404 BLOB_UNKNOWN.
    - 405 UNSUPPORTED if deletion is switched off.

    OCI distribution-spec v1.1.1, end-10, "Deleting Blobs"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-blobs>.
    """
    call.permit_deletion("GET, HEAD")
    repository, digest = _named(call)
    if not call.store.unlink_blob(repository, digest):
        raise _unknown(repository, digest)
    return respond(202)


def _blob(call: Call) -> StoredBlob:
    repository, digest = _named(call)
    blob = call.store.blob(repository, digest)
    if blob is None:
        raise _unknown(repository, digest)
    if call.settings.verify_reads and not blob.matches():
        call.store.found_damage(blob.path, f"it does not contain {digest}")
        raise _damaged(repository, digest)
    return blob


def _named(call: Call) -> tuple[str, Digest]:
    repository = call.repository
    return repository, digest_from(call.path["digest"], f"{call.head.method} /v2/{repository}/blobs/<digest>")


def _unknown(repository: str, digest: Digest) -> Refusal:
    return Refusal(
        "BLOB_UNKNOWN",
        given=str(digest),
        expected=f"a blob of the repository {repository}",
        next=f"POST /v2/{repository}/blobs/uploads/ to upload or mount the blob",
    )


def _damaged(repository: str, digest: Digest) -> Refusal:
    """404, since the registry does not have the content of this digest: a client then pushes it, which mends it."""
    return Refusal(
        "BLOB_UNKNOWN",
        given=str(digest),
        expected="stored bytes that match this digest; they are damaged, and the registry's log names the file",
        next=f"POST /v2/{repository}/blobs/uploads/ to upload the blob again",
    )


def _validators(blob: StoredBlob) -> tuple[tuple[str, str], ...]:
    """The headers that let a client cache the blob. Its content never changes, so neither does its ETag."""
    digest = str(blob.digest)
    return ("Cache-Control", "max-age=31536000"), ("Docker-Content-Digest", digest), ("Etag", f'"{digest}"')
