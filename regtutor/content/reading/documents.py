"""The small parts of an image on disk: manifests and configs, read whole and checked before anything is believed.

Each function reads one file, within a limit, and raises an error that names it. This module does not know where in a
layout or an archive the files lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from regtutor.content.reading.files import FilePart, Files
from regtutor.errors import BadManifest, DigestMismatch, InvalidDigest, InvalidManifest, MissingBlob, TruncatedArchive
from regtutor.protocol import digests
from regtutor.protocol.bounded_json import MAX_BYTES, parse_json, parse_json_value
from regtutor.protocol.digests import Hasher
from regtutor.protocol.manifests import (
    Descriptor,
    ManifestView,
    Platform,
    parse_manifest,
)

MAX_CONFIG = 8 * 1024 * 1024
"""The largest config, in bytes: a long history fits in well under one MiB."""


@dataclass(frozen=True)
class ConfigView:
    """What is read from a config: the ``platform``, if it names one, and the ``diff_ids`` of the layers in order."""

    platform: Platform | None = None
    diff_ids: tuple[str, ...] = ()


def read_small(part: FilePart, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a manifest, an index or a config.

    Raises
    ------
    BadManifest: if there are more than ``limit``; nothing is read then.
    """
    if part.size > limit:
        _bad(part, f"it has {part.size:,} bytes, and the most that is accepted is {limit:,}")
    return part.read()


def read_checked(part: FilePart, descriptor: Descriptor, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a manifest, an index or a config, compared with its descriptor.

    Raises
    ------
    BadManifest: if there are more than ``limit``.
    DigestMismatch: if they are not what ``descriptor`` names.
    """
    if part.size <= limit:
        check_size(part, descriptor)
    data = read_small(part, limit)
    check_digest(part, data, descriptor.digest)
    return data


def check_size(part: FilePart, descriptor: Descriptor) -> None:
    """Compare how many bytes there are with what the manifest says; nothing is read.

    Raises
    ------
    DigestMismatch: if they differ.
    """
    if part.size != descriptor.size:
        raise DigestMismatch(
            f"{part} has {part.size:,} bytes, and the manifest says {descriptor.size:,}",
            f"so it cannot be {descriptor.digest}",
            "The image is damaged: make or fetch it again",
            path=part.path,
        )


def check_digest(part: FilePart, data: bytes, digest: str) -> None:
    """Compare ``data``, read from ``part``, with ``digest``.

    Raises
    ------
    DigestMismatch: if it has another.
    """
    hasher = Hasher(digests.parse(digest).algorithm)
    hasher.update(data)
    if hasher.digest != digest:
        raise DigestMismatch(
            f"{part} is not what its digest says",
            f"its bytes have the digest {hasher.digest}, and {digest} was expected",
            "The image is damaged: make or fetch it again",
            path=part.path,
        )


def view_manifest(part: FilePart, data: bytes, media_type: str | None = None) -> ManifestView:
    """What the manifest or index says; BadManifest if it is none."""
    try:
        return parse_manifest(data, media_type)
    except InvalidManifest as error:
        _bad(part, error.why)


def view_json(part: FilePart, data: bytes) -> Any:
    """The JSON value in ``data``; BadManifest if it is none."""
    try:
        return parse_json_value(data)
    except InvalidManifest as error:
        _bad(part, error.why)


def view_config(part: FilePart, data: bytes) -> ConfigView:
    """What is needed of an image's config (config.md of OCI image-spec v1.1.1); BadManifest if it is broken."""
    try:
        body = parse_json(data, MAX_CONFIG)
    except InvalidManifest as error:
        _bad(part, error.why)
    names = [body.get(name) or "" for name in ("os", "architecture", "variant")]
    rootfs = body.get("rootfs") or {}
    diff_ids = (rootfs.get("diff_ids") or []) if isinstance(rootfs, dict) else None
    if not isinstance(diff_ids, list) or not all(isinstance(text, str) for text in [*names, *diff_ids]):
        _bad(part, "its os, architecture or rootfs is not of the form that a config has")
    try:
        checked = tuple(str(digests.parse(diff_id)) for diff_id in diff_ids)
    except InvalidDigest as error:
        _bad(part, f"a diff ID is wrong: {error.what}")
    return ConfigView(Platform(*names) if names[0] or names[1] else None, checked)


def check_diff_ids(part: FilePart, config: ConfigView, layers: int) -> None:
    """A config that names diff IDs names one for each layer; BadManifest if it does not."""
    if config.diff_ids and len(config.diff_ids) != layers:
        _bad(part, f"it names {len(config.diff_ids)} diff IDs, and the manifest has {layers} layers")


def missing(files: Files, name: str, what: str) -> NoReturn:
    """Raise the error for a file that is not there: it was left out, or the archive ends before it.

    Raises
    ------
    TruncatedArchive: if the archive has no end.
    MissingBlob: otherwise.
    """
    if not files.complete:
        raise TruncatedArchive(
            f"{files.path} ends too early",
            f"{what}, {name}, is not in it, and neither is the mark that ends an archive",
            "Copy or download it again, or save the image again",
            path=files.path,
        )
    raise MissingBlob(
        f"{files.path} does not hold {name}",
        f"that is {what}",
        "Make the image again, with all its blobs",
        path=files.path / name if files.path.is_dir() else files.path,
    )


def _bad(part: FilePart, reason: str) -> NoReturn:
    raise BadManifest(f"{part} cannot be used", reason, "Make or fetch the image again", path=part.path)
