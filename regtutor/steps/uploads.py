"""The steps that upload or mount a blob; their handlers are in ``server/handlers/uploads.py``.

A blob is uploaded in a *session*. ``start_upload`` opens one and receives its Location; ``put_blob`` sends the bytes to
that Location and closes the session. Alternatively, ``patch_upload`` sends the bytes in chunks or as a stream, each
time to the Location of the latest response. ``put_blob`` then closes the session, with the last bytes or without any.

``get_upload`` gets the number of received bytes; ``cancel_upload`` cancels the session. ``post_blob`` uploads a blob in
one request, if the registry supports it. ``mount_blob`` avoids the upload if another repository has the blob.
"""

from __future__ import annotations

from regtutor.errors import InvalidArgument, NoLocation
from regtutor.exchange import Exchange
from regtutor.message import Content, HeaderList, Location, Request, body_of, digest_of
from regtutor.protocol.endpoints import build
from regtutor.steps.sender import Sender, needs_registry


@needs_registry
def start_upload(reg: Sender, repository: str, *, digest_algorithm: str | None = None) -> Exchange:
    """Open an upload session in ``repository``.

    ``POST /v2/<repository>/blobs/uploads/`` -> 202, with the address for the bytes in ``Location``
    (``exchange.location``) and, optionally, the smallest chunk size in ``OCI-Chunk-Min-Length``. 400 NAME_INVALID if
    the name does not match the grammar; some registries return 404 if the repository does not exist, and 401 or 403 if
    you are not allowed to push there.

    Parameters
    ----------
    reg: the registry to push to.
    repository: the name of the repository, such as ``library/hello``; sent as given.
    digest_algorithm: the algorithm of the digest that will close the session, such as ``sha512``, which lets the
        registry hash the bytes as they arrive: ``?digest-algorithm=sha512``. A registry without this feature ignores
        it. This is end-4c of the specification's main branch, not in v1.1.1.

    Source: OCI distribution-spec v1.1.1, "POST then PUT" (end-4a)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#post-then-put>.
    """
    query = {"digest-algorithm": digest_algorithm} if digest_algorithm is not None else {}
    target = build("start_upload", query=query, repository=repository)
    return reg.send(Request("start_upload", "POST", target, (("Content-Length", "0"),)))


@needs_registry
def post_blob(reg: Sender, repository: str, content: Content, *, digest: str | None = None) -> Exchange:
    """Upload a whole blob in one request, without a session.

    ``POST /v2/<repository>/blobs/uploads/?digest=<digest>`` -> 201, with the blob's address in ``Location`` and its
    digest in ``Docker-Content-Digest``. A registry that does not support this request returns 202: it has opened
    a session instead, as for :func:`start_upload`; send the bytes there. 400 DIGEST_INVALID if the bytes do not match
    the digest, SIZE_INVALID if there are more or fewer than announced, NAME_INVALID if the name does not match the
    grammar; some registries return 404 if the repository does not exist, and a mirror returns 405.

    Parameters
    ----------
    reg: the registry to push to.
    repository: the name of the repository; sent as given.
    content: bytes, a path, an open binary file, or a layer of an image; it is streamed.
    digest: the digest to announce; by default the digest of ``content``.

    Source: OCI distribution-spec v1.1.1, "Single POST" (end-4b)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#single-post>.
    """
    body = body_of(content)
    announced = digest if digest is not None else digest_of(body)
    target = build("post_blob", repository=repository, query={"digest": announced})
    headers = (("Content-Type", "application/octet-stream"), ("Content-Length", str(body.size)))
    return reg.send(Request("post_blob", "POST", target, headers, body))


