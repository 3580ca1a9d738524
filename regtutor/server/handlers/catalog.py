"""Listing the repositories: the server side of ``regtutor.steps.catalog``."""

from __future__ import annotations

import json
from functools import partial

from regtutor.server.call import Call
from regtutor.server.http import Response
from regtutor.server.pagination import page_of
from regtutor.server.respond import JSON, respond


def list_repositories(call: Call) -> Response:
    """``GET /v2/_catalog``: list the names of all repositories, or at most ``n`` of them that sort after ``last``.

    A repository is listed as soon as something has been stored in it.

    - 200 with the list, and a ``Link`` to the next page if there are more.
    - 400 PAGINATION_NUMBER_INVALID.

    CNCF Distribution 2.8.3, HTTP API V2, "Listing Repositories" (not in the OCI distribution-spec v1.1.1)
    <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/api.md#listing-repositories>.
    """
    after = partial(call.store.repository_lists.after, check=call.head.check_presence)
    names, link = page_of(call, "list_repositories", after)
    body = json.dumps({"repositories": names}).encode() + b"\n"
    return respond(200, ("Content-Type", JSON), *link, body=body)
