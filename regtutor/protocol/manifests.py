"""Parse the bytes of manifests and indexes into descriptors, within limits.

A manifest is JSON that names blobs by descriptors; an index names manifests in the same way. The exact bytes are pushed
and digested, so nothing here writes JSON: a :class:`ManifestView` is read-only.

This module checks the form of a manifest. It does no input or output, so it does not check whether the blobs exist, or
whether a registry accepts the manifest.

Sources: OCI image-spec v1.1.1, manifest.md, image-index.md and descriptor.md; for Docker's manifests the documents
"Image Manifest Version 2, Schema 2" and "Schema 1" of CNCF Distribution 2.8.3.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

from regtutor.errors import InvalidDigest, InvalidManifest
from regtutor.printable import visible
from regtutor.protocol import digests
from regtutor.protocol.bounded_json import MAX_BYTES as MAX_BYTES
from regtutor.protocol.bounded_json import MAX_DEPTH as MAX_DEPTH
from regtutor.protocol.bounded_json import parse_json
from regtutor.protocol.media_types import (
    DOCKER_SCHEMA1,
    DOCKER_SCHEMA1_SIGNED,
    MEDIA_TYPES,
    OCI_INDEX,
    OCI_MANIFEST,
    essence,
    kind_of,
)

MAX_ENTRIES = 10_000
"""The largest number of descriptors in one list."""

MAX_SIZE = 2**63 - 1
"""The largest size that a descriptor can name: a signed 64-bit integer."""

_MEDIA_TYPE = re.compile(r"[!-~]+")


PLATFORM_FIELDS = ("os", "architecture", "variant", "os.version")
"""The fields of a platform that are read (OCI image-spec v1.1.1, image-index.md and config.md)."""


@dataclass(frozen=True)
class Platform:
    """The platform of an image, such as ``linux``, ``arm``, ``v7``. Prints as ``linux/arm/v7``.

    ``os_version`` is the version of the operating system, which Windows images state: ``windows/amd64:10.0.20348.1``.
    """

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""

    def __str__(self) -> str:
        name = "/".join(part for part in (self.os, self.architecture, self.variant) if part)
        return visible(f"{name}:{self.os_version}" if self.os_version else name)

    def fields(self) -> dict[str, str]:
        """Return the fields as they are named in an index and a config; empty ones are left out."""
        values = (getattr(self, name.replace(".", "_")) for name in PLATFORM_FIELDS)
        return {name: value for name, value in zip(PLATFORM_FIELDS, values, strict=True) if value}


@dataclass(frozen=True)
class Descriptor:
    """A descriptor: the media type, digest and size of a blob or a manifest.

    Attributes
    ----------
    size: in bytes.
    platform: for a manifest in an index, its platform; None if none is stated.
    urls: other addresses of the same bytes.
    data: the bytes themselves, if the descriptor contains them; already compared with digest and size.

    Source: OCI image-spec v1.1.1, descriptor.md, section "Properties".
    """

    media_type: str
    digest: str
    size: int
    platform: Platform | None = None
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    urls: tuple[str, ...] = ()
    artifact_type: str = ""
    data: bytes | None = field(default=None, repr=False)

    @property
    def foreign(self) -> bool:
        """Whether this is a layer that is fetched from its ``urls`` and not pushed to a registry."""
        row = MEDIA_TYPES.get(essence(self.media_type))
        return bool(self.urls) and row is not None and not row.distributable


@dataclass(frozen=True)
class ManifestView:
    """A parsed manifest or index.

    Attributes
    ----------
    kind: ``"manifest"`` (a config and layers), ``"index"`` (other manifests), or ``"schema1"`` (Docker's first form).
    media_type: its type: as given with the bytes, else from its own ``mediaType`` field, else inferred from its fields.
    declared_media_type: its own ``mediaType`` field, or ``""``.
    schema_version: its ``schemaVersion`` field.
    config, layers: of a manifest; ``layers`` begins with the base.
    manifests: of an index.
    subject: the manifest that this one refers to, or None.
    blob_sums: of schema 1: the digests of its layers, the base last; it contains no sizes and no types.
    """

    kind: Literal["manifest", "index", "schema1"]
    media_type: str
    declared_media_type: str
    schema_version: int
    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] = ()
    manifests: tuple[Descriptor, ...] = ()
    subject: Descriptor | None = None
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    blob_sums: tuple[str, ...] = ()

    @property
    def is_cache(self) -> bool:
        """Whether this is an index that BuildKit uses for its build cache: it lists layers and a cache config.

        Source: issue 2732 of containers/skopeo <https://github.com/containers/skopeo/issues/2732>.
        """
        return any(_is_cached(entry.media_type) for entry in self.manifests)

    @property
    def children(self) -> tuple[Descriptor, ...]:
        """The manifests that an index lists; only for a build cache, these are not all of :attr:`manifests`."""
        if not self.is_cache:
            return self.manifests
        return tuple(entry for entry in self.manifests if kind_of(entry.media_type) in ("manifest", "index"))

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """The blobs that must be in the repository before the manifest: its config and layers, each digest once.

        Foreign layers are left out. An index has blobs only if it is a build cache.
        """
        listed = (*self.layers, *((self.config,) if self.config else ()), *(self.manifests if self.is_cache else ()))
        if self.is_cache:
            listed = tuple(entry for entry in listed if kind_of(entry.media_type) not in ("manifest", "index"))
        return tuple({blob.digest: blob for blob in listed if not blob.foreign}.values())


def _is_cached(media_type: str) -> bool:
    return kind_of(media_type) == "layer" or essence(media_type).startswith("application/vnd.buildkit.cacheconfig")


def parse_manifest(data: bytes, media_type: str | None = None) -> ManifestView:
    """Parse the manifest or index in ``data``.

    Parameters
    ----------
    data: the bytes, as pushed or as stored.
    media_type: the stated type (a Content-Type value or a descriptor's media type). With None or ``""``, their own
        ``mediaType`` field decides, or else the fields that they have.

    Raises
    ------
    InvalidManifest: if they are not JSON, exceed :data:`MAX_BYTES`, :data:`MAX_DEPTH` or :data:`MAX_ENTRIES`, have
        another type than the stated one, or lack a field that their type requires.
    """
    body = parse_json(data)
    declared = _text(body, "mediaType")
    named = essence(media_type or "") or essence(declared) or _guess(body)
    kind = kind_of(named)
    if kind not in ("manifest", "index", "schema1"):
        _refuse(f"{named!r} is not the media type of a manifest or an index")
    if declared and essence(declared) != named:
        _refuse(f"its mediaType field is {declared!r}, but it was sent or listed as {named!r}")
    version = body.get("schemaVersion")
    if type(version) is not int or version != (1 if kind == "schema1" else 2):
        _refuse(f"schemaVersion is {_short(version)}, which is wrong for {named}")
    fields = {"manifest": _manifest, "index": _index, "schema1": _schema1}[kind](body)
    return ManifestView(kind, named, declared, version, **fields)


def _refuse(reason: str) -> NoReturn:
    raise InvalidManifest("This is not a manifest", reason)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _guess(body: Mapping[str, Any]) -> str:
    """Infer the type of a manifest without ``mediaType``, which is optional in OCI manifests."""
    if body.get("schemaVersion") == 1 or "fsLayers" in body:
        return DOCKER_SCHEMA1_SIGNED if "signatures" in body else DOCKER_SCHEMA1
    if "manifests" in body and not {"config", "layers"} & body.keys():
        return OCI_INDEX
    if {"config", "layers"} & body.keys() and "manifests" not in body:
        return OCI_MANIFEST
    _refuse("it has no mediaType, and its fields are neither those of a manifest alone nor those of an index alone")


def _manifest(body: Mapping[str, Any]) -> dict[str, Any]:
    _exclude(body, "manifests")
    return {
        "config": parse_descriptor(body.get("config"), "config"),
        "layers": _descriptors(body, "layers"),
        "subject": _subject(body),
        "artifact_type": _text(body, "artifactType"),
        "annotations": _strings(body, "annotations"),
    }


def _index(body: Mapping[str, Any]) -> dict[str, Any]:
    _exclude(body, "config", "layers")
    return {
        "manifests": _descriptors(body, "manifests"),
        "subject": _subject(body),
        "artifact_type": _text(body, "artifactType"),
        "annotations": _strings(body, "annotations"),
    }


def _schema1(body: Mapping[str, Any]) -> dict[str, Any]:
    entries = _list(body, "fsLayers")
    sums = [entry.get("blobSum") if isinstance(entry, dict) else None for entry in entries]
    return {"blob_sums": tuple(_digest(value, f"fsLayers[{number}].blobSum") for number, value in enumerate(sums))}


def _exclude(body: Mapping[str, Any], *names: str) -> None:
    """Refuse a document that one program could read as a manifest and another as an index (CVE-2021-41190)."""
    for name in names:
        if body.get(name) is not None:
            _refuse(f"it has a {name!r} field, which its type must not have")


def _subject(body: Mapping[str, Any]) -> Descriptor | None:
    return None if body.get("subject") is None else parse_descriptor(body["subject"], "subject")


def _descriptors(body: Mapping[str, Any], name: str) -> tuple[Descriptor, ...]:
    return tuple(parse_descriptor(value, f"{name}[{number}]") for number, value in enumerate(_list(body, name)))


def parse_descriptor(value: object, where: str) -> Descriptor:
    """Parse the JSON object ``value`` as a descriptor; ``where`` names it in the error.

    Raises
    ------
    InvalidManifest: if a field is missing or malformed; with the reason.
    """
    if not isinstance(value, dict):
        _refuse(f"{where} is {'missing' if value is None else 'not an object'}")
    media_type, size = value.get("mediaType"), value.get("size")
    if not isinstance(media_type, str) or not _MEDIA_TYPE.fullmatch(media_type):
        _refuse(f"{where}.mediaType is {_short(media_type)}, not a media type")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= MAX_SIZE:
        _refuse(f"{where}.size is {_short(size)}, not a number of bytes")
    digest = _digest(value.get("digest"), f"{where}.digest")
    return Descriptor(
        media_type,
        digest,
        size,
        _platform(value.get("platform"), where),
        _strings(value, "annotations", where),
        _texts(_list(value, "urls", where), f"{where}.urls"),
        _text(value, "artifactType", where),
        _data(value.get("data"), digest, size, where),
    )


def _digest(value: object, where: str) -> str:
    if not isinstance(value, str):
        _refuse(f"{where} is {_short(value)}, not a digest")
    try:
        return str(digests.parse(value))
    except InvalidDigest as error:
        raise InvalidManifest("This is not a manifest", f"{where}: {error.what}: {error.why}") from error


def _platform(value: object, where: str) -> Platform | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        _refuse(f"{where}.platform is not an object")
    return Platform(*(_text(value, name, f"{where}.platform") for name in PLATFORM_FIELDS))


def _data(value: object, digest: str, size: int, where: str) -> bytes | None:
    """Return the embedded bytes, which must be the content itself (descriptor.md, section "Embedded Content")."""
    if value is None:
        return None
    try:
        data = b64decode(value, validate=True) if isinstance(value, str) else b""
    except ValueError as error:
        raise InvalidManifest("This is not a manifest", f"{where}.data is not base64: {error}") from error
    hasher = digests.Hasher(digests.parse(digest).algorithm)
    hasher.update(data)
    if not isinstance(value, str) or hasher.size != size or hasher.digest != digest:
        _refuse(f"{where}.data does not match its digest and size")
    return data


def _text(body: Mapping[str, Any], name: str, where: str = "") -> str:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        _refuse(f"{where + '.' if where else ''}{name} is {_short(value)}, not a string")
    return value or ""


def _texts(values: list[object], where: str) -> tuple[str, ...]:
    texts = tuple(value for value in values if isinstance(value, str))
    if len(texts) != len(values):
        _refuse(f"{where} contains an item that is not a string")
    return texts


def _strings(body: Mapping[str, Any], name: str, where: str = "") -> dict[str, str]:
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        _refuse(f"{where + '.' if where else ''}{name} is not an object whose values are strings")
    return value


def _list(body: Mapping[str, Any], name: str, where: str = "") -> list[Any]:
    """Return a list within its limit; ``null`` (a nil list in Go) or a missing field is an empty list."""
    value = body.get(name)
    if value is None:
        return []
    path = f"{where + '.' if where else ''}{name}"
    if not isinstance(value, list):
        _refuse(f"{path} is not a list")
    if len(value) > MAX_ENTRIES:
        _refuse(f"{path} has {len(value):,} entries, and the limit is {MAX_ENTRIES:,}")
    return value
