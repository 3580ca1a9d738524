"""The whole pull in one call, with a progress bar on the long bodies."""

from __future__ import annotations

import os
from collections.abc import Callable
from urllib.parse import urlsplit

from regtutor import walks
from regtutor.client.registry import Registry
from regtutor.content.destination import destination
from regtutor.content.incoming import Receiver
from regtutor.content.platforms import parse_platform
from regtutor.exchange import Exchange, Transcript
from regtutor.message import Request
from regtutor.protocol.manifests import Platform
from regtutor.pushing import LONG
from regtutor.steps.sender import needs_registry
from regtutor.walks.pulling import ALL


@needs_registry
def pull_image(
    reg: Registry,
    repository: str,
    reference: str,
    into: str | os.PathLike[str],
    *,
    platform: str | Platform | None = None,
    format: str = "oci",
    progress: bool = True,
    watch: Callable[[Exchange], None] | None = None,
) -> Transcript:
    """Pull an image and write it to disk: the manifest, then every blob that it names, each verified.

    Blobs that are there already are not fetched, and one whose transfer was cut goes on where it was cut, in this call
    and in the next, whatever ended it: what came is kept beside ``into``, in a folder whose name ends in ``.pulling``,
    until all is there. One pull at a time writes there.

    Parameters
    ----------
    reg: the registry to pull from.
    repository, reference: what to pull: a tag such as ``"v1"``, or a digest.
    into: the folder (``oci``) or file to be written. An OCI layout that is there gets the image added; an archive is
        replaced.
    platform: which image of an index, such as ``"linux/arm64"``; ``"all"`` for the index with every image; by default
        this machine's, else the only one.
    format: ``"oci"`` (an OCI layout), ``"oci-archive"`` (the same in a tar file), or ``"docker-archive"`` (what
        ``docker load`` and ``podman load`` take).
    progress: whether a bar shows how far a long blob is.
    watch: is told of each exchange as soon as it is made.

    Returns
    -------
    The transcript of every request that was made.

    Raises
    ------
    PullFailed: if the registry refused something.
    ContentMismatch: if what came is not what its digest or its size says; nothing of that blob was kept.
    NoSuchPlatform: if there is no image for the platform.
    CannotSave: if nothing can be written there, or not in this format; PullLocked if another pull writes there.
    ConnectionFailed: if the registry could not be reached, or the connection was cut too often.
    All of them carry a ``transcript`` of what was done until then, if anything was.

    Sources: OCI distribution-spec v1.1.1, "Pull"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pull>; OCI image-spec v1.1.1,
    image-layout.md <https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md>.
    """
    if platform is not None and platform != ALL:
        platform = parse_platform(platform)  # a slip is told of before the first request
    place = destination(into, format, f"{urlsplit(reg.url).netloc.rpartition('@')[2]}/{repository}")
    walk = walks.pull(repository, reference, place, platform=platform)
    title = f"pull of {repository}{'@' if ':' in reference else ':'}{reference} from {reg.name}"
    return walks.run(walk, reg, prepare=with_download_bar if progress else None, watch=watch, title=title)


def with_download_bar(request: Request) -> Request:
    """``request``, whose answer moves a progress bar while it is written, if it is long enough for one."""
    receiver = request.into
    if isinstance(receiver, Receiver) and receiver.limit >= LONG and request.step == "get_blob":
        # Only here, since tqdm.auto brings the widgets along in a notebook.
        from tqdm.auto import tqdm

        label = (request.digest or "")[:19]
        bar = tqdm(total=receiver.limit, unit="B", unit_scale=True, unit_divisor=1024, desc=label)
        receiver.follow(bar.update, bar.close)
    return request
