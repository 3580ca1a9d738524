"""The walks that one can choose to step through, and what must be there before each of them begins.

What is needed and not part of the lesson is done beforehand, by the same walks, and said. This module knows nothing of
states or widgets.
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
from regtutor.walks import Walk
from regtutor.walks.pulling import ALL

CHUNKS = 3
"""Into how many chunks the ``chunked`` walk cuts the largest blob, unless that would make them too large."""

CHUNK_AT_MOST, CHUNKS_AT_MOST = 4 * 1024 * 1024, 8
"""Bytes in a chunk, so that one is not waited for long; but no blob is cut into more chunks than these."""

ARTIFACT_TYPE = "application/vnd.example.note"
"""The type of the artifact that the ``referrers`` walk pushes."""


@dataclass(frozen=True)
class Begun:
    """A walk that can be driven.

    Attributes
    ----------
    walk: not driven yet.
    content: what it is about: the image or index, or the artifact that it pushes.
    note: what was done beforehand, for a reader; ``""`` if nothing was.
    prepared: the requests that were made beforehand.
    """

    walk: Walk
    content: Image | Index
    note: str = ""
    prepared: Transcript = field(default_factory=Transcript)


Begin = Callable[[Registry, Image | Index, str, str, bool], Begun]
"""Makes a walk: registry, image, repository, tag, and whether blobs may be mounted that were pushed elsewhere before.

What the registry refuses of what is done beforehand is raised, as PushFailed or ConnectionFailed.
"""


@dataclass(frozen=True)
class Choice:
    """A walk that one can choose.

    Attributes
    ----------
    name: what it is called in code.
    label: what it is called in a list.
    shows: one sentence: what there is to see.
    begin: see :data:`Begin`.
    anew: what Reset says of a new repository, after its name.
    fate: of every blob before the first request, see :class:`~regtutor.stepping.progress.BlobProgress`.
    """

    name: str
    label: str
    shows: str
    begin: Begin
    anew: str = ""
    fate: Fate = "waiting"


def choice(name: str) -> Choice:
    """The choice called ``name``; InvalidArgument if there is none."""
    if name not in CHOICES:
        raise InvalidArgument(f"There is no walk called {name!r}", f"there are {', '.join(CHOICES)}", "Choose one")
    return CHOICES[name]


def _monolithic(reg: Registry, image: Image | Index, repository: str, tag: str, mount: bool) -> Begun:
    sources = reg.pushed.repositories if mount else walks.nowhere
    return Begun(walks.push(image, repository, tag, mount_from=sources), image)


def _chunked(reg: Registry, image: Image | Index, repository: str, tag: str, mount: bool) -> Begun:  # noqa: ARG001 - as Begin
    walk = walks.push(image, repository, tag, upload="chunked", chunk_size=chunk_size(image))
    return Begun(walk, image)


def chunk_size(image: Image | Index) -> int:
    """Bytes in a chunk: a third of the largest blob, but no chunk so large that one waits long for it.

    A registry that wants larger chunks gets them: the walk sees to that.
    """
    largest = max((blob.size for blob in image.blobs), default=1)
    return max(min(-(-largest // CHUNKS), CHUNK_AT_MOST), -(-largest // CHUNKS_AT_MOST), 1)


def _mounted(reg: Registry, image: Image | Index, repository: str, tag: str, mount: bool) -> Begun:  # noqa: ARG001 - as Begin
    source = f"{repository}-source"
    note, prepared = _pushed(reg, image, source, tag)
    walk = walks.push(image, repository, tag, mount_from=lambda _digest: (source,))
    return Begun(walk, image, note, prepared)


def _already_there(reg: Registry, image: Image | Index, repository: str, tag: str, mount: bool) -> Begun:  # noqa: ARG001
    return Begun(walks.push(image, repository, tag), image, *_pushed(reg, image, repository, tag))


def _pulled(reg: Registry, image: Image | Index, repository: str, tag: str, mount: bool) -> Begun:  # noqa: ARG001 - as Begin
    return Begun(_pull(repository, tag), image, *_pushed(reg, image, repository, tag))


def _pull(repository: str, tag: str) -> Walk:
    """A pull whose bytes are verified and then dropped."""
    with TemporaryDirectory(prefix="regtutor-") as folder:
        return (yield from walks.pull(repository, tag, destination(Path(folder, "image")), platform=ALL))


def _deleted(reg: Registry, image: Image | Index, repository: str, tag: str, mount: bool) -> Begun:  # noqa: ARG001 - as Begin
    return Begun(walks.delete(repository, tag), image, *_pushed(reg, image, repository, tag))


def _referred(reg: Registry, image: Image | Index, repository: str, tag: str, mount: bool) -> Begun:  # noqa: ARG001 - as Begin
    artifact = note_about(image)
    return Begun(_refer(artifact, repository, image.digest), artifact, *_pushed(reg, image, repository, tag))


def _refer(artifact: Image, repository: str, subject: str) -> Walk:
    """Push an artifact, then ask who refers to its subject."""
    notes = yield from walks.push(artifact, repository, artifact.digest)
    return notes + (yield from walks.referrers(repository, subject, walks.Found()))


def note_about(image: Image | Index) -> Image:
    """An artifact that has ``image`` as its subject: a line of text, as a signature or a list of contents would be.

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
    """Push the image, as far as it is not there yet; what was done, and the requests that did it."""
    walk = walks.push(image, repository, tag, mount_from=reg.pushed.repositories)
    prepared = walks.run(walk, reg, title=f"push of {repository}:{tag} to {reg.name}, beforehand")
    sent = f"{len(prepared)} requests that are not shown"
    if any(exchange.step != "head_blob" for exchange in prepared[:-1]):
        return f"Before this walk, the image was pushed to {repository} with {sent}.", prepared
    return f"The blobs were in {repository} before this walk; {sent} saw to it.", prepared


_UPLOADED = ", without mount: every blob is uploaded again"

_ROWS = (
    Choice(
        "monolithic",
        "Push: one PUT for each blob",
        "For each blob HEAD asks whether it is there, POST opens an upload session, and one PUT sends all bytes.",
        _monolithic,
        _UPLOADED,
    ),
    Choice(
        "chunked",
        "Push: each blob in chunks",
        "Each blob goes in several PATCH requests, which say where their bytes belong, and a PUT closes the session.",
        _chunked,
        _UPLOADED,
    ),
    Choice(
        "mount",
        "Push: mount from another repository",
        "The blobs are in another repository of the same registry, so POST mounts them and sends no byte.",
        _mounted,
        ": every blob is mounted again",
    ),
    Choice(
        "already there",
        "Push: everything is there already",
        "HEAD finds every blob in the repository, so the manifest alone is sent.",
        _already_there,
    ),
    Choice(
        "pull",
        "Pull: the manifest, then its blobs",
        "GET fetches the manifest, and then, by their digests, the config and the layers that it names.",
        _pulled,
    ),
    Choice(
        "delete",
        "Delete: the manifest and its tags",
        "HEAD tells the digest, and DELETE by it takes the manifest away with every tag; the blobs stay for now.",
        _deleted,
        fate="already there",
    ),
    Choice(
        "referrers",
        "Referrers: push an artifact, then list it",
        "An artifact whose manifest names the image as its subject is pushed, and the image's referrers are listed.",
        _referred,
    ),
)

CHOICES: Mapping[str, Choice] = {row.name: row for row in _ROWS}
"""Every walk that one can choose, by its name, in the order in which they are offered."""
