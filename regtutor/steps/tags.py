"""The step that lists the tags of a repository; its handler is in ``server/handlers/tags.py``."""

from __future__ import annotations

from regtutor.exchange import Exchange
from regtutor.message import Location, Request
from regtutor.protocol.endpoints import build
from regtutor.steps.sender import Sender, needs_registry


@needs_registry
def list_tags(
    reg: Sender, repository: str, *, n: int | None = None, last: str | None = None, page: Location | None = None
) -> Exchange:
    """List the tags of a repository. A registry can send them in several pages: ``exchange.next_page`` is the next one.

    ``GET /v2/<repository>/tags/list`` -> 200, and ``exchange.json()["tags"]`` holds them; 404 if the repository does
    not exist; 400 if the registry does not accept ``n``.

    Parameters
    ----------
    reg: the registry to send the request to.
    repository: the name of the repository.
    n: the largest number of tags in the response; sent as given.
    last: list only tags after this one.
    page: ``exchange.next_page`` of an earlier response, followed byte for byte; the other arguments are then ignored.

    Source: OCI distribution-spec v1.1.1, "Listing Tags" (end-8a, end-8b)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags>.
    """
    query = {name: str(value) for name, value in (("n", n), ("last", last)) if value is not None}
    return reg.send(Request("list_tags", "GET", page or build("list_tags", query=query, repository=repository)))
