"""The settings of a registry."""

from __future__ import annotations

from dataclasses import dataclass

from regtutor.protocol.manifests import MAX_BYTES


@dataclass(frozen=True)
class Settings:
    """The settings of an App. A handler finds them in its Call.

    Attributes
    ----------
    secret: seals the state in upload Locations. Registries that share it and the storage accept each other's sessions.
    max_manifest_size: in bytes; larger manifests get 413.
    chunk_min_length: the least size in bytes that a chunk of an upload should have, except for the last one. The
        registry announces it (``OCI-Chunk-Min-Length``) but still accepts smaller chunks. None announces nothing.
    deletes: whether blobs, manifests and tags can be deleted; if not, DELETE gets 405.
    """

    secret: bytes
    max_manifest_size: int = MAX_BYTES
    chunk_min_length: int | None = None
    deletes: bool = True
