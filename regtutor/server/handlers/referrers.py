"""Listing the referrers of a manifest: the server side of ``regtutor.steps.referrers``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from regtutor.protocol.manifests import MAX_ENTRIES
from regtutor.protocol.media_types import OCI_INDEX
from regtutor.protocol.referrers import referrers_index
from regtutor.server.call import Call, digest_from
from regtutor.server.http import Response
from regtutor.server.pagination import next_link
from regtutor.server.respond import respond


def get_referrers(call: Call) -> Response:
    """``GET .../referrers/<digest>``: list the manifests of the repository whose subject has the given digest.

    A directory that another registry wrote has no list of referrers: the first request reads every manifest of the
    repository, and the store keeps an index of them.

    - 200 with an index. It is empty if the digest or the repository does not exist (yet). ``?artifactType=`` selects
      the referrers of one type, and ``OCI-Filters-Applied`` confirms this. One page is at most as large as a manifest
      can be; a ``Link`` leads to the next one.
    - 400 DIGEST_INVALID or NAME_INVALID.

    OCI distribution-spec v1.1.1, end-12a and end-12b, "Listing Referrers"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers>.
    """
    repository = call.repository
    digest = digest_from(call.path["digest"], f"GET /v2/{repository}/referrers/<digest of a manifest>")
    wanted, last = call.query.get("artifactType", ""), call.query.get("last", "")
    found = call.store.referrers.of(repository, digest, wanted, last, call.head.check_presence)
    page, more = _page(found, call.settings.max_manifest_size)
    filtered = {"artifactType": wanted} if wanted else {}
    headers = [("Content-Type", OCI_INDEX), *(("OCI-Filters-Applied", name) for name in filtered)]
    if more:
        headers.append(next_link("get_referrers", call, filtered | {"last": page[-1]["digest"]}))
    return respond(200, *headers, body=referrers_index(page))


def _page(entries: Iterable[dict[str, Any]], limit: int) -> tuple[list[dict[str, Any]], bool]:
    """The first entries, at least one and as many as fit into an index of ``limit`` bytes; whether there are more."""
    page: list[dict[str, Any]] = []
    size = len(referrers_index([]))
    for entry in entries:
        size += len(json.dumps(entry)) + 2
        if page and (size > limit or len(page) >= MAX_ENTRIES):
            return page, True
        page.append(entry)
    return page, False
