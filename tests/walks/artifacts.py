"""Artifacts that refer to an image."""

from __future__ import annotations

import json

from regtutor.content.image import Config, Image, Manifest
from regtutor.protocol.media_types import OCI_EMPTY, OCI_INDEX, OCI_MANIFEST


def artifact(subject: Manifest, kind: str, **annotations: str) -> Image:
    """An artifact of the type ``kind`` that refers to ``subject``."""
    config = Config(b"{}", OCI_EMPTY)
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": kind,
        "config": {"mediaType": OCI_EMPTY, "digest": config.digest, "size": config.size},
        "layers": [],
        "subject": {"mediaType": subject.media_type, "digest": subject.digest, "size": subject.size},
        "annotations": annotations,
    }
    return Image(Manifest(json.dumps(body).encode(), OCI_MANIFEST), config, ())


def index_of(*manifests: Manifest) -> bytes:
    """An OCI index, as its bytes."""
    entries = [{"mediaType": item.media_type, "digest": item.digest, "size": item.size} for item in manifests]
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()
