"""The manifest of an image in Docker's format: for the lesson on media types."""

from __future__ import annotations

from regtutor.protocol.media_types import (
    DOCKER_CONFIG,
    DOCKER_LAYER_GZIP,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_LAYER_GZIP,
    OCI_MANIFEST,
)

_TWINS = ((OCI_MANIFEST, DOCKER_MANIFEST), (OCI_CONFIG, DOCKER_CONFIG), (OCI_LAYER_GZIP, DOCKER_LAYER_GZIP))


def docker_form(manifest: bytes) -> bytes:
    """Return an OCI image manifest as Docker's Version 2, Schema 2: only the media types are different.

    Parameters
    ----------
    manifest: the bytes of an OCI image manifest whose layers are compressed with gzip.

    Source: OCI image-spec v1.1.1, "Compatibility Matrix"
    <https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md#compatibility-matrix>.
    """
    for oci, docker in _TWINS:
        manifest = manifest.replace(oci.encode(), docker.encode())
    return manifest
