"""The walks that you can choose to step through, and the preparation that each of them needs.

Content that a walk needs but that is not part of the lesson is pushed beforehand, by the same walks, and a note says
so. This module does not depend on states or widgets.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from regtutor import walks
from regtutor.client.registry import Registry
from regtutor.content.image import Config, Image, Layer, Manifest
from regtutor.content.index import Index
from regtutor.content.writing.destination import destination
from regtutor.errors import InvalidArgument
from regtutor.exchange import Transcript
from regtutor.protocol.digests import sha256
from regtutor.protocol.media_types import OCI_EMPTY, OCI_MANIFEST
from regtutor.stepping.progress import Fate
from regtutor.steps import draft, put_manifest
from regtutor.walks import Walk
from regtutor.walks.pulling import ALL

CHUNKS = 3
"""The number of chunks into which the ``chunked`` walk cuts the largest blob, unless they would be too large."""

CHUNK_AT_MOST, CHUNKS_AT_MOST = 4 * 1024 * 1024, 8
"""The most bytes in a chunk, so that no chunk takes long, and the most chunks of a blob, which takes precedence."""

ARTIFACT_TYPE = "application/vnd.example.note"
"""The type of the artifact that the ``referrers`` walk pushes."""


@dataclass(frozen=True)
class Begun:
    """A walk that is ready to be driven.

    Attributes
    ----------
    walk: the walk, not started yet.
    content: the image or index of the walk, or the artifact that it pushes.
    note: a sentence about the preparation; ``""`` without a preparation.
    prepared: the exchanges of the preparation.
    """

    walk: Walk
    content: Image | Index
    note: str = ""
    prepared: Transcript = field(default_factory=Transcript)


Begin = Callable[[Registry, Image | Index, str, str], Begun]
"""A function that makes a walk from registry, image, repository and tag.

