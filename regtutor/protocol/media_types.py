"""Media types: the names for the kinds of manifests, configs and layers.

The table has one row for each type that an image can contain. A type outside the table is not an error: layers are
opaque, and artifacts have types of their own. This module handles names only; ``manifests.py`` reads the contents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from regtutor.protocol.citations import IMAGE_MANIFEST_SPEC, Citation, Document

Kind = Literal["manifest", "index", "schema1", "config", "layer", "empty"]

MEDIA_TYPES_SPEC = Document(
    "OCI image-spec v1.1.1, media types", "https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md"
)
LAYER_SPEC = Document(
    "OCI image-spec v1.1.1, layers", "https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md"
)
DOCKER_SCHEMA_2 = Document(
    "Docker Image Manifest Version 2, Schema 2",
    "https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/manifest-v2-2.md",
)
DOCKER_SCHEMA_1 = Document(
    "Docker Image Manifest Version 2, Schema 1",
    "https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/manifest-v2-1.md",
)


@dataclass(frozen=True)
class MediaType:
    """A media type: its ``name``, ``kind`` and ``meaning``, and the clause that defines it.

    ``distributable`` is False for layers that are fetched from their own ``urls`` and not pushed to registries.
    """

    name: str
    kind: Kind
    meaning: str
    citation: Citation
    distributable: bool = True


OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
OCI_FOREIGN = "application/vnd.oci.image.layer.nondistributable.v1.tar"
OCI_FOREIGN_GZIP = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
OCI_FOREIGN_ZSTD = "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"
DOCKER_FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar"
DOCKER_FOREIGN_GZIP = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
DOCKER_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json"
DOCKER_SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"

_OCI = Citation(MEDIA_TYPES_SPEC, "OCI Image Media Types", "oci-image-media-types")
_OCI_FOREIGN = Citation(LAYER_SPEC, "Non-Distributable Layers", "non-distributable-layers")
_OCI_EMPTY = Citation(IMAGE_MANIFEST_SPEC, "Guidance for an Empty Descriptor", "guidance-for-an-empty-descriptor")
_SCHEMA_2 = Citation(DOCKER_SCHEMA_2, "Media Types", "media-types")
_SCHEMA_1 = Citation(DOCKER_SCHEMA_1, "Image Manifest Version 2, Schema 1", "image-manifest-version-2-schema-1")

_ROWS = (
    MediaType(OCI_MANIFEST, "manifest", "an OCI image manifest: one config and the layers, in order", _OCI),
    MediaType(OCI_INDEX, "index", "an OCI image index: manifests, such as one for each platform", _OCI),
    MediaType(OCI_CONFIG, "config", "an OCI image config: what to run, the platform, the diff IDs", _OCI),
    MediaType(OCI_LAYER, "layer", "an OCI layer, a tar archive", _OCI),
    MediaType(OCI_LAYER_GZIP, "layer", "an OCI layer, a tar archive compressed with gzip", _OCI),
    MediaType(OCI_LAYER_ZSTD, "layer", "an OCI layer, a tar archive compressed with zstd", _OCI),
    MediaType(
        OCI_FOREIGN, "layer", "an OCI layer that should not be pushed, a tar archive; deprecated", _OCI_FOREIGN, False
    ),
    MediaType(
        OCI_FOREIGN_GZIP,
        "layer",
        "an OCI layer that should not be pushed, compressed with gzip; deprecated",
        _OCI_FOREIGN,
        False,
    ),
    MediaType(
        OCI_FOREIGN_ZSTD,
        "layer",
        "an OCI layer that should not be pushed, compressed with zstd; deprecated",
        _OCI_FOREIGN,
        False,
    ),
    MediaType(
        OCI_EMPTY, "empty", "the two bytes {}, for a descriptor that has no other content to point to", _OCI_EMPTY
    ),
    MediaType(DOCKER_MANIFEST, "manifest", "a Docker image manifest, Version 2, Schema 2", _SCHEMA_2),
    MediaType(DOCKER_LIST, "index", "a Docker manifest list: manifests, one for each platform", _SCHEMA_2),
    MediaType(DOCKER_CONFIG, "config", "a Docker image config: what to run, the platform, the diff IDs", _SCHEMA_2),
    MediaType(
        DOCKER_LAYER, "layer", "a Docker layer, a tar archive (in use, though the document does not name it)", _SCHEMA_2
    ),
    MediaType(DOCKER_LAYER_GZIP, "layer", "a Docker layer, a tar archive compressed with gzip", _SCHEMA_2),
    MediaType(
        DOCKER_FOREIGN,
        "layer",
        "a Docker layer that should not be pushed, a tar archive (in use)",
        _SCHEMA_2,
        False,
    ),
    MediaType(
        DOCKER_FOREIGN_GZIP, "layer", "a Docker layer that should not be pushed, compressed with gzip", _SCHEMA_2, False
    ),
    MediaType(DOCKER_SCHEMA1, "schema1", "a Docker image manifest, Version 2, Schema 1, unsigned", _SCHEMA_1),
    MediaType(DOCKER_SCHEMA1_SIGNED, "schema1", "a Docker image manifest, Version 2, Schema 1, signed", _SCHEMA_1),
)

MEDIA_TYPES: Mapping[str, MediaType] = {row.name: row for row in _ROWS}

MANIFEST_TYPES: tuple[str, ...] = (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST)
"""The media types to list in ``Accept``, in this order, to receive any current image; ``*/*`` alone can get a 404."""


def essence(content_type: str) -> str:
    """Return the media type of a Content-Type value, in lower case, without parameters such as ``charset``."""
    return content_type.partition(";")[0].strip().lower()


def kind_of(media_type: str) -> Kind | None:
    """Return the kind of ``media_type``, or None for a type that is not in :data:`MEDIA_TYPES`."""
    row = MEDIA_TYPES.get(essence(media_type))
    return row.kind if row else None
