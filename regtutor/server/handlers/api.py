"""Does this registry speak the API? The answering end of ``regtutor.steps.api``."""

from __future__ import annotations

from regtutor.server.call import Call
from regtutor.server.http import Response
from regtutor.server.respond import JSON, answer


def check_api(_call: Call) -> Response:
    """``GET /v2/`` asks whether this is a registry that speaks the API; 200 says yes.

    With ``htpasswd`` a request without valid credentials never arrives here: it gets a 401, as any other request.

    OCI distribution-spec v1.1.1, end-1, "Determining Support"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#determining-support>.
    """
    return answer(200, ("Content-Type", JSON), body=b"{}")
