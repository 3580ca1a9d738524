"""Images that other tools made, and other tools reading what is made here."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from regtutor.content.reading.load import load_image
from regtutor.content.sample.image import sample_image, sample_layout
from regtutor.content.sample.program import LINE
from regtutor.errors import UnreadableImage
from regtutor.protocol import media_types as types

pytestmark = pytest.mark.clients
Require = Callable[[str, str], str]


def run(*command: object, cwd: Path) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def skopeo(require_program: Require, tmp_path: Path) -> Callable[[str, str], None]:
    program = require_program("skopeo", "skopeo")

    def copy(source: str, target: str) -> None:
        run(program, "copy", "--insecure-policy", "--quiet", source, target, cwd=tmp_path)

    return copy


def test_an_image_that_umoci_made(require_program: Require, tmp_path: Path) -> None:
    umoci = require_program("umoci", "umoci")
    run(umoci, "init", "--layout", "made", cwd=tmp_path)
    run(umoci, "new", "--image", "made:one", cwd=tmp_path)
    for number in range(2):
        (tmp_path / f"file{number}").write_bytes(b"content " * 1000 * number)
        run(umoci, "insert", "--rootless", "--image", "made:one", f"file{number}", f"/file{number}", cwd=tmp_path)
    image = load_image(tmp_path / "made")
    index = json.loads((tmp_path / "made" / "index.json").read_bytes())
    assert image.digest == index["manifests"][0]["digest"]
    assert image.name == "one"
    assert len(image.layers) == 2
    assert all(layer.diff_id for layer in image.layers)
    image.verify()


@pytest.mark.parametrize("form", ["oci-archive", "oci", "oci-archive without a name"])
def test_what_skopeo_copies_as_oci_keeps_its_digest(
    skopeo: Callable[[str, str], None], tmp_path: Path, form: str
) -> None:
    sample_layout(tmp_path / "layout", ("v1",))
    target = {
        "oci-archive": "oci-archive:out:v1",
        "oci": "oci:out:v1",
        "oci-archive without a name": "oci-archive:out",
    }[form]
    skopeo("oci:layout:v1", target)
    image = load_image(tmp_path / "out")
    assert image.digest == sample_image().digest
    image.verify()


def test_what_skopeo_writes_as_a_docker_archive(skopeo: Callable[[str, str], None], tmp_path: Path) -> None:
    sample_layout(tmp_path / "layout", ("v1", "v2"))
    skopeo("oci:layout:v1", "docker-archive:out.tar:library/hello:v1")
    image = load_image(tmp_path / "out.tar", name="library/hello:v1")
    assert image.config.data == sample_image().config.data
    assert [layer.digest for layer in image.layers] == [layer.diff_id for layer in sample_image().layers]
    assert image.layers[0].media_type == types.DOCKER_LAYER
    image.verify()


def test_skopeo_sees_the_digest_that_is_seen_here(require_program: Require, tmp_path: Path) -> None:
    program = require_program("skopeo", "skopeo")
    sample_layout(tmp_path / "layout")
    for tag in ("v1", "v2"):
        raw = run(program, "inspect", "--raw", f"oci:layout:{tag}", cwd=tmp_path)
        index = json.loads(raw)
        platforms = {entry["platform"]["architecture"]: entry["digest"] for entry in index["manifests"]}
        assert len(platforms) >= 2
        for architecture, digest in platforms.items():
            assert load_image(tmp_path / "layout", name=tag, platform=architecture).digest == digest


def test_umoci_unpacks_the_sample_image(
    require_program: Require, skopeo: Callable[[str, str], None], tmp_path: Path
) -> None:
    umoci = require_program("umoci", "umoci")
    sample_layout(tmp_path / "layout", ("v1",))
    skopeo("oci:layout:v1", "oci:single:v1")
    run(umoci, "unpack", "--rootless", "--image", "single:v1", "bundle", cwd=tmp_path)
    rootfs = tmp_path / "bundle" / "rootfs"
    assert (rootfs / "etc" / "greeting").read_bytes() == b"This is library/hello:v1.\n"
    assert (rootfs / "bin" / "greet").stat().st_mode & 0o111


@pytest.mark.skipif(
    os.geteuid() != 0 or platform.machine() != "x86_64", reason="needs root, to change the root folder, and x86_64"
)
def test_the_unpacked_sample_image_runs_as_its_config_says(
    require_program: Require, skopeo: Callable[[str, str], None], tmp_path: Path
) -> None:
    umoci = require_program("umoci", "umoci")
    sample_layout(tmp_path / "layout", ("v2",))
    skopeo("oci:layout:v2", "oci:single:v2")
    run(umoci, "unpack", "--image", "single:v2", "bundle", cwd=tmp_path)
    process = json.loads((tmp_path / "bundle" / "config.json").read_bytes())["process"]
    assert process["cwd"] == "/"
    done = run("chroot", tmp_path / "bundle" / "rootfs", *process["args"], cwd=tmp_path)
    assert done == LINE.decode() + "This is library/hello:v2.\n"


def test_the_dir_form_of_skopeo_is_refused_with_the_command_that_helps(
    skopeo: Callable[[str, str], None], tmp_path: Path
) -> None:
    sample_layout(tmp_path / "layout", ("v1",))
    skopeo("oci:layout:v1", "dir:out")
    with pytest.raises(UnreadableImage, match="skopeo copy dir:"):
        load_image(tmp_path / "out")
