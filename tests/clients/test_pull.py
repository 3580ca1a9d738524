"""What other programs pushed is pulled, and what was pulled other programs read."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from regtutor.client.registry import Registry
from regtutor.content.reading.load import load_image, load_index
from regtutor.content.sample.image import sample_image, sample_index
from regtutor.walks.copying import copy_image
from regtutor.walks.pulling import pull_image
from regtutor.walks.pushing import push_image
from tests.clients.conftest import Skopeo, from_layout, sha256
from tests.clients.doors import Door

pytestmark = pytest.mark.clients


def host_of(reg: Registry) -> str:
    return reg.url.removeprefix("http://")


def test_what_skopeo_pushed_is_pulled_as_it_was(
    reg: Registry, umoci_layout: Path, skopeo: Skopeo, tmp_path: Path
) -> None:
    target = f"docker://{host_of(reg)}/pull/umoci:v1"
    skopeo("copy", "--preserve-digests", "--dest-tls-verify=false", f"oci:{umoci_layout}:v1", target)
    pull_image(reg, "pull/umoci", "v1", tmp_path / "layout")
    assert from_layout(tmp_path / "layout") == from_layout(umoci_layout)


def test_an_index_that_skopeo_pushed_is_pulled_whole(
    reg: Registry, layout: Path, skopeo: Skopeo, tmp_path: Path
) -> None:
    target = f"docker://{host_of(reg)}/pull/index:v1"
    skopeo("copy", "--all", "--dest-tls-verify=false", f"oci:{layout}:v1", target)
    pull_image(reg, "pull/index", "v1", tmp_path / "layout", platform="all")
    assert load_index(tmp_path / "layout").manifests == load_index(layout, name="v1").manifests


@pytest.mark.parametrize("form", ["oci", "oci-archive"])
def test_skopeo_reads_the_layout_that_a_pull_wrote(reg: Registry, skopeo: Skopeo, tmp_path: Path, form: str) -> None:
    push_image(reg, sample_index(), "pull/sample", "v1")
    pull_image(reg, "pull/sample", "v1", tmp_path / "image", platform="all", format=form)
    skopeo("copy", "--all", "--preserve-digests", f"{form}:{tmp_path / 'image'}:v1", f"oci:{tmp_path / 'copy'}:v1")
    assert load_index(tmp_path / "copy").manifests == sample_index().manifests


def test_skopeo_reads_the_docker_archive_that_a_pull_wrote(reg: Registry, skopeo: Skopeo, tmp_path: Path) -> None:
    push_image(reg, sample_image(), "pull/docker", "v1")
    pull_image(reg, "pull/docker", "v1", tmp_path / "image.tar", format="docker-archive")
    source = f"docker-archive:{tmp_path / 'image.tar'}:{host_of(reg)}/pull/docker:v1"
    skopeo("copy", source, f"dir:{tmp_path / 'copy'}")
    manifest = json.loads((tmp_path / "copy" / "manifest.json").read_bytes())
    assert manifest["config"]["digest"] == sample_image().config.digest
    # skopeo takes the layers apart: what it keeps are the tar archives that the diff IDs name.
    stored = {sha256(path.read_bytes()) for path in (tmp_path / "copy").iterdir()}
    assert {layer.diff_id for layer in sample_image().layers} <= stored


@pytest.mark.container
def test_podman_loads_and_runs_the_docker_archive_that_a_pull_wrote(
    containers: Callable[..., str], plain_door: Door, tmp_path: Path
) -> None:
    push_image(plain_door.reg, sample_image(), "pull/podman", "v1")
    pull_image(plain_door.reg, "pull/podman", "v1", tmp_path / "image.tar", format="docker-archive")
    containers("load", "--input", tmp_path / "image.tar")
    name = f"{plain_door.host}/pull/podman:v1"
    told = json.loads(containers("inspect", name))[0]
    assert told["Id"] == sample_image().config.digest.partition(":")[2]
    assert "regtutor" in containers("run", "--rm", "--network=none", name)


def test_what_buildah_saved_for_docker_goes_round(
    reg: Registry, buildah_images: dict[str, Path], tmp_path: Path
) -> None:
    first = load_image(buildah_images["docker-archive"])
    push_image(reg, first, "pull/buildah", "v1")
    pull_image(reg, "pull/buildah", "v1", tmp_path / "image.tar", format="docker-archive")
    again = load_image(tmp_path / "image.tar")
    assert (again.digest, again.manifest.data) == (first.digest, first.manifest.data)
    with tarfile.open(tmp_path / "image.tar") as archive:
        assert archive.getnames()[0] == "manifest.json"


@pytest.mark.registry
def test_skopeo_finds_the_same_index_at_both_ends_of_a_copy(reg: Registry, plain_door: Door, skopeo: Skopeo) -> None:
    push_image(reg, sample_index(), "copy/sample", "v1")
    copy_image(reg, "copy/sample", "v1", plain_door.reg, "copied/sample", "v2")
    raw = [
        skopeo("inspect", "--raw", "--tls-verify=false", f"docker://{host_of(end)}/{name}")
        for end, name in ((reg, "copy/sample:v1"), (plain_door.reg, "copied/sample:v2"))
    ]
    assert raw == [sample_index().manifest.text()] * 2
