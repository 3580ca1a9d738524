"""Take an image apart, and make its parts: for the lesson on what an image is.

Sources: OCI image-spec v1.1.1, layer.md, config.md and descriptor.md.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from regtutor.client.registry import Registry
from regtutor.content.image import short
from regtutor.content.sample.program import GREETING_FILE, LINE, program
from regtutor.content.sample.tarball import Entry, tarball
from regtutor.errors import CourseError
from regtutor.printable import visible
from regtutor.protocol.digests import sha256
from regtutor.steps import get_blob, get_manifest

_GZIP = b"\x1f\x8b"


def descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    """Return the descriptor of ``content``: its media type, its digest, and its size in bytes.

    Raises
    ------
    CourseError: if ``content`` is not bytes, because only bytes have a digest.

    Source: OCI image-spec v1.1.1, "Properties"
    <https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#properties>.
    """
    if not isinstance(content, bytes):
        raise CourseError(
            "Only bytes have a digest and a size",
            f"this is an object of type {type(content).__name__}",
            "Give json.dumps(value).encode() for a document, and the archive or the compressed archive for a layer.",
        )
    return {"mediaType": media_type, "digest": sha256(content), "size": len(content)}


def tar_of(path: str, text: str) -> bytes:
    """Return a tar archive with one file, the same bytes every time.

    Parameters
    ----------
    path: of the file, at most 100 characters of ASCII, such as ``"etc/greeting"``.
    text: its content.
    """
    return tarball((Entry(path, text.encode()),))


def files_in(archive: bytes) -> dict[str, bytes]:
    """Return the regular files of a tar archive, by their paths; empty if it is no archive."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as opened:
            return {item.name: _content(opened, item) for item in opened if item.isreg()}
    except tarfile.TarError:
        return {}


def list_files(archive: bytes) -> str:
    """Return the files of a tar archive as lines: size in bytes, and path."""
    return "\n".join(_file_lines(files_in(archive))) or "no file"


def _file_lines(files: Mapping[str, bytes]) -> list[str]:
    return [f"{len(content):>6}  {visible(path)}" for path, content in files.items()]


def _content(opened: tarfile.TarFile, item: tarfile.TarInfo) -> bytes:
    file = opened.extractfile(item)
    return file.read() if file is not None else b""


@dataclass(frozen=True)
class UnpackedLayer:
    """A layer that was fetched and unpacked.

    Attributes
    ----------
    digest: of the bytes that were fetched.
    diff_id: computed from the unpacked archive.
    listed: the diff ID that the config lists for this layer; ``""`` if it lists none.
    files: the content of its files, by path.
    """

    digest: str
    diff_id: str
    listed: str
    files: Mapping[str, bytes]

    @property
    def fits(self) -> bool:
        """Whether the config lists the diff ID that the layer has."""
        return self.diff_id == self.listed


@dataclass(frozen=True)
class Unpacked:
    """An image that was fetched and unpacked: printed, it says what an engine would run.

    Attributes
    ----------
    config: the config; empty if the blob is no JSON object.
    layers: from the base upwards.
    spare: how many more diff IDs the config lists than there are layers.
    """

    config: Mapping[str, Any]
    layers: tuple[UnpackedLayer, ...]
    spare: int = 0

    @property
    def fits(self) -> bool:
        """Whether the diff IDs of the config are those of the layers."""
        return all(layer.fits for layer in self.layers) and not self.spare

    @property
    def command(self) -> list[str]:
        """The program that a container starts, with its arguments."""
        run = _mapping(self.config.get("config"))
        words = [*_list(run.get("Entrypoint")), *_list(run.get("Cmd"))]
        return [str(word) for word in words]

    @property
    def files(self) -> dict[str, bytes]:
        """All files, as the layers give them on top of each other."""
        return {path: content for layer in self.layers for path, content in layer.files.items()}

    def __str__(self) -> str:
        lines = [f"A config for {self.config.get('os')}/{self.config.get('architecture')}"]
        for number, layer in enumerate(self.layers, 1):
            lines += [f"layer {number}: digest {short(layer.digest)}, diff ID {short(layer.diff_id)}"]
            if not layer.fits:
                lines += [f"  The config lists {short(layer.listed) or 'no diff ID'} here. The layer does not fit it."]
            lines += [f"  {line}" for line in _file_lines(layer.files)]
        if self.fits:
            lines += [f"A container starts {' '.join(self.command) or 'nothing: no Entrypoint'}", *self._prints()]
        else:
            lines += ["The layers are not those of the config: a client that compares them stops here."]
        return "\n".join(visible(line) for line in lines)

    def _prints(self) -> list[str]:
        """The output of the sample's program, if that is what the container starts."""
        path = self.command[0].lstrip("/") if self.command else ""
        architecture = str(self.config.get("architecture"))
        if architecture not in ("amd64", "arm64") or self.files.get(path) != program(architecture):
            return []
        greeting = self.files.get(GREETING_FILE, b"")
        return ["which prints:", *(LINE + greeting).decode(errors="replace").splitlines()]


def unpack(reg: Registry, repository: str, tag: str) -> Unpacked:
    """Fetch an image and unpack it in memory: manifest, config, and each layer.

    Parameters
    ----------
    reg: the registry.
    repository, tag: an image for one platform, with small layers.

    Raises
    ------
    CourseError: if the tag does not point to the manifest of an image.
    """
    manifest = _document(get_manifest(reg, repository, tag).content)
    layers = [_mapping(layer) for layer in _list(manifest.get("layers"))]
    if not layers:
        raise CourseError(
            f"{repository}:{tag} cannot be unpacked",
            "this tag does not exist, or it does not point to a manifest with layers",
            "Push the image first.",
        )
    config = _document(_blob(reg, repository, _mapping(manifest.get("config"))))
    listed = [str(diff_id) for diff_id in _list(_mapping(config.get("rootfs")).get("diff_ids"))]
    padded = [*listed, *[""] * len(layers)]
    unpacked = [_layer(_blob(reg, repository, layer), padded[number]) for number, layer in enumerate(layers)]
    return Unpacked(config, tuple(unpacked), max(len(listed) - len(layers), 0))


def _layer(data: bytes, listed: str) -> UnpackedLayer:
    try:
        archive = gzip.decompress(data) if data.startswith(_GZIP) else data
    except (OSError, EOFError, zlib.error):
        archive = data
    return UnpackedLayer(sha256(data), sha256(archive), listed, files_in(archive))


def _blob(reg: Registry, repository: str, entry: Mapping[str, Any]) -> bytes:
    file = io.BytesIO()
    get_blob(reg, repository, str(entry.get("digest")), into=file)
    return file.getvalue()


def _document(data: bytes) -> Mapping[str, Any]:
    try:
        return _mapping(json.loads(data))
    except ValueError:
        return {}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
