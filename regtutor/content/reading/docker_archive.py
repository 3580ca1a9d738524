"""Reading the archives that ``docker save`` wrote before version 25, which podman and skopeo call ``docker-archive``.

Such an archive contains ``manifest.json`` (a list, not a manifest that a registry accepts), configs, and layers as
plain tar files. A registry needs a manifest, so this module writes one. It refers to the layers as they are stored and
to the config byte for byte, and the same archive always gives the same manifest.

The digest of an uncompressed layer is its diff ID, so such a layer is not read. A compressed layer is read once, to
compute its digest.

Sources: the Docker Image Specification v1.2, section "Combined Image JSON + Filesystem Changeset Format"
<https://github.com/moby/docker-image-spec/blob/v1.2/v1.2.md>; "Image Manifest Version 2, Schema 2".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from regtutor.content.image import CHUNK, Config, Image, Layer, Manifest
from regtutor.content.platforms import machine_platform, matches
from regtutor.content.reading.documents import (
    MAX_CONFIG,
    ConfigView,
    check_diff_ids,
    check_digest,
    missing,
    read_small,
    view_config,
    view_json,
)
from regtutor.content.reading.files import FilePart, Files
from regtutor.content.reading.layout import familiar, is_digest, no_such_name, no_such_platform
from regtutor.errors import BadManifest, InvalidManifest, UnreadableImage
from regtutor.protocol import media_types as types
from regtutor.protocol.digests import sha256
from regtutor.protocol.manifests import MAX_ENTRIES, Descriptor, Platform, parse_descriptor

LIST = "manifest.json"

_HEX = re.compile(r"(?:.*/)?([0-9a-f]{64})(?:\.json)?")
_DOCKER = {b"\x1f\x8b": types.DOCKER_LAYER_GZIP, b"": types.DOCKER_LAYER}
_OCI = {b"\x28\xb5\x2f\xfd": types.OCI_LAYER_ZSTD, b"\x1f\x8b": types.OCI_LAYER_GZIP, b"": types.OCI_LAYER}
"""First bytes of a layer, and its media type; Docker has no media type for zstd."""


@dataclass(frozen=True)
class _Entry:
    """One image in the list: its names, the file names of its config and layers, and its foreign layers by diff ID."""

    tags: tuple[str, ...]
    config: str
    layers: tuple[str, ...]
    sources: Mapping[str, Descriptor]


def load_docker_archive(files: Files, platform: Platform | None, name: str | None) -> Image:
    """Return the image called ``name``, for ``platform``, from the docker archive in ``files``.

    Raises
    ------
    ImageError: as documented in :func:`regtutor.content.reading.load.load_image`.
    """
    part = files.find(LIST)
    if part is None:
        missing(files, LIST, "the list of the images in the archive")
    named = _named(files, _entries(part), name)
    entry, config, view = _chosen(files, named, platform)
    check_diff_ids(part, view, len(entry.layers))
    if len(view.diff_ids) != len(entry.layers):
        _bad(part, f"the config {entry.config} lists no diff IDs")
    stored = [_stored(files, layer) for layer in entry.layers]
    family = _OCI if any(start.startswith(b"\x28\xb5\x2f\xfd") for _, start in stored) else _DOCKER
    layers = tuple(
        _layer(found, start, family, diff_id, entry.sources.get(diff_id))
        for (found, start), diff_id in zip(stored, view.diff_ids, strict=True)
    )
    document = Config(config, types.OCI_CONFIG if family is _OCI else types.DOCKER_CONFIG)
    media_type = types.OCI_MANIFEST if family is _OCI else types.DOCKER_MANIFEST
    shown = name if name is not None and not is_digest(name) else "".join(entry.tags[:1])
    manifest = Manifest(_written(media_type, document, layers), media_type)
    return Image(manifest, document, layers, view.platform, shown, str(files.path))


def _entries(part: FilePart) -> list[_Entry]:
    body = view_json(part, read_small(part))
    if isinstance(body, dict) and "schemaVersion" in body:
        raise UnreadableImage(
            f"{part} is the manifest itself, as in skopeo's dir: format",
            "regtutor reads only OCI layouts and docker archives",
            "Write the image as an OCI layout: skopeo copy dir:FOLDER oci:FOLDER2",
            path=part.path,
        )
    if not isinstance(body, list) or not 0 < len(body) <= MAX_ENTRIES:
        _bad(part, f"it is not a list of at least one and at most {MAX_ENTRIES:,} images")
    return [_entry(part, value) for value in body]


def _entry(part: FilePart, value: Any) -> _Entry:
    if not isinstance(value, dict):
        _bad(part, "one of its entries is not an object")
    tags, layers = value.get("RepoTags") or [], value.get("Layers") or []
    config, sources = value.get("Config"), value.get("LayerSources") or {}
    lists = isinstance(tags, list) and isinstance(layers, list) and isinstance(sources, dict)
    if not lists or not isinstance(config, str) or not all(isinstance(text, str) for text in [*tags, *layers]):
        _bad(part, "one of its entries lacks Config or Layers, or RepoTags is not a list of names")
    if len(layers) > MAX_ENTRIES:
        _bad(part, f"one of its entries has more than {MAX_ENTRIES:,} layers")
    try:
        known = {diff_id: parse_descriptor(source, "LayerSources") for diff_id, source in sources.items()}
    except InvalidManifest as error:
        _bad(part, error.why)
    return _Entry(tuple(tags), config, tuple(layers), known)


def _named(files: Files, entries: list[_Entry], name: str | None) -> list[_Entry]:
    if name is None:
        return entries
    found = [entry for entry in entries if any(name in familiar(tag) for tag in entry.tags)]
    if not found and is_digest(name):
        found = [entry for entry in entries if _image_id(files, entry) == name][:1]
    if not found:
        raise no_such_name(files, name, [shown for entry in entries for shown in _names(files, entry)])
    return found


def _image_id(files: Files, entry: _Entry) -> str:
    """Return the digest of the config, which Docker calls the ID of the image."""
    return sha256(_config(files, entry.config)[0])


def _listed(files: Files, entry: _Entry) -> str:
    tags, image_id = ", ".join(entry.tags), _image_id(files, entry)
    return f"{tags} ({image_id})" if tags else image_id


def _names(files: Files, entry: _Entry) -> tuple[str, ...]:
    """Return the names by which an entry can be chosen: its tags, or the ID of an image without any."""
    return entry.tags or (_image_id(files, entry),)


def _chosen(files: Files, entries: list[_Entry], platform: Platform | None) -> tuple[_Entry, bytes, ConfigView]:
    """Return the only entry, or the only one for the platform, with its config."""
    configs = [(entry, *_config(files, entry.config)) for entry in entries]
    if platform is None and len(configs) == 1:
        return configs[0]
    wanted = platform or machine_platform()
    fitting = [row for row in configs if matches(wanted, row[2].platform)]
    if not fitting:
        raise no_such_platform(files, wanted, [view.platform for _, _, view in configs])
    if len({row[0].config for row in fitting}) > 1:
        raise no_such_name(files, None, [_listed(files, row[0]) for row in fitting])
    return fitting[0]


def _config(files: Files, name: str) -> tuple[bytes, ConfigView]:
    part = files.find(name)
    if part is None:
        missing(files, name, "the config of an image")
    data = read_small(part, MAX_CONFIG)
    if match := _HEX.fullmatch(name):
        check_digest(part, data, f"sha256:{match[1]}")
    return data, view_config(part, data)


def _stored(files: Files, name: str) -> tuple[FilePart, bytes]:
    """Return the file of a layer, and its first bytes."""
    part = files.find(name)
    if part is None:
        missing(files, name, "a layer of the image")
    with part.open() as file:
        return part, file.read(4)


def _layer(part: FilePart, start: bytes, family: Mapping[bytes, str], diff_id: str, source: Descriptor | None) -> Layer:
    if source is not None and source.foreign:
        return Layer(
            source.media_type, source.digest, source.size, diff_id, source.urls, opener=part.open, where=str(part)
        )
    magic = next(magic for magic in family if start.startswith(magic))
    return Layer(
        family[magic],
        _read_digest(part) if magic else diff_id,
        part.size,
        diff_id,
        opener=part.open,
        where=str(part),
    )


def _read_digest(part: FilePart) -> str:
    with part.open() as file:
        return sha256(iter(lambda: file.read(CHUNK), b""))


def _written(media_type: str, config: Config, layers: tuple[Layer, ...]) -> bytes:
    """Return the manifest as JSON, with the order of keys and the indentation that Docker uses."""
    blobs: tuple[Config | Layer, ...] = (config, *layers)
    described = [
        {
            "mediaType": blob.media_type,
            "size": blob.size,
            "digest": blob.digest,
            **({"urls": list(blob.urls)} if isinstance(blob, Layer) and blob.urls else {}),
        }
        for blob in blobs
    ]
    body = {"schemaVersion": 2, "mediaType": media_type, "config": described[0], "layers": described[1:]}
    return json.dumps(body, indent=3).encode()


def _bad(part: FilePart, reason: str) -> NoReturn:
    raise BadManifest(f"{part} cannot be used", reason, "Save the image again", path=part.path)
