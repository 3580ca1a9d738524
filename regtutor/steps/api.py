"""The step that checks whether a server implements the registry API; its handler is in ``server/handlers/api.py``."""

from __future__ import annotations

from regtutor.exchange import Exchange
from regtutor.message import Request
from regtutor.protocol.endpoints import build
from regtutor.steps.sender import Sender, needs_registry


@needs_registry
def check_api(reg: Sender) -> Exchange:
    """Check whether the server is a registry.

    ``GET /v2/`` -> 200 (yes; a repository can still require credentials), 401 (yes, and it requires credentials:
    ``WWW-Authenticate`` says which), 404 (no).

    Parameters
    ----------
    reg: the registry to send the request to.

    Returns
    -------
    The exchange, whatever its status.

    Source: OCI distribution-spec v1.1.1, "Determining Support" (end-1)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#determining-support>.
    """
    return reg.send(Request("check_api", "GET", build("check_api")))
