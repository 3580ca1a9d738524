"""Artifacts for the sample image: an SBOM, a signature, and manifests for them. Nothing here sends a request."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from regtutor.content.image import Config, Document, Image, Manifest
from regtutor.errors import CourseError
from regtutor.protocol.media_types import OCI_EMPTY, OCI_MANIFEST
from regtutor.protocol.referrers import referrer_entry

SPDX = "application/spdx+json"
SIGNATURE = "application/vnd.example.signature.v1+json"

EMPTY = Config(b"{}", OCI_EMPTY)
"""The config of an artifact that has none: two bytes, with a media type that says so."""

_KEY = b"the key of this lesson"


def sbom_of(image: Image) -> Document:
    """Return a list of the contents of the sample image, in the form of SPDX 2.3."""
    fields = {
        "spdxVersion": "SPDX-2.3",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"sample image {image.digest[:19]}",
        "packages": [{"SPDXID": "SPDXRef-greet", "name": "greet", "versionInfo": "1", "downloadLocation": "NONE"}],
    }
    return Document(json.dumps(fields, indent=2).encode(), SPDX)


def signature_of(image: Image) -> Document:
    """Return a signature of the digest of ``image``: an HMAC with a key that is only for this lesson."""
    value = hmac.new(_KEY, image.digest.encode(), hashlib.sha256).digest()
    fields = {"signed": image.digest, "algorithm": "HMAC-SHA256", "value": base64.b64encode(value).decode()}
    return Document(json.dumps(fields, indent=2).encode(), SIGNATURE)


def descriptor(content: Document) -> dict[str, Any]:
    """Return the descriptor of ``content`` as JSON fields; that of an artifact has its artifactType as well."""
    if isinstance(content, Manifest) and content.view.artifact_type:
        return referrer_entry(content.view, content.digest, content.size)
    return {"mediaType": content.media_type, "digest": content.digest, "size": content.size}


def written(fields: Mapping[str, Any]) -> Manifest:
    """Return a manifest or an index with these JSON fields, as bytes with a digest.

    Raises
    ------
    CourseError: if a field has no value yet.
    """
    blank = [name for name, value in fields.items() if value is ...]
    if blank:
        raise CourseError(
            f"{blank[0]} has no value yet", "the cell above still has dots", "Replace the dots, and run it"
        )
    return Manifest(json.dumps(fields, indent=2).encode(), fields.get("mediaType", OCI_MANIFEST))


def artifact_of(content: Document, subject: Manifest) -> Manifest:
    """Return the manifest of an artifact with one layer, whose type is that of the layer."""
    fields = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": content.media_type}
    parts = {"config": descriptor(EMPTY), "layers": [descriptor(content)]}
    return written({**fields, **parts, "subject": descriptor(subject)})
