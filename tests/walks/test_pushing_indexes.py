"""A push of several images under one index, and of artifacts."""

from __future__ import annotations

import json

from regtutor.client.registry import Registry
from regtutor.content.image import Config, Image, Layer, Manifest
from regtutor.content.sample.image import sample_image, sample_index, sample_layer
from regtutor.protocol.media_types import OCI_EMPTY, OCI_MANIFEST
from regtutor.steps import get_manifest
from regtutor.walks.pushing import push_image


def an_artifact(subject: Image, layer: Layer) -> Image:
    """Something that refers to an image: no config to speak of, one layer of a type of its own."""
    config = Config(b"{}", OCI_EMPTY)
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": "application/vnd.example.note",
        "config": {"mediaType": OCI_EMPTY, "digest": config.digest, "size": 2},
        "layers": [{"mediaType": layer.media_type, "digest": layer.digest, "size": layer.size}],
        "subject": {"mediaType": OCI_MANIFEST, "digest": subject.digest, "size": subject.manifest.size},
    }
    return Image(Manifest(json.dumps(body).encode(), OCI_MANIFEST), config, (layer,))


def test_the_images_are_pushed_by_digest_and_the_index_by_tag(reg: Registry) -> None:
    index = sample_index()
    transcript = push_image(reg, index, "library/hello", "v1")
    puts = [exchange.target for exchange in transcript if exchange.step == "put_manifest"]
    references = [*(image.digest for image in index.images), "v1"]
    assert puts == [f"/v2/library/hello/manifests/{reference}" for reference in references]
    assert transcript.bytes_up == index.size
    assert get_manifest(reg, "library/hello", "v1").content == index.manifest.data
    for image in index.images:
        assert get_manifest(reg, "library/hello", image.digest).content == image.manifest.data


def test_a_blob_that_images_share_is_asked_for_once(reg: Registry) -> None:
    transcript = push_image(reg, sample_index(), "library/hello", "v1")
    heads = [exchange.target for exchange in transcript if exchange.step == "head_blob"]
    assert len(heads) == len(set(heads)) == 6


def test_an_artifact_is_pushed_as_it_is(reg: Registry) -> None:
    push_image(reg, sample_image(), "library/hello", "v1")
    artifact = an_artifact(sample_image(), sample_layer(1000))
    assert push_image(reg, artifact, "library/hello", artifact.digest)[-1].status == 201
    assert get_manifest(reg, "library/hello", artifact.digest).content == artifact.manifest.data
