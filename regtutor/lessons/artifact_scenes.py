"""Repositories with artifacts, and a registry without the referrers API: the scenery of lesson 10."""

from __future__ import annotations

import sys
from functools import partial

from regtutor.backends.opening import open_registry
from regtutor.client.registry import Registry
from regtutor.content.image import Document, Manifest
from regtutor.content.sample.image import sample_image
from regtutor.lessons.artifacts import EMPTY, artifact_of, sbom_of, signature_of
from regtutor.lessons.evidence import Stage
from regtutor.lessons.session import current
from regtutor.steps import put_manifest
from regtutor.walks.driving import run
from regtutor.walks.pushing import push_image
from regtutor.walks.referring import add_referrer


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


def image_with_sbom(repository: str) -> str:
    """Push the image with its SBOM, and return the digest of the SBOM's manifest.

    Parameters
    ----------
    repository: the learner's repository, with its prefix.

    Raises
    ------
    NotBegun: before ``begin``.
    """
    stage, image = current().stage, sample_image()
    push_image(stage.reg, image, repository, "v1", progress=False)
    return attach(stage, repository, sbom_of(image), image.manifest).digest


def _fill(stage: Stage) -> None:
    image, repository = sample_image(), stage.repository("hello")
    if stage.digest("hello", "v1") is None:
        push_image(stage.reg, image, repository, "v1", progress=False)
        attach(stage, repository, sbom_of(image), image.manifest)
        stage.upload(repository, signature_of(image))
