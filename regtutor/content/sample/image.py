"""The sample image: small, real, runnable, and byte for byte the same on every machine.

It has three layers: the base (``/etc``), the program (``/bin/greet``), and the greeting, which differs between tags.
All repositories and tags share the first two layers, so that pushes to a registry show how layers are shared.

This module also makes layers of any size, generated while they are read, for experiments in which only the size
matters.
"""

from __future__ import annotations

import hashlib
import io
import json
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from regtutor.content.image import Config, Document, Image, Layer, Manifest
from regtutor.content.index import Index
from regtutor.content.platforms import machine_platform, matches, parse_platform
from regtutor.content.sample.program import GREETING_FILE, program
from regtutor.content.sample.tarball import Entry, gzip, tarball
from regtutor.errors import NoSuchPlatform
from regtutor.protocol.digests import Hasher, sha256
from regtutor.protocol.manifests import Platform
from regtutor.protocol.media_types import OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PLATFORMS = (Platform("linux", "amd64"), Platform("linux", "arm64", "v8"))
"""The platforms of the sample image."""

CREATED = "2024-01-01T00:00:00Z"

_BASE = (
    Entry("etc/"),
    Entry("etc/group", b"root:x:0:\nlearner:x:1000:\n"),
    Entry("etc/os-release", b'ID=regtutor\nNAME="regtutor sample image"\nPRETTY_NAME="regtutor sample image"\n'),
    Entry("etc/passwd", b"root:x:0:0:root:/:/bin/greet\nlearner:x:1000:1000:learner:/:/bin/greet\n"),
)


def sample_image(
    tag: str = "v1", *, repository: str = "library/hello", platform: str | Platform | None = None
) -> Image:
    """Return a small image that runs: its program prints a greeting with regtutor, the repository and the tag.

    Parameters
    ----------
    tag, repository: any; two sample images share all layers except the last, which contains the greeting.
    platform: ``linux/amd64`` or ``linux/arm64``; by default the one of this machine, or linux/amd64 if it is neither.

    Raises
    ------
    NoSuchPlatform: for another platform.
    """
    chosen = _chosen(platform)
    layers = (
        _layer("base", _BASE),
        _layer("program", (Entry("bin/"), Entry("bin/greet", program(chosen.architecture), 0o755))),
        _layer("greeting", (Entry("etc/"), Entry(GREETING_FILE, f"This is {repository}:{tag}.\n".encode()))),
    )
    config = Config(_json(_config(chosen, layers)), OCI_CONFIG)
    manifest = Manifest(
        _json(
            {
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "config": _descriptor(config),
                "layers": [_descriptor(layer) for layer in layers],
            }
        ),
        OCI_MANIFEST,
    )
    return Image(manifest, config, layers, chosen, f"{repository}:{tag}", "regtutor's sample image")


def sample_index(tag: str = "v1", *, repository: str = "library/hello") -> Index:
    """Return the sample image for all :data:`PLATFORMS`, in one index.

    Parameters
    ----------
    tag, repository: as for :func:`sample_image`.
    """
    images = tuple(sample_image(tag, repository=repository, platform=platform) for platform in PLATFORMS)
    entries = [{**_descriptor(image.manifest), "platform": _platform(image.platform)} for image in images]
    manifest = Manifest(_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}), OCI_INDEX)
    return Index(manifest, images, f"{repository}:{tag}", "regtutor's sample image")


def sample_layout(path: str | Path, tags: tuple[str, ...] = ("v1", "v2"), *, repository: str = "library/hello") -> Path:
    """Write the sample image as an OCI layout: one index for each tag, with all platforms.

    Parameters
    ----------
    path: a folder; it is created if it does not exist.

    Source: OCI image-spec v1.1.1, image-layout.md.
    """
    root = Path(path)
    entries = []
    for tag in tags:
        index = sample_index(tag, repository=repository)
        for blob in (*index.manifests, *index.blobs):
            _write(root, blob)
        names = {"org.opencontainers.image.ref.name": tag}
        entries.append({**_descriptor(index.manifest), "annotations": names})
    (root / "oci-layout").write_bytes(_json({"imageLayoutVersion": "1.0.0"}))
    (root / "index.json").write_bytes(_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}))
    return root


