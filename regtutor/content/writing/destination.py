"""Destinations of a pulled image: an OCI layout, in a folder or a tar file, or an archive for ``docker load``.

A destination is checked before the first request and written after the last blob has arrived. The final name has
either the whole image or nothing new. This module does not depend on how the bytes are received.

Sources: OCI image-spec v1.1.1, image-layout.md; the Docker Image Specification v1.2, section "Combined Image JSON +
Filesystem Changeset Format" <https://github.com/moby/docker-image-spec/blob/v1.2/v1.2.md>.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from regtutor.content.image import Manifest
from regtutor.content.reading.documents import read_small, view_manifest
from regtutor.content.reading.files import FilePart
from regtutor.content.reading.layout import INDEX, REF_NAME, VERSION
from regtutor.content.writing.archive_writer import Member, write_archive
from regtutor.content.writing.staging import Incoming, saving
from regtutor.errors import CannotSave
from regtutor.protocol.manifests import Descriptor, ManifestView, Platform
from regtutor.protocol.media_types import OCI_INDEX, essence, kind_of

LAYOUT_VERSION = b'{"imageLayoutVersion": "1.0.0"}\n'


class Destination(Protocol):
    """A place and a format in which a pulled image is saved."""

    incoming: Incoming

    def refusal(self, view: ManifestView) -> str:
        """Return why an image with this manifest cannot be saved in this format, or ``""``."""
        ...

    def finish(self, manifest: Manifest, tag: str, platform: Platform | None) -> None:
        """Save the image of ``manifest``, whose blobs have all arrived, under the name ``tag`` unless that is empty."""
        ...


class LayoutFolder:
    """An OCI layout in the folder ``path``: a new one, or an existing one to which the image is added."""

    def __init__(self, path: Path, name: str = "") -> None:  # noqa: ARG002 - a layout uses only tags as names
        self.path = path
        self._exists()
        listed(path / INDEX)  # an unreadable index must be found before the first request
        self.incoming = Incoming(staging(path), path)

    def _exists(self) -> bool:
        """Whether the layout exists; checked again at the end, because another pull can have created it meanwhile.

        Raises
        ------
        CannotSave: if the path exists and is not a layout.
        """
        path = self.path
        exists = path.is_dir() and any(path.iterdir())
        if exists and not (path / VERSION).is_file():
            raise CannotSave(f"{path} cannot be written", "the folder contains something else", "Choose a new folder")
        if path.exists() and not path.is_dir():
            raise CannotSave(
                f"{path} cannot be written", "it is a file", f"Choose a folder, or use {_form('oci-archive')}"
            )
        return exists

    def refusal(self, view: ManifestView) -> str:  # noqa: ARG002
        """Return ``""``: a layout can contain anything."""
        return ""

    def finish(self, manifest: Manifest, tag: str, platform: Platform | None) -> None:
        """Move the blobs into place first, and write the index that lists them last."""
        entry = _entry(manifest, tag, platform)
        exists = self._exists()
        folder = self.path if exists else self.incoming.folder
        with saving(self.path):
            others = [known for known in listed(self.path / INDEX) if not _replaced(known, tag, manifest.digest)]
            self.incoming.tidy()
            if exists:
                self._move_blobs()
            else:
                (folder / VERSION).write_bytes(LAYOUT_VERSION)
            new = folder / f".{INDEX}.new"
            new.write_bytes(_index([*others, entry]))
            new.replace(folder / INDEX)
            if exists:
                shutil.rmtree(self.incoming.folder, ignore_errors=True)
            else:
                self.incoming.folder.replace(self.path)

    def _move_blobs(self) -> None:
        for digest in self.incoming.digests:
            path = self.path / _member(digest)
            if self.incoming.path(digest) != path:
                path.parent.mkdir(parents=True, exist_ok=True)
                self.incoming.path(digest).replace(path)


class LayoutArchive:
    """An OCI layout in the tar file ``path``, which replaces an existing file."""

    def __init__(self, path: Path, name: str = "") -> None:  # noqa: ARG002 - as above
        _check_file(path)
        self.path = path
        self.incoming = Incoming(staging(path))

    def refusal(self, view: ManifestView) -> str:  # noqa: ARG002
        """Return ``""``: a layout can contain anything."""
        return ""

    def finish(self, manifest: Manifest, tag: str, platform: Platform | None) -> None:
        """Write the archive to a temporary file, then move it to its final name."""
        members: list[Member] = [(VERSION, LAYOUT_VERSION), (INDEX, _index([_entry(manifest, tag, platform)]))]
        members += [(_member(digest), self.incoming.path(digest)) for digest in self.incoming.digests]
        write_archive(self.path, members)
        self.incoming.discard()


class DockerArchive:
    """An archive for ``docker load`` and ``podman load`` in the tar file ``path``: one image, its layers unchanged.

    Parameters
    ----------
    name: ``host/repository``, which is written before the tag.
    """

    def __init__(self, path: Path, name: str = "") -> None:
        _check_file(path)
        self.path, self._name = path, name
        self.incoming = Incoming(staging(path))

    def refusal(self, view: ManifestView) -> str:
        """Return why the archive cannot contain the image: it needs an image config and every layer."""
        if view.config is None:
            return (
                "a docker archive contains one image, and this is an index: "
                f"choose a platform, or use {_form('oci-archive')}"
            )
        if kind_of(view.config.media_type) != "config":
            return (
                "a docker archive contains an image, and this is an artifact "
                f"({view.config.media_type}): use {_form('oci')}"
            )
        foreign = [layer.digest for layer in view.layers if layer.foreign]
        if foreign:
            return f"a docker archive contains every layer, and {foreign[0]} is not in the registry"
        opaque = next((layer for layer in view.layers if not _TAR.search(essence(layer.media_type))), None)
        return f"the layers of a docker archive are tar archives, and {_other(opaque)}" if opaque else ""

    def finish(self, manifest: Manifest, tag: str, platform: Platform | None) -> None:  # noqa: ARG002
        """Write the archive to a temporary file, then move it to its final name."""
        config = manifest.view.config
        assert config is not None  # see refusal
        layers = [layer.digest for layer in manifest.view.layers]
        names = {digest: f"{digest.partition(':')[2]}.tar" for digest in layers}
        config_name = f"{config.digest.partition(':')[2]}.json"
        image = {
            "Config": config_name,
            "RepoTags": [f"{self._name}:{tag}"] if self._name and tag else [],
            "Layers": [names[digest] for digest in layers],
        }
        members: list[Member] = [("manifest.json", json.dumps([image]).encode() + b"\n")]
        members.append((config_name, self.incoming.path(config.digest)))
        members += [(name, self.incoming.path(digest)) for digest, name in names.items()]
        write_archive(self.path, members)
        self.incoming.discard()


_TAR = re.compile(r"[.+]tar([.+](gzip|zstd|gz))?$|^application/octet-stream$")
"""The media types of layers that ``docker load`` and ``podman load`` can read."""


def _other(layer: Descriptor) -> str:
    kind = "an encrypted layer" if "encrypted" in layer.media_type else "no tar archive"
    return f"{layer.digest} is {kind} ({layer.media_type}): use {_form('oci')}"


FORMATS: dict[str, type[LayoutFolder] | type[LayoutArchive] | type[DockerArchive]] = {
    "oci": LayoutFolder,
    "oci-archive": LayoutArchive,
    "docker-archive": DockerArchive,
}
"""The formats in which an image can be saved, by the names that podman and skopeo use."""


def destination(path: str | os.PathLike[str], form: str = "oci", name: str = "") -> Destination:
    """Return the destination for an image, after checking that it can be written.

    Parameters
    ----------
    path: the folder or file to write.
    form: one of :data:`FORMATS`.
    name: ``host/repository``, for a docker archive.

    Raises
    ------
    CannotSave: if the path cannot be written, or the format is unknown.
    """
    if form not in FORMATS:
        raise CannotSave(f"Unknown format {form!r}", f"the formats are {', '.join(FORMATS)}", "Choose one of them")
    where = Path(os.path.abspath(path))
    if not where.parent.is_dir():
        raise CannotSave(f"{where} cannot be written", f"the folder {where.parent} does not exist", "Create it first")
    if staging(where).is_symlink():
        raise CannotSave(f"{where} cannot be written", f"{staging(where)} is a link", "Remove it")
    for link in links_in(staging(where)):
        why = f"{link}, where its blobs are collected, is a symbolic link, and a pull never creates one"
        raise CannotSave(f"{where} cannot be written", why, f"Remove {staging(where)}")
    return FORMATS[form](where, name)


def links_in(folder: Path) -> Iterator[Path]:
    """Yield every link in ``folder``, which is not followed."""
    for inside, folders, files in os.walk(folder):
        yield from (path for name in (*folders, *files) if (path := Path(inside, name)).is_symlink())


def staging(path: Path) -> Path:
    """Return the folder next to ``path`` in which its blobs are collected."""
    return path.with_name(f".{path.name}.pulling")


def _form(name: str) -> str:
    """Return how a format is chosen, for the command line and for Python."""
    return f"--format {name} (format='{name}' in Python)"


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise CannotSave(f"{path} cannot be written", "it is a folder", f"Choose a file in it, or use {_form('oci')}")


def _member(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _entry(manifest: Manifest, tag: str, platform: Platform | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"mediaType": manifest.media_type, "digest": manifest.digest, "size": manifest.size}
    if platform is not None:
        entry["platform"] = platform.fields()
    return entry | ({"annotations": {REF_NAME: tag}} if tag else {})


def _index(entries: Sequence[dict[str, Any]]) -> bytes:
    return (
        json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(entries)}, indent=2).encode() + b"\n"
    )


def listed(path: Path) -> list[dict[str, Any]]:
    """Return the entries of an existing index, or an empty list; raise BadManifest if the index is invalid."""
    if not path.is_file():
        return []
    part = FilePart(path, 0, path.stat().st_size, INDEX)
    data = read_small(part)
    view_manifest(part, data)
    return json.loads(data).get("manifests") or []


def _replaced(entry: dict[str, Any], tag: str, digest: str) -> bool:
    name = (entry.get("annotations") or {}).get(REF_NAME, "")
    return bool(name == tag and (tag or entry["digest"] == digest))
