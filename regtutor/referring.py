"""The referrers of a manifest in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from regtutor import walks
from regtutor.client.registry import Registry
from regtutor.exchange import Exchange, Transcript
from regtutor.protocol.manifests import Descriptor
from regtutor.steps.sender import needs_registry


@dataclass(frozen=True)
class Referrers:
    """What :func:`list_referrers` found; to be looped over as its ``descriptors``.

    Attributes
    ----------
    descriptors: of each manifest that refers: its digest, size, media type, artifact type and annotations.
    tag: the referrers tag that they came from, where the registry has no referrers API; else ``""``.
    transcript: every request that was made.
    """

    descriptors: tuple[Descriptor, ...]
    tag: str
    transcript: Transcript

    def __iter__(self) -> Iterator[Descriptor]:
        return iter(self.descriptors)

    def __len__(self) -> int:
        return len(self.descriptors)


@needs_registry
def list_referrers(
    reg: Registry,
    repository: str,
    digest: str,
    artifact_type: str | None = None,
    *,
    watch: Callable[[Exchange], None] | None = None,
) -> Referrers:
    """Every manifest that has ``digest`` as its subject: signatures, lists of contents, and other artifacts.

    Where the registry has no referrers API (404), the list is read under the referrers tag, ``sha256-<hex>``.

    Parameters
    ----------
    reg: the registry.
    repository, digest: of the manifest that is referred to.
    artifact_type: only those of this type.
    watch: is told of each exchange as soon as it is made.

    Raises
    ------
    ListFailed: if the registry answers with anything else than a list.
    ConnectionFailed: if it could not be reached.

    Source: OCI distribution-spec v1.1.1, "Listing Referrers"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers>.
    """
    found = walks.Found()
    walk = walks.referrers(repository, digest, found, artifact_type=artifact_type)
    transcript = walks.run(walk, reg, watch=watch, title=f"referrers of {digest} in {repository} on {reg.name}")
    return Referrers(found.descriptors, found.tag, transcript)
