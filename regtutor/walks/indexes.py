"""Fetching the manifests that an index names, including those of nested indexes, within limits."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from regtutor.content.image import Manifest
from regtutor.content.reading.layout import MAX_INDEX_DEPTH
from regtutor.errors import PullFailed
from regtutor.exchange import Exchange
from regtutor.message import Request
from regtutor.protocol.media_types import kind_of
from regtutor.walks.fetching import fetch_manifest

MAX_MANIFESTS = 1000
"""The most manifests that are fetched for one index; real indexes name a few dozen."""

MAX_BYTES = 64 * 1024 * 1024
"""The most bytes that these manifests can have together: they are held in memory."""


def fetch_children(
    repository: str, index: Manifest, *, kind: str = "", side: str = ""
) -> Generator[Request, Exchange, list[Manifest]]:
    """Fetch every manifest that ``index`` names, each digest once; in the result, an index comes after what it names.

    Parameters
    ----------
    repository: the repository of the index.
    kind: ``"index"`` to fetch only the indexes.
    side: see :class:`~regtutor.message.Request`.

    Raises
    ------
    PullFailed: if the registry does not send one, if there are more than :data:`MAX_MANIFESTS` manifests or
        :data:`MAX_BYTES` bytes, or if indexes are nested more than ``MAX_INDEX_DEPTH`` levels deep.
    """
    fetched: dict[str, Manifest] = {}
    level = [index]
    for _ in range(MAX_INDEX_DEPTH):
        entries = {entry.digest: entry for parent in level for entry in parent.view.children}
        level = []
        for digest, entry in entries.items():
            if digest in fetched or (kind and kind_of(entry.media_type) != kind):
                continue
            fetched[digest] = yield from fetch_manifest(repository, digest, entry=entry, side=side)
            _check_amount(index, fetched)
            if fetched[digest].view.kind == "index":
                level.append(fetched[digest])
        if not level:
            return [manifest for manifest in _children_first(index, fetched, set()) if manifest is not index]
    raise PullFailed(
        f"The index {index.digest} was not accepted",
        f"it contains indexes that are nested more than {MAX_INDEX_DEPTH} levels deep",
    )


def _check_amount(index: Manifest, fetched: dict[str, Manifest]) -> None:
    size = sum(manifest.size for manifest in fetched.values())
    if len(fetched) > MAX_MANIFESTS or size > MAX_BYTES:
        raise PullFailed(
            f"The index {index.digest} was not accepted",
            f"it names more than {MAX_MANIFESTS:,} manifests, or manifests of more than {MAX_BYTES:,} bytes together",
        )


def _children_first(manifest: Manifest, fetched: dict[str, Manifest], seen: set[str]) -> Iterator[Manifest]:
    """Yield the manifests of ``fetched`` that ``manifest`` names, then ``manifest``, each once."""
    seen.add(manifest.digest)
    for entry in manifest.view.children:
        if entry.digest in fetched and entry.digest not in seen:
            yield from _children_first(fetched[entry.digest], fetched, seen)
    yield manifest
