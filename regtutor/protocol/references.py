"""References: ``host/repository:tag``, as one types it on a command line. A text of the client's, never of the wire."""

from __future__ import annotations

import re
from typing import NamedTuple

from regtutor.errors import InvalidReference

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*")
"""The grammar of a repository's name.

Source: OCI distribution-spec v1.1.1, "Pulling manifests"
<https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests>.
"""

TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
"""The grammar of a tag; from the same section."""

_EXAMPLE = "Write it like 127.0.0.1:5000/library/hello:v1"


class Reference(NamedTuple):
    """``host`` (with its port, and its scheme where one was given), ``repository``, and ``tag``."""

    host: str
    repository: str
    tag: str


def parse_reference(text: str) -> Reference:
    """``text`` taken apart. The host must be written out: no registry is assumed.

    Parameters
    ----------
    text: ``[http://|https://]host[:port]/repository[:tag]``; the tag is ``latest`` where none is given.

    Raises
    ------
    InvalidReference: if a part is missing or does not fit its grammar.
    """
    scheme, mark, rest = text.rpartition("://")
    if mark and scheme not in ("http", "https"):
        raise InvalidReference(
            f"{text!r} is no place to push to", f"the scheme {scheme!r} is not http or https", _EXAMPLE
        )
    host, slash, path = rest.partition("/")
    if not slash or not path or not ("." in host or ":" in host or host == "localhost"):
        raise InvalidReference(
            f"{text!r} does not name a registry",
            "the part before the first / must be a host, such as localhost:5000",
            _EXAMPLE,
        )
    if "@" in path:
        raise InvalidReference(f"{text!r} names a digest", "a push needs a tag after the last colon", _EXAMPLE)
    repository, _, tag = path.partition(":")
    if not REPOSITORY.fullmatch(repository):
        why = "a name has lower-case letters, digits and single separators (. _ -), parts being divided by /"
        raise InvalidReference(f"{repository!r} is not a repository name", why, _EXAMPLE)
    if not TAG.fullmatch(tag or "latest"):
        why = "a tag has at most 128 letters, digits, dots, dashes and underscores, and begins with no dot or dash"
        raise InvalidReference(f"{tag!r} is not a tag", why, _EXAMPLE)
    return Reference(f"{scheme}{mark}{host}", repository, tag or "latest")
