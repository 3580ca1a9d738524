"""OCI layouts, in folders and archives: what is read, what is chosen, and what is refused."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from regtutor.content.platforms import machine_platform
from regtutor.content.reading.load import load_image
from regtutor.content.sample.image import sample_image, sample_index, sample_layout
from regtutor.errors import (
    BadManifest,
    DigestMismatch,
    ImageError,
    MissingBlob,
    NoSuchPlatform,
    UnreadableImage,
    UnsafePath,
)
from regtutor.protocol import media_types as types
from regtutor.protocol.digests import sha256
from tests.content.conftest import blob_path, members_of, put, tar_of, write_single


def rewrite(path: Path, change: Any) -> None:
    body = json.loads(path.read_bytes())
    change(body)
    path.write_text(json.dumps(body))


def test_a_folder_and_a_tar_of_it_give_the_same_image(layout: Path, tmp_path: Path) -> None:
    archive = tar_of(tmp_path / "layout.tar", members_of(layout))
    for on in ("linux/amd64", "linux/arm64"):
        images = [load_image(path, platform=on) for path in (layout, str(archive))]
        assert images[0].digest == images[1].digest == sample_image(platform=on).digest
        for image in images:
            image.verify()
            assert [layer.diff_id for layer in image.layers] == [x.diff_id for x in sample_image(platform=on).layers]


def test_an_archive_is_streamed_from_where_it_lies(layout: Path, tmp_path: Path) -> None:
    archive = tar_of(tmp_path / "layout.tar", members_of(layout))
    image = load_image(archive, platform="linux/amd64")
    assert set(os.listdir(tmp_path)) == {"layout", "layout.tar"}
    with image.layers[0].open() as file:
        assert file.read(2) == b"\x1f\x8b"
        file.seek(-3, os.SEEK_END)
        assert len(file.read()) == 3


def test_without_a_platform_it_is_that_of_this_machine(layout: Path) -> None:
    image = load_image(layout)
    assert image.platform is not None
    assert image.platform.architecture == machine_platform().architecture


def test_the_only_image_is_taken_whatever_its_platform(tmp_path: Path) -> None:
    root = write_single(tmp_path / "x", change_config=lambda config: config.update(architecture="s390x"))
    assert str(load_image(root).platform) == "linux/s390x"


def test_a_platform_that_is_not_there_is_refused_with_those_that_are(layout: Path) -> None:
    with pytest.raises(NoSuchPlatform, match="linux/amd64, linux/arm64/v8"):
        load_image(layout, platform="linux/s390x")


def test_the_only_image_is_refused_if_another_platform_was_asked_for(single: Path) -> None:
    with pytest.raises(NoSuchPlatform, match="contains images for linux/amd64"):
        load_image(single, platform="linux/arm64")


def test_an_index_lists_an_attestation_that_is_no_image(tmp_path: Path) -> None:
    root = write_single(tmp_path / "x")

    def attest(index: dict[str, Any]) -> None:
        other = dict(index["manifests"][0])
        other |= put(root, b'{"schemaVersion":2}')
        other["platform"] = {"os": "unknown", "architecture": "unknown"}
        other["annotations"] = {"vnd.docker.reference.type": "attestation-manifest"}
        index["manifests"].append(other)

    rewrite(root / "index.json", attest)
    assert load_image(root).digest == sample_image(platform="linux/amd64").digest


def test_platforms_that_were_left_out_of_the_layout_do_not_matter(layout: Path) -> None:
    missing = sample_image(platform=f"linux/{machine_platform().architecture}")
    other = {"amd64": "arm64", "arm64": "amd64"}.get(machine_platform().architecture, "arm64")
    blob_path(layout, missing.digest).unlink()
    assert load_image(layout).platform.architecture == other  # type: ignore[union-attr]
    with pytest.raises(MissingBlob):
        load_image(layout, platform=missing.platform)


def test_of_several_names_one_must_be_chosen(tmp_path: Path) -> None:
    root = sample_layout(tmp_path / "x")
    with pytest.raises(UnreadableImage, match=r"v1, v2.*name="):
        load_image(root)
    assert load_image(root, name="v2", platform="linux/amd64").digest == sample_image("v2", platform="amd64").digest
    with pytest.raises(UnreadableImage, match="no image called 'v3'"):
        load_image(root, name="v3")


def test_docker_25_names_images_in_full_and_in_short(tmp_path: Path) -> None:
    root = write_single(tmp_path / "x")
    names = {"io.containerd.image.name": "docker.io/library/hello:v1", "org.opencontainers.image.ref.name": "v1"}
    rewrite(root / "index.json", lambda index: index["manifests"][0].update(annotations=names))
    image = sample_image(platform="linux/amd64")
    blobs = [f"blobs/{layer.digest.replace(':', '/')}" for layer in image.layers]
    config = f"blobs/{image.config.digest.replace(':', '/')}"
    listed = [{"Config": config, "RepoTags": ["hello:v1"], "Layers": blobs}]
    (root / "manifest.json").write_text(json.dumps(listed))
    archive = tar_of(tmp_path / "docker.tar", members_of(root))
    for name in (None, "v1", "hello:v1", "library/hello:v1", "docker.io/library/hello:v1"):
        assert load_image(archive, name=name).digest == image.digest


def test_a_foreign_layer_need_not_be_there_and_is_not_pushed(tmp_path: Path) -> None:
    urls = ["https://layers.test/1"]

    def foreign(manifest: dict[str, Any]) -> None:
        manifest["layers"][0].update(mediaType=types.OCI_FOREIGN_GZIP, urls=urls, digest=sha256(b"elsewhere"))

    image = load_image(write_single(tmp_path / "x", foreign))
    assert [layer.uploadable for layer in image.layers] == [False, True, True]
    assert image.layers[0].urls == tuple(urls)
    assert image.layers[0].digest not in {blob.digest for blob in image.blobs}
    with pytest.raises(MissingBlob, match=r"https://layers\.test/1"):
        image.layers[0].open()


def test_layers_of_any_media_type_are_taken_as_they_are(tmp_path: Path) -> None:
    def odd(manifest: dict[str, Any]) -> None:
        manifest["layers"][0]["mediaType"] = "application/vnd.example.thing"

    assert load_image(write_single(tmp_path / "x", odd)).layers[0].media_type == "application/vnd.example.thing"


def test_an_artifact_with_the_empty_config_is_an_image_without_diff_ids(tmp_path: Path) -> None:
    def artifact(manifest: dict[str, Any]) -> None:
        empty = {"mediaType": types.OCI_EMPTY, "digest": sha256(b"{}"), "size": 2, "data": "e30="}
        manifest.update(config=empty, layers=[{**empty, "data": None}])

    root = write_single(tmp_path / "x", artifact)
    put(root, b"{}")
    image = load_image(root)
    assert [layer.diff_id for layer in image.layers] == [""]
    assert [blob.digest for blob in image.blobs] == [sha256(b"{}")]
    assert image.platform is None


LAYER = sample_image(platform="linux/amd64").layers[1].digest
CONFIG = sample_image(platform="linux/amd64").config.digest
MANIFEST = sample_image(platform="linux/amd64").digest


@pytest.mark.parametrize("digest", [LAYER, CONFIG, MANIFEST])
def test_a_missing_blob_is_named(single: Path, digest: str) -> None:
    blob_path(single, digest).unlink()
    with pytest.raises(MissingBlob) as caught:
        load_image(single)
    assert digest.partition(":")[2] in str(caught.value.path)
    assert caught.value.next


@pytest.mark.parametrize("digest", [LAYER, CONFIG, MANIFEST])
def test_a_blob_of_another_size_is_a_mismatch(single: Path, digest: str) -> None:
    with blob_path(single, digest).open("ab") as file:
        file.write(b"x")
    with pytest.raises(DigestMismatch, match="bytes, but its descriptor states"):
        load_image(single)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("digest", [CONFIG, MANIFEST])
def test_a_changed_manifest_or_config_is_a_mismatch(single: Path, digest: str) -> None:
    flip(blob_path(single, digest))
    with pytest.raises(DigestMismatch, match="does not match its digest"):
        load_image(single)


def test_a_changed_layer_is_found_when_it_is_read(single: Path) -> None:
    flip(blob_path(single, LAYER))
    image = load_image(single)
    with pytest.raises(DigestMismatch, match="does not match its descriptor") as caught:
        image.verify()
    assert LAYER.partition(":")[2] in str(caught.value.path)


@pytest.mark.parametrize("what", ["index.json", "oci-layout", "layer", "blobs"])
def test_a_link_that_leads_out_of_the_layout_is_refused(single: Path, tmp_path: Path, what: str) -> None:
    path = {"layer": blob_path(single, LAYER)}.get(what, single / what)
    outside = tmp_path / "outside"
    shutil.move(path, outside)
    path.symlink_to(outside)
    with pytest.raises(UnsafePath, match="leads out of the image") as caught:
        load_image(single)
    assert caught.value.next


def test_a_link_that_stays_in_the_layout_is_followed(single: Path) -> None:
    path = blob_path(single, LAYER)
    shutil.move(path, single / "kept")
    path.symlink_to("../../kept")
    load_image(single).verify()


def test_a_link_to_itself_is_a_missing_blob(single: Path) -> None:
    path = blob_path(single, LAYER)
    path.unlink()
    path.symlink_to(path.name)
    with pytest.raises(MissingBlob):
        load_image(single)


@pytest.mark.parametrize("what", ["layer", "index.json"])
def test_a_pipe_in_the_layout_is_not_waited_for(single: Path, what: str) -> None:
    path = blob_path(single, LAYER) if what == "layer" else single / what
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ImageError):
        load_image(single)


def test_a_manifest_of_100_mebibytes_is_refused_unread(single: Path) -> None:
    path = blob_path(single, MANIFEST)
    with path.open("r+b") as file:
        file.truncate(100 * 1024 * 1024)
    with pytest.raises(BadManifest, match="104,857,600 bytes"):
        load_image(single)


@pytest.mark.parametrize("data", [b"[" * 1_000_000, b'{"a":' * 100_000, b"", b"[]", b"\x00", b'{"schemaVersion":1}'])
@pytest.mark.parametrize("what", ["index.json", "manifest", "config"])
def test_what_is_no_manifest_is_refused(tmp_path: Path, what: str, data: bytes) -> None:
    root = write_single(tmp_path / "x")
    if what == "index.json":
        (root / what).write_bytes(data)
    elif what == "manifest":
        found = put(root, data)
        rewrite(root / "index.json", lambda index: index["manifests"][0].update(found))
    elif data == b'{"schemaVersion":1}':
        return
    else:
        found = put(root, data)
        root = write_single(tmp_path / "y", lambda manifest: manifest["config"].update(found))
        put(root, data)
    with pytest.raises(BadManifest) as caught:
        load_image(root)
    assert caught.value.path


def test_fewer_diff_ids_than_layers_is_a_bad_manifest(tmp_path: Path) -> None:
    root = write_single(tmp_path / "x", change_config=lambda config: config["rootfs"]["diff_ids"].pop())
    with pytest.raises(BadManifest, match="lists 2 diff IDs, but the manifest has 3 layers"):
        load_image(root)


@pytest.mark.parametrize(
    "rootfs", [[], {"diff_ids": "x"}, {"diff_ids": [1, 2, 3]}, {"diff_ids": ["a", "b", "c"]}, "layers"]
)
def test_a_broken_rootfs_is_a_bad_manifest_or_none(tmp_path: Path, rootfs: Any) -> None:
    root = write_single(tmp_path / "x", change_config=lambda config: config.update(rootfs=rootfs))
    if not rootfs:
        assert load_image(root).layers[0].diff_id == ""
        return
    with pytest.raises(BadManifest):
        load_image(root)


def test_an_index_in_an_index_in_an_index_has_an_end(single: Path) -> None:
    for _ in range(5):
        data = (single / "index.json").read_bytes()
        entry = {"mediaType": types.OCI_INDEX, **put(single, data)}
        (single / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    with pytest.raises(BadManifest, match="more than 4 deep"):
        load_image(single)


def test_an_index_that_lists_no_image_is_refused(single: Path) -> None:
    (single / "index.json").write_text('{"schemaVersion": 2, "manifests": []}')
    with pytest.raises(UnreadableImage, match="contains no image manifest"):
        load_image(single)


def test_a_schema_1_manifest_cannot_be_loaded(single: Path) -> None:
    rewrite(single / "index.json", lambda index: index["manifests"][0].update(mediaType=types.DOCKER_SCHEMA1_SIGNED))
    with pytest.raises(UnreadableImage, match="prettyjws"):
        load_image(single)


def test_without_its_version_file_a_folder_is_no_layout(single: Path) -> None:
    (single / "oci-layout").unlink()
    with pytest.raises(MissingBlob, match="oci-layout"):
        load_image(single)


@pytest.mark.parametrize("version", ['{"imageLayoutVersion": "2.0.0"}', "{}", "[]", '{"imageLayoutVersion": 1}'])
def test_a_layout_of_another_version_is_refused(single: Path, version: str) -> None:
    (single / "oci-layout").write_text(version)
    with pytest.raises(UnreadableImage, match="states the layout version"):
        load_image(single)


def test_an_index_can_be_the_one_of_the_sample(layout: Path) -> None:
    index = json.loads((layout / "index.json").read_bytes())
    assert index["manifests"][0]["digest"] == sample_index().digest


@pytest.mark.parametrize("name", ["nowhere", "\0", "x" * 5000])
def test_a_path_that_is_not_there_is_unreadable(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableImage, match="cannot be read"):
        load_image(tmp_path / name)


def test_a_pipe_is_no_image(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnreadableImage, match="neither a folder nor a file"):
        load_image(tmp_path / "pipe")


def test_a_folder_without_an_image_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage, match="neither an OCI layout nor a docker save archive"):
        load_image(tmp_path)
