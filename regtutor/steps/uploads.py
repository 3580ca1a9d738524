"""How a blob gets into a repository: the client's side of ``server/handlers/uploads.py``.

A blob is uploaded within a *session*. ``start_upload`` opens one and is told its Location; ``put_blob`` sends the bytes
there and closes it. Or ``patch_upload`` sends them, chunk by chunk or as a stream, each time to the Location of the
latest answer, and ``put_blob`` closes the session with the last of them or with none. ``get_upload`` asks how far it
has come; ``cancel_upload`` gives it up. ``post_blob`` does it all in one request, where the registry does that, and
``mount_blob`` asks to skip it, because the registry has the blob in another repository.
"""

from __future__ import annotations

from regtutor.errors import InvalidArgument
from regtutor.exchange import Exchange
from regtutor.message import Content, HeaderList, Location, Request, body_of, digest_of
from regtutor.protocol.endpoints import build
from regtutor.steps.sender import Sender, needs_registry


@needs_registry
def start_upload(reg: Sender, repository: str) -> Exchange:
    """Open an upload session in ``repository``.

    ``POST /v2/<repository>/blobs/uploads/`` -> 202; ``Location`` says where the bytes go (``exchange.location``), and
    ``OCI-Chunk-Min-Length``, if it is there, how many bytes a chunk should have at least. 400 NAME_INVALID for a name
    that does not fit the grammar; some registries answer 404 for a repository that cannot be had, 401 or 403 if one may
    not push there.

    Parameters
    ----------
    reg: the registry to push to.
    repository: the repository's name, such as ``library/hello``; sent as it is.

    Source: OCI distribution-spec v1.1.1, "POST then PUT" (end-4a)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#post-then-put>.
    """
    target = build("start_upload", repository=repository)
    return reg.send(Request("start_upload", "POST", target, (("Content-Length", "0"),)))


@needs_registry
def post_blob(reg: Sender, repository: str, content: Content, *, digest: str | None = None) -> Exchange:
    """Send a whole blob in one request, without a session.

    ``POST /v2/<repository>/blobs/uploads/?digest=<digest>`` -> 201, ``Location`` and ``Docker-Content-Digest`` name the
    blob. Or 202: this registry does not do it, and has opened a session in its place, as :func:`start_upload` would;
    the bytes are to be sent there. 400 DIGEST_INVALID if the bytes are not what the digest says, SIZE_INVALID if they
    are not as many as was said, NAME_INVALID for a name that does not fit the grammar; some registries answer 404 for a
    repository that cannot be had, and a mirror 405.

    Parameters
    ----------
    reg: the registry to push to.
    repository: the repository's name; sent as it is.
    content: bytes, a path, an open binary file, or a layer of an image; it is streamed.
    digest: what the bytes are said to be; by default what they are.

    Source: OCI distribution-spec v1.1.1, "Single POST" (end-4b)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#single-post>.
    """
    body = body_of(content)
    said = digest if digest is not None else digest_of(body)
    target = build("post_blob", repository=repository, query={"digest": said})
    headers = (("Content-Type", "application/octet-stream"), ("Content-Length", str(body.size)))
    return reg.send(Request("post_blob", "POST", target, headers, body))