@needs_registry
def patch_upload(reg: Sender, location: Location | str, content: Content, *, start: int | None = None) -> Exchange:
    """Send the next bytes of a blob to an open session: a chunk, or a stream.

    ``PATCH <Location>`` -> 202, with the address for the next bytes in ``Location`` and the received bytes in
    ``Range: 0-<last>``. 416 if these are not the next bytes: use :func:`get_upload` to find out which bytes the
    registry has (some registries send the same two headers with the 416). 400 SIZE_INVALID if there are more or fewer
    bytes than announced, NAME_INVALID; 404 BLOB_UPLOAD_UNKNOWN if the session no longer exists, BLOB_UPLOAD_INVALID if
    the Location does not belong to it.

    Parameters
    ----------
    reg: the registry that opened the session.
    location: the latest ``exchange.location`` of the session; each response has a new one.
    content: bytes, a path, an open binary file, or a layer of an image; it is streamed.
    start: the offset of these bytes in the blob, to send a chunk with ``Content-Range: <first>-<last>``, where ``last``
        is the offset of its last byte. None sends a stream: no Content-Range, and no announced length (chunked transfer
        coding).

    Source: OCI distribution-spec v1.1.1, "Pushing a blob in chunks" (end-5)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks>; for the stream
    CNCF Distribution 2.8.3, HTTP API V2, "Stream upload"
    <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/api.md#stream-upload>.
    """
    body = body_of(content)
    length = ("Transfer-Encoding", "chunked") if start is None else ("Content-Length", str(body.size))
    headers = (("Content-Type", "application/octet-stream"), length, *_content_range(start, body.size))
    return reg.send(Request("patch_upload", "PATCH", _as_location(location), headers, body))


@needs_registry
def get_upload(reg: Sender, location: Location | str) -> Exchange:
    """Get the number of bytes that an open session has received, and the address for the next ones.

    ``GET <Location>`` -> 204, with the address for the next bytes in ``Location`` and the received bytes in
    ``Range: 0-<last>``, where ``last`` is the offset of the last byte. (``0-0`` can mean one byte or none.) 404
    BLOB_UPLOAD_UNKNOWN if the session no longer exists, BLOB_UPLOAD_INVALID if the Location does not belong to it; 400
    NAME_INVALID.

    Parameters
    ----------
    reg: the registry that opened the session.
    location: any ``exchange.location`` of the session.

    Source: OCI distribution-spec v1.1.1, "Pushing a blob in chunks" (end-13)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks>.
    """
    return reg.send(Request("get_upload", "GET", _as_location(location)))


@needs_registry
def head_upload(reg: Sender, location: Location | str) -> Exchange:
    """Get the number of bytes that an open session has received, with HEAD instead of GET.

    ``HEAD <Location>`` -> 204, or 404 if the session no longer exists; the response is that of :func:`get_upload`.

    Parameters
    ----------
    reg: the registry that opened the session.
    location: any ``exchange.location`` of the session.

    Source: RFC 9110, 9.3.2 HEAD <https://www.rfc-editor.org/rfc/rfc9110.html#section-9.3.2>. No registry document
    names this request; registries that support GET here support HEAD as well.
    """
    return reg.send(Request("head_upload", "HEAD", _as_location(location)))


@needs_registry
def put_blob(
    reg: Sender,
    location: Location | str,
    content: Content,
    *,
    digest: str | None = None,
    start: int | None = None,
    expect_continue: bool = True,
) -> Exchange:
    """Close an upload session, and send the whole blob, its last bytes, or no bytes in the same request.

    ``PUT <Location>&digest=<digest>`` -> 100 (send the body), then 201, with the stored digest in
    ``Docker-Content-Digest``. 400 DIGEST_INVALID if the bytes do not match the digest, SIZE_INVALID if there are more
    or fewer than announced, NAME_INVALID; 404 BLOB_UPLOAD_UNKNOWN if the session no longer exists, BLOB_UPLOAD_INVALID
    if the Location does not belong to it; 413 if the blob is too large; 416 if these are not its last bytes.

    Parameters
    ----------
    reg: the registry that opened the session.
    location: the latest ``exchange.location`` of the session; followed byte for byte, with ``digest=`` appended.
    content: bytes, a path, an open binary file, or a layer of an image; it is streamed. Use ``b""`` if
        :func:`patch_upload` has sent all bytes.
    digest: the digest of the whole blob; by default that of ``content``, which is wrong for a last chunk. Unless
        ``content`` is a layer, it is read once more to compute the digest.
    start: for a last chunk, the offset of these bytes in the blob; sends ``Content-Range``.
    expect_continue: wait for ``100 Continue`` before the body is sent, so that a refusal costs no upload.

    Source: OCI distribution-spec v1.1.1, "POST then PUT" (end-6)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#post-then-put>, and "Pushing a blob in
    chunks" <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks>;
    RFC 9110, 10.1.1 Expect <https://www.rfc-editor.org/rfc/rfc9110.html#section-10.1.1>: Expect is sent only
    with a body.
    """
    body = body_of(content)
    target = _as_location(location).with_query(digest=digest if digest is not None else digest_of(body))
    headers = [("Content-Type", "application/octet-stream"), ("Content-Length", str(body.size))]
    headers.extend(_content_range(start, body.size))
    if expect_continue and body.size:
        headers.append(("Expect", "100-continue"))
    return reg.send(Request("put_blob", "PUT", target, tuple(headers), body))


