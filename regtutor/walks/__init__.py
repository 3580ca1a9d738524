"""Walks: the operations of a client, such as a push, as generators of requests.

A walk yields Requests and receives Exchanges. It sends nothing itself, so that a loop can drive it (:func:`run`), a
widget can drive it by clicks, and a test can drive it with its own responses. At its end a walk returns notes: what it
left out, and why. The function that runs a walk is in the same module: for example, ``push_image`` runs :func:`push`,
and its docstring describes the parameters of both.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regtutor.walks.copying import copy as copy
    from regtutor.walks.deleting import delete as delete
    from regtutor.walks.driving import Notes as Notes
    from regtutor.walks.driving import Walk as Walk
    from regtutor.walks.driving import Walker as Walker
    from regtutor.walks.driving import run as run
    from regtutor.walks.inspecting import inspect as inspect
    from regtutor.walks.listing import tags as tags
    from regtutor.walks.pulling import pull as pull
    from regtutor.walks.pushing import MOUNT_TRIES as MOUNT_TRIES
    from regtutor.walks.pushing import nowhere as nowhere
    from regtutor.walks.pushing import push as push
    from regtutor.walks.referring import Found as Found
    from regtutor.walks.referring import add_referrer as add_referrer
    from regtutor.walks.referring import drop_referrer as drop_referrer
    from regtutor.walks.referring import referrers as referrers
    from regtutor.walks.uploading import CHUNK_SIZE as CHUNK_SIZE
    from regtutor.walks.uploading import TRIES as TRIES
    from regtutor.walks.uploading import resume as resume
    from regtutor.walks.uploading import upload as upload

_HOMES = {
    "copying": ("copy",),
    "deleting": ("delete",),
    "driving": ("Notes", "Walk", "Walker", "run"),
    "inspecting": ("inspect",),
    "listing": ("tags",),
    "pulling": ("pull",),
    "pushing": ("MOUNT_TRIES", "nowhere", "push"),
    "referring": ("Found", "add_referrer", "drop_referrer", "referrers"),
    "uploading": ("CHUNK_SIZE", "TRIES", "resume", "upload"),
}
"""The module of each name. It is loaded when the name is used, so that a push does not wait for the pull."""

_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value
