"""skopeo on the embedded registry: every command that it has for one, through each door."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from regtutor.content.sample.image import sample_image, sample_index
from regtutor.steps import get_manifest, head_manifest
from regtutor.walks.pushing import push_image
from tests.clients.conftest import Skopeo, from_layout, run
from tests.clients.doors import NAME, PASSWORD, Door

pytestmark = pytest.mark.clients

BOTH = sample_index().manifest


def test_copy_in_and_out_one_platform(door: Door, layout: Path, skopeo: Skopeo, tmp_path: Path) -> None:
    chosen = ("--override-os", "linux", "--override-arch", "arm64")
    reference = f"docker://{door.host}/library/hello:v1"
    skopeo(*chosen, "copy", *door.flags("dest-"), f"oci:{layout}:v1", reference)
    image = sample_image(platform="linux/arm64")
    assert get_manifest(door.reg, "library/hello", "v1").content == image.manifest.data
    skopeo(*chosen, "copy", *door.flags("src-"), reference, f"oci:{tmp_path / 'out'}:v1")
    assert from_layout(tmp_path / "out").manifest == image.digest


def test_copy_in_and_out_all_platforms(door: Door, layout: Path, skopeo: Skopeo, tmp_path: Path) -> None:
    reference = f"docker://{door.host}/library/hello:v1"
    skopeo("copy", "--all", *door.flags("dest-"), f"oci:{layout}:v1", reference)
    assert get_manifest(door.reg, "library/hello", "v1").content == BOTH.data
    skopeo("copy", "--all", *door.flags("src-"), reference, f"oci:{tmp_path / 'out'}:v1")
    (entry,) = json.loads((tmp_path / "out" / "index.json").read_bytes())["manifests"]
    assert entry["digest"] == BOTH.digest
    blobs = {path.name for path in (tmp_path / "out" / "blobs" / "sha256").iterdir()}
    assert blobs <= {path.name for path in (layout / "blobs" / "sha256").iterdir()}


def test_a_layer_that_it_knows_in_another_repository_is_mounted(door: Door, umoci_layout: Path, skopeo: Skopeo) -> None:
    """It remembers where it has seen a layer, so the second copy asks for mounts; it never mounts the config."""
    for repository in ("umoci/first", "umoci/second"):
        target = f"docker://{door.host}/{repository}:v1"
        skopeo("copy", *door.flags("dest-"), f"oci:{umoci_layout}:v1", target)
    assert door.sent()["POST mount_blob 201"] == 2
    assert door.sent()["POST start_upload 202"] == 3 + 1


def test_copy_as_docker_schema_2(plain_door: Door, umoci_layout: Path, skopeo: Skopeo) -> None:
    reference = f"docker://{plain_door.host}/umoci/docker:v1"
    skopeo("copy", "--format", "v2s2", *plain_door.flags("dest-"), f"oci:{umoci_layout}:v1", reference)
    stored = get_manifest(plain_door.reg, "umoci/docker", "v1")
    assert stored.headers["Content-Type"] == "application/vnd.docker.distribution.manifest.v2+json"
    assert (
        skopeo.from_registry(plain_door.reg, "umoci/docker", "v1").manifest == stored.headers["Docker-Content-Digest"]
    )


def test_an_image_of_umoci_unpacks_as_it_was(door: Door, umoci_layout: Path, skopeo: Skopeo, tmp_path: Path) -> None:
    reference = f"docker://{door.host}/umoci/image:v1"
    skopeo("copy", *door.flags("dest-"), f"oci:{umoci_layout}:v1", reference)
    skopeo("copy", *door.flags("src-"), reference, f"oci:{tmp_path / 'out'}:v1")
    assert from_layout(tmp_path / "out") == from_layout(umoci_layout)
    run("umoci", "unpack", "--rootless", "--image", f"{tmp_path / 'out'}:v1", tmp_path / "bundle")
    assert (tmp_path / "bundle" / "rootfs" / "srv" / "small").read_text() == "hello\n"


def test_inspect(door: Door, skopeo: Skopeo) -> None:
    for tag in ("v1", "v2"):
        push_image(door.reg, sample_image(tag), "library/hello", tag)
    told = json.loads(skopeo("inspect", *door.flags(), f"docker://{door.host}/library/hello:v1"))
    assert (told["Digest"], told["RepoTags"]) == (sample_image("v1").digest, ["v1", "v2"])
    assert told["Layers"] == [layer.digest for layer in sample_image("v1").layers]
    raw = skopeo("inspect", "--raw", *door.flags(), f"docker://{door.host}/library/hello@{sample_image('v2').digest}")
    assert raw.encode() == sample_image("v2").manifest.data


def test_list_tags(door: Door, skopeo: Skopeo) -> None:
    for tag in ("v2", "v1", "v10"):
        push_image(door.reg, sample_image(), "library/hello", tag)
    told = json.loads(skopeo("list-tags", *door.flags(), f"docker://{door.host}/library/hello"))
    assert told["Tags"] == ["v1", "v10", "v2"]


def test_delete(door: Door, skopeo: Skopeo) -> None:
    """It asks for the digest and deletes that, so every tag of the image is gone."""
    for tag in ("v1", "same"):
        push_image(door.reg, sample_image(), "library/hello", tag)
    push_image(door.reg, sample_image("v2"), "library/hello", "v2")
    skopeo("delete", *door.flags(), f"docker://{door.host}/library/hello:v1")
    found = {tag: head_manifest(door.reg, "library/hello", tag).status for tag in ("v1", "same", "v2")}
    assert found == {"v1": 404, "same": 404, "v2": 200}
    assert door.sent()["DELETE delete_manifest 202"] == 1


def test_sync_of_a_whole_repository(door: Door, skopeo: Skopeo, tmp_path: Path) -> None:
    for tag in ("v1", "v2"):
        push_image(door.reg, sample_image(tag), "library/hello", tag)
    skopeo(
        "sync", "--src", "docker", "--dest", "dir", *door.flags("src-"), f"{door.host}/library/hello", tmp_path / "out"
    )
    kept = {path.parent.name: path.read_bytes() for path in (tmp_path / "out").rglob("manifest.json")}
    assert kept == {f"hello:{tag}": sample_image(tag).manifest.data for tag in ("v1", "v2")}
    skopeo("sync", "--src", "dir", "--dest", "docker", *door.flags("dest-"), tmp_path / "out", f"{door.host}/copies")
    assert get_manifest(door.reg, "copies/hello", "v2").content == sample_image("v2").manifest.data


def test_login_and_logout(locked_door: Door, layout: Path, skopeo: Skopeo) -> None:
    door, settings = locked_door, locked_door.settings()
    login = ("login", *door.trust(), "--username", NAME, "--password")
    target = f"docker://{door.host}/library/hello:v1"
    copy = ("copy", "--all", *door.trust("dest-"), f"oci:{layout}:v1", target)
    with pytest.raises(AssertionError, match="invalid username/password"):
        skopeo(*login, "wrong", door.host, **settings)
    with pytest.raises(AssertionError, match="unauthorized"):
        skopeo(*copy, **settings)
    skopeo(*login, PASSWORD, door.host, **settings)
    skopeo(*copy, **settings)
    skopeo("logout", door.host, **settings)
    with pytest.raises(AssertionError, match="unauthorized"):
        skopeo(*copy, **settings)


def test_what_a_push_sends(plain_door: Door, umoci_layout: Path, skopeo: Skopeo) -> None:
    """For a layer HEAD twice, POST, one streamed PATCH, PUT; for the config HEAD once. The image has two layers."""
    target = f"docker://{plain_door.host}/umoci/image:v1"
    skopeo("copy", *plain_door.flags("dest-"), f"oci:{umoci_layout}:v1", target)
    assert plain_door.sent() == {
        "HEAD head_blob 404": 2 * 2 + 1,
        "POST start_upload 202": 3,
        "PATCH patch_upload 202": 3,
        "PUT put_blob 201": 3,
        "PUT put_manifest 201": 1,
    }


def test_what_a_pull_sends(plain_door: Door, skopeo: Skopeo, tmp_path: Path) -> None:
    push_image(plain_door.reg, sample_image(), "library/hello", "v1")
    before = plain_door.sent()
    source = f"docker://{plain_door.host}/library/hello:v1"
    skopeo("copy", *plain_door.flags("src-"), source, f"oci:{tmp_path / 'out'}:v1")
    assert plain_door.sent() - before == {"GET get_manifest 200": 1, "GET get_blob 200": 1 + len(sample_image().layers)}
