"""The parts of a registry's storage: a table from the pattern of a path to an explanation.

The layout is that of CNCF Distribution, which the embedded registry shares: every blob once, by its digest, and for
each repository small files that link to blobs. This module works on paths alone; it reads no storage.

Source: CNCF Distribution 2.8.3, registry/storage/paths.go
<https://github.com/distribution/distribution/blob/v2.8.3/registry/storage/paths.go>; observed on disk with 2.8.2.
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
    pattern: of the path below ``docker/registry``; a name in angle brackets is one part, except ``<name>``, the name of
        a repository, which is one or more.
    words: its content and its purpose.
    apart: whether it starts a new line in a tree, which otherwise puts a chain of single folders on one line.
    """

    pattern: str
    words: str
    apart: bool = False
    grammar: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = (_WILD.get(part, re.escape(part)) for part in self.pattern.split("/"))
        object.__setattr__(self, "grammar", re.compile("/".join(["docker", "registry", *parts])))


LAYOUT = (
    Place("v2", "The storage of a registry that implements version 2 of the protocol; all its paths begin here."),
    Place("v2/blobs", "The content of all repositories: each digest once, however many repositories use it."),
    Place("v2/blobs/<algorithm>", "The algorithm of the digests below."),
    Place(
        "v2/blobs/<algorithm>/<xx>",
        "The first two characters of the digests below, so that no folder gets too many entries.",
        apart=True,
    ),
    Place("v2/blobs/<algorithm>/<xx>/<digest>", "One blob, found by its digest: the address follows from the content."),
    Place(
        "v2/blobs/<algorithm>/<xx>/<digest>/data",
        "The bytes of a layer, a config or a manifest, as they were pushed. Hash them to get the digest.",
    ),
    Place(
        "v2/repositories",
        "The content of each repository: no blobs, only links to blobs, tags, and open upload sessions.",
    ),
    Place("v2/repositories/<part>", "A repository's name, or its first part: each slash starts a folder.", apart=True),
    Place("v2/repositories/<name>", "A repository's name, or a further part of it."),
    Place(
        "v2/repositories/<name>/_uploads",
        "Open upload sessions: POST starts one, and PUT with a digest or DELETE ends it.",
        apart=True,
    ),
    Place(
        "v2/repositories/<name>/_uploads/<id>",
        "One upload session. The Location in the response to POST contains its id, too.",
        apart=True,
    ),
    Place(
        "v2/repositories/<name>/_uploads/<id>/data",
        "The bytes received so far. When the digest matches, they move to blobs and the session ends.",
        apart=True,
    ),
    Place(
        "v2/repositories/<name>/_uploads/<id>/startedat",
        "The time when the session began: abandoned sessions are removed after a while.",
        apart=True,
    ),
    Place(
        "v2/repositories/<name>/_uploads/<id>/hashstates",
        "Intermediate states of the digest computation, so that hashing can resume. CNCF Distribution writes them; the "
        "embedded registry does not.",
        apart=True,
    ),
    Place("v2/repositories/<name>/_uploads/<id>/hashstates/<algorithm>", "The algorithm that is being computed."),
    Place(
        "v2/repositories/<name>/_uploads/<id>/hashstates/<algorithm>/<offset>",
        "The state of the computation after this number of bytes.",
        apart=True,
    ),
    Place(
        "v2/repositories/<name>/_layers",
        "The blobs that this repository serves: layers and configs. A mount adds a link here, and no bytes.",
        apart=True,
    ),
    Place("v2/repositories/<name>/_layers/<algorithm>", "The algorithm of the digests below."),
    Place(
        "v2/repositories/<name>/_layers/<algorithm>/<digest>",
        "A blob of this repository. HEAD returns 200 for it here, and 404 in a repository without such a folder.",
        apart=True,
    ),
    Place(
        "v2/repositories/<name>/_layers/<algorithm>/<digest>/link",
        "The digest as text: the bytes are under it in blobs.",
    ),
    Place(
        "v2/repositories/<name>/_manifests",
        "The manifests of this repository: by digest in revisions, by name in tags.",
        apart=True,
    ),
    Place(
        "v2/repositories/<name>/_manifests/revisions",
        "Every manifest that was pushed here, with or without a tag.",
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
    Place("v2/repositories/<name>/_manifests/tags/<tag>/current", "The current target of the tag.", apart=True),
    Place(
        "v2/repositories/<name>/_manifests/tags/<tag>/current/link",
        "The digest of the manifest that the tag means now. The size of this file never changes: to see whether the "
        "tag was moved, look into index, next to it.",
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
"""Each known part, after the part that contains it."""


@lru_cache(maxsize=4096)
def place_of(path: str) -> int | None:
    """Return the index in :data:`LAYOUT` for ``path``, relative to the storage's root; None for an unknown path."""
    for number, place in enumerate(LAYOUT):
        if place.grammar.fullmatch(path):
            return number
    return None


_GROUP = re.compile(r"docker/registry/v2/(?:(blobs)/|repositories/(.+?/_(?:uploads|layers|manifests))(?:/|$))")


def part_of(path: str) -> str:
    """Return the part of the storage that contains ``path``: ``blobs``, ``library/hello/_uploads``, or a folder."""
    match = _GROUP.match(path)
    return (match[1] or match[2]) if match else path.rpartition("/")[0] or "the root"


_DIGEST = re.compile(r"[0-9a-f]{64,128}")
_SHOWN = 12


def shorten(name: str) -> str:
    """Return the name of a file or a folder; for a digest, its first characters."""
    return f"{name[:_SHOWN]}…" if _DIGEST.fullmatch(name) else name
