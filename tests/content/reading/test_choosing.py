"""Choosing one of several images on disk: by digest if they have no names, and by the version of the system."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import regtutor as rt
from regtutor.cli import main
from regtutor.content.platforms import matches, parse_platform
from regtutor.content.sample.image import sample_image, sample_layout
from regtutor.errors import NoSuchPlatform, UnreadableImage
from regtutor.protocol.manifests import Platform
from tests.content.conftest import put, tar_of

REF_NAME = "org.opencontainers.image.ref.name"


def with_config(root: Path, **fields: Any) -> dict[str, Any]:
    """Write the sample image with another config into a layout, and return its descriptor."""
    image = sample_image(platform="linux/amd64")
    config = json.loads(image.config.data) | {name.replace("_", "."): value for name, value in fields.items()}
    manifest = json.loads(image.manifest.data)
    manifest["config"] |= put(root, config)
    return {"mediaType": image.media_type, **put(root, manifest)}


def layout_of(root: Path, *entries: dict[str, Any]) -> Path:
    (root / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": list(entries)}))
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return sample_layout(tmp_path / "layout", ("v1",))


@pytest.mark.parametrize("names", [(None, None), ("v1", "v1"), (None, "v1"), ("v1", None)], ids=str)
def test_several_images_are_refused_with_their_digests_and_chosen_by_one(
    names: tuple[str | None, ...], root: Path
) -> None:
    entries = [with_config(root, author=str(number)) for number in range(2)]
    for entry, name in zip(entries, names, strict=True):
        if name:
            entry["annotations"] = {REF_NAME: name}
    layout_of(root, *entries)
    with pytest.raises(UnreadableImage, match="several images") as caught:
        rt.load_image(root)
    for entry in entries:
        assert entry["digest"] in caught.value.why
        assert rt.load_image(root, name=entry["digest"]).digest == entry["digest"]
    pushed = CliRunner().invoke(main, ["push", "-q", str(root), "127.0.0.1:1/a:v1"])
    assert (pushed.exit_code, pushed.stdout) == (2, "")


def test_several_images_of_different_platforms_are_one_choice(root: Path) -> None:
    entries = [with_config(root, architecture=name) for name in ("amd64", "arm64")]
    layout_of(root, *entries)
    assert rt.load_image(root, platform="linux/amd64").digest == entries[0]["digest"]
    assert rt.load_image(root, platform="linux/arm64").digest == entries[1]["digest"]
    layout_of(root, *entries, with_config(root, architecture="arm64", author="other"))
    assert rt.load_image(root, platform="linux/amd64").digest == entries[0]["digest"]
    with pytest.raises(UnreadableImage, match="several images"):
        rt.load_image(root, platform="linux/arm64")


def test_the_same_image_listed_twice_and_within_an_index_is_no_choice(root: Path) -> None:
    entry = with_config(root)
    index = put(root, {"schemaVersion": 2, "manifests": [entry]})
    listed = {"mediaType": "application/vnd.oci.image.index.v1+json", **index}
    layout_of(root, entry, listed, entry)
    assert rt.load_image(root).digest == entry["digest"]
    assert rt.load_image(root, name=index["digest"]).digest == entry["digest"]
    assert rt.load_index(root, name=index["digest"]).digest == index["digest"]


def test_an_image_in_an_index_is_chosen_by_its_digest_too(tmp_path: Path) -> None:
    root = sample_layout(tmp_path / "layout", ("v1",))
    index = rt.load_index(root)
    for image in index.images:
        assert rt.load_image(root, name=image.digest).digest == image.digest
    with pytest.raises(UnreadableImage, match="no image called"):
        rt.load_image(root, name=f"sha256:{'0' * 64}")


# --- docker archives ----------------------------------------------------------------------------------------------


def docker_archive(path: Path, tags: list[list[str] | None]) -> tuple[Path, list[str]]:
    """A docker archive with an image for each of ``tags``; and the digests of their configs."""
    image = sample_image(platform="linux/amd64")
    config = json.loads(image.config.data)
    members: dict[str, Any] = {f"{n}.tar": layer.open().read() for n, layer in enumerate(image.layers)}
    entries, digests = [], []
    for number, names in enumerate(tags):
        data = json.dumps(config | {"author": str(number)}).encode()
        digest = hashlib.sha256(data).hexdigest()
        members[f"{digest}.json"] = data
        entries.append(
            {"Config": f"{digest}.json", "RepoTags": names, "Layers": [f"{n}.tar" for n in range(len(image.layers))]}
        )
        digests.append(f"sha256:{digest}")
    return tar_of(path, {"manifest.json": json.dumps(entries).encode(), **members}), digests


@pytest.mark.parametrize("tags", [[None, None], [None, []], [["a:v1"], None], [["a:v1"], ["a:v1"]]], ids=str)
def test_images_of_a_docker_archive_have_their_digests_as_names(tags: list[list[str] | None], tmp_path: Path) -> None:
    path, digests = docker_archive(tmp_path / "image.tar", tags)
    with pytest.raises(UnreadableImage, match="several images") as caught:
        rt.load_image(path)
    for digest in digests:
        assert digest in caught.value.why
        assert rt.load_image(path, name=digest).config.digest == digest
    with pytest.raises(UnreadableImage, match="no image called"):
        rt.load_image(path, name=f"sha256:{'0' * 64}")


# --- os.version ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("windows/amd64:10.0.20348", Platform("windows", "amd64", "", "10.0.20348")),
        ("windows(10.0.20348)/amd64", Platform("windows", "amd64", "", "10.0.20348")),
        ("linux/arm/v7:5.4", Platform("linux", "arm", "v7", "5.4")),
        ("linux(5.4)/arm/v7", Platform("linux", "arm", "v7", "5.4")),
    ],
)
def test_a_version_of_the_system_is_a_part_of_the_platform(text: str, platform: Platform) -> None:
    assert parse_platform(text) == platform
    assert parse_platform(str(platform)) == platform


@pytest.mark.parametrize("text", ["windows:10", "windows/amd64:", "windows()/amd64", ":10/amd64", "windows(10)", "a(b"])
def test_a_malformed_version_is_refused(text: str) -> None:
    with pytest.raises(NoSuchPlatform):
        parse_platform(text)


@pytest.mark.parametrize(
    ("wanted", "found", "fits"),
    [
        ("", "10.0.20348.2000", True), ("10.0.20348", "10.0.20348.2000", True), ("10.0.2", "10.0.20348.2000", False),
        ("10.0.20348.2000", "10.0.20348", False), ("10.0.20348", "", False), ("10.0.20348", "10.0.20348", True),
    ],
)  # fmt: skip
def test_a_version_matches_by_its_parts(wanted: str, found: str, fits: bool) -> None:
    assert matches(Platform("windows", "amd64", "", wanted), Platform("windows", "amd64", "", found)) is fits


VERSIONS = ("10.0.17763.5000", "10.0.20348.2000")


def windows(root: Path, stated: bool) -> list[dict[str, Any]]:
    """Two images for windows in an index; ``stated``: the index says the platform, or only the configs do."""
    entries = []
    for version in VERSIONS:
        entry = with_config(root, os="windows", os_version=version)
        if stated:
            entry["platform"] = {"os": "windows", "architecture": "amd64", "os.version": version}
        entries.append(entry)
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries}
    layout_of(root, {"mediaType": "application/vnd.oci.image.index.v1+json", **put(root, index)})
    return entries


@pytest.mark.parametrize("stated", [True, False])
def test_images_that_differ_by_the_version_are_shown_and_selectable(stated: bool, root: Path) -> None:
    entries = windows(root, stated)
    with pytest.raises(NoSuchPlatform) as caught:
        rt.load_image(root, platform="linux/amd64")
    for version, entry in zip(VERSIONS, entries, strict=True):
        assert version in caught.value.why
        image = rt.load_image(root, platform=f"windows/amd64:{version}")
        assert image.digest == entry["digest"]
        assert version in repr(image)
    assert rt.load_image(root, platform="windows/amd64").digest == entries[0]["digest"]
    with pytest.raises(NoSuchPlatform):
        rt.load_image(root, platform="windows/amd64:10.0.26100")


def test_a_pull_chooses_by_the_version_keeps_it_and_says_that_there_are_others(root: Path, tmp_path: Path) -> None:
    entries = windows(root, True)
    with rt.open_registry("embedded", quiet=True) as reg:
        rt.push_image(reg, rt.load_index(root), "library/win", "v1", progress=False)
        second = rt.pull_image(reg, "library/win", "v1", tmp_path / "a", platform="windows/amd64:10.0.20348")
        first = rt.pull_image(reg, "library/win", "v1", tmp_path / "b", platform="windows/amd64", progress=False)
        shown = str(rt.inspect_image(reg, "library/win", "v1"))
    assert [rt.load_image(tmp_path / name).digest for name in "ba"] == [entry["digest"] for entry in entries]
    stated = json.loads((tmp_path / "a" / "index.json").read_text())["manifests"][0]["platform"]
    assert stated == {"os": "windows", "architecture": "amd64", "os.version": VERSIONS[1]}
    assert VERSIONS[1] in first.notes[0] and VERSIONS[0] in second.notes[0]
    assert all(version in shown for version in VERSIONS)
