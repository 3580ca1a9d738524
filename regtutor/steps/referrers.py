"""Which manifests refer to another one? The client's side of ``server/handlers/referrers.py``."""

from __future__ import annotations

from regtutor.exchange import Exchange
from regtutor.message import Location, Request
from regtutor.protocol.endpoints import build
from regtutor.steps.sender import Sender, needs_registry


@needs_registry
def get_referrers(
    reg: Sender, repository: str, digest: str, *, artifact_type: str | None = None, page: Location | None = None
) -> Exchange:
    """Ask which manifests name ``digest`` as their subject: signatures, lists of contents, and other artifacts.

    ``GET /v2/<repository>/referrers/<digest>`` -> 200 with an index of them, which may be empty; 400 for a digest that
    is none; 404 says that the registry has no such API, and then the client looks under a tag (``list_referrers``
    does). ``OCI-Filters-Applied`` says whether the registry looked at ``artifact_type``: one that does not gives all.

    Parameters
    ----------
    reg: the registry that is asked.
    repository: the repository's name.
    digest: of the manifest that is referred to; it need not be there.
    artifact_type: give only those of this type.
    page: ``exchange.next_page`` of an earlier answer, followed byte for byte; the rest is then not looked at.

    Source: OCI distribution-spec v1.1.1, "Listing Referrers" (end-12a, end-12b)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers>.
    """
    query = {"artifactType": artifact_type} if artifact_type else {}
    target = page or build("get_referrers", query=query, repository=repository, digest=digest)
    return reg.send(Request("get_referrers", "GET", target))
