"""The cases of an endpoint: kinds of its requests for which the documents have separate clauses.

``DELETE .../manifests/<reference>`` deletes a tag or a manifest, and ``PUT .../<session>?digest=<digest>`` ends a
monolithic or a chunked upload. The tables of responses and headers can have a row for one case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from regtutor.protocol.citations import Citation
from regtutor.protocol.clauses import CHUNKS, DELETING_TAGS

Case = Literal["", "tag", "digest", "refused digest", "chunked"]
"""A kind of request: a deletion by ``tag``, by ``digest``, or by a digest that was refused, or the end of a
``chunked`` upload; empty for all others."""


HAVE_CASES: frozenset[str] = frozenset({"put_blob", "delete_blob", "delete_manifest"})
"""The names of the endpoints whose requests :func:`case_of` distinguishes."""


def case_of(endpoint: str, fields: Mapping[str, str], *, chunked: bool, codes: tuple[str, ...] = ()) -> Case:
    """Return the case of a request.

    Parameters
    ----------
    endpoint: the name of an endpoint.
    fields: the fields of the target.
    chunked: whether the request has a Content-Range or no body, as the PUT after chunks has.
    codes: the error codes of the response.
    """
    if endpoint == "put_blob":
        return "chunked" if chunked else ""
    if endpoint not in HAVE_CASES:
        return ""
    if endpoint == "delete_manifest" and ":" not in fields.get("reference", ":"):
        return "tag"
    return "refused digest" if "DIGEST_INVALID" in codes else "digest"


CASE_CLAUSES: Mapping[tuple[str, Case], Citation] = {
    ("delete_manifest", "tag"): DELETING_TAGS,
    ("put_blob", "chunked"): CHUNKS,
}
"""The clause that specifies an endpoint in one case, if it is not the first of the endpoint's clauses."""
