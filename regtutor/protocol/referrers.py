"""Referrers: manifests that name another one as their ``subject``, such as signatures and lists of contents.

How one stands in a list of referrers, and under which tag a registry without the referrers API keeps that list. Pure
functions, for the registry that answers and for the client that keeps the list itself.

Source: OCI distribution-spec v1.1.1, "Listing Referrers"
<https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers> and "Referrers Tag Schema"
<https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema>.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from regtutor.protocol import digests
from regtutor.protocol.manifests import ManifestView
from regtutor.protocol.media_types import OCI_INDEX

_LONGEST = 64


def referrer_entry(view: ManifestView, digest: str, size: int) -> dict[str, Any]:
    """The descriptor, as JSON fields, of a manifest in a list of referrers.

    Parameters
    ----------
    view: what the manifest says.
    digest, size: of its bytes.

    Returns
    -------
    ``artifactType`` is the manifest's own, else the media type of its config; an index without one has none.
    ``annotations`` are the manifest's.
    """
    artifact_type = view.artifact_type or (view.config.media_type if view.config else "")
    entry: dict[str, Any] = {"mediaType": view.media_type, "digest": digest, "size": size}
    if artifact_type:
        entry["artifactType"] = artifact_type
    if view.annotations:
        entry["annotations"] = dict(view.annotations)
    return entry


def referrers_index(entries: Iterable[dict[str, Any]]) -> bytes:
    """An OCI index of such entries."""
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(entries)}).encode()


def referrers_tag(digest: str) -> str:
    """The tag under which clients keep the list of the referrers of ``digest``: ``sha256-<hex>``.

    Raises
    ------
    InvalidDigest: if it is none.
    """
    algorithm, encoded = digests.parse(digest)
    return f"{algorithm}-{encoded[:_LONGEST]}"
