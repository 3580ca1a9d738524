"""Archives of other tools: two formats in one, compressed ones, ones of links, manifests in the index, and caches."""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import regtutor as rt
from regtutor.content.sample.image import sample_image, sample_layout
from regtutor.errors import BadManifest, CannotSave, PullFailed, UnreadableImage, UnsafePath
from regtutor.protocol.media_types import OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST
from tests.content.conftest import blob_path, link, members_of, put, tar_of, write_single

CACHE_CONFIG = "application/vnd.buildkit.cacheconfig.v0"


# --- Both formats in one archive ----------------------------------------------------------------------------------


def hybrid(root: Path, change: Callable[[dict[str, Any]], None], **fields: Any) -> Path:
    """A layout whose OCI side is changed, and the list of Docker beside it, which is right."""
    image = sample_image(platform="linux/amd64")
    write_single(root, change)
    names = [f"blobs/{layer.digest.replace(':', '/')}" for layer in image.layers]
    config = f"blobs/{image.config.digest.replace(':', '/')}"
    entry = {"Config": config, "RepoTags": ["hello:v1"], "Layers": names, **fields}
    (root / "manifest.json").write_text(json.dumps([entry]))
    return root


BROKEN: dict[str, Callable[[dict[str, Any]], None]] = {
    "no layers": lambda manifest: manifest.update(layers=[]),
    "layers that are null": lambda manifest: manifest.update(layers=None),
    "one layer too few": lambda manifest: manifest["layers"].pop(),
    "layers that are missing": lambda manifest: manifest["layers"][0].update(digest=f"sha256:{'0' * 64}"),
    "a malformed layer": lambda manifest: manifest["layers"][0].pop("mediaType"),
    "no config": lambda manifest: manifest.pop("config"),
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("tar", [False, True])
def test_of_a_layout_that_cannot_be_used_the_list_of_docker_is(
    change: Callable[[dict[str, Any]], None], tar: bool, tmp_path: Path
) -> None:
    path = hybrid(tmp_path / "hybrid", change)
    if tar:
        path = tar_of(tmp_path / "hybrid.tar", members_of(path))
    image = rt.load_image(path)
    assert len(image.layers) == 3
    assert "manifest.json" in image.source
    image.verify()
    assert rt.load_image(path, name="hello:v1").digest == image.digest


def test_an_index_that_lists_nothing_is_no_reason_to_stop(tmp_path: Path) -> None:
    root = hybrid(tmp_path / "hybrid", BROKEN["no layers"])
    (root / "index.json").write_text('{"schemaVersion": 2, "manifests": []}')
    assert len(rt.load_image(root).layers) == 3


def test_if_both_sides_are_wrong_the_error_is_that_of_the_layout(tmp_path: Path) -> None:
    root = hybrid(tmp_path / "hybrid", BROKEN["no layers"], Layers=[])
    with pytest.raises(BadManifest, match="diff IDs, but the manifest has 0 layers"):
        rt.load_image(root)


def test_a_layout_that_is_right_is_used(tmp_path: Path) -> None:
    root = hybrid(tmp_path / "hybrid", lambda _manifest: None)
    assert rt.load_image(root).media_type == OCI_MANIFEST
    assert "manifest.json" not in rt.load_image(root).source


# --- Compressed archives ------------------------------------------------------------------------------------------

COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("kind", COMPRESSORS)
@pytest.mark.parametrize("docker", [True, False])
def test_a_compressed_archive_is_read(kind: str, docker: bool, tmp_path: Path) -> None:
    with rt.open_registry("embedded", quiet=True) as reg:
        rt.push_image(reg, sample_image(), "library/hello", "v1", progress=False)
        form = "docker-archive" if docker else "oci-archive"
        rt.pull_image(reg, "library/hello", "v1", tmp_path / "image.tar", format=form, progress=False)
        plain = rt.load_image(tmp_path / "image.tar")
        path = tmp_path / f"image.tar.{kind}"
        path.write_bytes(COMPRESSORS[kind]((tmp_path / "image.tar").read_bytes()))
        image = rt.load_image(path)
        (tmp_path / "image.tar").unlink()
        assert (image.digest, image.source) == (plain.digest, str(path))
        image.verify()
        rt.push_image(reg, image, "library/again", "v1", progress=False)
        copy = Path(image.layers[0].open().raw._part.path)  # type: ignore[attr-defined]
        assert copy.is_file()
        del image
        assert not copy.exists()


@pytest.mark.parametrize("kind", COMPRESSORS)
def test_a_compressed_archive_that_is_cut_off_is_refused_by_name(kind: str, tmp_path: Path) -> None:
    data = COMPRESSORS[kind](tar_of(tmp_path / "a.tar", {"a": b"x" * 100_000}).read_bytes())
    (tmp_path / "cut").write_bytes(data[:-12])
    with pytest.raises(UnreadableImage, match="damaged compressed file"):
        rt.load_image(tmp_path / "cut")


# --- Links --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["/home/me/.cache/bazel/blob", "../../bazel-out/blob"])
def test_an_archive_of_links_says_how_to_write_it_without(target: str, tmp_path: Path) -> None:
    with pytest.raises(UnsafePath) as caught:
        rt.load_image(tar_of(tmp_path / "a.tar", {"index.json": link("index.json", target)}))
    assert "tar --dereference" in caught.value.next


# --- Manifests in the index ---------------------------------------------------------------------------------------


def test_a_manifest_in_data_needs_no_blob(tmp_path: Path) -> None:
    root = write_single(tmp_path / "layout")
    (entry,) = json.loads((root / "index.json").read_text())["manifests"]
    manifest = blob_path(root, entry["digest"])
    entry["data"] = base64.b64encode(manifest.read_bytes()).decode()
    manifest.unlink()
    (root / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    assert rt.load_image(root).digest == entry["digest"]
    assert rt.load_image(root, name=entry["digest"]).digest == entry["digest"]
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}
    data = json.dumps(index).encode()
    outer = {"mediaType": OCI_INDEX, **put(root, index), "data": base64.b64encode(data).decode()}
    blob_path(root, outer["digest"]).unlink()
    (root / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [outer]}))
    assert rt.load_image(root).digest == rt.load_index(root).images[0].digest == entry["digest"]


