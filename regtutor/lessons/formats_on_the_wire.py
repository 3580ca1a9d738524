"""Exchanges that show how registries treat the formats of manifests, for the questions of lesson 06."""

from __future__ import annotations

import json

from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_image, sample_index
from regtutor.exchange import Exchange
from regtutor.lessons.docker_form import docker_form
from regtutor.lessons.evidence import Stage
from regtutor.lessons.page_of_2018 import schema_1
from regtutor.protocol.digests import sha256
from regtutor.protocol.media_types import DOCKER_LIST, DOCKER_MANIFEST, DOCKER_SCHEMA1, OCI_MANIFEST
from regtutor.steps import get_manifest, mount_blob, put_manifest

HELLO = "hello"
"""The repository of the lesson that has all blobs of the sample."""


def furnish(stage: Stage, repository: str) -> None:
    """Mount all blobs of the sample into ``repository``, from ``{me}/hello``."""
    for blob in sample_index().blobs:
        mount_blob(stage.reg, repository, blob.digest, source=stage.repository(HELLO)).expect(201)


def both_formats(stage: Stage) -> list[Exchange]:
    """The same image in a repository that has its blobs: first as OCI, then as Docker."""
    image, repository = sample_image(), stage.scratch()
    furnish(stage, repository)
    docker = docker_form(image.manifest.data)
    told = [put_manifest(stage.reg, repository, "oci", image.manifest)]
    return [*told, put_manifest(stage.reg, repository, "docker", docker, media_type=DOCKER_MANIFEST)]


def two_accepts(stage: Stage) -> list[Exchange]:
    """The same tag, without and with its type in ``Accept``."""
    accepts = ((DOCKER_MANIFEST,), (DOCKER_MANIFEST, OCI_MANIFEST))
    return [get_manifest(stage.reg, stage.repository(HELLO), "v1", accept=accept) for accept in accepts]


def three_formats(stage: Stage) -> list[Exchange]:
    """A manifest of each format, sent with its media type."""
    repository = stage.scratch()
    furnish(stage, repository)
    told = [put_manifest(stage.reg, repository, "old", schema_1(), media_type=DOCKER_SCHEMA1)]
    docker = docker_form(sample_image().manifest.data)
    told.append(put_manifest(stage.reg, repository, "docker", docker, media_type=DOCKER_MANIFEST))
    return [*told, put_manifest(stage.reg, repository, "oci", sample_image().manifest)]


def indexes_and_platforms(stage: Stage) -> list[Exchange]:
    """An OCI index with an ``Accept`` that lacks it and with one that names it; then a Docker list without its type."""
    index, repository = sample_index(), stage.scratch()
    furnish(stage, repository)
    for image in index.images:
        put_manifest(stage.reg, repository, image.digest, image.manifest)
    put_manifest(stage.reg, repository, "v1", index.manifest)
    told = [get_manifest(stage.reg, repository, "v1", accept=(OCI_MANIFEST,))]
    told += [get_manifest(stage.reg, repository, reference) for reference in ("v1", index.images[1].digest)]
    return [*told, as_list(stage.reg, repository)]


def as_list(reg: Registry, repository: str) -> Exchange:
    """Push the sample as a Docker manifest list; return the response to a client that accepts Docker manifests only."""
    entries, listed = json.loads(sample_index().manifest.data)["manifests"], []
    for image, entry in zip(sample_index().images, entries, strict=True):
        data = docker_form(image.manifest.data)
        put_manifest(reg, repository, sha256(data), data, media_type=DOCKER_MANIFEST)
        listed.append({**entry, "mediaType": DOCKER_MANIFEST, "digest": sha256(data), "size": len(data)})
    content = json.dumps({"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": listed}).encode()
    put_manifest(reg, repository, "list", content, media_type=DOCKER_LIST)
    return get_manifest(reg, repository, "list", accept=(DOCKER_MANIFEST,))
