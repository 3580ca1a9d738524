"""Which tags does a repository have? The client's side of ``server/handlers/tags.py``."""

from __future__ import annotations

from regtutor.exchange import Exchange
from regtutor.message import Location, Request
from regtutor.protocol.endpoints import build
from regtutor.steps.sender import Sender, needs_registry


@needs_registry
def list_tags(
    reg: Sender, repository: str, *, n: int | None = None, last: str | None = None, page: Location | None = None
) -> Exchange:
    """Ask which tags there are. A registry may give fewer than it has: ``exchange.next_page`` says where they go on.

    ``GET /v2/<repository>/tags/list`` -> 200, and ``exchange.json()["tags"]`` holds them; 404 if the repository is not
    known; 400 if ``n`` is not a number that the registry takes.

    Parameters
    ----------
    reg: the registry that is asked.
    repository: the repository's name.
    n: how many tags to give at most; sent as it is.
    last: give those that come after this tag.
    page: ``exchange.next_page`` of an earlier answer, followed byte for byte; the rest is then not looked at.

    Source: OCI distribution-spec v1.1.1, "Listing Tags" (end-8a, end-8b)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags>.
    """
    query = {name: str(value) for name, value in (("n", n), ("last", last)) if value is not None}
    return reg.send(Request("list_tags", "GET", page or build("list_tags", query=query, repository=repository)))
