"""The push: for each blob HEAD, then a mount, else an upload; then the manifest."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence

from regtutor.content.image import Image
from regtutor.content.index import Index
from regtutor.errors import InvalidArgument
from regtutor.exchange import Exchange
from regtutor.message import Blob, Request
from regtutor.steps import cancel_upload, draft, head_blob, mount_blob, put_manifest, start_upload
from regtutor.walks.answers import expect
from regtutor.walks.driving import Notes, Walk
from regtutor.walks.referring import add_referrer
from regtutor.walks.uploading import CHUNK_SIZE, Uploader, send_whole, uploader

MOUNT_TRIES = 3
"""How many repositories are tried for one mount."""


def nowhere(digest: str) -> Sequence[str]:  # noqa: ARG001
    """The repositories to mount a blob from: none."""
    return ()


def push(
    image: Image | Index,
    repository: str,
    tag: str,
    *,
    mount_from: Callable[[str], Sequence[str]] = nowhere,
    upload: str = "monolithic",
    chunk_size: int = CHUNK_SIZE,
) -> Walk:
    """The requests of a push: for each blob HEAD, then a mount, else an upload; then the manifest.

    Of an index each image's manifest is pushed by its digest, and the index, which names them, last by the tag.

    Parameters
    ----------
    image: what to push; its blobs' digests and sizes are those of its manifest.
    repository: where to, such as ``library/hello``.
    tag: the tag that shall point to the image, or the manifest's digest.
    mount_from: digest -> the repositories of the same registry to try a mount from, in order.
    upload: how a blob's bytes are sent: ``monolithic``, in the PUT that closes the session; ``chunked``, in a PATCH for
        each chunk; ``streamed``, in one PATCH of a length that is not said beforehand.
    chunk_size: bytes in a chunk, for ``chunked``.

    Returns
    -------
    Notes: one for each layer that is not pushed because its manifest says where else its bytes are, and one where the
    list of referrers under the referrers tag was changed.

    Raises
    ------
    InvalidArgument: if ``image`` is neither an image nor an index.
    PushFailed: if the registry answers anything that ends the push.
    DigestMismatch: if a blob's bytes are not what its digest says; its upload has then been cancelled.
    """
    if not isinstance(image, Image | Index):
        raise InvalidArgument(
            f"What is to be pushed is of the type {type(image).__name__}",
            "an image, or an index, is pushed",
            "Read it first: rt.load_image(path)",
        )
    send = uploader(upload, chunk_size)
    for blob in image.blobs:
        sources = [source for source in mount_from(blob.digest) if source != repository]
        yield from push_blob(repository, blob, sources[:MOUNT_TRIES], send=send)
    *named, last = image.manifests
    notes: Notes = ()
    for reference, manifest in [*((manifest.digest, manifest) for manifest in named), (tag, last)]:
        answer = yield draft(put_manifest, repository, reference, manifest)
        expect(answer, 201)
        notes += yield from add_referrer(repository, manifest, answer)
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
    send: Uploader = send_whole,
) -> Generator[Request, Exchange, None]:
    """One blob: HEAD, then a mount from one of ``sources``, else an upload.

    Parameters
    ----------
    before: what must be done before an upload, as a walk, such as fetching the blob; it is begun only if there is one.
    send: how its bytes are sent.
    """
    answer = yield draft(head_blob, repository, blob.digest)
    if answer.status == 200:
        return
    expect(answer, 200, 404)
    opened: Exchange | None = None
    for source in sources:
        answer = yield draft(mount_blob, repository, blob.digest, source=source)
        if answer.status not in (201, 202):
            continue
        if opened is not None and opened.location is not None:
            yield draft(cancel_upload, opened.location)
        if answer.status == 201:
            return
        # Not mounted, but the session that was opened instead is as good as a new one.
        opened = answer
    yield from before
    if opened is None or opened.location is None:
        opened = yield draft(start_upload, repository)
        expect(opened, 202)
    yield from send(repository, opened, blob)
