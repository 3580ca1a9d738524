"""What docker save wrote before version 25: a manifest is written for it, and broken ones are refused."""

from __future__ import annotations

import gzip
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from regtutor.content.reading.load import load_image
from regtutor.content.sample.image import sample_image
from regtutor.content.sample.tarball import gzip as stored_gzip
from regtutor.errors import (
    BadManifest,
    DigestMismatch,
    ImageError,
    MissingBlob,
    NoSuchPlatform,
    TruncatedArchive,
    UnreadableImage,
    UnsafePath,
)
from regtutor.protocol import media_types as types
from regtutor.protocol.digests import sha256
from regtutor.protocol.manifests import parse_manifest
from tests.content.conftest import link, tar_of
from tests.unpacking import unpack

IMAGE = sample_image(platform="linux/amd64")
CONFIG_NAME = f"{IMAGE.config.digest.removeprefix('sha256:')}.json"


def plain_layers() -> list[bytes]:
    layers = []
    for layer in IMAGE.layers:
        with layer.open() as file:
            layers.append(gzip.decompress(file.read()))
    return layers


def members(pack: Any = None, **changes: Any) -> dict[str, Any]:
    """The members of an archive in the old form: ``<id>/layer.tar`` for each layer, config, list."""
    names = [f"{number:064x}/layer.tar" for number in range(3)]
    entry = {"Config": CONFIG_NAME, "RepoTags": ["library/hello:v1"], "Layers": names, **changes}
    layers = [pack(layer) if pack else layer for layer in plain_layers()]
    listed = {"manifest.json": json.dumps([entry]).encode()}
    return {**dict(zip(names, layers, strict=True)), CONFIG_NAME: IMAGE.config.data, **listed}


def test_a_schema_2_manifest_is_written_over_the_layers_as_stored(tmp_path: Path) -> None:
    image = load_image(tar_of(tmp_path / "a.tar", members()))
    assert image.media_type == types.DOCKER_MANIFEST
    assert image.name == "library/hello:v1"
    assert image.config.data == IMAGE.config.data
    assert [layer.media_type for layer in image.layers] == [types.DOCKER_LAYER] * 3
    assert [layer.digest for layer in image.layers] == [layer.diff_id for layer in IMAGE.layers]
    image.verify()
    view = parse_manifest(image.manifest.data, image.media_type)
    assert view.config is not None and view.config.media_type == types.DOCKER_CONFIG
    assert [(layer.digest, layer.size) for layer in view.layers] == [(x.digest, x.size) for x in image.layers]


def test_the_written_manifest_is_the_same_every_time(tmp_path: Path) -> None:
    first = load_image(tar_of(tmp_path / "a.tar", members()))
    again = load_image(tar_of(tmp_path / "b.tar", dict(reversed(members().items())), tarfile.GNU_FORMAT))
    assert first.digest == again.digest == "sha256:01b5a53b931b7345ca96f99274886ebbf393ce6b7ac1c5c8cf1248240673f033"


def test_layers_that_are_stored_with_gzip_keep_their_own_digest(tmp_path: Path) -> None:
    image = load_image(tar_of(tmp_path / "a.tar", members(stored_gzip)))
    assert [layer.media_type for layer in image.layers] == [types.DOCKER_LAYER_GZIP] * 3
    assert [layer.digest for layer in image.layers] == [layer.digest for layer in IMAGE.layers]
    assert [layer.diff_id for layer in image.layers] == [layer.diff_id for layer in IMAGE.layers]
    image.verify()


def test_layers_that_are_stored_with_zstd_are_named_by_oci_types(tmp_path: Path) -> None:
    image = load_image(tar_of(tmp_path / "a.tar", members(lambda layer: b"\x28\xb5\x2f\xfd" + layer[:100])))
    assert (image.media_type, image.config.media_type) == (types.OCI_MANIFEST, types.OCI_CONFIG)
    assert {layer.media_type for layer in image.layers} == {types.OCI_LAYER_ZSTD}
    image.verify()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_layer_may_be_a_link_to_another_in_the_archive(tmp_path: Path, kind: bytes) -> None:
    content = members()
    name = f"{2:064x}/layer.tar"
    content["common/layer.tar"] = content.pop(name)
    target = "../common/layer.tar" if kind == tarfile.SYMTYPE else "common/layer.tar"
    content[name] = link(name, target, kind)
    load_image(tar_of(tmp_path / "a.tar", content)).verify()


