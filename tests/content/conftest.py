"""Images on disk for the tests of content: layouts in folders and in archives, whole and broken."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regtutor.content.sample.image import sample_image, sample_layout
from regtutor.protocol.digests import sha256

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """An OCI layout with one tag, v1, for two platforms."""
    return sample_layout(tmp_path / "layout", ("v1",))


@pytest.fixture
def single(tmp_path: Path) -> Path:
    """An OCI layout with one image for linux/amd64 and no name."""
    return write_single(tmp_path / "single")


def write_single(root: Path, change_manifest: Change | None = None, change_config: Change | None = None) -> Path:
    """The sample image as a layout of its own, its manifest or config changed on the way and digested anew."""
    sample_layout(root, ("v1",))
    image = sample_image(platform="linux/amd64")
    manifest, config = json.loads(image.manifest.data), json.loads(image.config.data)
    as_it_was = json.dumps(manifest)
    if change_config:
        change_config(config)
        manifest["config"] = {**manifest["config"], **put(root, config)}
    if change_manifest:
        change_manifest(manifest)
    changed = manifest if json.dumps(manifest) != as_it_was else image.manifest.data
    entry = {"mediaType": image.media_type, **put(root, changed)}
    (root / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    return root


def put(root: Path, value: Any) -> dict[str, Any]:
    """Write a blob (bytes, or a JSON value) into a layout; its digest and size."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    digest = sha256(data)
    blob_path(root, digest).write_bytes(data)
    return {"digest": digest, "size": len(data)}


def blob_path(root: Path, digest: str) -> Path:
    """Where a layout keeps a blob."""
    return root / "blobs" / digest.replace(":", "/")


def tar_of(path: Path, members: dict[str, bytes | tarfile.TarInfo], tar_format: int = tarfile.PAX_FORMAT) -> Path:
    """An archive with these members; bytes are files, a TarInfo stands for itself."""
    with tarfile.open(path, "w", format=tar_format) as archive:
        for name, data in members.items():
            info = data if isinstance(data, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = 0 if isinstance(data, tarfile.TarInfo) else len(data)
            archive.addfile(info, None if isinstance(data, tarfile.TarInfo) else io.BytesIO(data))
    return path


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    """A link in an archive."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def members_of(folder: Path) -> dict[str, bytes | tarfile.TarInfo]:
    """All files below a folder, by their names in it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
