"""Walks: the operations of a client, such as a push, as generators of requests.

A walk yields Requests and receives Exchanges. It sends nothing itself, so that a loop can drive it (:func:`run`), a
widget can drive it by clicks, and a test can drive it with its own responses. At its end a walk returns notes: what it
left out, and why. The function that runs a walk is in the same module: for example, ``push_image`` runs :func:`push`,
and its docstring describes the parameters of both.
"""

from __future__ import annotations

from regtutor.walks.copying import copy
from regtutor.walks.deleting import delete
from regtutor.walks.driving import Notes, Walk, Walker, run
from regtutor.walks.inspecting import inspect
from regtutor.walks.listing import tags
from regtutor.walks.pulling import pull
from regtutor.walks.pushing import MOUNT_TRIES, nowhere, push
from regtutor.walks.referring import Found, add_referrer, drop_referrer, referrers
from regtutor.walks.uploading import CHUNK_SIZE, TRIES, resume, upload

__all__ = [
    "CHUNK_SIZE",
    "MOUNT_TRIES",
    "TRIES",
    "Found",
    "Notes",
    "Walk",
    "Walker",
    "add_referrer",
    "copy",
    "delete",
    "drop_referrer",
    "inspect",
    "nowhere",
    "pull",
    "push",
    "referrers",
    "resume",
    "run",
    "tags",
    "upload",
]