@pytest.mark.parametrize(
    "member",
    [
        link("a/layer.tar", "../../outside"),
        link("a/layer.tar", "/etc/passwd"),
        link("a/layer.tar", "../outside", tarfile.LNKTYPE),
        link("a/layer.tar", "/etc/passwd", tarfile.LNKTYPE),
        tarfile.TarInfo("../outside"),
        tarfile.TarInfo("/etc/passwd"),
        tarfile.TarInfo("a/../../outside"),
        tarfile.TarInfo("x" * 120 + "/../../outside"),
    ],
    ids=lambda member: f"{member.name[:20]}-{member.linkname}",
)
@pytest.mark.parametrize("tar_format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_a_name_or_link_that_leads_out_is_refused(tmp_path: Path, member: tarfile.TarInfo, tar_format: int) -> None:
    path = tar_of(tmp_path / "a.tar", {**members(), "evil": member}, tar_format)
    with pytest.raises(UnsafePath, match="leads out of the archive") as caught:
        load_image(path)
    assert caught.value.path == path


@pytest.mark.parametrize("field", ["Config", "Layers"])
@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/../../b", "a\0b", "\ud800"])
def test_a_name_in_the_list_that_leads_out_is_refused(tmp_path: Path, field: str, name: str) -> None:
    content = members(**{field: name if field == "Config" else [name] * 3})
    with pytest.raises(UnsafePath):
        load_image(tar_of(tmp_path / "a.tar", content))
    folder = tmp_path / "folder"
    unpack(tmp_path / "a.tar", folder)
    with pytest.raises(UnsafePath):
        load_image(folder)


def test_links_that_lead_in_a_circle_have_an_end(tmp_path: Path) -> None:
    first, second = f"{0:064x}/layer.tar", f"{1:064x}/layer.tar"
    content = members() | {first: link(first, "../" + second), second: link(second, "../" + first)}
    with pytest.raises(UnsafePath, match="loop"):
        load_image(tar_of(tmp_path / "a.tar", content))


def test_an_extracted_archive_is_read_as_a_folder(tmp_path: Path) -> None:
    path = tar_of(tmp_path / "a.tar", members())
    unpack(path, tmp_path / "folder")
    assert load_image(tmp_path / "folder").digest == load_image(path).digest


def test_a_foreign_layer_is_listed_with_its_urls_and_not_pushed(tmp_path: Path) -> None:
    source = {"mediaType": types.DOCKER_FOREIGN_GZIP, "digest": sha256(b"x"), "size": 1, "urls": ["https://a.test/x"]}
    image = load_image(tar_of(tmp_path / "a.tar", members(LayerSources={IMAGE.layers[0].diff_id: source})))
    assert [layer.uploadable for layer in image.layers] == [False, True, True]
    assert parse_manifest(image.manifest.data).layers[0].urls == ("https://a.test/x",)


def two_images() -> dict[str, Any]:
    content = members()
    other = json.loads(IMAGE.config.data) | {"architecture": "s390x"}
    content["other.json"] = json.dumps(other).encode()
    entry = json.loads(content["manifest.json"])[0]
    both = [entry, {**entry, "Config": "other.json", "RepoTags": ["library/other:v1"]}]
    return content | {"manifest.json": json.dumps(both).encode()}


def test_of_several_images_one_is_chosen_by_name_or_platform(tmp_path: Path) -> None:
    path = tar_of(tmp_path / "a.tar", two_images())
    assert str(load_image(path, name="library/other:v1").platform) == "linux/s390x"
    assert load_image(path, platform="linux/s390x").name == "library/other:v1"
    with pytest.raises(UnreadableImage, match="library/hello:v1, library/other:v1"):
        load_image(path, name="nothing")
    with pytest.raises(NoSuchPlatform, match="linux/amd64, linux/s390x"):
        load_image(path, platform="linux/386")


def test_two_images_for_one_platform_need_a_name(tmp_path: Path) -> None:
    content = two_images()
    content["other.json"] = IMAGE.config.data + b"\n"
    with pytest.raises(UnreadableImage, match="contains several images"):
        load_image(tar_of(tmp_path / "a.tar", content), platform="linux/amd64")


BROKEN = [
    ({"Config": None}, BadManifest, "lacks Config or Layers"),
    ({"Config": 1}, BadManifest, "lacks Config or Layers"),
    ({"Layers": "x"}, BadManifest, "lacks Config or Layers"),
    ({"Layers": [1]}, BadManifest, "lacks Config or Layers"),
    ({"Layers": ["a"] * 10_001}, BadManifest, "more than 10,000 layers"),
    ({"Layers": []}, BadManifest, "lists 3 diff IDs, but the manifest has 0 layers"),
    ({"Layers": ["a", "b", "c"]}, MissingBlob, "a layer of the image"),
    ({"Config": "a.json"}, MissingBlob, "the config of an image"),
    ({"LayerSources": {"x": {}}}, BadManifest, "LayerSources"),
    ({"RepoTags": "x"}, BadManifest, "RepoTags"),
]


@pytest.mark.parametrize(("change", "error", "reason"), BROKEN, ids=[f"{n}" for n in range(len(BROKEN))])
def test_a_broken_list_is_refused(tmp_path: Path, change: Any, error: type[ImageError], reason: str) -> None:
    with pytest.raises(error) as caught:
        load_image(tar_of(tmp_path / "a.tar", members(**change)))
    assert reason in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"[[]]", b"[" * 100_000, b" " * 5_000_000])
