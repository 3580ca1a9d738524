"""References as typed on a command line: ``host/repository:tag`` or ``host/repository@digest``.

Only clients use them: no request contains such a reference.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from regtutor.errors import InvalidDigest, InvalidReference
from regtutor.protocol.digests import parse
from regtutor.protocol.secrets import redact_address, split_userinfo

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*")
"""The grammar of a repository's name.

Source: OCI distribution-spec v1.1.1, "Pulling manifests"
<https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests>.
"""

TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
"""The grammar of a tag; from the same section."""

_EXAMPLE = "Write, for example, 127.0.0.1:5000/library/hello:v1"
_REPOSITORY = "Write, for example, 127.0.0.1:5000/library/hello"


class Reference(NamedTuple):
    """``host`` (with its port, and its scheme if one was given), ``repository``, and ``tag`` (or the digest)."""

    host: str
    repository: str
    tag: str


def parse_reference(text: str, *, digest: bool = False, default: str = "latest") -> Reference:
    """Split ``text`` into its parts. It must contain the host: there is no default registry.

    Parameters
    ----------
    text: ``[http://|https://]host[:port]/repository[:tag]``. As docker does, ``docker.io`` becomes
        :data:`DOCKER_HUB`, and a repository there without a slash is below ``library/``.
    digest: whether ``@digest`` can follow instead of the tag, or after it; the digest then takes precedence.
    default: the tag if none is given; ``""`` if a tag or a digest is required.

    Raises
    ------
    InvalidReference: if a part is missing or does not match its grammar.
    """
    scheme, mark, rest = text.rpartition("://")
    shown = repr(redact_address(text))
    if mark and scheme not in ("http", "https"):
        raise InvalidReference(f"{shown} is not a reference", f"the scheme {scheme!r} is not http or https", _EXAMPLE)
    host, slash, path = rest.partition("/")
    if {"@", "/"} & set(split_userinfo(rest)[0]):
        raise InvalidReference(
            f"{shown} is not a reference",
            "neither a digest nor a host follows its @: a password can have no / and no @ here",
            "Write %2F for a / and %40 for an @ in a password, or give it with --username",
        )
    if not slash or not path or not ("." in host or ":" in host or host == "localhost"):
        raise InvalidReference(
            f"{shown} does not name a registry",
            "the part before the first / must be a host, such as localhost:5000",
            _EXAMPLE,
        )
    name, at, named = path.partition("@")
    if at and not digest:
        raise InvalidReference(f"{shown} names a digest", "a push needs a tag after the last colon", _EXAMPLE)
    repository, tag = _repository_and_tag(name, shown)
    if not (at or tag or default):
        raise InvalidReference(f"{shown} names no tag and no digest", "there is no default tag here", _EXAMPLE)
    if is_docker_hub(host):
        host, repository = DOCKER_HUB, repository if "/" in repository else f"library/{repository}"
    return Reference(f"{scheme}{mark}{host}", repository, _digest(named) if at else tag or default)


def _repository_and_tag(name: str, shown: str) -> tuple[str, str]:
    """Split ``repository[:tag]``; without a tag, it is ``""``.

    Raises
    ------
    InvalidReference: if a part does not match its grammar.
    """
    repository, colon, tag = name.partition(":")
    if not REPOSITORY.fullmatch(repository):
        why = "a name is lowercase letters and digits, separated by . or _ or __ or dashes, in parts divided by /"
        raise InvalidReference(f"{repository!r} is not a repository name", why, _EXAMPLE)
    if colon and not tag:
        raise InvalidReference(f"{shown} ends before its tag", "nothing follows the last colon", _EXAMPLE)
    if not TAG.fullmatch(tag or "latest"):
        why = "a tag has at most 128 letters, digits, dots, dashes and underscores, and begins with no dot or dash"
        raise InvalidReference(f"{tag!r} is not a tag", why, _EXAMPLE)
    return repository, tag


def host_of(text: str) -> str:
    """Return host and port of a registry's address, as in references and auth files: without scheme and path."""
    return split_userinfo(text.rpartition("://")[2])[1].partition("/")[0]


DOCKER_HUB = "registry-1.docker.io"
"""The host of Docker Hub's API."""

_NAMES_OF_DOCKER_HUB = ("docker.io", "index.docker.io")


def is_docker_hub(text: str) -> bool:
    """Return whether a host, or the host of a reference, is a name that docker replaces with :data:`DOCKER_HUB`.

    Source: the normalization in distribution/reference,
    <https://github.com/distribution/reference/blob/v0.6.0/normalize.go>.
    """
    return text.rpartition("://")[2].partition("/")[0].lower() in _NAMES_OF_DOCKER_HUB


def parse_repository(text: str) -> tuple[str, str]:
    """Split ``[http://|https://]host[:port]/repository`` into the host and the repository's name.

    Raises
    ------
    InvalidReference: if a part is missing or does not match its grammar, or a tag or a digest follows.
    """
    host, repository, tag = parse_reference(text, digest=True)
    if {":", "@"} & set(text.rpartition("/")[2]):
        raise InvalidReference(
            f"{tag!r} is more than a repository's name", "a whole repository is expected here", _REPOSITORY
        )
    return host, repository


def _digest(text: str) -> str:
    try:
        return str(parse(text))
    except InvalidDigest as error:
        raise InvalidReference(
            error.what, error.why, "Write, for example, 127.0.0.1:5000/library/hello@sha256:..."
        ) from error
