"""Pushing an image: for each blob a HEAD, then a mount or an upload; then the manifest."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence

from regtutor.client.registry import Registry
from regtutor.content.image import Image
from regtutor.content.index import Index
from regtutor.errors import InvalidArgument
from regtutor.exchange import Exchange, Transcript
from regtutor.message import Blob, Request
from regtutor.protocol.digests import CANONICAL, parse
from regtutor.steps import cancel_upload, draft, mount_blob, put_manifest, start_upload
from regtutor.steps.sender import needs_registry
from regtutor.walks.driving import Notes, Walk, Walker, finish, run
from regtutor.walks.existence import blob_exists, check_digest, check_manifest_stored, expect_success
from regtutor.walks.progress_bar import with_upload_bar
from regtutor.walks.redirects import follows_redirects
from regtutor.walks.referring import add_referrer
from regtutor.walks.uploading import CHUNK_SIZE, Uploader, uploader

MOUNT_TRIES = 3
"""The most repositories that are tried for one mount."""


@needs_registry
def push_image(
    reg: Registry,
    image: Image | Index,
    repository: str,
    tag: str,
    *,
    mount_from: str | Sequence[str] | None = None,
    upload: str = "monolithic",
    chunk_size: int = CHUNK_SIZE,
    expect_continue: bool = True,
    jobs: int = 1,
    progress: bool = True,
    watch: Callable[[Exchange], None] | None = None,
) -> Transcript:
    """Push an image: for each blob a HEAD, then a mount or an upload; then the manifest.

    For an index, the manifest of each image is pushed by its digest, and last the index by the tag.

    Parameters
    ----------
    reg: the registry to push to.
    image: an image, from ``load_image`` or ``sample_image``, or an index, from ``load_index`` or ``sample_index``.
    repository, tag: the destination, such as ``"library/hello"`` and ``"v1"``. The tag can be the manifest's digest.
    mount_from: the repository, or the repositories, of this registry to try a mount from; by default those that this
        Registry has pushed the blob to; ``()`` for none.
    upload: how the bytes of a blob are sent. ``"monolithic"``: in the PUT that closes the session. ``"chunked"``: in
        one PATCH for each chunk. ``"streamed"``: in a single PATCH that does not announce its length. The last two
        resume after a break.
    chunk_size: bytes in a chunk, for ``"chunked"``.
    expect_continue: for ``"monolithic"``, whether to wait for ``100 Continue`` before the bytes of a blob, so that a
        refusal costs no upload. After a 417, which means that Expect is not supported, the request is repeated without.
    jobs: how many blobs are pushed at a time, 1 to 8; the manifests are pushed after all of them. The transcript is in
        the order of the blobs, however many there are at a time.
    progress: whether a long layer gets a progress bar.
    watch: called with each exchange as soon as it is made.

    Returns
    -------
    The transcript of every request that was made. Its notes name the layers that were not pushed because their manifest
    says where else to fetch them, and the changes to lists of referrers.

    Raises
    ------
    InvalidArgument: if ``image`` is neither an image nor an index, or ``jobs`` is not possible.
    PushFailed: if the registry refused a request.
    ConnectionFailed: if the registry could not be reached.
    DigestMismatch: if the bytes of a blob do not match its digest; its upload was canceled.
    Each error carries a ``transcript`` of the requests until then.

    Source: OCI distribution-spec v1.1.1, "Push"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#push>.
    """
    given = (mount_from,) if isinstance(mount_from, str) else tuple(mount_from or ())
    sources = reg.pushed.repositories if mount_from is None else lambda _digest: given
    title = f"push of {repository}:{tag} to {reg.name}"
    prepare = with_upload_bar if progress else None
    if jobs == 1:
        walk = push(
            image,
            repository,
            tag,
            mount_from=sources,
            upload=upload,
            chunk_size=chunk_size,
            expect_continue=expect_continue,
        )
        return run(walk, reg, prepare=prepare, watch=watch, title=title)
    _check_image(image)
    send = uploader(upload, chunk_size, expect_continue)
    blobs = (_push_one(repository, blob, sources, send) for blob in image.blobs)
    manifests = _push_manifests(image, repository, tag)
    return _blobs_beside(blobs, manifests, reg, jobs=jobs, prepare=prepare, watch=watch, title=title)


def _blobs_beside(
    blobs: Iterable[Walk],
    manifests: Walk,
    reg: Registry,
    *,
    jobs: int,
    prepare: Callable[[Request], Request] | None,
    watch: Callable[[Exchange], None] | None,
    title: str,
) -> Transcript:
    """Drive the walks of several blobs at a time, and then that of the manifests."""
    from regtutor.walks.beside import run_beside  # only here, because it needs threads

    earlier = run_beside(blobs, reg, jobs=jobs, prepare=prepare, watch=watch)
    last = Walker(manifests, reg, watch=watch)
    last.exchanges.extend(earlier)
    finish(last)
    return last.transcript(title)


def nowhere(digest: str) -> Sequence[str]:  # noqa: ARG001
    """Return no repositories: no mount is tried."""
    return ()


def push(
    image: Image | Index,
    repository: str,
    tag: str,
    *,
    mount_from: Callable[[str], Sequence[str]] = nowhere,
    upload: str = "monolithic",
    chunk_size: int = CHUNK_SIZE,
    expect_continue: bool = True,
) -> Walk:
    """The walk of :func:`push_image`, with the same parameters, except for one.

    Parameters
    ----------
    mount_from: returns, for a digest, the repositories of the same registry to try a mount from, in order.
    """
    _check_image(image)
    return (yield from _push(image, repository, tag, mount_from, uploader(upload, chunk_size, expect_continue)))


def _check_image(image: object) -> None:
    """Check that ``image`` can be pushed; InvalidArgument for anything but an image or an index."""
    if not isinstance(image, Image | Index):
        raise InvalidArgument(
            f"An object of type {type(image).__name__} cannot be pushed",
            "push_image takes an image or an index",
            "Read it first: rt.load_image(path)",
        )


def _push(
    image: Image | Index, repository: str, tag: str, mount_from: Callable[[str], Sequence[str]], send: Uploader
) -> Walk:
    for blob in image.blobs:
        yield from _push_one(repository, blob, mount_from, send)
    return (yield from _push_manifests(image, repository, tag))


@follows_redirects
def _push_one(repository: str, blob: Blob, mount_from: Callable[[str], Sequence[str]], send: Uploader) -> Walk:
    """The part of a push that is one blob."""
    sources = [source for source in mount_from(blob.digest) if source != repository]
    yield from push_blob(repository, blob, sources[:MOUNT_TRIES], send=send)
    return ()


@follows_redirects
def _push_manifests(image: Image | Index, repository: str, tag: str) -> Walk:
    """The part of a push after its blobs."""
    *named, last = image.manifests
    notes: Notes = ()
    for reference, manifest in [*((manifest.digest, manifest) for manifest in named), (tag, last)]:
        exchange = yield draft(put_manifest, repository, reference, manifest)
        yield from check_manifest_stored(exchange, repository, reference, manifest.digest)
        notes += yield from add_referrer(repository, manifest, exchange)
    return notes + tuple(
        f"{layer.digest} was not pushed: {layer.media_type} layers are fetched from {', '.join(layer.urls)}"
        for layer in image.layers
        if not layer.uploadable
    )


def push_blob(
    repository: str,
    blob: Blob,
    sources: Sequence[str],
    *,
    before: Iterable[Request] = (),
    send: Uploader,
) -> Generator[Request, Exchange, None]:
    """Push one blob: HEAD, then a mount from one of ``sources``, else an upload.

    Parameters
    ----------
    before: a walk to complete before the upload, such as fetching the blob; it starts only if an upload is needed.
    send: sends the bytes to the session.
    """
    if (yield from blob_exists(repository, blob.digest, blob.size)):
        return
    opened: Exchange | None = None
    for source in sources:
        exchange = yield draft(mount_blob, repository, blob.digest, source=source)
        if exchange.status not in (200, 201, 202, 204) or exchange.page is not None:
            continue
        if opened is not None and opened.location is not None:
            yield draft(cancel_upload, opened.location)
        if exchange.status == 201 and parse(blob.digest).algorithm == CANONICAL:
            check_digest(exchange, blob.digest)
            return
        # Another success can mean a mount as well. Distribution sends 201 for a sha512 digest, and mounts nothing.
        if exchange.status != 202 and (yield from blob_exists(repository, blob.digest, blob.size)):
            return
        if exchange.status == 201:
            continue
        # The blob was not mounted, but the session that was opened instead can be used for the upload.
        opened = exchange
    yield from before
    if opened is None or opened.location is None:
        opened = yield draft(start_upload, repository)
        another = not expect_success(opened, 202)
        if another and opened.location is None and (yield from blob_exists(repository, blob.digest, blob.size)):
            return  # no session is needed
    yield from send(repository, opened, blob)