def test_a_list_that_is_none_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BadManifest):
        load_image(tar_of(tmp_path / "a.tar", members() | {"manifest.json": data}))


def test_a_config_that_is_not_what_its_name_says_is_a_mismatch(tmp_path: Path) -> None:
    with pytest.raises(DigestMismatch, match=CONFIG_NAME):
        load_image(tar_of(tmp_path / "a.tar", members() | {CONFIG_NAME: IMAGE.config.data + b" "}))


def test_a_config_without_diff_ids_is_refused(tmp_path: Path) -> None:
    content = members(Config="a.json") | {"a.json": b'{"os":"linux","architecture":"amd64"}'}
    with pytest.raises(BadManifest, match="lists no diff IDs"):
        load_image(tar_of(tmp_path / "a.tar", content))


def test_a_changed_layer_is_found_when_it_is_read(tmp_path: Path) -> None:
    content = members()
    content[f"{1:064x}/layer.tar"] = bytes(2560)
    image = load_image(tar_of(tmp_path / "a.tar", content))
    with pytest.raises(DigestMismatch, match=f"{1:064x}/layer.tar"):
        image.verify()


def test_an_archive_older_than_digests_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage, match=r"before 1\.10"):
        load_image(tar_of(tmp_path / "a.tar", {"repositories": b"{}"}))


@pytest.mark.parametrize(
    ("start", "program"), [(b"\x1f\x8b\x08", "gunzip"), (b"BZh9", "bunzip2"), (b"\xfd7zXZ\0", "unxz")]
)
def test_a_compressed_archive_is_refused_with_the_program_that_undoes_it(
    tmp_path: Path, start: bytes, program: str
) -> None:
    (tmp_path / "a.tar").write_bytes(start + bytes(1000))
    with pytest.raises(UnreadableImage, match=f"{program} "):
        load_image(tmp_path / "a.tar")


def test_an_archive_that_ends_before_its_list_is_truncated(tmp_path: Path) -> None:
    path = tar_of(tmp_path / "a.tar", members())
    with tarfile.open(path) as archive:
        end = archive.getmember("manifest.json").offset
    for size in (end, end + 100, end + 512):
        short = tmp_path / "short.tar"
        shutil.copy(path, short)
        with short.open("r+b") as file:
            file.truncate(size)
        with pytest.raises(TruncatedArchive, match="is truncated"):
            load_image(short)


def test_a_layer_that_is_cut_while_it_is_read_is_a_truncated_archive(tmp_path: Path) -> None:
    path = tar_of(tmp_path / "a.tar", members())
    image = load_image(path)
    with path.open("r+b") as file:
        file.truncate(1024)
    with pytest.raises(TruncatedArchive, match="ended while it was being read"):
        image.verify()
