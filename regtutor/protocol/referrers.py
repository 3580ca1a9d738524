"""Referrers: manifests that name another manifest as their ``subject``, such as signatures and lists of contents.

This module makes the entries of a list of referrers, and the tag for that list on a registry without the referrers API.
The functions are pure: the registry uses them to respond, and the client to maintain the list itself.

Source: OCI distribution-spec v1.1.1, "Listing Referrers"
<https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers> and "Referrers Tag Schema"
<https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema>.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from regtutor.protocol import digests
from regtutor.protocol.manifests import ManifestView
from regtutor.protocol.media_types import OCI_INDEX

_LONGEST = 64

_TAG = re.compile(r"[a-z0-9]+-[0-9a-f]{32,64}")


def referrer_entry(view: ManifestView, digest: str, size: int) -> dict[str, Any]:
    """Return the descriptor, as JSON fields, of a manifest in a list of referrers.

    Parameters
    ----------
    view: the parsed manifest.
    digest, size: of its bytes.

    Returns
    -------
    The fields of the descriptor. ``artifactType`` is the manifest's own, else the media type of its config; an index
    without its own has no ``artifactType``. ``annotations`` are the manifest's.
    """
    artifact_type = view.artifact_type or (view.config.media_type if view.config else "")
    entry: dict[str, Any] = {"mediaType": view.media_type, "digest": digest, "size": size}
    if artifact_type:
        entry["artifactType"] = artifact_type
    if view.annotations:
        entry["annotations"] = dict(view.annotations)
    return entry


def referrers_index(entries: Iterable[dict[str, Any]]) -> bytes:
    """Return an OCI index of the ``entries`` that :func:`referrer_entry` made."""
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(entries)}).encode()


def referrers_tag(digest: str) -> str:
    """Return the tag under which clients store the list of the referrers of ``digest``: ``sha256-<hex>``.

    Raises
    ------
    InvalidDigest: if ``digest`` is malformed, or its algorithm is not registered.
    """
    algorithm, encoded = digests.parse(digest)
    return f"{algorithm}-{encoded[:_LONGEST]}"


def is_referrers_tag(reference: str) -> bool:
    """Whether a reference has the form of :func:`referrers_tag`."""
    return _TAG.fullmatch(reference) is not None
