"""A look at what is in a repository."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from regtutor.client.connect import connect
from regtutor.client.registry import Registry
from regtutor.content.image import Config
from regtutor.content.sample.image import sample_image, sample_index
from regtutor.errors import ContentMismatch, PullFailed
from regtutor.walks.inspecting import inspect_image
from regtutor.walks.pushing import push_image
from tests.walks.serving import IMAGE, Answer, Asked, an_image, honest, serving


def test_an_image_shows_its_config_and_its_layers_and_no_layer_is_fetched(reg: Registry) -> None:
    image = sample_image()
    push_image(reg, image, "library/hello", "v1")
    found = inspect_image(reg, "library/hello", "v1")
    assert [exchange.step for exchange in found.transcript] == ["get_manifest", "get_blob"]
    assert (found.manifest, found.config) == (image.manifest, image.config)
    assert [(row["size"], row["digest"], row["diff ID"]) for row in found.rows] == [
        (layer.size, layer.digest, layer.diff_id) for layer in image.layers
    ]
    text = str(found)
    for told in (image.digest, image.config.digest, str(image.platform), '["/bin/greet"]', image.layers[2].digest):
        assert told in text


def test_an_index_shows_its_platforms_with_each_digest(reg: Registry) -> None:
    push_image(reg, sample_index(), "library/hello", "v1")
    found = inspect_image(reg, "library/hello", "v1")
    assert [exchange.step for exchange in found.transcript] == ["get_manifest"]
    assert [(row["platform"], row["digest"]) for row in found.rows] == [
        (str(image.platform), image.digest) for image in sample_index().images
    ]
    assert found.config is None
    assert sample_index().digest in str(found)


def test_an_artifact_shows_its_type_subject_and_annotations() -> None:
    subject = {"mediaType": IMAGE.media_type, "digest": IMAGE.digest, "size": IMAGE.manifest.size}
    image = an_image(artifactType="text/note", subject=subject, annotations={"a": "b\x1b[31m"})
    with serving(honest(image)) as server, connect(server.url) as reg:
        text = str(inspect_image(reg, "library/hello", image.digest))
    assert '"text/note"' in text
    assert IMAGE.digest in text
    assert "\\u001b" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    "config",
    [b'{"config": [], "rootfs": 5}', b'{"config": {"Env": "A=B"}, "os": 5, "rootfs": {"diff_ids": [5]}}', b"{}"],
)
def test_a_config_of_another_form_is_shown_as_far_as_it_can_be(config: bytes) -> None:
    image = with_config(config)
    with serving(honest(image)) as server, connect(server.url) as reg:
        found = inspect_image(reg, "library/hello", "v1")
    assert image.digest in str(found)
    assert [row["diff ID"] for row in found.rows] == [""]


@pytest.mark.parametrize("config", [b"[]", b"nonsense", b"[" * 100_000])
def test_a_config_that_is_none_is_refused(config: bytes) -> None:
    with serving(honest(with_config(config))) as server, connect(server.url) as reg, pytest.raises(PullFailed):
        inspect_image(reg, "library/hello", "v1")


def with_config(data: bytes):  # type: ignore[no-untyped-def]
    config = Config(data, IMAGE.config.media_type)
    body = json.loads(IMAGE.manifest.data)
    body["config"] |= {"digest": config.digest, "size": config.size}
    manifest = replace(IMAGE.manifest, data=json.dumps(body).encode(), digest="")
    return replace(IMAGE, manifest=manifest, config=config)


@pytest.mark.parametrize("data", [b"", IMAGE.config.data + b" ", b"x" * (9 * 1024 * 1024)])
def test_a_config_with_other_bytes_is_refused(data: bytes) -> None:
    def lying(asked: Asked) -> Answer:
        return Answer(200, data) if "/blobs/" in asked.path else honest()(asked)

    with (
        serving(lying) as server,
        connect(server.url) as reg,
        pytest.raises((ContentMismatch, PullFailed)) as caught,
    ):
        inspect_image(reg, "library/hello", "v1")
    assert caught.value.transcript is not None
