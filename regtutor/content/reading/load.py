"""Loading an image from disk: detect its format and read it."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from regtutor.content.image import Image
from regtutor.content.index import Index
from regtutor.content.platforms import parse_platform
from regtutor.content.reading.docker_archive import LIST, load_docker_archive
from regtutor.content.reading.files import Files, Folder, local_path, unreadable
from regtutor.content.reading.layout import INDEX, load_layout
from regtutor.content.reading.layout_index import load_layout_index
from regtutor.errors import BadManifest, ImageError, MissingBlob, TruncatedArchive, UnreadableImage
from regtutor.protocol.manifests import Platform


def load_image(
    path: str | os.PathLike[str], *, platform: str | Platform | None = None, name: str | None = None
) -> Image:
    """Load the image at ``path``, ready to be pushed; verify its manifest, config and sizes, but do not read layers.

    Parameters
    ----------
    path: an OCI layout (a folder or a tar file), or an archive written by ``docker save``, ``podman save`` or
        ``skopeo copy``.
    platform: the platform to choose if there are several, such as ``linux/arm64`` or ``windows/amd64:10.0.20348``; by
        default the only one, or the one of this machine.
    name: the image to choose if there are several: a tag (OCI) or ``repository:tag`` (docker); or its digest: that of
        the manifest (OCI) or of the config (docker).

    Raises
    ------
    UnreadableImage: if it has neither format, is compressed, or contains several images and no ``name`` was given.
    TruncatedArchive: if the archive ends early.
    MissingBlob: if a blob that the manifest lists is missing.
    DigestMismatch: if a manifest or config does not match its digest, or a blob has another size.
    UnsafePath: if a name or a link leads out of the image.
    BadManifest: if a manifest, index or config is invalid, larger than 4 MiB (8 for a config) or nested too deep.
    NoSuchPlatform: if no image is for the platform; the error lists the available platforms.

    Sources: OCI image-spec v1.1.1, image-layout.md <https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md>;
    Docker Image Specification v1.2 <https://github.com/moby/docker-image-spec/blob/v1.2/v1.2.md>.
    """
    files = _files(local_path(path))
    wanted = None if platform is None else parse_platform(platform)
    if files.find(INDEX):
        return _from_layout(files, wanted, name)
    if files.find(LIST):
        return load_docker_archive(files, wanted, name)
    raise _unknown(files)


def _from_layout(files: Files, platform: Platform | None, name: str | None) -> Image:
    """Return the image in the layout, or that in the list of Docker beside it, if the layout cannot be used.

    Docker 25 and later write both into one archive, and its layouts were not always right.

    Source: issue 47065 of moby/moby <https://github.com/moby/moby/issues/47065>.
    """
    try:
        return load_layout(files, platform, name)
    except (BadManifest, MissingBlob, UnreadableImage):
        if files.find(LIST) is None:
            raise
        with suppress(ImageError):
            image = load_docker_archive(files, platform, name)
            return replace(image, source=f"{files.path} ({LIST}: its OCI layout cannot be used)")
        raise


def load_index(path: str | os.PathLike[str], *, name: str | None = None) -> Index:
    """Load the index at ``path`` with every image that it lists, ready to be pushed.

    It is verified as in :func:`load_image`.

    Parameters
    ----------
    path: an OCI layout (a folder or a tar file).
    name: the index to choose if there are several: its name or its digest.

    Raises
    ------
    UnreadableImage: if it is not an OCI layout, or contains no index of several images, or more than one.
    MissingBlob: if a blob that the index or its manifests list is missing.
    And the other errors of :func:`load_image`.

    Source: OCI image-spec v1.1.1, image-index.md
    <https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md>.
    """
    files = _files(local_path(path))
    if files.find(INDEX):
        return load_layout_index(files, name)
    if files.find(LIST):
        raise UnreadableImage(
            f"{files.path} is a docker save archive",
            "such an archive contains single images, and no index of them",
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
        from regtutor.content.reading.archive import Archive  # only here: a folder needs no tarfile

        return Archive(path)
    raise UnreadableImage(
        f"{path} is neither a folder nor a file",
        "an image is read at several offsets, so it cannot be read from a pipe or a device",
        "Write it to a file first",
        path=path,
    )


def _unknown(files: Files) -> UnreadableImage | TruncatedArchive:
    if not files.complete:
        return TruncatedArchive(
            f"{files.path} is truncated",
            f"it contains neither {INDEX} nor {LIST}, and no end marker",
            "Copy or download it again, or save the image again",
            path=files.path,
        )
    old = files.find("repositories") is not None
    return UnreadableImage(
        f"{files.path} is neither an OCI layout nor a docker save archive",
        "it was written by Docker before 1.10, without digests" if old else f"it contains neither {INDEX} nor {LIST}",
        "Load it into Docker and save it again" if old else "Give the folder or the archive itself, not its parent",
        path=files.path,
    )
