"""The names of repositories, tags and upload sessions that this registry accepts.

Every name that comes from outside is checked here before it becomes part of a path on disk. The grammars of
repositories and tags are in ``protocol.references``.
"""

from __future__ import annotations

import re
from functools import lru_cache

from regtutor.protocol.references import REPOSITORY, TAG

_SESSION = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

REPOSITORY_GRAMMAR = (
    "parts joined by /, each made of a-z and 0-9, separated by a single ., _, __ or by dashes; at most 255 characters"
)
TAG_GRAMMAR = "a letter, digit or _, followed by up to 127 letters, digits, ., _ or -"


def is_repository(name: str) -> bool:
    """Whether ``name`` fits the grammar and has at most 255 characters: many clients accept no more."""
    return len(name) <= 255 and _fits(name)


@lru_cache(maxsize=1024)
def _fits(name: str) -> bool:
    return REPOSITORY.fullmatch(name) is not None


def is_tag(text: str) -> bool:
    """Whether ``text`` fits the grammar of tags, which permits at most 128 characters."""
    return TAG.fullmatch(text) is not None


def is_session(text: str) -> bool:
    """Whether ``text`` is a UUID, the name of an upload session."""
    return _SESSION.fullmatch(text) is not None
