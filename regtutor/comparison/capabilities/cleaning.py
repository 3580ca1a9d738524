"""The cleanup after a probe that wrote: delete what it stored if the registry deletes, and report what stays."""

from __future__ import annotations

from collections.abc import Iterable

from regtutor.comparison.capabilities.trial import NotTried, Trial
from regtutor.exchange import Exchange

SECONDS = 20.0
REQUESTS = 150

_GONE = (202, 204, 404)


def clean_up(trial: Trial) -> tuple[str, ...]:
    """Cancel the open sessions, and delete the manifests, then the tags that are left, then the blobs.

    Returns
    -------
    Notes: how much was deleted, and which content stays where.
    """
    trial.more(SECONDS, REQUESTS)
    left = trial.leftovers
    sessions = [path for path in list(left.sessions) if not _cancelled(trial, path)]
    manifests = _delete(trial, "delete_manifest", reversed(left.manifests))
    tags = _delete(trial, "delete_manifest", left.tags if manifests else ())
    blobs = _delete(trial, "delete_blob", left.blobs)
    stays = [(len(manifests), "manifest"), (len(tags), "tag"), (len(blobs), "blob"), (len(sessions), "open session")]
    named = [f"{count} {what}{'s' if count > 1 else ''}" for count, what in stays if count]
    stored = len(left.manifests) + len(left.blobs)
    notes = [f"{stored - len(manifests) - len(blobs)} of {stored} manifests and blobs of the probe were deleted"]
    if named:
        notes.append(f"Not deleted, in {trial.repository} and its neighbors: {', '.join(named)}")
    if sessions:
        notes.append("A registry drops an open session when it purges old uploads")
    if stored:
        notes.append(f"The empty repositories {trial.repository}... may stay in the registry's catalog")
    return tuple(notes)


def _delete(trial: Trial, step: str, stored: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Delete each of them, and return those that stay. After a 405 no further one is tried."""
    left: list[tuple[str, str]] = []
    refused = False
    for repository, reference in stored:
        exchange = None if refused else _asked(trial, step, repository, reference)
        refused = refused or (exchange is not None and exchange.status == 405)
        if exchange is None or exchange.status not in _GONE:
            left.append((repository, reference))
    return left


def _cancelled(trial: Trial, path: str) -> bool:
    """Whether the session is gone; if its Location is stale, the response to GET can have the current one."""
    if _gone(trial, path):
        return True
    _asked(trial, "get_upload", trial.leftovers.sessions[path])
    return _gone(trial, path)


def _gone(trial: Trial, path: str) -> bool:
    exchange = _asked(trial, "cancel_upload", trial.leftovers.sessions[path])
    known = exchange is not None and any(entry.get("code") == "BLOB_UPLOAD_INVALID" for entry in exchange.errors)
    return exchange is not None and exchange.status in _GONE and not known


def _asked(trial: Trial, step: str, *args: object) -> Exchange | None:
    try:
        return trial.ask(step, *args)
    except NotTried:
        return None
