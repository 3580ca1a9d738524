"""The settings of a registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from regtutor.protocol.manifests import MAX_BYTES
from regtutor.server.buffered import Memory

if TYPE_CHECKING:
    from regtutor.server.call import Call
    from regtutor.server.http import Response
    from regtutor.server.token.issuing import TokenServer

MANIFEST_MEMORY = 64 * 1024 * 1024
"""Bytes; see ``Settings.memory``."""


@dataclass(frozen=True)
class Settings:
    """The settings of an App. A handler finds them in its Call.

    Attributes
    ----------
    secret: seals the state in upload Locations. Registries that share it and the storage accept each other's sessions.
    max_manifest_size: in bytes; larger manifests get 413.
    chunk_min_length: the least size in bytes that a chunk of an upload should have, except for the last one. The
        registry announces it (``OCI-Chunk-Min-Length``) but still accepts smaller chunks. None announces nothing.
    sparse_indexes: whether an index can be pushed before the manifests that it lists; if not, it gets
        MANIFEST_BLOB_UNKNOWN. The specification permits both (v1.1.1, "Push").
    admit: called with each request except one to the token server; returns the response of a refusal, or None.
    tokens: the token server at ``/token``, or None.
    verify_reads: whether the bytes of a blob are compared with its digest before each response to GET or HEAD. Those
        of a manifest always are.
    memory: what all manifests together occupy while they arrive; the rest of them waits in temporary files.
    deletes: whether blobs, manifests and tags can be deleted; if not, DELETE gets 405.
    """

    secret: bytes
    max_manifest_size: int = MAX_BYTES
    chunk_min_length: int | None = None
    deletes: bool = True
    sparse_indexes: bool = False
    admit: Callable[[Call], Response | None] | None = None
    tokens: TokenServer | None = None
    verify_reads: bool = False
    memory: Memory = field(default_factory=lambda: Memory(MANIFEST_MEMORY))
