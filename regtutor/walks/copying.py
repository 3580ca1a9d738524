"""Copying an image from one repository to another, in one registry or between two, byte for byte.

Requests to the source registry have the side ``"source"``. Manifests are put unchanged, so that the digests are the
same at both ends. A blob that the target lacks is mounted if another repository of the target is known to have it;
otherwise it is fetched into a file and uploaded from there. The file is necessary because a walk makes one request
after the other: the response to one cannot stream into the body of the next. There is one such file at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from regtutor.client.registry import Registry
from regtutor.content.image import Layer
from regtutor.content.writing.staging import Incoming
from regtutor.exchange import Exchange, Transcript
from regtutor.message import Request
from regtutor.protocol.manifests import Descriptor
from regtutor.steps import draft, put_manifest
from regtutor.steps.sender import needs_registry
from regtutor.walks.driving import Notes, Walk, run
from regtutor.walks.existence import check_manifest_stored
from regtutor.walks.fetching import fetch_blob, fetch_manifest, verified
from regtutor.walks.indexes import fetch_children
from regtutor.walks.progress_bar import with_download_bar, with_upload_bar
from regtutor.walks.pushing import MOUNT_TRIES, nowhere, push_blob
from regtutor.walks.redirects import follows_redirects
from regtutor.walks.referring import add_referrer
from regtutor.walks.uploading import Uploader, uploader

SOURCE = "source"


@needs_registry
def copy_image(
    source_reg: Registry,
    source_repository: str,
    reference: str,
    reg: Registry,
    repository: str,
    tag: str,
    *,
    progress: bool = True,
    watch: Callable[[Exchange], None] | None = None,
) -> Transcript:
    """Copy an image or an index from one repository to another, byte for byte: the digests stay the same.

    For each blob, the walk first checks whether the target has it. A missing blob is mounted from another repository,
    if possible; otherwise it is fetched into a temporary file and uploaded, one blob at a time. For an index, its
    images are copied first.

    Parameters
    ----------
    source_reg, source_repository, reference: what to copy: a tag or a digest.
    reg, repository, tag: the destination; ``reg`` can be the same registry. The tag can be the digest of the manifest.
    progress: whether a long blob gets progress bars.
    watch: called with each exchange as soon as it is made.

    Returns
    -------
    The transcript of every request that was made; the ``registry`` of an exchange says which of the two it went to. Its
    notes name the layers that were not copied because their manifest says where else to fetch them, and the changes to
    lists of referrers.

    Raises
    ------
    PullFailed: if the source refused a request.
    PushFailed: if the target refused a request.
    ContentMismatch: if a response of the source does not match its digest or size, or if the target reports another
        digest.
    ConnectionFailed: if one of the two could not be reached.
    Each error carries a ``transcript`` of the requests until then.

    Source: OCI distribution-spec v1.1.1, "Mounting a blob from another repository"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#mounting-a-blob-from-another-repository>.
    """
    own = (source_repository,) if source_reg.url.lower() == reg.url.lower() else ()

    def mount_from(digest: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*own, *reg.pushed.repositories(digest))))

    def prepare(request: Request) -> Request:
        return with_upload_bar(with_download_bar(request)) if progress else request

    title = f"copy of {source_repository}, {reference}, from {source_reg.name} to {repository}:{tag} on {reg.name}"
    with TemporaryDirectory(prefix="regtutor-copy-") as folder:
        walk = copy(source_repository, reference, repository, tag, Incoming(Path(folder)), mount_from=mount_from)
        return run(walk, reg, source=source_reg, prepare=prepare, watch=watch, title=title)


@follows_redirects
def copy(
    source_repository: str,
    reference: str,
    repository: str,
    tag: str,
    incoming: Incoming,
    *,
    mount_from: Callable[[str], Sequence[str]] = nowhere,
) -> Walk:
    """The walk of :func:`copy_image`, with the same parameters, except for these.

    Parameters
    ----------
    incoming: the folder for a blob between its download and its upload.
    mount_from: returns, for a digest, the repositories of the target to try a mount from, in order.
    """
    top = yield from fetch_manifest(source_repository, reference, side=SOURCE)
    children = []
    if top.view.kind == "index":
        children = yield from fetch_children(source_repository, top, side=SOURCE)
    send = uploader("monolithic")
    blobs = {blob.digest: blob for manifest in (*children, top) for blob in manifest.view.blobs}
    for blob in blobs.values():
        sources = [name for name in mount_from(blob.digest) if name != repository][:MOUNT_TRIES]
        yield from _copy_blob(source_repository, repository, blob, incoming, sources, send)
    notes: Notes = ()
    for name, manifest in [*((child.digest, child) for child in children), (tag, top)]:
        response = yield draft(put_manifest, repository, name, manifest)
        yield from check_manifest_stored(response, repository, name, manifest.digest)
        verified(response, manifest.data)
        notes += yield from add_referrer(repository, manifest, response)
    foreign = {layer.digest: layer for each in (*children, top) for layer in each.view.layers if layer.foreign}
    return notes + tuple(
        f"{layer.digest} was not copied: {layer.media_type} layers are fetched from {', '.join(layer.urls)}"
        for layer in foreign.values()
    )


def _copy_blob(
    source_repository: str,
    repository: str,
    blob: Descriptor,
    incoming: Incoming,
    sources: Sequence[str],
    send: Uploader,
) -> Generator[Request, Exchange, None]:
    fetched = fetch_blob(source_repository, blob, incoming, side=SOURCE)
    path = partial(incoming.path, blob.digest)
    layer = Layer(blob.media_type, blob.digest, blob.size, opener=lambda: path().open("rb"))
    yield from push_blob(repository, layer, sources, before=fetched, send=send)
    incoming.drop(blob)
