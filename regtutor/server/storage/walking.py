"""The needs of the manifests of a store, read once, for a garbage collection and for a check."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from regtutor.errors import InvalidDigest, InvalidManifest
from regtutor.protocol import digests
from regtutor.protocol.digests import Digest
from regtutor.protocol.manifests import parse_manifest
from regtutor.server.storage.layout import Layout, digests_in, names_in


@dataclass(frozen=True)
class Needs:
    """The digests that a manifest names.

    Attributes
    ----------
    blobs: its config and layers; they must be in the repository, except foreign layers.
    foreign: layers that clients fetch from elsewhere.
    children: the manifests that an index lists.
    subject: the manifest that it refers to, or None.
    """

    blobs: frozenset[Digest] = frozenset()
    foreign: frozenset[Digest] = frozenset()
    children: frozenset[Digest] = frozenset()
    subject: Digest | None = None


@dataclass
class Repository:
    """One repository: its manifests with their needs, its tags, and its links to blobs.

    Attributes
    ----------
    manifests: the needs by digest; None for a manifest whose bytes are missing or damaged.
    tags: the digest by tag; None for a tag whose link is damaged.
    layers: the digests of the links to blobs.
    """

    name: str
    manifests: dict[Digest, Needs | None] = field(default_factory=dict)
    tags: dict[str, Digest | None] = field(default_factory=dict)
    layers: list[Digest] = field(default_factory=list)


def read(layout: Layout, name: str) -> Repository:
    """Read the repository ``name``."""
    found = Repository(name)
    for digest in digests_in(layout.revisions_path(name)):
        if layout.link(layout.revision_link(name, digest)) is not None:  # Distribution leaves the directory behind
            data = layout.whole_manifest(name, digest)
            found.manifests[digest] = needs(data) if data is not None else None
    found.tags = {tag: layout.tagged(name, tag) for tag in sorted(layout.tags(name))}
    found.layers = [digest for digest in layout.layers(name) if layout.link(layout.layer_link(name, digest))]
    return found


def needs(data: bytes) -> Needs:
    """The needs of the manifest with these bytes; none if they are no manifest."""
    try:
        view = parse_manifest(data)
    except InvalidManifest:
        return Needs()
    required = _parsed(blob.digest for blob in view.blobs)
    children = _parsed(child.digest for child in view.children)
    named = [*view.layers, *([view.config] if view.config else []), *view.manifests]
    everything = _parsed([*(entry.digest for entry in named), *view.blob_sums])
    (subject,) = _parsed([view.subject.digest] if view.subject else []) or (None,)
    return Needs(required, everything - required - children, children, subject)


def _parsed(texts: Iterable[str]) -> frozenset[Digest]:
    """The digests in ``texts``; one of an algorithm that this registry does not have cannot be stored here."""
    found = set()
    for text in texts:
        try:
            found.add(digests.parse(text))
        except InvalidDigest:
            continue
    return frozenset(found)


def stored(layout: Layout) -> Iterator[tuple[Digest, Path]]:
    """The digest and the file of every blob and manifest, sorted; the file need not exist."""
    for algorithm in digests.ALGORITHMS:
        for first in sorted(names_in(layout.blobs_path / algorithm)):
            for encoded in sorted(names_in(layout.blobs_path / algorithm / first)):
                with suppress(InvalidDigest):
                    digest = digests.parse(f"{algorithm}:{encoded}")
                    yield digest, layout.blob_path(digest)


def alive(repository: Repository, arriving: Collection[Digest] = ()) -> set[Digest]:
    """The manifests that a tag leads to: tagged, children of a living index, or with a living subject.

    Those of ``arriving`` live too: a tag or an index may follow.

    A referrer, such as a signature, lives as long as its subject. CNCF Distribution deletes it if it has no tag.
    """
    living: set[Digest] = set()
    left = [digest for digest in (*repository.tags.values(), *arriving) if digest in repository.manifests]
    referrers: dict[Digest, list[Digest]] = {}
    for digest, need in repository.manifests.items():
        if need is not None and need.subject is not None:
            referrers.setdefault(need.subject, []).append(digest)
    while left:
        digest = left.pop()
        if digest is None or digest in living:
            continue
        living.add(digest)
        need = repository.manifests.get(digest)
        left += [child for child in (need.children if need else ()) if child in repository.manifests]
        left += referrers.get(digest, [])
    return living
