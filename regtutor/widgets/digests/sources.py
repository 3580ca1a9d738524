"""The sources of the nodes of a ``DigestGraph``: requests to a registry, or an image or index in Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from regtutor import walks
from regtutor.client.registry import Registry
from regtutor.content.image import Config, Image, Layer, Manifest
from regtutor.content.index import Index
from regtutor.errors import ContentMismatch, RegtutorError
from regtutor.exchange import Exchange
from regtutor.protocol import digests
from regtutor.protocol.digests import Hasher
from regtutor.protocol.manifests import Descriptor
from regtutor.protocol.media_types import essence, kind_of
from regtutor.steps import head_blob
from regtutor.walks.fetching import fetch_manifest, fetch_small
from regtutor.widgets.digests.nodes import FAILED, FETCHED, MISSING, THERE, WRONG, Loaded, Node

MOST_JSON = 8 * 1024 * 1024
"""The size in bytes of the largest config, or other JSON blob, that is fetched."""

MOST_LAYER = 4 * 1024 * 1024
"""The size in bytes of the largest layer that is fetched to list its files; a larger one is only checked with HEAD."""


class Source(Protocol):
    """A source of nodes."""

    said: str
    """The source, in one sentence."""

    asks: bool
    """Whether requests are sent."""

    def load(self, node: Node) -> Loaded:
        """Return the content of the node. Errors are not raised: they are part of the result."""
        ...


def read_limit(media_type: str) -> int:
    """Return the largest size in bytes at which a blob is fetched whole: 0 for a type that is never read."""
    name = essence(media_type)
    if name.endswith(("+json", "/json")):
        return MOST_JSON
    return MOST_LAYER if is_archive(name) else 0


def is_archive(media_type: str) -> bool:
    """Whether it is a layer whose files can be listed: a tar archive, with gzip or without."""
    name = essence(media_type)
    return kind_of(name) == "layer" and name.endswith((".tar", "+gzip", ".tar.gzip"))


class FromRegistry:
    """Sends requests to a registry: it fetches manifests and small readable blobs, and checks other blobs with HEAD."""

    asks = True

    def __init__(self, reg: Registry, repository: str, watch: Callable[[Exchange], None]) -> None:
        self.reg, self.repository, self._watch = reg, repository, watch
        self.said = f"{repository} on {reg.name}"

    def load(self, node: Node) -> Loaded:
        """Fetch the node, following redirects; its bytes are compared with its digest and its size."""
        seen: list[Exchange] = []
        try:
            return self._fetched(node, seen)
        except RegtutorError as error:
            exchange = error.exchange
            if exchange is not None and exchange not in seen:
                self._note(seen)(exchange)
            state = MISSING if exchange is not None and exchange.status == 404 else FAILED
            return Loaded(WRONG if isinstance(error, ContentMismatch) else state, None, tuple(seen), str(error))

    def _note(self, seen: list[Exchange]) -> Callable[[Exchange], None]:
        def note(exchange: Exchange) -> None:
            seen.append(exchange)
            self._watch(exchange)

        return note

    def _fetched(self, node: Node, seen: list[Exchange]) -> Loaded:
        if node.is_manifest:
            found: list[Manifest] = []
            self._run(_manifest(self.repository, node, found), seen)
            return Loaded(FETCHED, found[0].data, tuple(seen), view=found[0].view)
        descriptor = node.descriptor
        if descriptor is not None and descriptor.size <= read_limit(descriptor.media_type):
            data: list[bytes] = []
            self._run(_blob(self.repository, descriptor, data), seen)
            return Loaded(FETCHED, data[0], tuple(seen))
        check = head_blob(self.reg, self.repository, node.id)
        self._note(seen)(check)
        state = THERE if check.status == 200 else MISSING if check.status == 404 else FAILED
        return Loaded(state, None, tuple(seen), "" if state == THERE else check.meaning)

    def _run(self, walk: walks.Walk, seen: list[Exchange]) -> None:
        walks.run(walk, self.reg, watch=self._note(seen), wait=lambda _seconds: None)

    def referrers(self, node: Node) -> tuple[Loaded, tuple[Descriptor, ...]]:
        """Return the referrers of ``node``: all pages of the referrers API, or the list under the fallback tag."""
        seen: list[Exchange] = []
        found = walks.Found()
        try:
            self._run(walks.referrers(self.repository, node.id, found), seen)
        except RegtutorError as error:
            return Loaded(FAILED, None, tuple(seen), str(error)), ()
        return Loaded(FETCHED, None, tuple(seen)), found.descriptors


def _manifest(repository: str, node: Node, found: list[Manifest]) -> walks.Walk:
    reference = node.id.removeprefix("tag:")
    found.append((yield from fetch_manifest(repository, reference, entry=node.descriptor)))
    return ()


def _blob(repository: str, descriptor: Descriptor, data: list[bytes]) -> walks.Walk:
    data.append((yield from fetch_small(repository, descriptor, read_limit(descriptor.media_type))))
    return ()


class FromContent:
    """Reads from an image or an index in Python; nothing is sent."""

    asks = False
    said = "Read from the given image: nothing is fetched."

    def __init__(self, content: Image | Index) -> None:
        images = content.images if isinstance(content, Index) else (content,)
        self._parts: dict[str, Manifest | Config | Layer] = {one.digest: one for one in content.manifests}
        for image in images:
            self._parts.setdefault(image.config.digest, image.config)
            for layer in image.layers:
                self._parts.setdefault(layer.digest, layer)

    def load(self, node: Node) -> Loaded:
        """Read the node, unless it is a foreign layer or one that is too large to list."""
        part = self._parts.get(node.id)
        if part is None:
            return Loaded(MISSING, error="The given image does not contain it: the digest refers to other content.")
        try:
            loaded = Loaded(FETCHED, part.data, view=part.view) if isinstance(part, Manifest) else self._read(part)
            return _checked(loaded, node.id)
        except (RegtutorError, OSError) as error:
            return Loaded(FAILED, error=str(error))

    def _read(self, part: Config | Layer) -> Loaded:
        if isinstance(part, Layer) and not part.uploadable:
            return Loaded(MISSING, error=f"It is a foreign layer, to be fetched from {', '.join(part.urls)}.")
        limit = read_limit(part.media_type)
        if part.size > limit:
            return Loaded(THERE)
        with part.open() as file:
            data = file.read(limit + 1)
        return Loaded(FETCHED, data)


def _checked(loaded: Loaded, digest: str) -> Loaded:
    """Return ``loaded``, in the state WRONG if its bytes do not match ``digest``."""
    if loaded.data is None:
        return loaded
    hasher = Hasher(digests.parse(digest).algorithm)
    hasher.update(loaded.data)
    return loaded if hasher.digest == digest else replace(loaded, state=WRONG, view=None)
