"""Images of other programs, pushed by ``regtutor push`` and brought back by skopeo, are what they were."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from regtutor.backends.opening import open_registry
from regtutor.client.registry import Registry
from regtutor.content.reading.load import load_image
from regtutor.walks.pushing import push_image
from tests.clients.conftest import LIMIT, Brought, Skopeo, from_layout, sha256
from tests.unpacking import unpack

pytestmark = pytest.mark.clients


def push(image: Path, reg: Registry, repository: str, tag: str = "v1") -> str:
    """``regtutor push``; the digest that it ends with."""
    reference = f"{reg.url.removeprefix('http://')}/{repository}:{tag}"
    command = [sys.executable, "-m", "regtutor", "push", str(image), reference]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_a_layout_of_umoci(reg: Registry, umoci_layout: Path, skopeo: Skopeo) -> None:
    digest = push(umoci_layout, reg, "umoci/layout")
    brought = skopeo.from_registry(reg, "umoci/layout", "v1")
    assert brought == from_layout(umoci_layout)
    assert len(brought.layers) == 2
    assert digest == brought.manifest


def test_a_layout_of_umoci_in_a_tar_file(reg: Registry, umoci_layout: Path, skopeo: Skopeo, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "layout.tar", "w") as archive:
        archive.add(umoci_layout, ".")
    assert push(tmp_path / "layout.tar", reg, "umoci/tar") == from_layout(umoci_layout).manifest
    assert skopeo.from_registry(reg, "umoci/tar", "v1") == from_layout(umoci_layout)


def test_a_layout_of_buildah(reg: Registry, buildah_images: dict[str, Path], skopeo: Skopeo) -> None:
    digest = push(buildah_images["layout"], reg, "buildah/layout")
    assert skopeo.from_registry(reg, "buildah/layout", "v1") == from_layout(buildah_images["layout"])
    assert digest == from_layout(buildah_images["layout"]).manifest


def test_an_oci_archive_of_buildah(
    reg: Registry, buildah_images: dict[str, Path], skopeo: Skopeo, tmp_path: Path
) -> None:
    unpack(buildah_images["oci-archive"], tmp_path)
    assert push(buildah_images["oci-archive"], reg, "buildah/oci") == from_layout(tmp_path).manifest
    assert skopeo.from_registry(reg, "buildah/oci", "v1") == from_layout(tmp_path)


def test_a_docker_archive_of_buildah(reg: Registry, buildah_images: dict[str, Path], skopeo: Skopeo) -> None:
    """Such an archive holds no manifest: what comes back is the one that regtutor wrote over config and layers."""
    digest = push(buildah_images["docker-archive"], reg, "buildah/docker")
    assert push(buildah_images["docker-archive"], reg, "buildah/docker", "again") == digest
    with tarfile.open(buildah_images["docker-archive"]) as archive:
        stored = {sha256(archive.extractfile(member).read()) for member in archive if member.isreg()}  # type: ignore[union-attr]
    brought = skopeo.from_registry(reg, "buildah/docker", "v1")
    assert brought.manifest == digest
    assert {brought.config, *brought.layers} <= stored
    assert len(brought.layers) == 1


@pytest.mark.registry
def test_what_skopeo_pushed_is_not_sent_again(registry_binary: str, umoci_layout: Path, skopeo: Skopeo) -> None:
    with open_registry("native", quiet=True, binary=registry_binary) as reg:
        target = f"docker://{reg.url.removeprefix('http://')}/skopeo/pushed:v1"
        skopeo("copy", "--dest-tls-verify=false", f"oci:{umoci_layout}:v1", target)
        transcript = push_image(reg, load_image(umoci_layout), "skopeo/pushed", "v2")
        assert [exchange.status for exchange in transcript] == [200, 200, 200, 201]
        assert skopeo.from_registry(reg, "skopeo/pushed", "v2") == from_layout(umoci_layout)


@pytest.mark.registry
@pytest.mark.parametrize(("writes", "serves"), [("embedded", "native"), ("native", "embedded")])
def test_the_directory_of_one_registry_is_served_by_the_other(
    writes: str,
    serves: str,
    registry_binary: str,
    umoci_layout: Path,
    buildah_images: dict[str, Path],
    skopeo: Skopeo,
    tmp_path: Path,
) -> None:
    binary = {"native": {"binary": registry_binary}, "embedded": {}}
    with open_registry(writes, quiet=True, root=tmp_path, **binary[writes]) as reg:
        push(umoci_layout, reg, "umoci/layout")
        pushed = push(buildah_images["docker-archive"], reg, "buildah/docker")
        docker: Brought = skopeo.from_registry(reg, "buildah/docker", "v1")
    with open_registry(serves, quiet=True, root=tmp_path, **binary[serves]) as reg:
        assert skopeo.from_registry(reg, "umoci/layout", "v1") == from_layout(umoci_layout)
        assert skopeo.from_registry(reg, "buildah/docker", "v1") == docker
        assert docker.manifest == pushed
        # And it goes on from there: the next image finds what the other one stored.
        push(buildah_images["layout"], reg, "umoci/layout", "v2")
        assert skopeo.from_registry(reg, "umoci/layout", "v2") == from_layout(buildah_images["layout"])
    with open_registry(writes, quiet=True, root=tmp_path, **binary[writes]) as reg:
        assert skopeo.from_registry(reg, "umoci/layout", "v2") == from_layout(buildah_images["layout"])
