"""The steps that check, fetch, push and delete a manifest; their handlers are in ``server/handlers/manifests.py``.

``reference`` is a tag or a digest. A header gives the type of the manifest, never the path: ``Content-Type`` when it is
sent, ``Accept`` when it is requested.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import BinaryIO

from regtutor.exchange import Exchange
from regtutor.message import Content, Request, body_of
from regtutor.protocol.endpoints import build
from regtutor.protocol.media_types import MANIFEST_TYPES, OCI_MANIFEST
from regtutor.steps.sender import Sender, needs_registry


@needs_registry
def head_manifest(reg: Sender, repository: str, reference: str, *, accept: Sequence[str] = MANIFEST_TYPES) -> Exchange:
    """Check which manifest a tag points to, without fetching the manifest.

    ``HEAD /v2/<repository>/manifests/<reference>`` -> 200 with ``Docker-Content-Digest`` and ``Content-Type``, or 404.

    Parameters
    ----------
    reg: the registry to send the request to.
    repository: the name of the repository.
    reference: a tag or a digest.
    accept: the media types that the client accepts, in one Accept header each; empty for no such header.

    Source: OCI distribution-spec v1.1.1, "Checking if content exists in the registry" (end-3)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#checking-if-content-exists-in-the-registry>.
    """
    target = build("head_manifest", repository=repository, reference=reference)
    return reg.send(Request("head_manifest", "HEAD", target, tuple(("Accept", kind) for kind in accept)))


@needs_registry
def get_manifest(
    reg: Sender,
    repository: str,
    reference: str,
    *,
    accept: Sequence[str] = MANIFEST_TYPES,
    into: str | os.PathLike[str] | BinaryIO | None = None,
) -> Exchange:
    """Fetch a manifest. The record keeps up to 4 MiB of it (``exchange.content``, ``exchange.json()``).

    ``GET /v2/<repository>/manifests/<reference>`` -> 200 and the exact bytes of the manifest, or 404 if it does not
    exist; 400 if the name, tag or digest is malformed. Distribution also sends 404 for a manifest of a type that
    ``Accept`` does not name; no registry document asks for that.

    Parameters
    ----------
    reg: the registry to send the request to.
    repository: the name of the repository.
    reference: a tag or a digest; if it is a digest, the bytes are verified against it.
    accept: the media types that the client accepts, in one Accept header each; empty for no such header.
    into: a path or an open binary file to write the bytes to, or None.

    Raises
    ------
    ContentMismatch: if ``reference`` is a digest and the bytes do not match it.

    Source: OCI distribution-spec v1.1.1, "Pulling manifests" (end-3)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests>.
    """
    target = build("get_manifest", repository=repository, reference=reference)
    headers = tuple(("Accept", kind) for kind in accept)
    digest = reference if ":" in reference else None
    return reg.send(Request("get_manifest", "GET", target, headers, into=into, digest=digest))


@needs_registry
def put_manifest(
    reg: Sender,
    repository: str,
    reference: str,
    manifest: Content,
    *,
    media_type: str | None = None,
    tags: Sequence[str] = (),
) -> Exchange:
    """Push a manifest: the last request of a push. All content that it names must already be in the repository.

    ``PUT /v2/<repository>/manifests/<reference>`` -> 201, with the stored digest in ``Docker-Content-Digest``.
    400 MANIFEST_BLOB_UNKNOWN if a blob or manifest that it names is missing, MANIFEST_INVALID if it is not a manifest
    of that type; 404 if the repository does not exist, 405 if this registry accepts no manifests (a read-only copy),
    413 if it is too large.

    Parameters
    ----------
    reg: the registry to push to.
    repository: the name of the repository.
    reference: the tag to point to it, or its own digest.
    manifest: ``image.manifest``, bytes, a path or an open binary file; sent unchanged, because its digest depends on
        every byte.
    media_type: the Content-Type; by default that of ``image.manifest``, or that of an OCI manifest for bytes, which are
        not parsed.
    tags: tags that the same request creates if ``reference`` is a digest: ``?tag=<tag>&tag=<tag>``. A registry that
        supports this names each accepted tag in ``OCI-Tag``; any other ignores them, and still returns 201. This is
        end-7b of the specification's main branch, not in v1.1.1.

    Source: OCI distribution-spec v1.1.1, "Pushing Manifests" (end-7)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests>.
    """
    body = body_of(manifest)
    kind = media_type if media_type is not None else getattr(manifest, "media_type", None) or OCI_MANIFEST
    headers = (("Content-Type", kind), ("Content-Length", str(body.size)))
    query = [("tag", tag) for tag in tags]
    target = build("put_manifest", query=query, repository=repository, reference=reference)
    return reg.send(Request("put_manifest", "PUT", target, headers, body))


@needs_registry
def delete_manifest(reg: Sender, repository: str, reference: str) -> Exchange:
    """Delete a tag, or a manifest with every tag that points to it. Blobs stay.

    ``DELETE /v2/<repository>/manifests/<reference>`` -> 202, or 404 if it does not exist. 400 or 405 if deletion is
    switched off; many registries delete by digest only, and return 400 or 405 for a tag. 400 if the digest is
    malformed.

    Parameters
    ----------
    reg: the registry to send the request to.
    repository: the name of the repository.
    reference: a tag, which is then removed, or the digest of the manifest (not of its config).

    Source: OCI distribution-spec v1.1.1, "Deleting Manifests" (end-9)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-manifests>, and "Deleting tags"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-tags>.
    """
    target = build("delete_manifest", repository=repository, reference=reference)
    return reg.send(Request("delete_manifest", "DELETE", target, (("Content-Length", "0"),)))
