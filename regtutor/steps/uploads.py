"""How a blob gets into a repository: the client's side of ``server/handlers/uploads.py``.

A blob is uploaded within a *session*. ``start_upload`` opens one and is told its Location; ``put_blob`` sends the bytes
there and closes it; ``cancel_upload`` gives it up. ``mount_blob`` asks to skip all that, because the registry has the
blob in another repository.
"""

from __future__ import annotations

from regtutor.exchange import Exchange
from regtutor.message import Content, Location, Request, body_of, digest_of
from regtutor.protocol.routes import build
from regtutor.steps.sender import Sender


def start_upload(reg: Sender, repository: str) -> Exchange:
    """Open an upload session in ``repository``.

    ``POST /v2/<repository>/blobs/uploads/`` -> 202; ``Location`` says where the bytes go (``exchange.location``).
    404 if the repository cannot be had, 401 or 403 if one may not push there.

    Parameters
    ----------
    reg: the registry to push to.
    repository: the repository's name, such as ``library/hello``; sent as it is.

    Source: OCI distribution-spec v1.1.1, "POST then PUT" (end-4a)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#post-then-put>.
    """
    target = build("start_upload", repository=repository)
    return reg.send(Request("start_upload", "POST", target, (("Content-Length", "0"),)))


def put_blob(
    reg: Sender,
    location: Location | str,
    content: Content,
    *,
    digest: str | None = None,
    expect_continue: bool = True,
) -> Exchange:
    """Send a whole blob into an open session and close it.

    ``PUT <Location>&digest=<digest>`` -> 100 (go on), then 201; ``Docker-Content-Digest`` names what was stored.
    400 DIGEST_INVALID if the bytes are not what the digest says, 404 if the session is gone, 413 if it is too large,
    416 if bytes are missing from it (so far only in the specification's main branch).

    Parameters
    ----------
    reg: the registry that opened the session.
    location: ``exchange.location`` of :func:`start_upload`; followed byte for byte, with ``digest=`` appended.
    content: bytes, a path, an open binary file, or a layer of an image; it is streamed.
    digest: what the bytes are said to be; by default what they are (a layer knows, anything else is read once more).
    expect_continue: ask for ``100 Continue`` before the body is sent, so that a refusal costs no upload.

    Source: OCI distribution-spec v1.1.1, "POST then PUT" (end-6)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#post-then-put>; RFC 9110, 10.1.1 Expect
    <https://www.rfc-editor.org/rfc/rfc9110.html#section-10.1.1>.
    """
    body = body_of(content)
    location = location if isinstance(location, Location) else Location(location)
    headers = [("Content-Type", "application/octet-stream"), ("Content-Length", str(body.size))]
    if expect_continue:
        headers.append(("Expect", "100-continue"))
    target = location.with_query(digest=digest or digest_of(body))
    return reg.send(Request("put_blob", "PUT", target, tuple(headers), body))


def mount_blob(reg: Sender, repository: str, digest: str, *, source: str) -> Exchange:
    """Have a blob of the repository ``source`` appear in ``repository`` too, without sending it.

    ``POST /v2/<repository>/blobs/uploads/?mount=<digest>&from=<source>`` -> 201 (it is there), or 202: not mounted, and
    an upload session was opened instead, whose ``Location`` is as good as :func:`start_upload`'s. A client that takes
    the 202 for a success ends up with a manifest that names a missing blob. 404 if the repository cannot be had.

    Parameters
    ----------
    reg: the registry that holds both repositories.
    repository: where the blob shall be.
    digest: the blob's digest.
    source: the repository that has it; one must be allowed to pull from it.

    Source: OCI distribution-spec v1.1.1, "Mounting a blob from another repository" (end-11)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#mounting-a-blob-from-another-repository>.
    """
    target = build("mount_blob", repository=repository, query={"mount": digest, "from": source})
    return reg.send(Request("mount_blob", "POST", target, (("Content-Length", "0"),)))


def cancel_upload(reg: Sender, location: Location | str) -> Exchange:
    """Give up an open session: the registry may drop its bytes now, not after a week.

    ``DELETE <Location>`` -> 204, or 404 if the session is gone already.

    Parameters
    ----------
    reg: the registry that opened the session.
    location: the session's latest ``exchange.location``.

    Source: CNCF Distribution 2.8.3, HTTP API V2, "Canceling an Upload"
    <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/api.md#canceling-an-upload>. The OCI
    distribution-spec has no such request up to v1.1.1.
    """
    location = location if isinstance(location, Location) else Location(location)
    return reg.send(Request("cancel_upload", "DELETE", location, (("Content-Length", "0"),)))
