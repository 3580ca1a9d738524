"""Listing the tags of a repository: the server side of ``regtutor.steps.tags``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial

from regtutor.server.call import Call
from regtutor.server.http import Response
from regtutor.server.pagination import after_in, page_of
from regtutor.server.respond import JSON, Refusal, respond
from regtutor.server.storage.tag_lists import lexical


def list_tags(call: Call) -> Response:
    """``GET .../tags/list``: list all tags of a repository, or at most ``n`` of them that sort after ``last``.

    - 200 with the list, which is empty if nothing is tagged, and a ``Link`` to the next page if there are more.
    - 400 NAME_INVALID, or UNSUPPORTED if ``n`` is not a number, for which the specification has no error code.
    - 404 NAME_UNKNOWN if nothing was ever pushed to the repository.

    OCI distribution-spec v1.1.1, end-8a and end-8b, "Listing Tags"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags>.
    """
    repository = call.repository
    if not call.store.has_repository(repository):
        raise Refusal(
            "NAME_UNKNOWN",
            given=repository,
            expected="a repository to which something was pushed",
            next="GET /v2/_catalog for the repositories that exist",
        )
    tags, link = page_of(call, "list_tags", partial(_tags_after, call), refusal="UNSUPPORTED")
    body = json.dumps({"name": repository, "tags": tags}).encode() + b"\n"
    return respond(200, ("Content-Type", JSON), *link, body=body)


def _tags_after(call: Call, last: str) -> Iterator[str]:
    """The tags of the repository after ``last``, for as long as the client waits for them."""
    for tag in after_in(call.store.tag_lists.names(call.repository, call.head.check_presence), lexical, last):
        call.head.check_presence()
        if call.store.has_tag(call.repository, tag):
            yield tag
