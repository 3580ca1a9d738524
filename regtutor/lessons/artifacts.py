"""Artifacts for the sample image, and a registry without the referrers API: the scenery of a lesson."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

from regtutor.backends.opening import open_registry
from regtutor.client.registry import Registry
from regtutor.content.image import Config, Document, Image, Manifest
from regtutor.content.sample.image import sample_image
from regtutor.errors import CourseError
from regtutor.lessons.evidence import Stage
from regtutor.lessons.session import current
from regtutor.protocol.media_types import OCI_EMPTY, OCI_MANIFEST
from regtutor.protocol.referrers import referrer_entry
from regtutor.steps import put_manifest
from regtutor.walks.driving import run
from regtutor.walks.pushing import push_image
from regtutor.walks.referring import add_referrer

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


def attach(stage: Stage, repository: str, content: Document, subject: Manifest) -> Manifest:
    """Push an artifact and, on a registry without the referrers API, add it to the list under the tag."""
    artifact = artifact_of(content, subject)
    for blob in (EMPTY, content):
        stage.upload(repository, blob)
    pushed = put_manifest(stage.reg, repository, artifact.digest, artifact).expect(201)
    run(add_referrer(repository, artifact, pushed), stage.reg)
    return artifact


def registry_without_referrers() -> Registry:
    """Open a registry that has no referrers API, as CNCF Distribution 2.8, with the image and a listed SBOM.

    The blobs of a signature are there too. A second call returns the same registry.

    Raises
    ------
    NotBegun: before ``begin``.
    """
    which = "in_process" if sys.platform == "emscripten" else "embedded"
    opened = partial(open_registry, which, quiet=True, quirks="distribution-2.8")
    reg = current().open_beside("older", opened, _fill)
    print(f"Registry: {reg.url}, which has no referrers API")
    return reg


def _fill(stage: Stage) -> None:
    image, repository = sample_image(), stage.repository("hello")
    if stage.digest("hello", "v1") is None:
        push_image(stage.reg, image, repository, "v1", progress=False)
        attach(stage, repository, sbom_of(image), image.manifest)
        stage.upload(repository, signature_of(image))
