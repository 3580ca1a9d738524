"""An index with all its images, read from a layout."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from regtutor.content.image import Image
from regtutor.content.index import Index
from regtutor.content.reading.load import load_image, load_index
from regtutor.content.sample.image import sample_image, sample_index, sample_layout
from regtutor.errors import BadManifest, DigestMismatch, MissingBlob, UnreadableImage
from regtutor.protocol.media_types import OCI_EMPTY, OCI_INDEX, OCI_MANIFEST
from tests.content.conftest import blob_path, put


def index_over(root: Path, *entries: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Write an index over ``entries`` into a layout; the entry that describes it."""
    body = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(entries), **fields}
    return {"mediaType": OCI_INDEX, **put(root, body)}


def list_in(root: Path, *entries: dict[str, Any]) -> Path:
    (root / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": list(entries)}))
    return root


def artifact(root: Path, **fields: Any) -> dict[str, Any]:
    """Write an artifact with the empty config into a layout; the entry that describes it."""
    empty = {"mediaType": OCI_EMPTY, **put(root, b"{}")}
    layer = {"mediaType": "text/plain", **put(root, b"signed\n")}
    body = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": empty, "layers": [layer], **fields}
    return {"mediaType": OCI_MANIFEST, **put(root, body)}


def test_the_sample_s_index_is_read_with_every_image(layout: Path) -> None:
    index = load_index(layout)
    assert index.digest == sample_index().digest
    assert [image.digest for image in index.images] == [image.digest for image in sample_index().images]
    assert [str(platform) for platform in index.platforms] == ["linux/amd64", "linux/arm64/v8"]
    assert index.name == "v1"
    index.verify()


def test_it_is_read_from_an_archive_too(layout: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "layout.tar", "w") as archive:
        archive.add(layout, ".")
    assert load_index(tmp_path / "layout.tar").digest == sample_index().digest


def test_each_blob_is_there_once_and_what_is_named_stands_before_what_names_it() -> None:
    index = sample_index()
    amd64, arm64 = index.images
    assert len(index.blobs) == len({*amd64.blobs, *arm64.blobs}) == 6  # base and greeting are shared
    assert [manifest.digest for manifest in index.manifests] == [amd64.digest, arm64.digest, index.digest]
    assert index.size == sum(part.size for part in (*index.blobs, *index.manifests))


def test_it_shows_its_images() -> None:
    text = repr(sample_index())
    assert text.startswith("Index library/hello:v1: 2 images, ")
    assert "linux/amd64" in text
    assert "linux/arm64/v8" in text


def test_of_several_names_one_is_read(tmp_path: Path) -> None:
    layout = sample_layout(tmp_path / "layout", ("v1", "v2"))
    assert load_index(layout, name="v2").digest == sample_index("v2").digest
    with pytest.raises(UnreadableImage, match="several images"):
        load_index(layout)


def test_indexes_within_an_index_come_before_it_and_are_read_once(layout: Path) -> None:
    entry = json.loads((layout / "index.json").read_bytes())["manifests"][0]
    inner = {key: entry[key] for key in ("mediaType", "digest", "size")}
    outer = index_over(layout, inner, inner, index_over(layout, inner))
    index = load_index(list_in(layout, outer))
    assert len(index.images) == 2
    assert [manifest.digest for manifest in index.manifests][2] == sample_index().digest
    assert index.manifests[-1].digest == outer["digest"]
    assert len(index.manifests) == 5
    assert isinstance(index.children[0], Index)


def test_indexes_that_lie_too_deep_are_refused(single: Path) -> None:
    entry = json.loads((single / "index.json").read_bytes())["manifests"][0]
    for _ in range(5):
        entry = index_over(single, entry)
    with pytest.raises(BadManifest, match="more than 4 deep"):
        load_index(list_in(single, entry))


def test_a_layout_with_a_single_image_holds_no_index(single: Path) -> None:
    with pytest.raises(UnreadableImage, match="contains no index of several images"):
        load_index(single)


def test_an_image_that_the_index_names_must_be_there(layout: Path) -> None:
    blob_path(layout, sample_image(platform="linux/arm64").digest).unlink()
    with pytest.raises(MissingBlob, match="a manifest of the image"):
        load_index(layout)


def test_an_image_that_was_changed_is_refused(layout: Path) -> None:
    path = blob_path(layout, sample_image(platform="linux/arm64").digest)
    path.write_bytes(path.read_bytes().replace(b"arm64", b"arm65") + b" ")
    with pytest.raises(DigestMismatch):
        load_index(layout)


def test_an_artifact_is_an_image_with_a_subject_and_a_type(single: Path) -> None:
    subject = json.loads((single / "index.json").read_bytes())["manifests"][0]
    list_in(single, artifact(single, artifactType="text/signature", subject=subject))
    found = load_image(single)
    assert found.artifact_type == "text/signature"
    assert found.subject is not None
    assert found.subject.digest == subject["digest"]
    assert [blob.size for blob in found.blobs] == [7, 2]
    assert sample_image().subject is None


def test_an_index_may_hold_artifacts_and_refer_to_a_subject(single: Path) -> None:
    image = json.loads((single / "index.json").read_bytes())["manifests"][0]
    entry = index_over(single, image, artifact(single, artifactType="text/note"), subject=image)
    index = load_index(list_in(single, entry))
    assert index.subject is not None
    assert [isinstance(child, Image) for child in index.children] == [True, True]
    assert index.platforms[1] is None


def test_a_docker_archive_has_no_index(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "image.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("manifest.json"))
    with pytest.raises(UnreadableImage, match="docker save archive"):
        load_index(tmp_path / "image.tar")
