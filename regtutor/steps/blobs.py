"""Is a blob there, what is in it, and away with it: the client's side of ``server/handlers/blobs.py``."""

from __future__ import annotations

import os
from typing import BinaryIO

from regtutor.exchange import Exchange
from regtutor.message import Request
from regtutor.protocol.endpoints import build
from regtutor.steps.sender import Sender, needs_registry


@needs_registry
def head_blob(reg: Sender, repository: str, digest: str) -> Exchange:
    """Ask whether the repository holds a blob, so as not to send it twice.

    ``HEAD /v2/<repository>/blobs/<digest>`` -> 200 with the blob's ``Content-Length``, or 404.

    Parameters
    ----------
    reg: the registry that is asked.
    repository: the repository's name; a blob in another one does not count.
    digest: the blob's digest.

    Source: OCI distribution-spec v1.1.1, "Checking if content exists in the registry" (end-2)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#checking-if-content-exists-in-the-registry>.
    """
    return reg.send(Request("head_blob", "HEAD", build("head_blob", repository=repository, digest=digest)))


@needs_registry
def get_blob(
    reg: Sender, repository: str, digest: str, into: str | os.PathLike[str] | BinaryIO | None = None
) -> Exchange:
    """Fetch a blob. Its bytes are hashed while they come, and kept only where ``into`` says.

    ``GET /v2/<repository>/blobs/<digest>`` -> 200 and the bytes, 307 or 302 (they are at ``Location``, which is not
    followed), or 404; 400 for a malformed name or digest. With a ``Range`` header, which a registry should support: 206
    and a part of the bytes, or 416 if the blob has none in that range.

    Parameters
    ----------
    reg: the registry that is asked.
    repository: the repository's name.
    digest: the blob's digest.
    into: a path, which is written only if the digest fits; an open binary file; None to hash the bytes and drop them.

    Raises
    ------
    ContentMismatch: if what came is not what ``digest`` says.

    Source: OCI distribution-spec v1.1.1, "Pulling blobs" (end-2)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-blobs>.
    """
    target = build("get_blob", repository=repository, digest=digest)
    return reg.send(Request("get_blob", "GET", target, into=into, digest=digest))


@needs_registry
def delete_blob(reg: Sender, repository: str, digest: str) -> Exchange:
    """Take a blob out of ``repository``; a manifest that names it there can then no longer be pulled whole.

    ``DELETE /v2/<repository>/blobs/<digest>`` -> 202, or 404 if it is not there; 400 or 405 where deletion is switched
    off, and 400 for a malformed digest. Other repositories keep the blob. Whether disk space becomes free, and when,
    is the registry's business: CNCF Distribution waits for a garbage collection.

    Parameters
    ----------
    reg: the registry.
    repository: the repository's name.
    digest: the blob's digest.

    Source: OCI distribution-spec v1.1.1, "Deleting Blobs" (end-10)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-blobs>.
    """
    target = build("delete_blob", repository=repository, digest=digest)
    return reg.send(Request("delete_blob", "DELETE", target, (("Content-Length", "0"),)))
