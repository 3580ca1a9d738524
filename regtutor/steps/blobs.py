"""The steps that check, fetch and delete a blob; their handlers are in ``server/handlers/blobs.py``."""

from __future__ import annotations

import os
from typing import BinaryIO

from regtutor.exchange import Exchange
from regtutor.message import Request
from regtutor.protocol.endpoints import build
from regtutor.steps.sender import Sender, needs_registry


@needs_registry
def head_blob(reg: Sender, repository: str, digest: str) -> Exchange:
    """Check whether the repository already has a blob, to avoid sending it again.

    ``HEAD /v2/<repository>/blobs/<digest>`` -> 200 with the ``Content-Length`` of the blob, or 404.

    Parameters
    ----------
    reg: the registry to send the request to.
    repository: the name of the repository; blobs of other repositories do not count.
    digest: the digest of the blob.

    Source: OCI distribution-spec v1.1.1, "Checking if content exists in the registry" (end-2)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#checking-if-content-exists-in-the-registry>.
    """
    return reg.send(Request("head_blob", "HEAD", build("head_blob", repository=repository, digest=digest)))


@needs_registry
def get_blob(
    reg: Sender, repository: str, digest: str, into: str | os.PathLike[str] | BinaryIO | None = None
) -> Exchange:
    """Fetch a blob. Its bytes are hashed as they arrive, and written only to ``into``.

    ``GET /v2/<repository>/blobs/<digest>`` -> 200 and the bytes; 307 or 302 if they are at ``Location``, which is not
    followed; or 404; 400 if the name or the digest is malformed. With a ``Range`` header, which a registry should
    support: 206 and a part of the bytes, or 416 if the blob has no bytes in that range.

    Parameters
    ----------
    reg: the registry to send the request to.
    repository: the name of the repository.
    digest: the digest of the blob.
    into: a path, which is written only if the bytes match the digest; an open binary file; or None to hash the bytes
        and drop them.

    Raises
    ------
    ContentMismatch: if the bytes do not match ``digest``.
    ConnectionFailed: also if there are more bytes than ``max_blob``, see ``connect``: the size of the blob is not
        known before. The part of it in ``into`` is removed if that is a path.

    Source: OCI distribution-spec v1.1.1, "Pulling blobs" (end-2)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-blobs>.
    """
    target = build("get_blob", repository=repository, digest=digest)
    return reg.send(Request("get_blob", "GET", target, into=into, digest=digest))


@needs_registry
def delete_blob(reg: Sender, repository: str, digest: str) -> Exchange:
    """Delete a blob from ``repository``. A manifest there that names the blob can then no longer be pulled whole.

    ``DELETE /v2/<repository>/blobs/<digest>`` -> 202, or 404 if the repository does not have it; 400 or 405 if deletion
    is switched off, and 400 if the digest is malformed. Other repositories keep the blob. Each registry decides whether
    and when disk space is released: CNCF Distribution releases it in a garbage collection.

    Parameters
    ----------
    reg: the registry to send the request to.
    repository: the name of the repository.
    digest: the digest of the blob.

    Source: OCI distribution-spec v1.1.1, "Deleting Blobs" (end-10)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-blobs>.
    """
    target = build("delete_blob", repository=repository, digest=digest)
    return reg.send(Request("delete_blob", "DELETE", target, (("Content-Length", "0"),)))
