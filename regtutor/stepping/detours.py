"""What is said after a request that the learner changed, or that failed: what became of it, and how the walk goes on.

It is told from what was seen: the request that the walk means to send, the answer, and the registry's storage before
and after. Nothing is sent from here.
"""

from __future__ import annotations

from regtutor.errors import RegtutorError
from regtutor.exchange import Exchange
from regtutor.message import Request
from regtutor.protocol.endpoints import SENT_TO_A_SESSION
from regtutor.protocol.urls import split_origin
from regtutor.storage_tree import StorageTree

TOLD = "You changed this request, and the walk took this answer for the answer to its own."

_AGAIN = (
    "You changed this request, so the walk was not told of this answer: the request it meant to send is there again."
)
_DROPPED = "The registry has dropped the upload session, so that request will find nothing: Reset starts anew."
_KEPT = (
    "The registry kept bytes of it in the upload session, and may not take that request any more, "
    "whose Location is from before: Reset starts anew."
)
_PERHAPS_DROPPED = "(If the registry dropped the upload session meanwhile, Reset starts anew.)"
_GONE = "The registry does not know the upload session any more: Reset starts anew, and finds what is there already."


def after_detour(meant: Request | None, before: StorageTree | None, now: StorageTree | None) -> str:
    """What to say when the walk was not told of an answer.

    Parameters
    ----------
    meant: what the walk means to send next, as before.
    before, now: the registry's storage, as far as it can be seen.
    """
    if meant is None or meant.step not in SENT_TO_A_SESSION:
        return _AGAIN
    if now is None:
        return f"{_AGAIN} {_PERHAPS_DROPPED}"
    session = split_origin(meant.shown_target)[1].partition("?")[0].rpartition("/")[2]
    left = _session_bytes(now, session)
    if left == _session_bytes(before, session):
        return _AGAIN
    return f"{_AGAIN} {_DROPPED if left is None else _KEPT}"


def after_failure(failure: RegtutorError, following: Request) -> str:
    """What to say when sending failed, and the walk knows how to go on."""
    if following.step == "cancel_upload":
        return f"{failure} The next request cleans up after it; then the walk stops."
    return f"{failure} The walk goes on with {following.step}."


def after_end(exchange: Exchange | None) -> str:
    """What to say of the answer that stopped a walk, besides what its error says."""
    lost = exchange is not None and exchange.status == 404 and exchange.request_name in SENT_TO_A_SESSION
    return _GONE if lost else ""


def _session_bytes(tree: StorageTree | None, session: str) -> int | None:
    """How many bytes the upload session called ``session`` holds; None if it is not in ``tree``."""
    sizes = (size for path, size in tree or () if f"/{path}".endswith(f"/_uploads/{session}/data"))
    return next(sizes, None) if session else None
