"""Statuses and error codes: what each says, and where that is written.

``meaning`` answers for one status of one request: the row of the request first, the general table after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from regtutor.protocol.citations import DISTRIBUTION_API, DISTRIBUTION_API_3, DISTRIBUTION_SPEC, HTTP, Citation
from regtutor.protocol.endpoints import BY_NAME

_ERRORS = Citation(DISTRIBUTION_SPEC, "Error Codes", "error-codes")
_API_ERRORS = Citation(DISTRIBUTION_API, "Errors", "errors-2")
_API_3_ERRORS = Citation(DISTRIBUTION_API_3, "Errors", "errors-2")


@dataclass(frozen=True)
class Code:
    """An error code of the JSON error body: its ``meaning``, the ``status`` it comes with, the clause that names it."""

    name: str
    status: int
    meaning: str
    citation: Citation


_ROWS = (
    Code("BLOB_UNKNOWN", 404, "the blob is not in this repository", _ERRORS),
    Code("BLOB_UPLOAD_INVALID", 400, "the upload session cannot go on like this", _ERRORS),
    Code("BLOB_UPLOAD_UNKNOWN", 404, "the upload session is not known: finished, cancelled or purged", _ERRORS),
    Code("DIGEST_INVALID", 400, "the digest is malformed, or it is not that of the bytes", _ERRORS),
    Code("MANIFEST_BLOB_UNKNOWN", 400, "the manifest names a blob that is not in this repository", _ERRORS),
    Code("MANIFEST_INVALID", 400, "the body is not a manifest of the type that was named", _ERRORS),
    Code("MANIFEST_UNKNOWN", 404, "no manifest under this tag or digest in this repository", _ERRORS),
    Code("NAME_INVALID", 400, "the repository name does not fit the grammar", _ERRORS),
    Code("NAME_UNKNOWN", 404, "the repository is not known to the registry", _ERRORS),
    Code("SIZE_INVALID", 400, "a length or a range does not fit the content", _ERRORS),
    Code("UNAUTHORIZED", 401, "the registry wants credentials", _ERRORS),
    Code("DENIED", 403, "these credentials do not permit it", _ERRORS),
    Code("UNSUPPORTED", 405, "this registry does not do that", _ERRORS),
    Code("TOOMANYREQUESTS", 429, "slow down", _ERRORS),
    Code("TAG_INVALID", 400, "the tag does not fit the grammar, or is not the one in the manifest", _API_ERRORS),
    Code("MANIFEST_UNVERIFIED", 400, "the signature of a schema 1 manifest does not hold", _API_ERRORS),
    Code("RANGE_INVALID", 416, "the range does not go on where the upload stands", _API_ERRORS),
    Code("PAGINATION_NUMBER_INVALID", 400, "n is not a number that this registry takes", _API_3_ERRORS),
    Code("UNKNOWN", 500, "the registry failed and says no more; its log may", _API_ERRORS),
)

CODES: Mapping[str, Code] = {row.name: row for row in _ROWS}

STATUSES: Mapping[int, tuple[str, Citation]] = {
    100: ("go on: the head is accepted, send the body", Citation(HTTP, "15.2.1 100 Continue", "section-15.2.1")),
    200: ("done", Citation(HTTP, "15.3.1 200 OK", "section-15.3.1")),
    201: ("created", Citation(HTTP, "15.3.2 201 Created", "section-15.3.2")),
    202: ("accepted", Citation(HTTP, "15.3.3 202 Accepted", "section-15.3.3")),
    204: ("done; there is no body", Citation(HTTP, "15.3.5 204 No Content", "section-15.3.5")),
    206: ("a part of the content", Citation(HTTP, "15.3.7 206 Partial Content", "section-15.3.7")),
    301: ("moved for good: see Location", Citation(HTTP, "15.4.2 301 Moved Permanently", "section-15.4.2")),
    304: ("not modified since the copy that you have", Citation(HTTP, "15.4.5 304 Not Modified", "section-15.4.5")),
    307: ("elsewhere for now: see Location", Citation(HTTP, "15.4.8 307 Temporary Redirect", "section-15.4.8")),
    400: ("refused: the request is not well formed", Citation(HTTP, "15.5.1 400 Bad Request", "section-15.5.1")),
    401: ("refused: credentials are wanted", Citation(HTTP, "15.5.2 401 Unauthorized", "section-15.5.2")),
    403: ("refused: not permitted", Citation(HTTP, "15.5.4 403 Forbidden", "section-15.5.4")),
    404: ("not found", Citation(HTTP, "15.5.5 404 Not Found", "section-15.5.5")),
    405: ("refused: not a method for this path", Citation(HTTP, "15.5.6 405 Method Not Allowed", "section-15.5.6")),
    408: ("the registry waited too long for the body", Citation(HTTP, "15.5.9 408 Request Timeout", "section-15.5.9")),
    411: ("refused: say how long the body is", Citation(HTTP, "15.5.12 411 Length Required", "section-15.5.12")),
    413: ("refused: too large", Citation(HTTP, "15.5.14 413 Content Too Large", "section-15.5.14")),
    415: (
        "refused: a media type it does not take",
        Citation(HTTP, "15.5.16 415 Unsupported Media Type", "section-15.5.16"),
    ),
    416: ("refused: the range does not fit", Citation(HTTP, "15.5.17 416 Range Not Satisfiable", "section-15.5.17")),
    417: ("refused: it does not do Expect", Citation(HTTP, "15.5.18 417 Expectation Failed", "section-15.5.18")),
    429: ("refused for now: too many requests", Citation(DISTRIBUTION_SPEC, "Error Codes", "error-codes")),
    500: (
        "the registry failed; its log may say why",
        Citation(HTTP, "15.6.1 500 Internal Server Error", "section-15.6.1"),
    ),
    502: ("a proxy got no good answer from the registry", Citation(HTTP, "15.6.3 502 Bad Gateway", "section-15.6.3")),
    503: ("not in service now", Citation(HTTP, "15.6.4 503 Service Unavailable", "section-15.6.4")),
    504: ("a proxy waited too long for the registry", Citation(HTTP, "15.6.5 504 Gateway Timeout", "section-15.6.5")),
}


_MISSING = Citation(
    DISTRIBUTION_SPEC, "Checking if content exists in the registry", "checking-if-content-exists-in-the-registry"
)

REQUIRED: Mapping[tuple[str, int], Citation] = {
    ("get_blob", 404): Citation(DISTRIBUTION_SPEC, "Pulling blobs", "pulling-blobs"),
    ("get_manifest", 404): Citation(DISTRIBUTION_SPEC, "Pulling manifests", "pulling-manifests"),
    ("head_blob", 404): _MISSING,
    ("head_manifest", 404): _MISSING,
    ("patch_upload", 416): Citation(DISTRIBUTION_SPEC, "Pushing a blob in chunks", "pushing-a-blob-in-chunks"),
    ("delete_blob", 404): Citation(DISTRIBUTION_SPEC, "Deleting Blobs", "deleting-blobs"),
    ("get_referrers", 400): Citation(DISTRIBUTION_SPEC, "Listing Referrers", "listing-referrers"),
}
"""Refusals that the specification requires where their reason holds (MUST): request and status -> the clause."""


def meaning(step: str, status: int) -> str:
    """What ``status`` says as an answer to the request called ``step``; a sentence fragment, never empty.

    Parameters
    ----------
    step: the name of a row of ``endpoints.ENDPOINTS``; any other name is answered from the general table.
    status: an HTTP status.
    """
    endpoint = BY_NAME.get(step)
    if endpoint is not None and status in endpoint.statuses:
        return endpoint.statuses[status]
    if status in STATUSES:
        return STATUSES[status][0]
    return f"a status that no document names for this request ({status})"
