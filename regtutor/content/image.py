"""An image as it is pushed: a manifest, a config and layers, each known by its digest.

Layers are opaque: their bytes are not looked into, and are read only when they are sent. This module knows neither
where images come from nor how they are sent.

Source: OCI image-spec v1.1.1, manifest.md and config.md.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import BinaryIO, ClassVar

from regtutor.errors import DigestMismatch
from regtutor.protocol.digests import Hasher, parse, sha256
from regtutor.protocol.manifests import Descriptor, ManifestView, Platform, parse_manifest

CHUNK = 256 * 1024
COLUMNS = ("media type", "size", "digest", "diff ID")
"""The columns of :meth:`Image.rows`; the size is in bytes."""


@dataclass(frozen=True)
class Layer:
    """One layer: what the manifest says about it, and a way to its bytes.

    Attributes
    ----------
    digest, size: of the bytes as they are sent, compressed or not; the size in bytes.
    diff_id: the digest of the uncompressed layer, which the config names; ``""`` where it names none.
    urls: where a foreign layer is fetched from.
    where: the file that holds the bytes, for a reader.
    uploadable: False for a foreign layer, which stays where its ``urls`` say.
    """

    media_type: str
    digest: str
    size: int
    diff_id: str = ""
    urls: tuple[str, ...] = ()
    opener: Callable[[], BinaryIO] = field(kw_only=True, repr=False, compare=False)
    where: str = field(default="", kw_only=True, compare=False)

    def open(self) -> BinaryIO:
        """A binary file at the layer's first byte; read it in chunks."""
        return self.opener()

    @property
    def uploadable(self) -> bool:
        """Whether the layer's bytes are pushed."""
        return not Descriptor(self.media_type, self.digest, self.size, urls=self.urls).foreign

    def verify(self) -> None:
        """Read the layer once, in constant memory, and compare it with its digest and size.

        Raises
        ------
        DigestMismatch: if it is something else.
        """
        hasher = Hasher(parse(self.digest).algorithm)
        with self.open() as file:
            while chunk := file.read(CHUNK):
                hasher.update(chunk)
        if (hasher.digest, hasher.size) != (self.digest, self.size):
            raise DigestMismatch(
                f"{self.where or 'A layer'} is not what the manifest says",
                f"its {hasher.size:,} bytes have the digest {hasher.digest}, "
                f"and the manifest names {self.size:,} bytes with the digest {self.digest}",
                "The image is damaged: make or fetch it again",
                path=self.where or None,
            )


@dataclass(frozen=True)
class Document:
    """A small blob that is held whole: a manifest or a config. The ``data`` is pushed byte for byte."""

    data: bytes = field(repr=False)
    media_type: str
    digest: str = ""

    def __post_init__(self) -> None:
        if not self.digest:
            object.__setattr__(self, "digest", sha256(self.data))

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.data)

    def open(self) -> BinaryIO:
        """A binary file at the first byte."""
        return io.BytesIO(self.data)

    def text(self) -> str:
        """The JSON as it stands."""
        return self.data.decode("utf-8")


@dataclass(frozen=True)
class Manifest(Document):
    """A manifest or an index, with the media type that goes into Content-Type when it is pushed."""

    @cached_property
    def view(self) -> ManifestView:
        """What it says; InvalidManifest if the data is no manifest of its media type."""
        return parse_manifest(self.data, self.media_type)


@dataclass(frozen=True)
class Config(Document):
    """An image's config: what to run, on what platform, and the diff IDs of the layers."""

    uploadable: ClassVar[bool] = True


@dataclass(frozen=True)
class Image:
    """One image for one platform, or an artifact: a manifest whose config and layers are of types of its own.

    Attributes
    ----------
    layers: from the base upwards, as the manifest lists them.
    platform: what it runs on, or None where neither index nor config says.
    name: what it is called where it was found, such as ``library/hello:v1``; ``""`` if it has no name.
    source: where it was found, for a reader.
    """

    manifest: Manifest
    config: Config
    layers: tuple[Layer, ...]
    platform: Platform | None = None
    name: str = ""
    source: str = ""

    @property
    def digest(self) -> str:
        """The digest of the manifest, which is the image's own."""
        return self.manifest.digest

    @property
    def media_type(self) -> str:
        """The media type of the manifest."""
        return self.manifest.media_type

    @property
    def subject(self) -> Descriptor | None:
        """The manifest that this one refers to, such as the image that a signature is for; None without one."""
        return self.manifest.view.subject

    @property
    def artifact_type(self) -> str:
        """What kind of artifact it is, or ``""`` where the manifest names none."""
        return self.manifest.view.artifact_type

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """What is pushed after the blobs: the manifest alone. An index has several."""
        return (self.manifest,)

    @property
    def blobs(self) -> tuple[Layer | Config, ...]:
        """What must be in the repository before the manifest: layers, then config; each digest once, none foreign."""
        every: tuple[Layer | Config, ...] = (*self.layers, self.config)
        return tuple({blob.digest: blob for blob in every if blob.uploadable}.values())

    @property
    def size(self) -> int:
        """The bytes of all that is pushed, manifest included."""
        return sum(blob.size for blob in self.blobs) + self.manifest.size

    def rows(self) -> list[dict[str, str | int]]:
        """The layers as a table, from the base upwards: one mapping a row, with the keys :data:`COLUMNS`."""
        cells = ((layer.media_type, layer.size, layer.digest, layer.diff_id) for layer in self.layers)
        return [dict(zip(COLUMNS, row, strict=True)) for row in cells]

    def verify(self) -> None:
        """Read every layer once and compare it with its digest.

        Raises
        ------
        DigestMismatch: for the first layer that is not what the manifest says.
        """
        for layer in self.layers:
            if layer.uploadable:
                layer.verify()

    def __repr__(self) -> str:
        of = f" for {self.platform}" if self.platform else ""
        count = f"{len(self.layers)} layer{'s' * (len(self.layers) != 1)}"
        head = f"Image {self.name or 'without a name'}{of}: {count}, {self.size:,} bytes to push"
        return "\n".join([head, f"  manifest {self.media_type}", f"           {self.digest}", *self._table()])

    def _table(self) -> Iterable[str]:
        cells = [COLUMNS]
        for layer in self.layers:
            cells.append((layer.media_type, f"{layer.size:,}", short(layer.digest), short(layer.diff_id)))
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for media_type, size, digest, diff_id in cells:
            line = f"  {media_type:{widths[0]}}  {size:>{widths[1]}}  {digest:{widths[2]}}  {diff_id}"
            yield line.rstrip()


def short(digest: str) -> str:
    """A digest as it is shown where there is little room: the algorithm and twelve characters."""
    algorithm, colon, encoded = digest.partition(":")
    return f"{algorithm}{colon}{encoded[:12]}"
