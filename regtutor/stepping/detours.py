"""The note after a request that the learner changed, or that failed: what happened to it, and how the walk continues.

The note depends on the walk's next request, the response, and the registry's storage before and after. This module
sends nothing.
"""

from __future__ import annotations

from regtutor.errors import RegtutorError
from regtutor.exchange import Exchange
from regtutor.message import Request
from regtutor.protocol.endpoints import SENT_TO_A_SESSION
from regtutor.protocol.urls import split_origin
from regtutor.storage_tree import StorageTree

ACCEPTED = "You changed this request, and the walk used the response as if it had sent its own request."

_AGAIN = "You changed this request, so the walk did not receive the response. Its original request is next again."
_DROPPED = "The registry has deleted the upload session, so that request will fail. Press Reset to start again."
_KEPT = (
    "The registry stored bytes of your request in the upload session, and might no longer accept the original, "
    "whose Location is older. Press Reset to start again."
)
_PERHAPS_DROPPED = "(If the registry has deleted the upload session meanwhile, press Reset to start again.)"
_GONE = (
    "The upload session no longer exists in the registry. Press Reset to start again; "
    "the walk then finds what is already stored."
)


def after_detour(original: Request | None, before: StorageTree | None, now: StorageTree | None) -> str:
    """Return the note for a response that the walk did not receive.

    Parameters
    ----------
    original: the walk's own request, which is still the next one.
    before, now: the registry's storage, or None where it cannot be read.
    """
    if original is None or original.step not in SENT_TO_A_SESSION:
        return _AGAIN
    if now is None:
        return f"{_AGAIN} {_PERHAPS_DROPPED}"
    session = split_origin(original.shown_target)[1].partition("?")[0].rpartition("/")[2]
    left = _session_bytes(now, session)
    if left == _session_bytes(before, session):
        return _AGAIN
    return f"{_AGAIN} {_DROPPED if left is None else _KEPT}"


def after_failure(failure: RegtutorError, following: Request) -> str:
    """Return the note for a request that could not be sent, in a walk that continues."""
    if following.step == "cancel_upload":
        return f"{failure} The next request cleans up after it; then the walk stops."
    return f"{failure} The walk continues with {following.step}."


def after_end(exchange: Exchange | None) -> str:
    """Return the note for the response that stopped a walk, in addition to its error."""
    lost = exchange is not None and exchange.status == 404 and exchange.request_name in SENT_TO_A_SESSION
    return _GONE if lost else ""


def _session_bytes(tree: StorageTree | None, session: str) -> int | None:
    """Return how many bytes the upload session called ``session`` holds; None if it is not in ``tree``."""
    sizes = (size for path, size in tree or () if f"/{path}".endswith(f"/_uploads/{session}/data"))
    return next(sizes, None) if session else None
