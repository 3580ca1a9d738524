"""A large layer in an OCI layout: gzip with stored blocks, so that no client compresses or unpacks it first."""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class Layout:
    """An image with layers in a folder: the path of the layout, and the path, digest and size of each layer."""

    path: Path
    layers: tuple[Path, ...]

    @property
    def digests(self) -> tuple[str, ...]:
        return tuple(f"sha256:{layer.name}" for layer in self.layers)


def written(folder: Path, mebibytes: int, layers: int = 1) -> Layout:
    """Write an image with ``layers`` layers of this size; the bytes differ from those of any other image."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    paths, diff_ids = [], []
    for _ in range(layers):
        path, diff_id = _layer(blobs, mebibytes)
        paths.append(path)
        diff_ids.append(diff_id)
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": {"mediaType": _CONFIG, **_kept(blobs, json.dumps(config).encode())},
        "layers": [
            {"mediaType": _LAYER, "digest": f"sha256:{path.name}", "size": path.stat().st_size} for path in paths
        ],
    }
    entry = {"mediaType": _MANIFEST, **_kept(blobs, json.dumps(manifest).encode())}
    entry["annotations"] = {"org.opencontainers.image.ref.name": "v1"}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    return Layout(folder, tuple(paths))


def _layer(blobs: Path, mebibytes: int) -> tuple[Path, str]:
    unfinished = blobs / "unfinished"
    stored, hasher, unpacked = zlib.compressobj(level=0, wbits=31), hashlib.sha256(), hashlib.sha256()
    block = os.urandom(MIB)
    with unfinished.open("wb") as file:
        for number in range(mebibytes):
            data = number.to_bytes(8, "big") + block[8:]
            unpacked.update(data)
            for part in (stored.compress(data), stored.flush() if number == mebibytes - 1 else b""):
                hasher.update(part)
                file.write(part)
    return unfinished.rename(blobs / hasher.hexdigest()), f"sha256:{unpacked.hexdigest()}"


def _kept(blobs: Path, data: bytes) -> dict[str, str | int]:
    name = hashlib.sha256(data).hexdigest()
    (blobs / name).write_bytes(data)
    return {"digest": f"sha256:{name}", "size": len(data)}
