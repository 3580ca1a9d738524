"""What whoever runs a registry may choose about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from regtutor.protocol.manifests import MAX_BYTES

if TYPE_CHECKING:
    from regtutor.server.call import Call
    from regtutor.server.http import Response
    from regtutor.server.token.issuing import TokenServer


@dataclass(frozen=True)
class Settings:
    """The settings of an App. A handler finds them in its Call.

    Attributes
    ----------
    secret: seals the state in upload Locations. Registries that share it and the storage take each other's sessions.
    max_manifest_size: bytes; larger ones get 413.
    chunk_min_length: bytes that a chunk of an upload should have at least, but for the last one; it is told to clients
        (``OCI-Chunk-Min-Length``), and smaller chunks are taken nevertheless. None tells nothing.
    admit: is called with each request, except one to the token server; it returns the response of a refusal, or None.
    tokens: the token server on ``/token``, or None.
    deletes: whether it deletes blobs, manifests and tags; where not, it answers 405.
    """

    secret: bytes
    max_manifest_size: int = MAX_BYTES
    chunk_min_length: int | None = None
    deletes: bool = True
    admit: Callable[[Call], Response | None] | None = None
    tokens: TokenServer | None = None
