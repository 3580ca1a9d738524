"""The sample image is real, runs, and is the same bytes everywhere."""

from __future__ import annotations

import gzip
import io
import json
import os
import platform
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from regtutor.content.image import Image
from regtutor.content.reading.load import load_image
from regtutor.content.sample.image import PLATFORMS, sample_image, sample_index, sample_layer, sample_layout
from regtutor.content.sample.program import LINE, program
from regtutor.errors import NoSuchPlatform
from regtutor.message import Blob, body_of
from regtutor.protocol.digests import sha256
from regtutor.protocol.manifests import parse_manifest

BASE = "sha256:b9bb8b643f673365252619720748824a467f01d602ee73fdaa7cd337dc7ef43a"
PROGRAM = {
    "linux/amd64": "sha256:d692e1097c9579e9b44dce29ffec81f8c0d5c3730a57e637e0f1fe82c9105855",
    "linux/arm64/v8": "sha256:406a91c7cc4ca81c1be41d05ec4b0c12b69e91d304e6d11b1b6e4b5656f49fa1",
}
GREETING = {
    "library/hello:v1": "sha256:b4cd8552c28e7209f48027fdd918690ca8141c67e284c893f7dc67fb313a7fe4",
    "library/hello:v2": "sha256:a843a10b8c511f21e1cd2b6bd78e945153fa8806902e299ea46d2af8709364af",
    "library/other:v1": "sha256:0f14ce713392a2bec67771f6cd8b80eab6efaa680d3359c443d66977e600cede",
}
PINNED = [
    # name, platform, manifest, config
    (
        "library/hello:v1",
        "linux/amd64",
        "sha256:8e659d4f04dbc4becd71575b874d820cfaa455aa4a03368072d932bc1b3dbcde",
        "sha256:d29a67250296ba950fa355b09ce204d7ef8f7c575368f0dfa2ed6555c02068a3",
    ),
    (
        "library/hello:v1",
        "linux/arm64/v8",
        "sha256:9ca5dfd1270faf9676253a9b7a8eb433d648d870955d5f3ca264719433cc0678",
        "sha256:9f28d560cba55d1d26c22ecafb5a52a24eef835d586b42a068eb83ba054669b5",
    ),
    (
        "library/hello:v2",
        "linux/amd64",
        "sha256:ee725ab5c0fa3d97e207fdb2a087f9b514e7e33f9f21a75f0a73ec55b7d26641",
        "sha256:f3a26935835ec6f29cb5902c595804f481fdc4bb94bf6b6ac149ca895489843f",
    ),
    (
        "library/hello:v2",
        "linux/arm64/v8",
        "sha256:0a2fb92ea0adcf327896e1b31d575ef150adc7b9b8adb728d92b0252d33a4bab",
        "sha256:228ea6d2f13e141be1196e2c11f36c3fea4c17698084b463c6d3f43f4e329b5b",
    ),
    (
        "library/other:v1",
        "linux/amd64",
        "sha256:16792dafe9acea844769067e7169dd4238f6aa865f51b805583bb8c3a284d9a7",
        "sha256:7101224e58c3f8ad75313dbac95ed3ac46b3bf3b9282ad0f2e19b983a106154e",
    ),
    (
        "library/other:v1",
        "linux/arm64/v8",
        "sha256:30885d59d5dcea57d4fd8c444a91feb96daca7666b488b2c7c58a3bc4675b80e",
        "sha256:bd93ea56a6d302ba96260548c4f4a7fd6812b9e7fbb313970dc3e031d3c251a6",
    ),
]
INDEXES = {
    "library/hello:v1": "sha256:8b4253f195feb34153186642f6c43b49079a3ce20d99181bf8c9c332c6b9c73e",
    "library/hello:v2": "sha256:07ac609b7ff4c2dce92737c77ac6deb86a0d30681b46b45ba96fbeaeabb2eeaa",
    "library/other:v1": "sha256:113baa952bdd9265acbb421f6099afc3cf831089c6972522cfe6a7207ba061e4",
}
NOISE = "sha256:69280c19e429b72ddc677b6c89a41595b7b4531b4588ce2aa8a7f85496c7aa1c"


def named(name: str, platform: str | None = None) -> Image:
    repository, _, tag = name.partition(":")
    return sample_image(tag, repository=repository, platform=platform)


@pytest.mark.parametrize(("name", "on", "manifest", "config"), PINNED)
def test_every_digest_is_pinned(name: str, on: str, manifest: str, config: str) -> None:
    image = named(name, on)
    assert (image.name, str(image.platform)) == (name, on)
    assert [layer.digest for layer in image.layers] == [BASE, PROGRAM[on], GREETING[name]]
    assert (image.digest, image.config.digest) == (manifest, config)


