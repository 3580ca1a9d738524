"""Reading a whole index of an OCI layout: every image that it lists, not only the one for a platform.

The module ``layout`` reads the files of a layout and its single images.

Source: OCI image-spec v1.1.1, image-index.md.
"""

from __future__ import annotations

from regtutor.content.image import Image
from regtutor.content.index import Index
from regtutor.content.reading.files import Files
from regtutor.content.reading.layout import (
    MAX_INDEX_DEPTH,
    entries,
    is_digest,
    read_image,
    read_layer,
    read_manifest,
    shown_name,
)
from regtutor.errors import BadManifest, UnreadableImage
from regtutor.protocol.manifests import Descriptor
from regtutor.protocol.media_types import kind_of


def load_layout_index(files: Files, name: str | None) -> Index:
    """Return the index called ``name`` from the layout in ``files``.

    Raises
    ------
    ImageError: as documented in :func:`regtutor.content.reading.load.load_index`.
    """
    named = {entry.digest: entry for entry in entries(files, name)}
    indexes = [entry for entry in named.values() if kind_of(entry.media_type) == "index"]
    if len(indexes) != 1:
        raise UnreadableImage(
            f"{files.path} contains {len(indexes) or 'no'} index{'es' * (len(indexes) > 1)} of several images",
            f"its index.json lists {', '.join(sorted({entry.media_type for entry in named.values()})) or 'nothing'}",
            "Choose one by its name or its digest: --name, or name= in Python"
            if indexes
            else "Read the single image with load_image",
            path=files.path,
        )
    return _Reader(files).index(indexes[0], _shown(name, indexes[0]), MAX_INDEX_DEPTH)


def _shown(name: str | None, index: Descriptor) -> str:
    return shown_name([index]) if name is None or is_digest(name) else name


class _Reader:
    """A reader that reads each manifest once, however often it is listed."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._read: dict[str, Image | Index] = {}

    def index(self, entry: Descriptor, name: str, depth: int) -> Index:
        if not depth:
            raise BadManifest(
                f"{self._files.path} contains nested indexes, more than {MAX_INDEX_DEPTH} deep",
                "images need only two levels",
                path=self._files.path,
            )
        manifest, view = read_manifest(self._files, entry)
        children = tuple(self._child(child, depth - 1) for child in view.children)
        cached = tuple(read_layer(self._files, blob, "") for blob in view.blobs)
        return Index(manifest, children, name, str(self._files.path), cached)

    def _child(self, entry: Descriptor, depth: int) -> Image | Index:
        if entry.digest not in self._read:
            nested = kind_of(entry.media_type) == "index"
            child = self.index(entry, "", depth) if nested else read_image(self._files, entry, "")
            self._read[entry.digest] = child
        return self._read[entry.digest]