@needs_registry
def patch_upload(reg: Sender, location: Location | str, content: Content, *, start: int | None = None) -> Exchange:
    """Send the next bytes of a blob into an open session: a chunk, or a stream.

    ``PATCH <Location>`` -> 202; ``Location`` says where the next bytes go, ``Range: 0-<last>`` which are there. 416 for
    bytes that are not the next ones: :func:`get_upload` asks which are there (some registries say so here, with the
    same two headers); 400 SIZE_INVALID if they are not as many as was said,
    NAME_INVALID; 404 BLOB_UPLOAD_UNKNOWN if the session is gone, BLOB_UPLOAD_INVALID if the Location is not its own.

    Parameters
    ----------
    reg: the registry that opened the session.
    location: the session's latest ``exchange.location``; each answer gives a new one.
    content: bytes, a path, an open binary file, or a layer of an image; it is streamed.
    start: where in the blob these bytes begin, in bytes: a chunk, with ``Content-Range: <first>-<last>``, both
        included. None sends a stream: no Content-Range, and no length beforehand (chunked transfer coding).

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
    """Ask how far an open session has come.

    ``GET <Location>`` -> 204; ``Location`` says where the next bytes go, ``Range: 0-<last>`` which are there, the last
    one included. (``0-0`` may mean one byte or none.) 404 BLOB_UPLOAD_UNKNOWN if the session is gone,
    BLOB_UPLOAD_INVALID if the Location is not its own; 400 NAME_INVALID.

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
    """Ask how far an open session has come, by HEAD; the answer is that of :func:`get_upload`.

    ``HEAD <Location>`` -> 204, or 404 if the session is gone.

    Parameters
    ----------
    reg: the registry that opened the session.
    location: any ``exchange.location`` of the session.

    Source: RFC 9110, 9.3.2 HEAD <https://www.rfc-editor.org/rfc/rfc9110.html#section-9.3.2>. No document of registries
    names this request; those that answer GET there answer HEAD as well.
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
    """Send a whole blob into an open session, or the last bytes of one, or none, and close the session.

    ``PUT <Location>&digest=<digest>`` -> 100 (go on), then 201; ``Docker-Content-Digest`` names what was stored.
    400 DIGEST_INVALID if the bytes are not what the digest says, SIZE_INVALID if they are not as many as was said,
    NAME_INVALID; 404 BLOB_UPLOAD_UNKNOWN if the session is gone, BLOB_UPLOAD_INVALID if the Location is not its own;
    413 if it is too large; 416 if they are not the last bytes of it.

    Parameters
    ----------
    reg: the registry that opened the session.
    location: the session's latest ``exchange.location``; followed byte for byte, with ``digest=`` appended.
    content: bytes, a path, an open binary file, or a layer of an image; it is streamed. ``b""`` if all bytes have been
        sent by :func:`patch_upload`.
    digest: what all bytes of the blob are said to be; by default what ``content`` is (a layer knows, anything else is
        read once more), which is wrong for a last chunk.
    start: where in the blob these bytes begin, in bytes, for a last chunk: sends ``Content-Range``.
    expect_continue: ask for ``100 Continue`` before the body is sent, so that a refusal costs no upload.

    Source: OCI distribution-spec v1.1.1, "POST then PUT" (end-6)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#post-then-put>, and "Pushing a blob in
    chunks" <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks>;
    RFC 9110, 10.1.1 Expect <https://www.rfc-editor.org/rfc/rfc9110.html#section-10.1.1>: not without a body.
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
    """Have a blob of the repository ``source`` appear in ``repository`` too, without sending it.

    ``POST /v2/<repository>/blobs/uploads/?mount=<digest>&from=<source>`` -> 201 (it is there), or 202: not mounted, and
    an upload session was opened instead, whose ``Location`` is as good as :func:`start_upload`'s. A client that takes
    the 202 for a success ends up with a manifest that names a missing blob. 400 NAME_INVALID for a name that does not
    fit the grammar; some registries answer 404 for a repository that cannot be had, and a mirror 405.

    Parameters
    ----------
    reg: the registry that holds both repositories.
    repository: where the blob shall be.
    digest: the blob's digest.
    source: the repository that has it; one must be allowed to pull from it. None leaves ``from`` out: a registry may
        then look for the blob by itself, and most open a session.

    Source: OCI distribution-spec v1.1.1, "Mounting a blob from another repository" (end-11)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#mounting-a-blob-from-another-repository>.
    """
    query = {"mount": digest} | ({"from": source} if source is not None else {})
    target = build("mount_blob", repository=repository, query=query)
    return reg.send(Request("mount_blob", "POST", target, (("Content-Length", "0"),)))


@needs_registry
def cancel_upload(reg: Sender, location: Location | str) -> Exchange:
    """Give up an open session: the registry may drop its bytes now, not after a week.

    ``DELETE <Location>`` -> 204; 404 BLOB_UPLOAD_UNKNOWN if the session is gone already, BLOB_UPLOAD_INVALID if the
    Location is not its own; 400 NAME_INVALID.

    Parameters
    ----------
    reg: the registry that opened the session.
    location: the session's latest ``exchange.location``.

    Source: CNCF Distribution 2.8.3, HTTP API V2, "Canceling an Upload"
    <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/api.md#canceling-an-upload>. The OCI
    distribution-spec has no such request up to v1.1.1.
    """
    return reg.send(Request("cancel_upload", "DELETE", _as_location(location), (("Content-Length", "0"),)))


def _as_location(location: Location | str) -> Location:
    """Where to send to; InvalidArgument for None, which is the ``location`` of an answer without one."""
    if isinstance(location, Location):
        return location
    if isinstance(location, str):
        return Location(location)
    if location is None:
        raise InvalidArgument(
            "There is no Location to send to",
            "the answer that it was taken from had none; was it refused?",
            "Print that exchange, and start the upload anew once you know why",
        )
    raise InvalidArgument(
        f"The Location that was given is of the type {type(location).__name__}",
        "it is an exchange's location, or a text",
        "Give exchange.location" if hasattr(location, "location") else "",
    )


def _content_range(start: int | None, size: int) -> HeaderList:
    """Which bytes of the blob these are, both ends included; no header where that is not said, or there are none."""
    return (("Content-Range", f"{start}-{start + size - 1}"),) if start is not None and size else ()
