"""Which repositories does a registry have? The client's side of ``server/handlers/catalog.py``."""

from __future__ import annotations

from regtutor.exchange import Exchange
from regtutor.message import Location, Request
from regtutor.protocol.endpoints import build
from regtutor.steps.sender import Sender, needs_registry


@needs_registry
def list_repositories(
    reg: Sender, *, n: int | None = None, last: str | None = None, page: Location | None = None
) -> Exchange:
    """Ask which repositories there are. ``exchange.next_page`` says where a list goes on that is not whole.

    ``GET /v2/_catalog`` -> 200, and ``exchange.json()["repositories"]`` holds their names; 400 if ``n`` is not a number
    that the registry takes. The distribution-spec v1.1.1 does not have this request. Most large public registries
    respond with 401 or 404; Microsoft's sends the list.

    Parameters
    ----------
    reg: the registry that is asked.
    n: how many names to give at most; sent as it is.
    last: give those that come after this name.
    page: ``exchange.next_page`` of an earlier answer, followed byte for byte; the rest is then not looked at.

    Source: CNCF Distribution 2.8.3, HTTP API V2, "Listing Repositories"
    <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/api.md#listing-repositories>.
    """
    query = {name: str(value) for name, value in (("n", n), ("last", last)) if value is not None}
    return reg.send(Request("list_repositories", "GET", page or build("list_repositories", query=query)))
