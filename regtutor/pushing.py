"""A progress bar on the long bodies of a walk, and the whole push in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, BinaryIO

from regtutor import walks
from regtutor.client.registry import Registry
from regtutor.content.image import Image
from regtutor.content.index import Index
from regtutor.exchange import Exchange, Transcript
from regtutor.message import Request

LONG = 8 * 1024 * 1024
"""Bodies of at least so many bytes get a bar."""


def push_image(
    reg: Registry,
    image: Image | Index,
    repository: str,
    tag: str,
    *,
    mount_from: str | Sequence[str] | None = None,
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
    walk = walks.push(image, repository, tag, mount_from=sources)
    title = f"push of {repository}:{tag} to {reg.name}"
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