@lru_cache(maxsize=64)
def sample_layer(size: int, seed: int = 0) -> Layer:
    """Return a layer of ``size`` bytes, generated while they are read, in constant memory.

    The same ``size`` and ``seed`` always give the same bytes. They look random and are not a tar archive: use the layer
    to watch uploads, not to run it. This function reads the bytes once to compute the digest, at a few hundred
    megabytes per second.
    """
    opener = partial(_open_noise, size, seed)
    hasher = Hasher()
    with opener() as file:
        while chunk := file.read(_NOISE):
            hasher.update(chunk)
    return Layer("application/octet-stream", hasher.digest, size, opener=opener, where=f"sample_layer({size}, {seed})")


def _chosen(platform: str | Platform | None) -> Platform:
    wanted = machine_platform() if platform is None else parse_platform(platform)
    found = [known for known in PLATFORMS if matches(wanted, known)]
    if not found and platform is not None:
        names = " and ".join(map(str, PLATFORMS))
        raise NoSuchPlatform(f"No sample image exists for {wanted}", f"it exists for {names}", "Choose one of them")
    return found[0] if found else PLATFORMS[0]


def _layer(name: str, entries: tuple[Entry, ...]) -> Layer:
    archive = tarball(entries)
    data = gzip(archive)
    where = f"the sample image's {name} layer"
    return Layer(
        OCI_LAYER_GZIP, sha256(data), len(data), sha256(archive), opener=partial(io.BytesIO, data), where=where
    )


def _config(platform: Platform, layers: tuple[Layer, ...]) -> dict[str, Any]:
    steps = ("COPY etc /etc", "COPY greet /bin/greet", "COPY greeting /etc/greeting")
    history: list[dict[str, Any]] = [{"created": CREATED, "created_by": step} for step in steps]
    history.append({"created": CREATED, "created_by": 'ENTRYPOINT ["/bin/greet"]', "empty_layer": True})
    return {
        "created": CREATED,
        "author": "regtutor",
        **_platform(platform),
        "config": {
            "Env": ["PATH=/bin", "REGTUTOR=sample"],
            "Entrypoint": ["/bin/greet"],
            "WorkingDir": "/",
            "Labels": {"org.opencontainers.image.title": "regtutor sample image"},
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        "history": history,
    }


def _platform(platform: Platform | None) -> dict[str, str]:
    return dict(platform.fields()) if platform else {}


def _descriptor(blob: Layer | Document) -> dict[str, Any]:
    return {"mediaType": blob.media_type, "digest": blob.digest, "size": blob.size}


def _json(value: object) -> bytes:
    return json.dumps(value, indent=2).encode() + b"\n"


def _write(root: Path, blob: Layer | Document) -> None:
    algorithm, _, encoded = blob.digest.partition(":")
    folder = root / "blobs" / algorithm
    folder.mkdir(parents=True, exist_ok=True)
    with blob.open() as file:
        (folder / encoded).write_bytes(file.read())


_NOISE = 1024 * 1024


class _Noise(io.RawIOBase):
    """``size`` bytes: the same block of noise over and over, each time prefixed with its number."""

    def __init__(self, size: int, seed: int) -> None:
        super().__init__()
        self._size, self._at = size, 0
        self._block = hashlib.shake_128(b"regtutor %d" % seed).digest(_NOISE - 8)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence], 0)
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        number, offset = divmod(self._at, _NOISE)
        block = number.to_bytes(8, "big") + self._block
        part = block[offset : offset + min(len(view), max(self._size - self._at, 0))]
        view[: len(part)] = part
        self._at += len(part)
        return len(part)


def _open_noise(size: int, seed: int) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_Noise(size, seed), _NOISE))
