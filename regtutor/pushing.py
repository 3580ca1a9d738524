"""A progress bar on the long bodies of a walk; the whole push in one call, and one upload in chunks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, BinaryIO

from regtutor import walks
from regtutor.client.registry import Registry
from regtutor.content.image import Image
from regtutor.content.index import Index
from regtutor.exchange import Exchange, Transcript
from regtutor.message import Content, Location, Request
from regtutor.steps.sender import needs_registry

LONG = 8 * 1024 * 1024
"""Bodies of at least so many bytes get a bar."""


@needs_registry
def push_image(
    reg: Registry,
    image: Image | Index,
    repository: str,
    tag: str,
    *,
    mount_from: str | Sequence[str] | None = None,
    upload: str = "monolithic",
    chunk_size: int = walks.CHUNK_SIZE,
    progress: bool = True,
    watch: Callable[[Exchange], None] | None = None,
) -> Transcript:
    """Push a whole image: for each blob HEAD, then a mount, else an upload; then the manifest.

    Parameters
    ----------
    reg: the registry to push to.
    image: from ``load_image`` or ``sample_image``; or an index, from ``load_index`` or ``sample_index``, of which every
        image is pushed before it.
    repository, tag: where to, such as ``"library/hello"`` and ``"v1"``.
    mount_from: the repositories of this registry to try a mount from, or the one; by default those that this Registry
        has pushed the blob to; ``()`` for none.
    upload: how a blob's bytes are sent: ``"monolithic"``, in the PUT that closes the session; ``"chunked"``, in a PATCH
        for each chunk; ``"streamed"``, in one PATCH of a length that is not said beforehand. The last two are taken up
        again after a break.
    chunk_size: bytes in a chunk, for ``"chunked"``.
    progress: whether a bar shows how far a long layer is.
    watch: is told of each exchange as soon as it is made.

    Returns
    -------
    The transcript of every request that was made.

    Raises
    ------
    PushFailed: if the registry refused something.
    ConnectionFailed: if it could not be reached.
    DigestMismatch: if a blob's bytes are not what its digest says; nothing wrong was stored.
    All of them carry a ``transcript`` of what was done until then.
    """
    named = (mount_from,) if isinstance(mount_from, str) else tuple(mount_from or ())
    sources = reg.pushed.repositories if mount_from is None else lambda _digest: named
    walk = walks.push(image, repository, tag, mount_from=sources, upload=upload, chunk_size=chunk_size)
    title = f"push of {repository}:{tag} to {reg.name}"
    return walks.run(walk, reg, prepare=with_bar if progress else None, watch=watch, title=title)


@needs_registry
def upload_chunks(
    reg: Registry,
    repository: str,
    blob: Content,
    *,
    chunk_size: int | None = walks.CHUNK_SIZE,
    location: Location | None = None,
    tries: int = walks.TRIES,
    progress: bool = True,
    watch: Callable[[Exchange], None] | None = None,
) -> Transcript:
    """Upload one blob in chunks: POST, a PATCH for each chunk, and a PUT without bytes that closes the session.

    After a cut connection, a 416 or a 404 the registry is asked where the upload stands, and it goes on from there.

    Parameters
    ----------
    reg: the registry to push to.
    repository: where to, such as ``"library/hello"``.
    blob: bytes, a path, an open binary file, or a layer of an image; it is read once.
    chunk_size: bytes; at least what the registry names (``OCI-Chunk-Min-Length``). None sends all of it in one PATCH.
    location: of a session that is open and empty; by default one is opened.
    tries: how often the upload is taken up again.
    progress: whether a bar shows how far a long chunk is.
    watch: is told of each exchange as soon as it is made.

    Returns
    -------
    The transcript of every request that was made.

    Raises
    ------
    PushFailed: if the registry refused something.
    ConnectionFailed: if it could not be reached, or was cut off once more after so many tries; go on later with
        :func:`resume_upload` and the last Location in ``error.transcript``.
    DigestMismatch: if the bytes are not what the blob's digest says; the upload has then been cancelled.

    Source: OCI distribution-spec v1.1.1, "Pushing a blob in chunks"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks>.
    """
    walk = walks.upload_chunks(repository, blob, chunk_size=chunk_size, location=location, tries=tries)
    title = f"upload to {repository} on {reg.name}"
    return walks.run(walk, reg, prepare=with_bar if progress else None, watch=watch, title=title)


@needs_registry
def resume_upload(
    reg: Registry,
    location: Location | str,
    blob: Content,
    *,
    repository: str | None = None,
    chunk_size: int | None = walks.CHUNK_SIZE,
    tries: int = walks.TRIES,
    progress: bool = True,
    watch: Callable[[Exchange], None] | None = None,
) -> Transcript:
    """Finish an upload that was broken off: ask the registry how far it has come, and send the rest.

    Parameters
    ----------
    reg: the registry that opened the session.
    location: any Location of the session, the latest if possible.
    blob: all of it, not the rest.
    repository: where the blob shall be; given it, a session that is gone is replaced by a new one.
    chunk_size, tries, progress, watch: see :func:`upload_chunks`.

    Returns
    -------
    The transcript of every request that was made.

    Raises
    ------
    PushFailed, ConnectionFailed, DigestMismatch: see :func:`upload_chunks`. PushFailed also if the session is gone and
    no ``repository`` was given.

    Source: OCI distribution-spec v1.1.1, "Pushing a blob in chunks"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks>.
    """
    walk = walks.resume_upload(location, blob, repository=repository, chunk_size=chunk_size, tries=tries)
    title = f"rest of an upload to {reg.name}"
    return walks.run(walk, reg, prepare=with_bar if progress else None, watch=watch, title=title)


def with_bar(request: Request) -> Request:
    """``request``, whose body moves a progress bar while it is read, if it is long enough for one."""
    body = request.body
    if body is None or body.size < LONG:
        return request

    def opener() -> BinaryIO:
        # Only here, since tqdm.auto brings the widgets along in a notebook.
        from tqdm.auto import tqdm

        bar = tqdm(total=body.size, unit="B", unit_scale=True, unit_divisor=1024, desc=(body.digest or "")[:19])
        return _Counted(body.opener(), bar)  # type: ignore[return-value]

    return replace(request, body=replace(body, opener=opener))


class _Counted:
    """A file whose reads move a bar."""

    def __init__(self, file: BinaryIO, bar: Any) -> None:
        self._file, self._bar = file, bar

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self._bar.update(len(chunk))
        return chunk

    def close(self) -> None:
        self._bar.close()
        self._file.close()

    def __enter__(self) -> _Counted:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
