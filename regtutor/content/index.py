"""Several images under one name: an index, for example with one image for each platform.

An index is a manifest that lists manifests. It is pushed last, because the manifests that it lists must be in the
repository first. This module does not depend on where indexes come from or how they are sent.

Source: OCI image-spec v1.1.1, image-index.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from regtutor.content.image import Config, Image, Layer, Manifest, short
from regtutor.printable import visible
from regtutor.protocol.manifests import Descriptor, Platform


@dataclass(frozen=True)
class Index:
    """An index and everything that it lists.

    Attributes
    ----------
    manifest: the index itself: its bytes and media type.
    children: the entries, in the order of the index: images, artifacts, and nested indexes.
    name: its name in the source; ``""`` if it has no name.
    source: where it was read from, for messages.
    cached: the blobs that the index lists itself, which only a build cache of BuildKit does.
    """

    manifest: Manifest
    children: tuple[Image | Index, ...]
    name: str = ""
    source: str = ""
    cached: tuple[Layer, ...] = ()

    @property
    def digest(self) -> str:
        """The digest of the index."""
        return self.manifest.digest

    @property
    def media_type(self) -> str:
        """The media type of the index."""
        return self.manifest.media_type

    @property
    def subject(self) -> Descriptor | None:
        """The manifest that the index refers to, or None."""
        return self.manifest.view.subject

    @property
    def images(self) -> tuple[Image, ...]:
        """Every image and artifact in the index, including those in nested indexes; each digest once."""
        return tuple(child for child in self._all() if isinstance(child, Image))

    @property
    def platforms(self) -> tuple[Platform | None, ...]:
        """The platform of each of :attr:`images`."""
        return tuple(image.platform for image in self.images)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers of all images, each digest once."""
        return tuple({layer.digest: layer for image in self.images for layer in image.layers}.values())

    @property
    def blobs(self) -> tuple[Layer | Config, ...]:
        """The blobs to push before the manifests: each digest once, without foreign layers."""
        own = (blob for each in self._all() if isinstance(each, Index) for blob in each.cached)
        images = (blob for image in self.images for blob in image.blobs)
        return tuple({blob.digest: blob for blob in (*images, *own)}.values())

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """Every manifest in push order: each one before the index that lists it, this index last."""
        return tuple(child.manifest for child in self._all())

    @property
    def size(self) -> int:
        """The number of bytes to push, manifests included."""
        return sum(blob.size for blob in (*self.blobs, *self.manifests))

    def verify(self) -> None:
        """Read every layer once and compare it with its digest.

        Raises
        ------
        DigestMismatch: for the first layer that does not match its manifest.
        """
        for layer in self.layers:
            if layer.uploadable:
                layer.verify()

    def _all(self, seen: set[str] | None = None) -> Iterator[Image | Index]:
        """Yield children before the index that lists them, each digest once; visit a nested index only once."""
        seen = set() if seen is None else seen
        for child in self.children:
            if child.digest in seen:
                continue
            if isinstance(child, Index):
                yield from child._all(seen)
            else:
                seen.add(child.digest)
                yield child
        if self.digest not in seen:
            seen.add(self.digest)
            yield self

    def __repr__(self) -> str:
        images = self.images
        count = f"{len(images)} image{'s' * (len(images) != 1)}"
        head = f"Index {self.name or 'without a name'}: {count}, {self.size:,} bytes to push"
        lines = [f"  {image.platform or image.media_type}  {short(image.digest)}" for image in images]
        lines = [head, f"  index    {self.media_type}", f"           {self.digest}", *lines]
        return "\n".join(visible(line) for line in lines)
