"""Checking that the registry supports the API: the server side of ``regtutor.steps.api``."""

from __future__ import annotations

from regtutor.server.call import Call
from regtutor.server.http import Response
from regtutor.server.respond import JSON, respond


def check_api(_call: Call) -> Response:
    """``GET /v2/``: confirm with 200 that this registry supports the API.

    If the registry has a password file (``htpasswd``), a request without valid credentials gets a 401 and does not
    reach this handler, as with any other request.

    OCI distribution-spec v1.1.1, end-1, "Determining Support"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#determining-support>.
    """
    return respond(200, ("Content-Type", JSON), body=b"{}")
