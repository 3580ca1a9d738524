"""Requests that show what the parts of an image are; the lesson about images ends its questions with them."""

from __future__ import annotations

import gzip

from regtutor.content.image import Document
from regtutor.content.sample.image import sample_image
from regtutor.exchange import Exchange
from regtutor.lessons.evidence import Stage
from regtutor.lessons.image_parts import tar_of
from regtutor.protocol.media_types import OCI_LAYER_GZIP
from regtutor.steps import get_blob, get_manifest, head_blob

HELLO = "hello"
"""The repository with the sample for two platforms, as ``v1``."""


def index_and_child(stage: Stage) -> list[Exchange]:
    """The index by its tag, and one of the manifests that it lists."""
    repository = stage.repository(HELLO)
    told = get_manifest(stage.reg, repository, "v1")
    return [told, get_manifest(stage.reg, repository, told.json()["manifests"][0]["digest"])]


def manifest_and_config(stage: Stage) -> list[Exchange]:
    """The manifest, then the config that it names."""
    image, repository = sample_image(), stage.repository(HELLO)
    told = [get_manifest(stage.reg, repository, image.digest)]
    return [*told, get_blob(stage.reg, repository, image.config.digest)]


def digest_and_diff_id(stage: Stage) -> list[Exchange]:
    """The same layer, asked for by its diff ID and by its digest."""
    layer, repository = sample_image().layers[1], stage.repository(HELLO)
    return [head_blob(stage.reg, repository, digest) for digest in (layer.diff_id, layer.digest)]


def two_digests(stage: Stage) -> list[Exchange]:
    """One archive, compressed twice, and both results uploaded."""
    archive, repository = tar_of("note.txt", "The same file.\n"), stage.scratch()
    told = []
    for moment in (1, 2):
        told.append(stage.upload(repository, Document(gzip.compress(archive, mtime=moment), OCI_LAYER_GZIP)))
    return told
