"""The step that lists the referrers of a manifest; its handler is in ``server/handlers/referrers.py``."""

from __future__ import annotations

from regtutor.exchange import Exchange
from regtutor.message import Location, Request
from regtutor.protocol.endpoints import build
from regtutor.steps.sender import Sender, needs_registry


@needs_registry
def get_referrers(
    reg: Sender, repository: str, digest: str, *, artifact_type: str | None = None, page: Location | None = None
) -> Exchange:
    """List the manifests that have ``digest`` as their subject: signatures, SBOMs and other artifacts.

    ``GET /v2/<repository>/referrers/<digest>`` -> 200 with an index of them, which can be empty; 400 if the digest is
    malformed; 404 if the registry has no referrers API: then the client reads the list under a tag, as
    ``list_referrers`` does. ``OCI-Filters-Applied`` says whether the registry filtered by ``artifact_type``; without a
    filter it lists all referrers.

    Parameters
    ----------
    reg: the registry to send the request to.
    repository: the name of the repository.
    digest: the digest of the subject, which does not have to exist.
    artifact_type: list only referrers of this type.
    page: ``exchange.next_page`` of an earlier response, followed byte for byte; the other arguments are then ignored.

    Source: OCI distribution-spec v1.1.1, "Listing Referrers" (end-12a, end-12b)
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers>.
    """
    query = {"artifactType": artifact_type} if artifact_type else {}
    target = page or build("get_referrers", query=query, repository=repository, digest=digest)
    return reg.send(Request("get_referrers", "GET", target))
