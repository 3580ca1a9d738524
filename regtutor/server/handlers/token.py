"""Issuing tokens. It responds to ``regtutor.steps.token``."""

from __future__ import annotations

from regtutor.server.call import Call
from regtutor.server.http import Response
from regtutor.server.receiving import BodySink
from regtutor.server.respond import Refusal


def request_token(call: Call) -> Response | BodySink:
    """``GET /token`` asks for a token for some scopes, with a name and a password or without.

    200 with the token, also where it grants less than was requested, or nothing; 401 for a wrong password; 400 for an
    unknown service or a malformed scope; 404 if this registry asks for no tokens. ``POST /token`` asks the same by
    OAuth2, with a form; its errors are 400.

    CNCF Distribution 2.8.3, "Token Authentication Specification", "Requesting a Token"
    <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/token.md#requesting-a-token>.
    """
    tokens = call.settings.tokens
    if tokens is None:
        next = "GET /v2/: its status says whether this registry asks for credentials"
        raise Refusal("UNSUPPORTED", given="/token", expected="a path of the API, below /v2/", next=next, status=404)
    return tokens.respond(call.head)
