"""Finds out in what form an image lies on disk, and has it read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from regtutor.content.image import Image
from regtutor.content.index import Index
from regtutor.content.platforms import parse_platform
from regtutor.content.reading.archive import Archive
from regtutor.content.reading.docker_archive import LIST, load_docker_archive
from regtutor.content.reading.files import Files, Folder, unreadable
from regtutor.content.reading.layout import INDEX, load_layout
from regtutor.content.reading.layout_index import load_layout_index
from regtutor.errors import TruncatedArchive, UnreadableImage
from regtutor.protocol.manifests import Platform


def load_image(
    path: str | os.PathLike[str], *, platform: str | Platform | None = None, name: str | None = None
) -> Image:
    """The image at ``path``, ready to be pushed; its manifest, config and sizes are checked, its layers not yet read.

    Parameters
    ----------
    path: an OCI layout (a folder or a tar file), or an archive that ``docker save``, ``podman save`` or ``skopeo copy``
        wrote.
    platform: such as ``linux/arm64``, where there are several; by default this machine's, else the only one.
    name: which image, where there are several: a tag (OCI) or ``repository:tag`` (docker).

    Raises
    ------
    UnreadableImage: if it is in neither form, is compressed, or holds several images and no ``name`` was given.
    TruncatedArchive: if it ends in the middle.
    MissingBlob: if something that the manifest names is not there.
    DigestMismatch: if a manifest or config is not what its digest says, or a blob has another size.
    UnsafePath: if a name or a link leads out of it.
    BadManifest: if a manifest, index or config is broken, larger than 4 MiB (8 for a config) or nested too deep.
    NoSuchPlatform: if there is no image for the platform; the error lists those that are there.

    Sources: OCI image-spec v1.1.1, image-layout.md <https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md>;
    Docker Image Specification v1.2 <https://github.com/moby/docker-image-spec/blob/v1.2/v1.2.md>.
    """
    files = _files(Path(path))
    wanted = None if platform is None else parse_platform(platform)
    if files.find(INDEX):
        return load_layout(files, wanted, name)
    if files.find(LIST):
        return load_docker_archive(files, wanted, name)
    raise _unknown(files)


def load_index(path: str | os.PathLike[str], *, name: str | None = None) -> Index:
    """The index at ``path`` with every image that it names, ready to be pushed; checked as :func:`load_image` checks.

    Parameters
    ----------
    path: an OCI layout (a folder or a tar file).
    name: which index, where there are several.

    Raises
    ------
    UnreadableImage: if it is no OCI layout, or holds no index over several images, or several.
    MissingBlob: if something that the index or its manifests name is not there.
    And what else :func:`load_image` raises.

    Source: OCI image-spec v1.1.1, image-index.md
    <https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md>.
    """
    files = _files(Path(path))
    if files.find(INDEX):
        return load_layout_index(files, name)
    if files.find(LIST):
        raise UnreadableImage(
            f"{files.path} is a docker save archive",
            "such an archive holds single images and no index over them",
            "Read one of them with load_image",
            path=files.path,
        )
    raise _unknown(files)


def _files(path: Path) -> Files:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        reason = error if isinstance(error, OSError) else OSError(0, str(error))
        raise unreadable(path, reason) from error
    if stat.S_ISDIR(mode):
        return Folder(path)
    if stat.S_ISREG(mode):
        return Archive(path)
    raise UnreadableImage(
        f"{path} is neither a folder nor a file",
        "an image is read at several places, so it cannot come through a pipe or a device",
        "Write it to a file first",
        path=path,
    )


def _unknown(files: Files) -> UnreadableImage | TruncatedArchive:
    if not files.complete:
        return TruncatedArchive(
            f"{files.path} ends too early",
            f"neither {INDEX} nor {LIST} is in it, nor the mark that ends an archive",
            "Copy or download it again, or save the image again",
            path=files.path,
        )
    old = files.find("repositories") is not None
    return UnreadableImage(
        f"{files.path} is neither an OCI layout nor a docker save archive",
        "it is an archive of a Docker before 1.10, without digests" if old else f"it has neither {INDEX} nor {LIST}",
        "Load it into Docker and save it again" if old else "Give the folder or the archive itself, not one around it",
        path=files.path,
    )
