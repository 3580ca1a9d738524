"""What the parts of a registry's storage are: a table from the pattern of a path to words.

The layout is that of CNCF Distribution, which the embedded registry shares: every blob once, by its digest, and for
each repository small files that link to blobs. This module knows paths only; it reads no storage.

Source: CNCF Distribution 2.8.3, registry/storage/paths.go
<https://github.com/distribution/distribution/blob/v2.8.3/registry/storage/paths.go>; seen on disk with 2.8.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

_WILD = {
    "<part>": r"[^_/][^/]*",
    "<name>": r"[^_/][^/]*(?:/[^_/][^/]*)*",
    "<xx>": r"[0-9a-f]{2}",
    "<digest>": r"[0-9a-f]{64,128}",
    "<algorithm>": r"sha[0-9]+",
    "<id>": r"[^/]+",
    "<tag>": r"[^/]+",
    "<offset>": r"[0-9]+",
}


@dataclass(frozen=True)
class Place:
    """One row of :data:`LAYOUT`.

    Attributes
    ----------
    pattern: of the path below ``docker/registry/v2``; names in angle brackets stand for one part, but ``<name>``, a
        repository's name, for one or more.
    words: what is there, and what it is for.
    apart: whether it begins a line of its own where a tree puts a chain of single folders on one line.
    """

    pattern: str
    words: str
    apart: bool = False
    grammar: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = (_WILD.get(part, re.escape(part)) for part in self.pattern.split("/"))
        object.__setattr__(self, "grammar", re.compile("/".join(["docker", "registry", *parts])))


LAYOUT = (
    Place("v2", "The storage of a registry that speaks version 2 of the protocol; all paths in it begin here."),
    Place("v2/blobs", "The content of all repositories, each digest once, whichever repositories use it."),
    Place("v2/blobs/<algorithm>", "The algorithm of the digests below."),
    Place(
        "v2/blobs/<algorithm>/<xx>",
        "The first two characters of the digests below, so that no folder gets too long.",
        apart=True,
    ),
    Place("v2/blobs/<algorithm>/<xx>/<digest>", "One blob, found by its digest: its address is its content."),
    Place(
        "v2/blobs/<algorithm>/<xx>/<digest>/data",
        "The bytes as they were pushed: of a layer, a config or a manifest. Hash them, and the digest comes out.",
    ),
    Place(
        "v2/repositories",
        "What each repository has. There are no contents here, only links to blobs, tags, and open uploads.",
    ),
    Place("v2/repositories/<part>", "A repository's name, or its first part: slashes make folders.", apart=True),
    Place("v2/repositories/<name>", "A repository's name, or a further part of it."),
    Place(
        "v2/repositories/<name>/_uploads",
        "Upload sessions that are open: POST made them, PUT with a digest or DELETE ends them.",
        apart=True,
    ),
    Place(
        "v2/repositories/<name>/_uploads/<id>",
        "One upload session. Its id is also in the Location that the registry answered to POST.",
        apart=True,
    ),
    Place(
        "v2/repositories/<name>/_uploads/<id>/data",
        "The bytes that have come so far. When the digest fits, they move to blobs and the session is gone.",
        apart=True,
    ),
    Place(
        "v2/repositories/<name>/_uploads/<id>/startedat",
        "When the session began: sessions that were given up are removed after a time.",
        apart=True,
    ),
    Place(
        "v2/repositories/<name>/_uploads/<id>/hashstates",
        "Digests half computed, so that hashing goes on where it was. CNCF Distribution writes them; the embedded "
        "registry does not.",
        apart=True,
    ),
    Place("v2/repositories/<name>/_uploads/<id>/hashstates/<algorithm>", "The algorithm that is being computed."),
    Place(
        "v2/repositories/<name>/_uploads/<id>/hashstates/<algorithm>/<offset>",
        "The state of the computation after so many bytes.",
        apart=True,
    ),
    Place(
        "v2/repositories/<name>/_layers",
        "The blobs that this repository may give out: layers and configs. A mount adds a link here, and no bytes.",
        apart=True,
    ),
    Place("v2/repositories/<name>/_layers/<algorithm>", "The algorithm of the digests below."),
    Place(
        "v2/repositories/<name>/_layers/<algorithm>/<digest>",
        "A blob of this repository. HEAD answers 200 for it here, and 404 in a repository without such a folder.",
        apart=True,
    ),
    Place(
        "v2/repositories/<name>/_layers/<algorithm>/<digest>/link",
        "The digest as text: where in blobs the bytes are.",
    ),
    Place(
        "v2/repositories/<name>/_manifests",
        "The manifests of this repository: by digest in revisions, by name in tags.",
        apart=True,
    ),
    Place(
        "v2/repositories/<name>/_manifests/revisions",
        "Every manifest that was pushed here, with a tag or without.",
        apart=True,
    ),
    Place("v2/repositories/<name>/_manifests/revisions/<algorithm>", "The algorithm of the digests below."),
    Place("v2/repositories/<name>/_manifests/revisions/<algorithm>/<digest>", "A manifest, by its digest.", apart=True),
    Place(
        "v2/repositories/<name>/_manifests/revisions/<algorithm>/<digest>/link",
        "The digest as text: the manifest's bytes are in blobs.",
    ),
    Place("v2/repositories/<name>/_manifests/tags", "The tags of this repository, one folder each.", apart=True),
    Place("v2/repositories/<name>/_manifests/tags/<tag>", "A tag: a name that can be moved to another manifest.", True),
    Place("v2/repositories/<name>/_manifests/tags/<tag>/current", "What the tag means now.", apart=True),
    Place(
        "v2/repositories/<name>/_manifests/tags/<tag>/current/link",
        "The digest of the manifest that the tag means now. Its size is always the same: whether the tag was moved is "
        "seen in index, beside it.",
    ),
    Place(
        "v2/repositories/<name>/_manifests/tags/<tag>/index", "Every manifest that the tag has ever meant.", apart=True
    ),
    Place("v2/repositories/<name>/_manifests/tags/<tag>/index/<algorithm>", "The algorithm of the digests below."),
    Place(
        "v2/repositories/<name>/_manifests/tags/<tag>/index/<algorithm>/<digest>",
        "A manifest that this tag means or has meant.",
        apart=True,
    ),
    Place("v2/repositories/<name>/_manifests/tags/<tag>/index/<algorithm>/<digest>/link", "The digest as text."),
)
"""Each known part, whatever holds another before it."""


@lru_cache(maxsize=4096)
def place_of(path: str) -> int | None:
    """The index in :data:`LAYOUT` of what is at ``path``, relative to the storage's root; None if it is not known."""
    for number, place in enumerate(LAYOUT):
        if place.grammar.fullmatch(path):
            return number
    return None


_GROUP = re.compile(r"docker/registry/v2/(?:(blobs)/|repositories/(.+?/_(?:uploads|layers|manifests))(?:/|$))")


def part_of(path: str) -> str:
    """The part of the storage that ``path`` is in, as it is called: ``blobs``, ``library/hello/_uploads``, a folder."""
    match = _GROUP.match(path)
    return (match[1] or match[2]) if match else path.rpartition("/")[0] or "the root"


_DIGEST = re.compile(r"[0-9a-f]{64,128}")
_SHOWN = 12


def shorten(name: str) -> str:
    """A file's or a folder's name; of a digest, its first characters."""
    return f"{name[:_SHOWN]}…" if _DIGEST.fullmatch(name) else name
