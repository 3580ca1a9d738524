"""An image as it is pushed: a manifest, a config and layers, each identified by its digest.

Layers are opaque: their bytes are not interpreted, and are read only when they are sent. This module does not depend
on where images come from or how they are sent.

Source: OCI image-spec v1.1.1, manifest.md and config.md.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import BinaryIO, ClassVar

from regtutor.errors import DigestMismatch
from regtutor.printable import visible
from regtutor.protocol.digests import Hasher, parse, sha256
from regtutor.protocol.manifests import Descriptor, ManifestView, Platform, parse_manifest

CHUNK = 256 * 1024
COLUMNS = ("media type", "size", "digest", "diff ID")
"""The columns of :meth:`Image.rows`; the size is in bytes."""


@dataclass(frozen=True)
class Layer:
    """One layer: its descriptor from the manifest, and access to its bytes.

    Attributes
    ----------
    digest, size: of the bytes as they are sent, compressed or not; the size in bytes.
    diff_id: the digest of the uncompressed layer, from the config; ``""`` if the config has none.
    urls: where a foreign layer can be downloaded.
    where: the file that contains the bytes, for messages.
    uploadable: False for a foreign layer, which is not pushed because it is downloaded from its ``urls``.
    """

    media_type: str
    digest: str
    size: int
    diff_id: str = ""
    urls: tuple[str, ...] = ()
    opener: Callable[[], BinaryIO] = field(kw_only=True, repr=False, compare=False)
    where: str = field(default="", kw_only=True, compare=False)

    def open(self) -> BinaryIO:
        """Open the layer as a binary file at its first byte; read it in chunks."""
        return self.opener()

    @property
    def uploadable(self) -> bool:
        """Whether the layer's bytes are pushed."""
        return not Descriptor(self.media_type, self.digest, self.size, urls=self.urls).foreign

    def verify(self) -> None:
        """Read the layer once, in constant memory, and compare it with its digest and size.

        Raises
        ------
        DigestMismatch: if either is different.
        """
        hasher = Hasher(parse(self.digest).algorithm)
        with self.open() as file:
            while chunk := file.read(CHUNK):
                hasher.update(chunk)
        if (hasher.digest, hasher.size) != (self.digest, self.size):
            raise DigestMismatch(
                f"{self.where or 'A layer'} does not match its descriptor in the manifest",
                f"its {hasher.size:,} bytes have the digest {hasher.digest}, "
                f"but the manifest lists {self.size:,} bytes with the digest {self.digest}",
                "The image is damaged: build or download it again",
                path=self.where or None,
            )


@dataclass(frozen=True)
class Document:
    """A small blob that is held in memory: a manifest or a config. The ``data`` is pushed byte for byte."""

    data: bytes = field(repr=False)
    media_type: str
    digest: str = ""

    def __post_init__(self) -> None:
        if not self.digest:
            object.__setattr__(self, "digest", sha256(self.data))

    @property
    def size(self) -> int:
        """The size in bytes."""
        return len(self.data)

    def open(self) -> BinaryIO:
        """Open the data as a binary file at its first byte."""
        return io.BytesIO(self.data)

    def text(self) -> str:
        """Return the JSON text, unchanged."""
        return self.data.decode("utf-8")


@dataclass(frozen=True)
class Manifest(Document):
    """A manifest or an index, with the media type that is sent as Content-Type when it is pushed."""

    @cached_property
    def view(self) -> ManifestView:
        """The parsed manifest; InvalidManifest if the data is not a valid manifest of its media type."""
        return parse_manifest(self.data, self.media_type)


@dataclass(frozen=True)
class Config(Document):
    """The config of an image: what to run, on which platform, and the diff IDs of the layers."""

    uploadable: ClassVar[bool] = True


@dataclass(frozen=True)
class Image:
    """One image for one platform, or an artifact: a manifest whose config and layers have media types of their own.

    Attributes
    ----------
    layers: from the base upwards, as the manifest lists them.
    platform: the platform that it runs on, or None if neither index nor config states one.
    name: its name in the source, such as ``library/hello:v1``; ``""`` if it has no name.
    source: where it was read from, for messages.
    """

    manifest: Manifest
    config: Config
    layers: tuple[Layer, ...]
    platform: Platform | None = None
    name: str = ""
    source: str = ""

    @property
    def digest(self) -> str:
        """The digest of the manifest, which identifies the image."""
        return self.manifest.digest

    @property
    def media_type(self) -> str:
        """The media type of the manifest."""
        return self.manifest.media_type

    @property
    def subject(self) -> Descriptor | None:
        """The manifest that this one refers to, such as the image of a signature; None if there is no such manifest."""
        return self.manifest.view.subject

    @property
    def artifact_type(self) -> str:
        """The artifact type, or ``""`` if the manifest states none."""
        return self.manifest.view.artifact_type

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """The manifests that are pushed after the blobs: only one for an image, several for an index."""
        return (self.manifest,)

    @property
    def blobs(self) -> tuple[Layer | Config, ...]:
        """The blobs to push before the manifest: layers, then config; each digest once, without foreign layers."""
        every: tuple[Layer | Config, ...] = (*self.layers, self.config)
        return tuple({blob.digest: blob for blob in every if blob.uploadable}.values())

    @property
    def size(self) -> int:
        """The number of bytes to push, manifest included."""
        return sum(blob.size for blob in self.blobs) + self.manifest.size

    def rows(self) -> list[dict[str, str | int]]:
        """Return the layers as a table, from the base upwards: one mapping per row, with the keys :data:`COLUMNS`."""
        cells = ((layer.media_type, layer.size, layer.digest, layer.diff_id) for layer in self.layers)
        return [dict(zip(COLUMNS, row, strict=True)) for row in cells]

    def verify(self) -> None:
        """Read every layer once and compare it with its digest.

        Raises
        ------
        DigestMismatch: for the first layer that does not match the manifest.
        """
        for layer in self.layers:
            if layer.uploadable:
                layer.verify()

    def __repr__(self) -> str:
        of = f" for {self.platform}" if self.platform else ""
        count = f"{len(self.layers)} layer{'s' * (len(self.layers) != 1)}"
        head = f"Image {self.name or 'without a name'}{of}: {count}, {self.size:,} bytes to push"
        lines = [head, f"  manifest {self.media_type}", f"           {self.digest}", *self._table()]
        return "\n".join(visible(line) for line in lines)

    def _table(self) -> Iterable[str]:
        cells = [COLUMNS]
        for layer in self.layers:
            cells.append((layer.media_type, f"{layer.size:,}", short(layer.digest), short(layer.diff_id)))
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for media_type, size, digest, diff_id in cells:
            line = f"  {media_type:{widths[0]}}  {size:>{widths[1]}}  {digest:{widths[2]}}  {diff_id}"
            yield line.rstrip()


def short(digest: str) -> str:
    """Shorten a digest for display: the algorithm and twelve characters."""
    algorithm, colon, encoded = digest.partition(":")
    return f"{algorithm}{colon}{encoded[:12]}"
