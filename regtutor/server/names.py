"""What a repository, a tag and an upload session may be called.

Every name that comes from outside passes one of these tests before it becomes part of a path on disk.

Source: OCI distribution-spec v1.1.1, "Pulling manifests"
<https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests>.
"""

from __future__ import annotations

import re

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_SESSION = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

REPOSITORY_GRAMMAR = (
    "parts joined by /, each of a-z and 0-9 with single ., _, __ or dashes between; 255 characters at most"
)
TAG_GRAMMAR = "a letter, digit or _, then up to 127 of letters, digits, . _ and -"


def is_repository(name: str) -> bool:
    """Whether ``name`` fits the grammar, in 255 characters at most: many clients take no more."""
    return len(name) <= 255 and _REPOSITORY.fullmatch(name) is not None


def is_tag(text: str) -> bool:
    """Whether ``text`` is a tag by the grammar, in 128 characters at most."""
    return _TAG.fullmatch(text) is not None


def is_session(text: str) -> bool:
    """Whether ``text`` is a UUID, as upload sessions are called."""
    return _SESSION.fullmatch(text) is not None
