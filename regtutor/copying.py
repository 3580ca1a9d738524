"""The whole copy from one registry to another in one call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from regtutor import walks
from regtutor.client.registry import Registry
from regtutor.content.incoming import Incoming
from regtutor.exchange import Exchange, Transcript
from regtutor.message import Request
from regtutor.pulling import with_download_bar
from regtutor.pushing import with_bar
from regtutor.steps.sender import needs_registry


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

    Each blob is offered to the target first; within one registry it is mounted, else fetched and sent, through a
    temporary file, one at a time. Of an index every image is copied.

    Parameters
    ----------
    source_reg, source_repository, reference: what to copy: a tag or a digest.
    reg, repository, tag: where to; ``reg`` may be the same registry. The tag may be the manifest's digest.
    progress: whether bars show how far a long blob is.
    watch: is told of each exchange as soon as it is made.

    Returns
    -------
    The transcript of every request that was made; an exchange's ``registry`` says which one was asked.

    Raises
    ------
    PullFailed: if the source refused something.
    PushFailed: if the target refused something.
    ContentMismatch: if what came is not what its digest or its size says; no manifest was put.
    ConnectionFailed: if one of them could not be reached.
    All of them carry a ``transcript`` of what was done until then.

    Source: OCI distribution-spec v1.1.1, "Mounting a blob from another repository"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#mounting-a-blob-from-another-repository>.
    """
    own = (source_repository,) if source_reg.url.lower() == reg.url.lower() else ()

    def mount_from(digest: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*own, *reg.pushed.repositories(digest))))

    def prepare(request: Request) -> Request:
        return with_bar(with_download_bar(request)) if progress else request

    title = f"copy of {source_repository}, {reference}, from {source_reg.name} to {repository}:{tag} on {reg.name}"
    with TemporaryDirectory(prefix="regtutor-copy-") as folder:
        walk = walks.copy(source_repository, reference, repository, tag, Incoming(Path(folder)), mount_from=mount_from)
        return walks.run(walk, reg, source=source_reg, prepare=prepare, watch=watch, title=title)
