"""What a request that another program sent is called: the documented request that it is, by its method and target."""

from __future__ import annotations

from regtutor.protocol.endpoints import parse

UNDOCUMENTED = "request"
"""What a request is called that is none of the documented ones."""


def step_of_request(method: str, target: str) -> str:
    """The name of the documented request, or :data:`UNDOCUMENTED`."""
    match = parse(method, target)
    return match.endpoint.name if match else UNDOCUMENTED
