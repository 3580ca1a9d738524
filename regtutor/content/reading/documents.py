"""Reading and verifying the small parts of an image on disk: manifests, indexes and configs.

Each function reads one file, up to a size limit, and raises an error that names the file. This module does not depend
on where the files are in a layout or an archive.
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
    PLATFORM_FIELDS,
    Descriptor,
    ManifestView,
    Platform,
    parse_manifest,
)

MAX_CONFIG = 8 * 1024 * 1024
"""The largest config, in bytes: a long history fits in well under one MiB."""


@dataclass(frozen=True)
class ConfigView:
    """The fields that are read from a config: ``platform``, if it states one, and the ``diff_ids`` of the layers."""

    platform: Platform | None = None
    diff_ids: tuple[str, ...] = ()


def read_small(part: FilePart, limit: int = MAX_BYTES) -> bytes:
    """Read the bytes of a manifest, an index or a config.

    Raises
    ------
    BadManifest: if there are more than ``limit`` bytes; nothing is read then.
    """
    if part.size > limit:
        _bad(part, f"it has {part.size:,} bytes, and the limit is {limit:,}")
    return part.read()


def read_checked(part: FilePart, descriptor: Descriptor, limit: int = MAX_BYTES) -> bytes:
    """Read the bytes of a manifest, an index or a config, and compare them with its descriptor.

    Raises
    ------
    BadManifest: if there are more than ``limit`` bytes.
    DigestMismatch: if the size or the digest does not match ``descriptor``.
    """
    if part.size <= limit:
        check_size(part, descriptor)
    data = read_small(part, limit)
    check_digest(part, data, descriptor.digest)
    return data


def check_size(part: FilePart, descriptor: Descriptor) -> None:
    """Compare the size of the file with the size in the descriptor; nothing is read.

    Raises
    ------
    DigestMismatch: if they differ.
    """
    if part.size != descriptor.size:
        raise DigestMismatch(
            f"{part} has {part.size:,} bytes, but its descriptor states {descriptor.size:,}",
            f"so it cannot be {descriptor.digest}",
            "The image is damaged: build or download it again",
            path=part.path,
        )


def check_digest(part: FilePart, data: bytes, digest: str) -> None:
    """Compare ``data``, read from ``part``, with ``digest``.

    Raises
    ------
    DigestMismatch: if the digest differs.
    """
    hasher = Hasher(digests.parse(digest).algorithm)
    hasher.update(data)
    if hasher.digest != digest:
        raise DigestMismatch(
            f"{part} does not match its digest",
            f"its bytes have the digest {hasher.digest}, but {digest} was expected",
            "The image is damaged: build or download it again",
            path=part.path,
        )


def view_manifest(part: FilePart, data: bytes, media_type: str | None = None) -> ManifestView:
    """Parse a manifest or index; raise BadManifest if it is invalid."""
    try:
        return parse_manifest(data, media_type)
    except InvalidManifest as error:
        _bad(part, error.why)


def view_json(part: FilePart, data: bytes) -> Any:
    """Parse the JSON value in ``data``; raise BadManifest if it is invalid."""
    try:
        return parse_json_value(data)
    except InvalidManifest as error:
        _bad(part, error.why)


def view_config(part: FilePart, data: bytes) -> ConfigView:
    """Parse the config of an image (OCI image-spec v1.1.1, config.md); raise BadManifest if it is invalid."""
    try:
        body = parse_json(data, MAX_CONFIG)
    except InvalidManifest as error:
        _bad(part, error.why)
    names = [body.get(name) or "" for name in PLATFORM_FIELDS]
    rootfs = body.get("rootfs") or {}
    diff_ids = (rootfs.get("diff_ids") or []) if isinstance(rootfs, dict) else None
    if not isinstance(diff_ids, list) or not all(isinstance(text, str) for text in [*names, *diff_ids]):
        _bad(part, "its os, architecture, variant, os.version or rootfs is malformed")
    try:
        checked = tuple(str(digests.parse(diff_id)) for diff_id in diff_ids)
    except InvalidDigest as error:
        _bad(part, f"one of its diff IDs is invalid: {error.what}")
    return ConfigView(Platform(*names) if names[0] or names[1] else None, checked)


def check_diff_ids(part: FilePart, config: ConfigView, layers: int) -> None:
    """Check that a config with diff IDs has one for each layer; raise BadManifest if it does not."""
    if config.diff_ids and len(config.diff_ids) != layers:
        _bad(part, f"it lists {len(config.diff_ids)} diff IDs, but the manifest has {layers} layers")


def missing(files: Files, name: str, what: str) -> NoReturn:
    """Raise the error for a missing file: it was left out, or the archive ends before it.

    Raises
    ------
    TruncatedArchive: if the archive has no end marker.
    MissingBlob: otherwise.
    """
    if not files.complete:
        raise TruncatedArchive(
            f"{files.path} is truncated",
            f"{what}, {name}, is missing, and so is the end marker of the archive",
            "Copy or download it again, or save the image again",
            path=files.path,
        )
    raise MissingBlob(
        f"{files.path} does not contain {name}",
        f"this is {what}",
        "Create the image again, with all its blobs",
        path=files.path / name if files.path.is_dir() else files.path,
    )


def _bad(part: FilePart, reason: str) -> NoReturn:
    raise BadManifest(f"{part} cannot be used", reason, "Build or download the image again", path=part.path)