# --- Layers that no docker archive can contain --------------------------------------------------------------------


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
        "application/vnd.oci.image.layer.v1.tar+encrypted",
        "application/vnd.docker.image.rootfs.diff.tar.gzip.encrypted",
        "application/vnd.dev.cosign.simplesigning.v1+json",
        "application/vnd.in-toto+json",
        "text/plain",
    ],
)
def test_a_layer_that_is_no_tar_archive_is_named_before_anything_is_fetched(media_type: str, tmp_path: Path) -> None:
    def change(manifest: dict[str, Any]) -> None:
        manifest["layers"][1]["mediaType"] = media_type

    image = rt.load_image(write_single(tmp_path / "layout", change))
    with rt.open_registry("embedded", quiet=True) as reg:
        rt.push_image(reg, image, "library/hello", "v1", progress=False)
        with pytest.raises(CannotSave, match=media_type.replace("+", r"\+")) as caught:
            rt.pull_image(reg, "library/hello", "v1", tmp_path / "image.tar", format="docker-archive", progress=False)
        rt.pull_image(reg, "library/hello", "v1", tmp_path / "oci", progress=False)
    assert image.layers[1].digest in str(caught.value)
    assert not (tmp_path / "image.tar").exists()


def test_an_image_with_too_few_diff_ids_is_pulled_with_a_note(tmp_path: Path) -> None:
    image = sample_image(platform="linux/amd64")
    config = json.loads(image.config.data)
    config["rootfs"]["diff_ids"].pop()
    data = json.dumps(config).encode()
    manifest = json.loads(image.manifest.data)
    manifest["config"] |= {"digest": f"sha256:{hashlib.sha256(data).hexdigest()}", "size": len(data)}
    with rt.open_registry("embedded", quiet=True) as reg:
        rt.push_image(reg, image, "library/hello", "v0", progress=False)
        start = rt.start_upload(reg, "library/hello").expect(202)
        rt.put_blob(reg, start.location, data).expect(201)
        rt.put_manifest(reg, "library/hello", "v1", json.dumps(manifest).encode(), media_type=OCI_MANIFEST).expect(201)
        transcript = rt.pull_image(reg, "library/hello", "v1", tmp_path / "oci", progress=False)
        assert rt.pull_image(reg, "library/hello", "v0", tmp_path / "good", progress=False).notes == ()
    assert "2 diff IDs for 3 layers" in transcript.notes[0]


# --- Build caches -------------------------------------------------------------------------------------------------


def cache(root: Path) -> dict[str, Any]:
    """A build cache of BuildKit in a layout: an index of layers and of a config; the entry that describes it."""
    sample_layout(root, ("v1",))
    entries = [
        {"mediaType": OCI_LAYER_GZIP, **put(root, b"a cached layer")},
        {"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", **put(root, b"another one")},
        {"mediaType": CACHE_CONFIG, **put(root, b'{"layers":[],"records":[]}')},
    ]
    body = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    entry = {"mediaType": OCI_INDEX, **put(root, body)}
    (root / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    return entry


@pytest.fixture(params=["embedded", pytest.param("native", marks=pytest.mark.registry)])
def reg(request: pytest.FixtureRequest) -> Any:
    options = {"binary": request.getfixturevalue("registry_binary")} if request.param == "native" else {}
    with rt.open_registry(request.param, quiet=True, **options) as registry:
        yield registry


def test_a_build_cache_is_pushed_copied_and_pulled_with_its_blobs(reg: rt.Registry, tmp_path: Path) -> None:
    entry = cache(tmp_path / "cache")
    index = rt.load_index(tmp_path / "cache")
    assert (index.digest, len(index.blobs)) == (entry["digest"], 3)
    rt.push_image(reg, index, "library/cache", "v1", progress=False)
    transcript = rt.copy_image(reg, "library/cache", "v1", reg, "library/copy", "v1", progress=False)
    assert transcript[-1].status == 201
    rt.pull_image(reg, "library/copy", "v1", tmp_path / "pulled", platform="all", progress=False)
    again = rt.load_index(tmp_path / "pulled")
    assert [blob.open().read() for blob in again.blobs] == [blob.open().read() for blob in index.blobs]
    assert CACHE_CONFIG in str(rt.inspect_image(reg, "library/copy", "v1"))


def test_a_build_cache_is_no_image_and_said_to_be_one(reg: rt.Registry, tmp_path: Path) -> None:
    cache(tmp_path / "cache")
    with pytest.raises(UnreadableImage, match=r"build cache of BuildKit.*--platform all"):
        rt.load_image(tmp_path / "cache")
    rt.push_image(reg, rt.load_index(tmp_path / "cache"), "library/cache", "v1", progress=False)
    for platform in (None, "linux/amd64"):
        with pytest.raises(PullFailed, match=r"build cache of BuildKit.*platform all"):
            rt.pull_image(reg, "library/cache", "v1", tmp_path / "pulled", platform=platform, progress=False)
