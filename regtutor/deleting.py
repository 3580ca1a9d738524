"""The deletion of an image in one call."""

from __future__ import annotations

from collections.abc import Callable

from regtutor import walks
from regtutor.client.registry import Registry
from regtutor.exchange import Exchange, Transcript
from regtutor.steps.sender import needs_registry


@needs_registry
def delete_image(
    reg: Registry,
    repository: str,
    reference: str,
    *,
    tag_only: bool = False,
    watch: Callable[[Exchange], None] | None = None,
) -> Transcript:
    """Delete an image, an index or an artifact: HEAD for its digest, GET for what it refers to, DELETE by the digest.

    Every tag that points to it goes with it. Blobs stay until the registry collects its garbage.

    Parameters
    ----------
    reg: the registry.
    repository, reference: what to delete: a tag or a digest.
    tag_only: delete the tag alone, and let the manifest and its other tags be; not every registry does that.
    watch: is told of each exchange as soon as it is made.

    Returns
    -------
    The transcript of every request that was made; its notes say what was deleted, what stays, and which list
    of referrers still names it because it could not be changed.

    Raises
    ------
    DeleteFailed: if the registry does not have it, or does not delete it.
    InvalidArgument: if ``tag_only`` is asked for and ``reference`` is a digest; nothing was sent.
    ConnectionFailed: if it could not be reached.
    """
    title = f"deletion of {reference} in {repository} on {reg.name}"
    return walks.run(walks.delete(repository, reference, tag_only=tag_only), reg, watch=watch, title=title)
