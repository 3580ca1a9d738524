"""Reading OCI image layouts: ``oci-layout``, ``index.json``, and blobs named by their digests.

One image of the index is chosen, by name and platform. Its manifest and config are read and verified; of its layers,
only the sizes are checked. ``docker save`` writes such a layout as well, from Docker 25.

Source: OCI image-spec v1.1.1, image-layout.md and image-index.md.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial

from regtutor.content.image import Config, Image, Layer, Manifest
from regtutor.content.platforms import machine_platform, matches, shown
from regtutor.content.reading.documents import (
    MAX_CONFIG,
    ConfigView,
    check_diff_ids,
    check_size,
    missing,
    read_checked,
    read_small,
    view_config,
    view_json,
    view_manifest,
)
from regtutor.content.reading.files import FilePart, Files
from regtutor.errors import BadManifest, MissingBlob, NoSuchPlatform, UnreadableImage
from regtutor.protocol.digests import is_well_formed
from regtutor.protocol.manifests import Descriptor, ManifestView, Platform
from regtutor.protocol.media_types import kind_of

INDEX = "index.json"
VERSION = "oci-layout"

MAX_INDEX_DEPTH = 4
"""The deepest level to which indexes can be nested."""

REF_NAME = "org.opencontainers.image.ref.name"
NAMES = ("io.containerd.image.name", REF_NAME)
"""Annotations that name an image; Docker writes the full name into the first and only the tag into the second."""

_ATTESTATION = "vnd.docker.reference.type"
_DOCKER_PREFIXES = ("docker.io/library/", "docker.io/", "localhost/")


def load_layout(files: Files, platform: Platform | None, name: str | None) -> Image:
    """Return the image called ``name``, for ``platform``, from the layout in ``files``.

    Raises
    ------
    ImageError: as documented in :func:`regtutor.content.reading.load.load_image`.
    """
    named = entries(files, name)
    chosen = _chosen(files, named, platform)
    return read_image(files, chosen, shown_name(named) if name is None or is_digest(name) else name)


def _chosen(files: Files, named: Sequence[Descriptor], platform: Platform | None) -> Descriptor:
    """Return the image for the platform; several entries of ``index.json`` that each have one are refused.

    Within one index, the first image that matches is used, as image-index.md requires.
    """
    chosen = choose(files, _images(files, named), platform)
    tops = tuple({entry.digest: entry for entry in named}.values())
    if len(tops) == 1:
        return chosen
    found = {}
    for top in tops:
        if kind_of(top.media_type) in ("manifest", "index"):
            with suppress(NoSuchPlatform, UnreadableImage):
                found[choose(files, _images(files, [top]), platform or _platform_of(files, chosen)).digest] = top
    if len(found) > 1:
        raise no_such_name(files, None, [listed_name(top) for top in found.values()])
    return chosen


def _platform_of(files: Files, entry: Descriptor) -> Platform | None:
    return entry.platform or _config_platform(files, entry)


def entries(files: Files, name: str | None) -> list[Descriptor]:
    """Return the entries of ``index.json`` called ``name``; without a name, all of them if they share a single name.

    A name can also be the digest of a manifest or an index, in ``index.json`` or in an index that it lists.
    """
    _check_version(files)
    part = files.find(INDEX)
    if part is None:
        missing(files, INDEX, "the index of the layout")
    index = view_manifest(part, read_small(part))
    if index.kind != "index":
        raise BadManifest(f"{part} cannot be used", f"it is not an index but a {index.kind}", path=part.path)
    return _named(files, index.manifests, name)


def names_of(descriptor: Descriptor) -> tuple[str, ...]:
    """Return every name by which a descriptor in ``index.json`` can be selected."""
    names = [descriptor.annotations[key] for key in NAMES if descriptor.annotations.get(key)]
    return tuple(dict.fromkeys(alias for name in names for alias in familiar(name)))


def familiar(name: str) -> tuple[str, ...]:
    """Return ``name`` and, if it is a name on Docker Hub or ``localhost``, its short forms."""
    return (name, *(name.removeprefix(prefix) for prefix in _DOCKER_PREFIXES if name.startswith(prefix)))


def no_such_name(files: Files, name: str | None, names: Sequence[str]) -> UnreadableImage:
    """Return the error for a ``name`` that does not exist, or for several images and no name."""
    listed = ", ".join(dict.fromkeys(sorted(names))) or "images without a name"
    what = f"{files.path} contains no image called {name!r}" if name else f"{files.path} contains several images"
    return UnreadableImage(
        what,
        f"it contains {listed}",
        "Choose one by its name or its digest: --name, or name= in Python",
        path=files.path,
    )


def _check_version(files: Files) -> None:
    part = files.find(VERSION)
    if part is None:
        missing(files, VERSION, "the file that marks an OCI layout and states its version")
    body = view_json(part, read_small(part))
    version = body.get("imageLayoutVersion") if isinstance(body, dict) else None
    if not isinstance(version, str) or not version.startswith("1."):
        raise UnreadableImage(
            f"{part} states the layout version {version!r}",
            "this version of regtutor reads only version 1",
            "Write the image again as an OCI layout, for example with skopeo copy",
            path=part.path,
        )


def _named(files: Files, entries: Sequence[Descriptor], name: str | None) -> list[Descriptor]:
    """Return the entries called ``name``; without a name, all of them if they share a single name."""
    every = [alias for entry in entries for alias in names_of(entry)]
    if name is not None:
        found = [entry for entry in entries if name in (*names_of(entry), entry.digest)]
        if not found and is_digest(name):
            found = [entry for entry in _within(files, entries) if entry.digest == name][:1]
        if not found:
            raise no_such_name(files, name, every or [entry.digest for entry in entries])
        return found
    shown_names = {shown_name([entry]) for entry in entries if names_of(entry)}
    if len(shown_names) > 1 and len({entry.digest for entry in entries}) > 1:
        raise no_such_name(files, None, every)
    return list(entries)


def _within(files: Files, entries: Sequence[Descriptor]) -> Iterator[Descriptor]:
    """Yield the manifests and indexes that ``entries`` lead to, through nested indexes."""
    level, seen = list(entries), set[str]()
    for _ in range(MAX_INDEX_DEPTH):
        indexes = [entry for entry in level if kind_of(entry.media_type) == "index" and entry.digest not in seen]
        seen |= {entry.digest for entry in indexes}
        level = [
            child
            for entry in indexes
            if entry.data is not None or files.find(_path(entry))
            for child in _children(files, entry)
        ]
        yield from level


def is_digest(name: str) -> bool:
    """Return whether a name is a digest, and no tag or reference name."""
    return ":" in name and is_well_formed(name)


def listed_name(entry: Descriptor) -> str:
    """Return how an entry can be chosen, for a list: its name, if it has one, and its digest."""
    name = shown_name([entry])
    return f"{name} ({entry.digest})" if name else entry.digest


def shown_name(entries: Sequence[Descriptor]) -> str:
    """Return the first name of the first entry, or ``""``."""
    names = names_of(entries[0]) if entries else ()
    return names[0] if names else ""


def _images(files: Files, entries: Sequence[Descriptor]) -> list[Descriptor]:
    """Return the image manifests that ``entries`` lead to, each once, through nested indexes."""
    found: dict[str, Descriptor] = {}
    level, seen = list(entries), set[str]()
    for _ in range(MAX_INDEX_DEPTH):
        found |= {entry.digest: entry for entry in level if kind_of(entry.media_type) == "manifest"}
        indexes = {entry.digest: entry for entry in level if kind_of(entry.media_type) == "index"}
        level = [child for digest, entry in indexes.items() if digest not in seen for child in _children(files, entry)]
        seen |= indexes.keys()
        if not level:
            break
    else:
        raise BadManifest(
            f"{files.path} contains nested indexes, more than {MAX_INDEX_DEPTH} deep",
            "images need only two levels",
            path=files.path,
        )
    if not found:
        raise _no_image(files, entries)
    return list(found.values())


def _no_image(files: Files, entries: Sequence[Descriptor]) -> UnreadableImage:
    indexes = [entry for entry in entries if kind_of(entry.media_type) == "index"]
    if any(read_manifest(files, entry)[1].is_cache for entry in indexes):
        why, again = "it is a build cache of BuildKit: its index lists layers", "Push it as an index: --platform all"
    else:
        why = f"its index lists {', '.join(sorted({entry.media_type for entry in entries})) or 'nothing'}"
        again = "Create the image again"
    return UnreadableImage(f"{files.path} contains no image manifest", why, again, path=files.path)


def _children(files: Files, entry: Descriptor) -> tuple[Descriptor, ...]:
    return read_manifest(files, entry)[1].children


def choose(files: Files, images: Sequence[Descriptor], platform: Platform | None) -> Descriptor:
    """Return the image for ``platform``; without a platform, the only image, or the one for this machine.

    Without a platform, images whose manifest is not in the layout are left out, as long as another one remains.

    Raises
    ------
    NoSuchPlatform: if no image is for ``platform``, or there are several and none is for this machine.
    """
    real = [entry for entry in images if _ATTESTATION not in entry.annotations] or list(images)
    if platform is None:
        real = [entry for entry in real if entry.data is not None or files.find(_path(entry))] or real
        if len(real) == 1:
            return real[0]
    platforms = [entry.platform or _config_platform(files, entry) for entry in real]
    wanted = platform or machine_platform()
    for entry, found in zip(real, platforms, strict=True):
        if matches(wanted, found):
            return entry
    raise no_such_platform(files, wanted, platforms)


def no_such_platform(files: Files, wanted: Platform, found: Sequence[Platform | None]) -> NoSuchPlatform:
    """Return the error that lists the available platforms."""
    return NoSuchPlatform(
        f"{files.path} contains no image for {wanted}",
        f"it contains images for {shown(found)}",
        "Choose one of them: --platform, or platform= in Python",
        path=files.path,
    )


def _config_platform(files: Files, entry: Descriptor) -> Platform | None:
    _, view = read_manifest(files, entry)
    return _config(files, view)[1].platform


def read_manifest(files: Files, entry: Descriptor) -> tuple[Manifest, ManifestView]:
    """Read the manifest or index that ``entry`` describes; verify its digest and size, and return it with its view."""
    if entry.data is not None:  # parse_manifest has compared it with the digest
        part, data = FilePart(files.path, 0, entry.size, "a manifest in the index"), entry.data
    else:
        part = _blob(files, entry, "a manifest of the image")
        data = read_checked(part, entry)
    view = view_manifest(part, data, entry.media_type)
    return Manifest(data, view.media_type, entry.digest), view


def _config(files: Files, view: ManifestView) -> tuple[Config, ConfigView]:
    assert view.config is not None  # parse_manifest accepts no manifest without one
    if view.config.data is not None:
        part, data = FilePart(files.path, 0, view.config.size, "the config in the manifest"), view.config.data
    else:
        part = _blob(files, view.config, "the config of the image")
        data = read_checked(part, view.config, MAX_CONFIG)
    parsed = view_config(part, data) if kind_of(view.config.media_type) == "config" else ConfigView()
    check_diff_ids(part, parsed, len(view.layers))
    return Config(data, view.config.media_type, view.config.digest), parsed


def read_image(files: Files, entry: Descriptor, name: str) -> Image:
    """Read the image whose manifest ``entry`` describes; verify manifest and config, and do not read layers."""
    manifest, view = read_manifest(files, entry)
    config, config_view = _config(files, view)
    diff_ids = config_view.diff_ids or ("",) * len(view.layers)
    layers = tuple(read_layer(files, layer, diff_id) for layer, diff_id in zip(view.layers, diff_ids, strict=True))
    return Image(manifest, config, layers, config_view.platform or entry.platform, name, str(files.path))


def read_layer(files: Files, layer: Descriptor, diff_id: str) -> Layer:
    """Return the layer, or another blob of an image, that a descriptor describes; only its size is checked."""
    if layer.data is not None:
        opener, where = partial(io.BytesIO, layer.data), f"{files.path} (in the manifest)"
        return Layer(layer.media_type, layer.digest, layer.size, diff_id, layer.urls, opener=opener, where=where)
    part = files.find(_path(layer)) if layer.foreign else _blob(files, layer, "a layer of the image")
    if part is None:
        return Layer(
            layer.media_type,
            layer.digest,
            layer.size,
            diff_id,
            layer.urls,
            opener=partial(_elsewhere, layer),
            where=", ".join(layer.urls),
        )
    check_size(part, layer)
    return Layer(layer.media_type, layer.digest, layer.size, diff_id, layer.urls, opener=part.open, where=str(part))


def _elsewhere(layer: Descriptor) -> io.BytesIO:
    raise MissingBlob(
        f"The layer {layer.digest} is not in the image",
        f"it is a foreign layer, which is downloaded from {', '.join(layer.urls)}",
        "Do not push it: a foreign layer stays at its own address",
    )


def _blob(files: Files, descriptor: Descriptor, what: str) -> FilePart:
    part = files.find(_path(descriptor))
    if part is None:
        missing(files, _path(descriptor), what)
    return part


def _path(descriptor: Descriptor) -> str:
    algorithm, _, encoded = descriptor.digest.partition(":")
    return f"blobs/{algorithm}/{encoded}"