If the registry refuses the preparation, the function raises PushFailed or ConnectionFailed.
"""


@dataclass(frozen=True)
class Choice:
    """A walk that you can choose.

    Attributes
    ----------
    name: its name in code.
    label: its name in a list.
    shows: one sentence about what it shows.
    begin: see :data:`Begin`.
    reset_note: the words that Reset adds after the name of a new repository.
    fate: of every blob before the first request, see :class:`~regtutor.stepping.progress.BlobProgress`.
    pushes: returns the content that the repository must not have yet, or the walk would show something else; None if
        the walk begins in any repository.
    """

    name: str
    label: str
    shows: str
    begin: Begin
    reset_note: str = ""
    fate: Fate = "waiting"
    pushes: Callable[[Image | Index], Image | Index] | None = None


def choice(name: str) -> Choice:
    """Return the choice called ``name``; raise InvalidArgument if it does not exist."""
    if name not in CHOICES:
        why = f"the walks are {', '.join(CHOICES)}"
        raise InvalidArgument(f"There is no walk called {name!r}", why, "Choose one of them")
    return CHOICES[name]


def _monolithic(reg: Registry, image: Image | Index, repository: str, tag: str) -> Begun:  # noqa: ARG001 - as Begin
    return Begun(walks.push(image, repository, tag), image)


def _chunked(reg: Registry, image: Image | Index, repository: str, tag: str) -> Begun:  # noqa: ARG001 - as Begin
    walk = walks.push(image, repository, tag, upload="chunked", chunk_size=chunk_size(image))
    return Begun(walk, image)


def chunk_size(image: Image | Index) -> int:
    """Return the size of a chunk in bytes: a third of the largest blob, or less if such a chunk would take long.

    If the registry requires larger chunks, the walk sends larger ones.
    """
    largest = max((blob.size for blob in image.blobs), default=1)
    return max(min(-(-largest // CHUNKS), CHUNK_AT_MOST), -(-largest // CHUNKS_AT_MOST), 1)


def _manifest_first(reg: Registry, image: Image | Index, repository: str, tag: str) -> Begun:  # noqa: ARG001 - as Begin
    return Begun(_push_manifest_first(image, repository, tag), image)


def _push_manifest_first(image: Image | Index, repository: str, tag: str) -> Walk:
    """Push the manifest, whatever the registry responds, and then the image in the usual order."""
    yield draft(put_manifest, repository, tag, image.manifests[-1])
    return (yield from walks.push(image, repository, tag))


def _mounted(reg: Registry, image: Image | Index, repository: str, tag: str) -> Begun:
    source = f"{repository}-source"
    note, prepared = _pushed(reg, image, source, tag)
    walk = walks.push(image, repository, tag, mount_from=lambda _digest: (source,))
    return Begun(walk, image, note, prepared)


def _already_there(reg: Registry, image: Image | Index, repository: str, tag: str) -> Begun:
    return Begun(walks.push(image, repository, tag), image, *_pushed(reg, image, repository, tag))


def _pulled(reg: Registry, image: Image | Index, repository: str, tag: str) -> Begun:
    return Begun(_pull(repository, tag), image, *_pushed(reg, image, repository, tag))


def _pull(repository: str, tag: str) -> Walk:
    """Pull an image, verify its bytes, and discard them."""
    with TemporaryDirectory(prefix="regtutor-") as folder:
        return (yield from walks.pull(repository, tag, destination(Path(folder, "image")), platform=ALL))


def _deleted(reg: Registry, image: Image | Index, repository: str, tag: str) -> Begun:
    return Begun(walks.delete(repository, tag), image, *_pushed(reg, image, repository, tag))


def _referred(reg: Registry, image: Image | Index, repository: str, tag: str) -> Begun:
    artifact = note_about(image)
    return Begun(_refer(artifact, repository, image.digest), artifact, *_pushed(reg, image, repository, tag))


def _refer(artifact: Image, repository: str, subject: str) -> Walk:
    """Push an artifact, then list the referrers of its subject."""
    notes = yield from walks.push(artifact, repository, artifact.digest)
    return notes + (yield from walks.referrers(repository, subject, walks.Found()))


def note_about(image: Image | Index) -> Image:
    """Return an artifact whose subject is ``image``: a line of text, where others have a signature or an SBOM.

    Source: OCI image-spec v1.1.1, manifest.md, "Guidelines for Artifact Usage"
    <https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage>.
    """
    text = f"A note about {image.digest}\n".encode()
    layer = Layer("text/plain", sha256(text), len(text), opener=lambda: BytesIO(text))
    config = Config(b"{}", OCI_EMPTY)
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": ARTIFACT_TYPE,
        "config": _descriptor(config),
        "layers": [_descriptor(layer)],
        "subject": _descriptor(image.manifest),
    }
    return Image(Manifest(json.dumps(body).encode(), OCI_MANIFEST), config, (layer,))


def _descriptor(blob: Layer | Config | Manifest) -> dict[str, str | int]:
    return {"mediaType": blob.media_type, "digest": blob.digest, "size": blob.size}


def _pushed(reg: Registry, image: Image | Index, repository: str, tag: str) -> tuple[str, Transcript]:
    """Push the parts of the image that the repository lacks; return a sentence about it, and the exchanges."""
    walk = walks.push(image, repository, tag, mount_from=reg.pushed.repositories)
    prepared = walks.run(walk, reg, title=f"push of {repository}:{tag} to {reg.name}, beforehand")
    sent = f"{len(prepared)} requests that are not shown"
    if any(exchange.step != "head_blob" for exchange in prepared[:-1]):
        return f"Before this walk, the image was pushed to {repository} with {sent}.", prepared
    return f"The blobs were already in {repository} before this walk; {sent} confirmed it.", prepared


_UPLOADED = ", without mounts: every blob is uploaded again"


def _itself(image: Image | Index) -> Image | Index:
    return image


_ROWS = (
    Choice(
        "monolithic",
        "Push: one PUT for each blob",
        "For each blob, HEAD checks whether it exists, POST opens an upload session, and one PUT sends all its bytes.",
        _monolithic,
        _UPLOADED,
        pushes=_itself,
    ),
    Choice(
        "chunked",
        "Push: each blob in chunks",
        "Each blob is sent in several PATCH requests, which state where their bytes belong, and a PUT closes the "
        "session.",
        _chunked,
        _UPLOADED,
        pushes=_itself,
    ),
    Choice(
        "mount",
        "Push: mount from another repository",
        "The blobs are in another repository of the same registry, so POST mounts them without sending a byte.",
        _mounted,
        ": every blob is mounted again",
        pushes=_itself,
    ),
    Choice(
        "already there",
        "Push: all blobs exist already",
        "HEAD finds every blob in the repository, so only the manifest is sent.",
        _already_there,
    ),
    Choice(
        "manifest first",
        "Push: the manifest first",
        "PUT sends the manifest before the blobs that it names; then the push continues in the usual order.",
        _manifest_first,
        _UPLOADED,
        pushes=_itself,
    ),
    Choice(
        "pull",
        "Pull: the manifest, then its blobs",
        "GET fetches the manifest, and then, by digest, the config and the layers that it names.",
        _pulled,
    ),
    Choice(
        "delete",
        "Delete: the manifest and its tags",
        "HEAD returns the digest, and DELETE with that digest removes the manifest and all its tags; the blobs stay "
        "for now.",
        _deleted,
        fate="already there",
    ),
    Choice(
        "referrers",
        "Referrers: push an artifact, then list it",
        "An artifact whose manifest names the image as its subject is pushed; then the image's referrers are listed.",
        _referred,
        pushes=note_about,
    ),
)

CHOICES: Mapping[str, Choice] = {row.name: row for row in _ROWS}
"""Every walk that you can choose, by name, in the order of the list."""