@pytest.mark.parametrize("name", INDEXES)
def test_every_index_is_pinned(name: str) -> None:
    repository, _, tag = name.partition(":")
    assert sample_index(tag, repository=repository).digest == INDEXES[name]


def test_a_generated_layer_is_pinned() -> None:
    assert sample_layer(10_000_001).digest == NOISE


def test_tags_and_repositories_share_all_layers_but_the_last() -> None:
    images = [named(name, "linux/amd64") for name in GREETING]
    assert len({image.layers[:2] for image in images}) == 1
    assert len({image.layers[2].digest for image in images}) == 3


def test_layers_are_gzip_streams_of_tar_archives_that_python_reads() -> None:
    image = named("library/hello:v1", "linux/amd64")
    names = []
    for layer in image.layers:
        with layer.open() as file:
            archive = gzip.decompress(file.read())
        assert sha256(archive) == layer.diff_id
        with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
            names += opened.getnames()
    assert names == ["etc", "etc/group", "etc/os-release", "etc/passwd", "bin", "bin/greet", "etc", "etc/greeting"]


def test_the_config_names_platform_diff_ids_and_history() -> None:
    image = named("library/hello:v1", "linux/arm64")
    config = json.loads(image.config.data)
    assert (config["os"], config["architecture"], config["variant"]) == ("linux", "arm64", "v8")
    assert config["rootfs"]["diff_ids"] == [layer.diff_id for layer in image.layers]
    assert sum("empty_layer" not in step for step in config["history"]) == len(image.layers)
    assert config["config"]["Entrypoint"] == ["/bin/greet"]


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="runs only on a Linux machine with x86_64"
)
def test_the_program_runs_and_greets(tmp_path: Path) -> None:
    path = tmp_path / "greet"
    path.write_bytes(program("amd64"))
    os.chmod(path, 0o755)
    alone = subprocess.run([path], cwd=tmp_path, capture_output=True, timeout=10, check=True)
    assert alone.stdout == LINE
    assert b"regtutor" in LINE
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "greeting").write_bytes(b"This is a tag.\n")
    greeted = subprocess.run([path], cwd=tmp_path, capture_output=True, timeout=10, check=True)
    assert greeted.stdout == LINE + b"This is a tag.\n"


def test_the_program_for_arm64_points_to_its_data() -> None:
    data = program("arm64")
    assert int.from_bytes(data[18:20], "little") == 183
    for row, what in ((2, LINE), (7, b"etc/greeting\0")):
        at = 120 + 4 * row
        word = int.from_bytes(data[at : at + 4], "little")
        distance = (word >> 5 & 0x7FFFF) << 2 | word >> 29 & 3
        assert data[at + distance :].startswith(what)


def test_there_is_no_sample_for_another_platform() -> None:
    with pytest.raises(NoSuchPlatform, match="linux/amd64 and linux/arm64/v8"):
        sample_image(platform="windows/amd64")


def test_the_default_platform_is_one_that_exists() -> None:
    assert sample_image().platform in PLATFORMS


def test_the_layout_holds_both_platforms_of_every_tag(tmp_path: Path) -> None:
    root = sample_layout(tmp_path / "out")
    for tag in ("v1", "v2"):
        for on in PLATFORMS:
            image = load_image(root, name=tag, platform=on)
            assert image.digest == sample_image(tag, platform=on).digest
            image.verify()


def test_everything_in_an_image_can_be_sent_by_a_step() -> None:
    image = sample_image()
    for blob in (*image.blobs, image.manifest):
        assert isinstance(blob, Blob)
        assert sha256(body_of(blob).read()) == blob.digest
    assert parse_manifest(image.manifest.data, image.media_type).kind == "manifest"


def test_blobs_are_the_layers_and_then_the_config() -> None:
    image = sample_image()
    assert [blob.digest for blob in image.blobs] == [*(layer.digest for layer in image.layers), image.config.digest]


@pytest.mark.parametrize("size", [0, 1, 1024 * 1024, 3_000_000])
def test_a_generated_layer_has_its_size_and_can_seek(size: int) -> None:
    layer = sample_layer(size)
    with layer.open() as file:
        whole = file.read()
        file.seek(size // 2)
        assert file.read() == whole[size // 2 :]
    assert (len(whole), sha256(whole)) == (size, layer.digest)


def test_another_seed_gives_other_bytes() -> None:
    assert sample_layer(1000, seed=1).digest != sample_layer(1000).digest


def test_rows_and_text_show_type_size_digest_and_diff_id() -> None:
    image = sample_image()
    first, layer = image.rows()[0], image.layers[0]
    assert first == {
        "media type": layer.media_type,
        "size": layer.size,
        "digest": layer.digest,
        "diff ID": layer.diff_id,
    }
    text = repr(image)
    assert all(
        part in text for part in ("media type", "diff ID", "4,631", image.digest, "library/hello:v1", "3 layers")
    )
