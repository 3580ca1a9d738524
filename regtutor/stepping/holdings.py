"""The content of one repository, read from a registry's storage: blobs, manifests and tags.

This module sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from regtutor.storage_tree import StorageTree

_REPOSITORIES = "docker/registry/v2/repositories"


@dataclass(frozen=True)
class Holdings:
    """The content of one repository.

    Attributes
    ----------
    blobs: how many blobs it serves: layers and configs.
    manifests: how many manifests it has, with or without a tag.
    tags: its tags, by name.
    sessions: how many upload sessions are open.
    """

    blobs: int = 0
    manifests: int = 0
    tags: tuple[str, ...] = ()
    sessions: int = 0


def holdings(tree: StorageTree, repository: str) -> Holdings:
    """Return the content of ``repository`` in the storage ``tree``, which has the layout of CNCF Distribution."""
    prefix = f"{_REPOSITORIES}/{repository}/"
    parts = [path[len(prefix) :].split("/") for path, _ in tree if path.startswith(prefix)]
    return Holdings(
        blobs=_count(parts, ("_layers",), "link"),
        manifests=_count(parts, ("_manifests", "revisions"), "link"),
        tags=tuple(
            sorted({part[2] for part in parts if part[:2] == ["_manifests", "tags"] and part[3:4] == ["current"]})
        ),
        sessions=len({part[1] for part in parts if part[0] == "_uploads" and len(part) > 2}),
    )


def _count(parts: Iterable[list[str]], under: tuple[str, ...], last: str) -> int:
    return sum(part[: len(under)] == list(under) and part[-1] == last for part in parts)
