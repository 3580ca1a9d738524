"""Which token a client gets. The answering end of ``regtutor.steps.token``.

TEMPORARY: this file holds the place of the token server's handler, which is written on another branch; take that one.
"""

from __future__ import annotations

from regtutor.server.call import Call
from regtutor.server.http import Response
from regtutor.server.respond import Refusal


def request_token(call: Call) -> Response:  # noqa: ARG001 - as every handler
    """``GET /token`` asks for a token: 404, since this registry has no token server yet.

    CNCF Distribution 2.8.3, "Token Authentication Specification", "Requesting a Token"
    <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/token.md#requesting-a-token>.
    """
    next = "GET /v2/: its status says whether this registry asks for credentials"
    raise Refusal("UNSUPPORTED", given="/token", expected="a path of the API, below /v2/", next=next, status=404)
