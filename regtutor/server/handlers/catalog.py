"""Which repositories there are. The answering end of ``regtutor.steps.catalog``."""

from __future__ import annotations

import json

from regtutor.server.call import Call
from regtutor.server.http import Response
from regtutor.server.pages import page_of
from regtutor.server.respond import JSON, answer


def list_repositories(call: Call) -> Response:
    """``GET /v2/_catalog`` asks for the names of the repositories: all of them, or ``n`` after ``last``.

    200, with a Link when there are more; a repository is named as soon as something was stored in it. 400
    PAGINATION_NUMBER_INVALID.

    CNCF Distribution 2.8.3, HTTP API V2, "Listing Repositories" (not in the OCI distribution-spec v1.1.1)
    <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/api.md#listing-repositories>.
    """
    names, link = page_of(call, "list_repositories", call.store.repositories())
    body = json.dumps({"repositories": names}).encode() + b"\n"
    return answer(200, ("Content-Type", JSON), *link, body=body)
