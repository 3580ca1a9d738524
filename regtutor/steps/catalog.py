"""The step that lists the repositories of a registry; its handler is in ``server/handlers/catalog.py``."""

from __future__ import annotations

from regtutor.exchange import Exchange
from regtutor.message import Location, Request
from regtutor.protocol.endpoints import build
from regtutor.steps.sender import Sender, needs_registry


@needs_registry
def list_repositories(
    reg: Sender, *, n: int | None = None, last: str | None = None, page: Location | None = None
) -> Exchange:
    """List the repositories of the registry. A list can have several pages: ``exchange.next_page`` is the next one.

    ``GET /v2/_catalog`` -> 200, and ``exchange.json()["repositories"]`` holds their names; 400 if the registry does not
    accept ``n``. The distribution-spec v1.1.1 does not define this request. Most large public registries respond with
    401 or 404; Microsoft's sends the list.

    Parameters
    ----------
    reg: the registry to send the request to.
    n: the largest number of names in the response; sent as given.
    last: list only names after this one.
    page: ``exchange.next_page`` of an earlier response, followed byte for byte; ``n`` and ``last`` are then ignored.

    Source: CNCF Distribution 2.8.3, HTTP API V2, "Listing Repositories"
    <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/api.md#listing-repositories>.
    """
    query = {name: str(value) for name, value in (("n", n), ("last", last)) if value is not None}
    return reg.send(Request("list_repositories", "GET", page or build("list_repositories", query=query)))