@needs_registry
def mount_blob(reg: Sender, repository: str, digest: str, *, source: str | None = None) -> Exchange:
    """Make a blob of the repository ``source`` available in ``repository`` too, without sending it.

    ``POST /v2/<repository>/blobs/uploads/?mount=<digest>&from=<source>`` -> 201 if the blob was mounted, or 202 if it
    was not: the registry has opened an upload session instead; use its ``Location`` as you would use that of
    :func:`start_upload`. A client that takes the 202 for a success sends a manifest that names a missing blob. 400
    NAME_INVALID if the name does not match the grammar; some registries return 404 if the repository does not exist,
    and a mirror returns 405.

    Parameters
    ----------
    reg: the registry that has both repositories.
    repository: the repository to mount the blob into.
    digest: the digest of the blob.
    source: the repository that has the blob; you must be allowed to pull from it. With None, ``from`` is left out: a
        registry can then look for the blob by itself, but most open a session.

    Source: OCI distribution-spec v1.1.1, "Mounting a blob from another repository" (end-11)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#mounting-a-blob-from-another-repository>.
    """
    query = {"mount": digest} | ({"from": source} if source is not None else {})
    target = build("mount_blob", repository=repository, query=query)
    return reg.send(Request("mount_blob", "POST", target, (("Content-Length", "0"),)))


@needs_registry
def cancel_upload(reg: Sender, location: Location | str) -> Exchange:
    """Cancel an open session, so that the registry can delete its bytes now and not after a week.

    ``DELETE <Location>`` -> 204; 404 BLOB_UPLOAD_UNKNOWN if the session no longer exists, BLOB_UPLOAD_INVALID if the
    Location does not belong to it; 400 NAME_INVALID.

    Parameters
    ----------
    reg: the registry that opened the session.
    location: the latest ``exchange.location`` of the session.

    Source: CNCF Distribution 2.8.3, HTTP API V2, "Canceling an Upload"
    <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/api.md#canceling-an-upload>. The OCI
    distribution-spec has no such request up to v1.1.1.
    """
    return reg.send(Request("cancel_upload", "DELETE", _as_location(location), (("Content-Length", "0"),)))


def _as_location(location: Location | str) -> Location:
    """Return ``location`` as a Location; NoLocation for None, the ``location`` of a response without one."""
    if isinstance(location, Location):
        return location
    if isinstance(location, str):
        return Location(location)
    if location is None:
        raise NoLocation(
            "There is no Location to send the request to",
            "the response that it was read from has none; was the request refused, or is the blob there already?",
            "Print that exchange. After a refusal, start the upload again once you know why; after a 201, the blob is "
            "stored: continue with the next one",
        )
    raise InvalidArgument(
        f"An object of type {type(location).__name__} was given as the Location",
        "a Location is exchange.location, or a string",
        "Give exchange.location" if hasattr(location, "location") else "",
    )


def _content_range(start: int | None, size: int) -> HeaderList:
    """Return a Content-Range header with the first and last offset; none without ``start`` or without any bytes."""
    return (("Content-Range", f"{start}-{start + size - 1}"),) if start is not None and size else ()
