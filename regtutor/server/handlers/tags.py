"""Which tags a repository has. The answering end of ``regtutor.steps.tags``."""

from __future__ import annotations

import json

from regtutor.server.call import Call
from regtutor.server.http import Response
from regtutor.server.pages import page_of
from regtutor.server.respond import JSON, Refusal, answer


def list_tags(call: Call) -> Response:
    """``GET .../tags/list`` asks for a repository's tags: all of them, or ``n`` after ``last``.

    200, with a Link when there are more; the list is empty when nothing is tagged. 404 NAME_UNKNOWN for a repository
    that nothing was pushed to; 400 NAME_INVALID, and UNSUPPORTED for an n that is no number: the specification's list
    of codes has none for it.

    OCI distribution-spec v1.1.1, end-8a and end-8b, "Listing Tags"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags>.
    """
    repository = call.repository
    if not call.store.has_repository(repository):
        raise Refusal(
            "NAME_UNKNOWN",
            given=repository,
            expected="a repository that something was pushed to",
            next="GET /v2/_catalog for the repositories that are here",
        )
    tags, link = page_of(call, "list_tags", call.store.tags(repository), _lexical, refusal="UNSUPPORTED")
    body = json.dumps({"name": repository, "tags": tags}).encode() + b"\n"
    return answer(200, ("Content-Type", JSON), *link, body=body)


def _lexical(tag: str) -> tuple[str, str]:
    """The order of tags: the specification's "lexical order" is without regard to case."""
    return tag.lower(), tag
