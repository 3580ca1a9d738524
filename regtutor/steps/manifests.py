"""The manifest makes an image of the blobs: the client's side of ``server/handlers/manifests.py``.

``reference`` is a tag or a digest. What kind of manifest it is stands in a header, never in the path: ``Content-Type``
when it is sent, ``Accept`` when it is asked for.
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
    """Ask which manifest a tag points to, without fetching it.

    ``HEAD /v2/<repository>/manifests/<reference>`` -> 200 with ``Docker-Content-Digest`` and ``Content-Type``, or 404.

    Parameters
    ----------
    reg: the registry that is asked.
    repository: the repository's name.
    reference: a tag or a digest.
    accept: the media types that the answer may have, one Accept header each; empty for no such header.

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
    """Fetch a manifest; up to 4 MiB of it is kept in the record (``exchange.content``, ``exchange.json()``).

    ``GET /v2/<repository>/manifests/<reference>`` -> 200 and the manifest's very bytes, or 404 if it is not there; 400
    for a malformed name, tag or digest. Distribution also sends 404 for a manifest of a type that ``Accept`` does not
    name; no registry document asks for that.

    Parameters
    ----------
    reg: the registry that is asked.
    repository: the repository's name.
    reference: a tag or a digest; what comes for a digest is checked against it.
    accept: the media types that the answer may have, one Accept header each; empty for no such header.
    into: a path or an open binary file that the bytes are written to, or None.

    Raises
    ------
    ContentMismatch: if ``reference`` is a digest and what came is not what it says.

    Source: OCI distribution-spec v1.1.1, "Pulling manifests" (end-3)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests>.
    """
    target = build("get_manifest", repository=repository, reference=reference)
    headers = tuple(("Accept", kind) for kind in accept)
    digest = reference if ":" in reference else None
    return reg.send(Request("get_manifest", "GET", target, headers, into=into, digest=digest))


@needs_registry
def put_manifest(
    reg: Sender, repository: str, reference: str, manifest: Content, *, media_type: str | None = None
) -> Exchange:
    """Push a manifest: the last request of a push. Everything that it names must be in the repository by now.

    ``PUT /v2/<repository>/manifests/<reference>`` -> 201; ``Docker-Content-Digest`` names what was stored.
    400 MANIFEST_BLOB_UNKNOWN if a blob or manifest is missing, MANIFEST_INVALID if it is no manifest of that type; 404
    if the repository cannot be had, 405 if this registry takes no manifests (a read-only copy), 413 if it is too large.

    Parameters
    ----------
    reg: the registry to push to.
    repository: the repository's name.
    reference: the tag that shall point to it, or its own digest.
    manifest: ``image.manifest``, bytes, a path or an open binary file; sent as it is: its digest hangs on each byte.
    media_type: the Content-Type; by default that of ``image.manifest``, or an OCI manifest's for bytes, which are not
        looked into.

    Source: OCI distribution-spec v1.1.1, "Pushing Manifests" (end-7)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests>.
    """
    body = body_of(manifest)
    kind = media_type if media_type is not None else getattr(manifest, "media_type", None) or OCI_MANIFEST
    headers = (("Content-Type", kind), ("Content-Length", str(body.size)))
    target = build("put_manifest", repository=repository, reference=reference)
    return reg.send(Request("put_manifest", "PUT", target, headers, body))


@needs_registry
def delete_manifest(reg: Sender, repository: str, reference: str) -> Exchange:
    """Delete a tag, or a manifest with every tag that points to it, whichever ``reference`` is. Blobs stay.

    ``DELETE /v2/<repository>/manifests/<reference>`` -> 202, or 404 if it is not there. 400 or 405 where deletion is
    switched off; many registries delete by digest only, and answer 400 or 405 to a tag. 400 for a digest that is none.

    Parameters
    ----------
    reg: the registry.
    repository: the repository's name.
    reference: a tag, which then points nowhere, or the manifest's own digest (not its config's).

    Source: OCI distribution-spec v1.1.1, "Deleting Manifests" (end-9)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-manifests>, and "Deleting tags"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-tags>.
    """
    target = build("delete_manifest", repository=repository, reference=reference)
    return reg.send(Request("delete_manifest", "DELETE", target, (("Content-Length", "0"),)))
