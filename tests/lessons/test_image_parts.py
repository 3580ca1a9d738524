"""Taking an image apart: what is found in it, and what is said about an image whose parts do not fit."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

import regtutor as rt
from regtutor.content.sample.program import LINE
from regtutor.errors import CourseError
from regtutor.lessons.image_parts import Unpacked, descriptor, files_in, list_files, tar_of, unpack
from regtutor.protocol.digests import sha256
from regtutor.protocol.media_types import OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST


@pytest.fixture
def reg() -> Iterator[rt.Registry]:
    with rt.open_registry("embedded") as opened:
        yield opened


def pushed(reg: rt.Registry, config: bytes, *layers: bytes) -> Unpacked:
    """An image of these blobs, pushed and unpacked again."""
    for blob in (config, *layers):
        rt.put_blob(reg, rt.start_upload(reg, "some/image").location or "", blob).expect(201)
    listed = [descriptor(OCI_LAYER_GZIP, layer) for layer in layers]
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(OCI_CONFIG, config),
        "layers": listed,
    }
    rt.put_manifest(reg, "some/image", "v1", json.dumps(manifest).encode()).expect(201)
    return unpack(reg, "some/image", "v1")


def config_of(*diff_ids: str, **fields: object) -> bytes:
    return json.dumps({"os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}, **fields}).encode()


def test_the_sample_prints_its_greeting(reg: rt.Registry) -> None:
    image = rt.sample_image("v7")
    rt.push_image(reg, image, "library/hello", "v7")
    unpacked = unpack(reg, "library/hello", "v7")
    assert unpacked.fits and unpacked.command == ["/bin/greet"]
    assert [layer.diff_id for layer in unpacked.layers] == [layer.diff_id for layer in image.layers]
    assert str(unpacked).endswith("which prints:\n" + LINE.decode() + "This is library/hello:v7.")


def test_a_later_layer_replaces_a_file(reg: rt.Registry) -> None:
    old, new = tar_of("etc/greeting", "old"), tar_of("etc/greeting", "new")
    image = pushed(reg, config_of(sha256(old), sha256(new)), gzip.compress(old, mtime=0), new)
    assert image.fits and image.files == {"etc/greeting": b"new"}
    assert "A container starts nothing: no Entrypoint" in str(image)


@pytest.mark.parametrize("diff_ids", [(), ("sha256:" + "0" * 64,), (sha256(tar_of("a", "a")), "sha256:" + "0" * 64)])
def test_a_config_that_does_not_fit_is_named(reg: rt.Registry, diff_ids: tuple[str, ...]) -> None:
    image = pushed(reg, config_of(*diff_ids), gzip.compress(tar_of("a", "a"), mtime=0))
    assert not image.fits
    assert "a client that compares them stops here" in str(image)


@pytest.mark.parametrize("config", [b"no JSON", b"[]", b'{"config": 5, "rootfs": [1]}'])
@pytest.mark.parametrize("layer", [b"no archive", b"\x1f\x8bcut off"])
def test_nonsense_is_unpacked_without_an_error(reg: rt.Registry, config: bytes, layer: bytes) -> None:
    image = pushed(reg, config, layer)
    assert (image.fits, image.command, image.files) == (False, [], {})


def test_an_index_is_not_unpacked(reg: rt.Registry) -> None:
    rt.push_image(reg, rt.sample_index(), "library/hello", "v1")
    with pytest.raises(CourseError, match="cannot be unpacked"):
        unpack(reg, "library/hello", "v1")
    with pytest.raises(CourseError, match="cannot be unpacked"):
        unpack(reg, "library/hello", "missing")


@pytest.mark.parametrize("content", [..., "text", {"a": 1}])
def test_only_bytes_have_a_descriptor(content: Any) -> None:
    with pytest.raises(CourseError, match=r"json\.dumps\(value\)\.encode\(\)"):
        descriptor(OCI_CONFIG, content)


def test_the_files_of_an_archive_are_listed() -> None:
    assert files_in(tar_of("etc/motd", "hello")) == {"etc/motd": b"hello"}
    assert list_files(tar_of("etc/motd", "hello")) == "     5  etc/motd"
    assert list_files(b"nothing") == "no file"
