"""Listing the referrers of a manifest: the server side of ``regtutor.steps.referrers``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from regtutor.errors import InvalidManifest
from regtutor.protocol.manifests import MAX_ENTRIES, parse_manifest
from regtutor.protocol.media_types import OCI_INDEX
from regtutor.protocol.referrers import referrer_entry, referrers_index
from regtutor.server.call import Call, digest_from
from regtutor.server.http import Response
from regtutor.server.pagination import next_link
from regtutor.server.respond import respond


def get_referrers(call: Call) -> Response:
    """``GET .../referrers/<digest>``: list the manifests of the repository whose subject has the given digest.

    The handler reads every manifest of the repository, because a directory that another registry wrote has no list of
    referrers.

    - 200 with an index. It is empty if the digest or the repository does not exist (yet). ``?artifactType=`` selects
      the referrers of one type, and ``OCI-Filters-Applied`` confirms this. One page is at most as large as a manifest
      can be; a ``Link`` leads to the next one.
    - 400 DIGEST_INVALID or NAME_INVALID.

    OCI distribution-spec v1.1.1, end-12a and end-12b, "Listing Referrers"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers>.
    """
    repository = call.repository
    digest = str(digest_from(call.path["digest"], f"GET /v2/{repository}/referrers/<digest of a manifest>"))
    wanted, last = call.query.get("artifactType", ""), call.query.get("last", "")
    entries = [
        entry
        for entry in _referrers(call, repository, digest)
        if entry["digest"] > last and (not wanted or entry.get("artifactType") == wanted)
    ]
    page = _page(entries, call.settings.max_manifest_size)
    filtered = {"artifactType": wanted} if wanted else {}
    headers = [("Content-Type", OCI_INDEX), *(("OCI-Filters-Applied", name) for name in filtered)]
    if len(page) < len(entries):
        headers.append(next_link("get_referrers", call, filtered | {"last": page[-1]["digest"]}))
    return respond(200, *headers, body=referrers_index(page))


def _referrers(call: Call, repository: str, digest: str) -> Iterator[dict[str, Any]]:
    for manifest in call.store.manifests(repository):
        call.head.check_presence()
        try:
            view = parse_manifest(manifest.read())
        except (InvalidManifest, FileNotFoundError):
            continue  # not a manifest, or removed in the meantime: it refers to nothing
        if view.subject is not None and view.subject.digest == digest:
            yield referrer_entry(view, str(manifest.digest), manifest.size)


def _page(entries: list[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    """The first entries, as many as fit into an index of ``limit`` bytes, and at least one."""
    size = len(referrers_index([]))
    for count, entry in enumerate(entries):
        size += len(json.dumps(entry)) + 2
        if count and (size > limit or count >= MAX_ENTRIES):
            return entries[:count]
    return entries
