"""The manifests that an index names, fetched: those of indexes within it, too, within limits."""

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
"""How many manifests are fetched for one index; real ones name a few dozen."""

MAX_BYTES = 64 * 1024 * 1024
"""How many bytes they may have together: they are held in memory."""


def fetch_children(
    repository: str, index: Manifest, *, kind: str = "", side: str = ""
) -> Generator[Request, Exchange, list[Manifest]]:
    """Every manifest that ``index`` names, what is named before what names it, each digest once.

    Parameters
    ----------
    kind: ``"index"`` to fetch only the indexes.
    side: see :class:`~regtutor.message.Request`.

    Raises
    ------
    PullFailed: if the registry does not give one, if there are more than :data:`MAX_MANIFESTS` or
        :data:`MAX_BYTES`, or if indexes lie more
        than ``MAX_INDEX_DEPTH`` deep in one another.
    """
    fetched: dict[str, Manifest] = {}
    level = [index]
    for _ in range(MAX_INDEX_DEPTH):
        entries = {entry.digest: entry for parent in level for entry in parent.view.manifests}
        level = []
        for digest, entry in entries.items():
            if digest in fetched or (kind and kind_of(entry.media_type) != kind):
                continue
            fetched[digest] = yield from fetch_manifest(repository, digest, entry=entry, side=side)
            _check_amount(index, fetched)
            if fetched[digest].view.kind == "index":
                level.append(fetched[digest])
        if not level:
            return [manifest for manifest in _named_first(index, fetched, set()) if manifest is not index]
    raise PullFailed(
        f"The index {index.digest} was not taken",
        f"it holds an index within an index, more than {MAX_INDEX_DEPTH} deep",
    )


def _check_amount(index: Manifest, fetched: dict[str, Manifest]) -> None:
    size = sum(manifest.size for manifest in fetched.values())
    if len(fetched) > MAX_MANIFESTS or size > MAX_BYTES:
        raise PullFailed(
            f"The index {index.digest} was not taken",
            f"it names more than {MAX_MANIFESTS:,} manifests, or manifests of more than {MAX_BYTES:,} bytes together",
        )


def _named_first(manifest: Manifest, fetched: dict[str, Manifest], seen: set[str]) -> Iterator[Manifest]:
    """``manifest`` after those of ``fetched`` that it names, each once."""
    seen.add(manifest.digest)
    for entry in manifest.view.manifests:
        if entry.digest in fetched and entry.digest not in seen:
            yield from _named_first(fetched[entry.digest], fetched, seen)
    yield manifest
