"""The documented responses: one row for each endpoint and status, and rows for the statuses of any endpoint.

A row says what the status means there, which headers such a response must have, which clause says so, and how strongly.
An endpoint's own row comes before the row for any endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from regtutor.protocol.citations import MAY, MUST, OUTSIDE, Citation, Rule
from regtutor.protocol.clauses import (
    API_CANCELING,
    API_REPOSITORIES,
    CHUNKS,
    DELETING_BLOBS,
    DELETING_MANIFESTS,
    ERROR_CODES,
    EXISTENCE,
    HEAD,
    LISTING_REFERRERS,
    LISTING_TAGS,
    MOUNTING,
    POST_THEN_PUT,
    PULLING_BLOBS,
    PULLING_MANIFESTS,
    PUSHING_MANIFESTS,
    SINGLE_POST,
    SUPPORT,
    http,
)


@dataclass(frozen=True)
class ResponseRow:
    """One status of one endpoint.

    Attributes
    ----------
    endpoint: the name of the endpoint; empty in a row that holds for any.
    status: an HTTP status.
    meaning: what it says there, a few words.
    level: how strongly the documents ask for this response.
    citation: the clause that names it.
    headers: those that such a response must carry.
    condition: where the level holds; empty where it always does.
    """

    endpoint: str
    status: int
    meaning: str
    level: Rule
    citation: Citation
    headers: tuple[str, ...] = ()
    condition: str = ""


def _row(
    endpoint: str,
    status: int,
    level: Rule,
    citation: Citation,
    meaning: str,
    headers: tuple[str, ...] = (),
    condition: str = "",
) -> ResponseRow:
    return ResponseRow(endpoint, status, meaning, level, citation, headers, condition)


# fmt: off
_OF_ONE_ENDPOINT = (
    _row("check_api", 200, MUST, SUPPORT, "a registry that speaks this API, and you may use it"),
    _row("check_api", 401, MAY, SUPPORT, "a registry that speaks this API and wants to know who you are"),
    _row("check_api", 404, MAY, SUPPORT, "nothing here speaks this API"),
    _row("mount_blob", 201, MAY, MOUNTING, "the blob is in this repository now; no byte was sent", ("Location",)),
    _row("mount_blob", 202, MAY, MOUNTING, "not mounted: an upload session was opened instead"),
    _row("mount_blob", 404, MAY, MOUNTING, "the repository is not known to the registry"),
    _row("post_blob", 201, MAY, SINGLE_POST, "the blob is stored under its digest", ("Location",)),
    _row("post_blob", 202, MAY, SINGLE_POST,
         "this registry takes no blob in a single POST: an upload session was opened instead"),
    _row("post_blob", 400, MAY, SINGLE_POST, "refused: the digest is malformed, or it is not that of the bytes"),
    _row("post_blob", 404, MAY, SINGLE_POST, "the repository is not known to the registry"),
    _row("start_upload", 202, MUST, POST_THEN_PUT,
         "an upload session is open; Location says where its bytes go", ("Location",)),
    _row("start_upload", 404, MAY, POST_THEN_PUT, "the repository is not known to the registry"),
    _row("patch_upload", 202, MUST, CHUNKS,
         "the bytes have arrived; Location says where the next ones go, Range which are there", ("Location", "Range")),
    _row("patch_upload", 400, MAY, CHUNKS, "refused: the chunk is not as long as was said"),
    _row("patch_upload", 404, MAY, CHUNKS, "the upload session is not known"),
    _row("patch_upload", 416, MUST, CHUNKS, "refused: not the next bytes; Range says which are there"),
    _row("get_upload", 204, MUST, CHUNKS,
         "the session is open; Location says where the next bytes go, Range which are there", ("Location", "Range")),
    _row("get_upload", 404, MAY, CHUNKS, "the upload session is not known"),
    _row("head_upload", 204, MUST, HEAD,
         "the session is open; Location says where the next bytes go, Range which are there"),
    _row("head_upload", 404, MAY, HEAD, "the upload session is not known"),
    _row("put_blob", 201, MUST, POST_THEN_PUT, "the blob is stored under its digest", ("Location",)),
    _row("put_blob", 400, MAY, POST_THEN_PUT,
         "refused: the digest is missing, malformed or not that of the bytes"),
    _row("put_blob", 404, MAY, POST_THEN_PUT, "the upload session is not known"),
    _row("put_blob", 413, MAY, POST_THEN_PUT, "refused: larger than the registry or a proxy before it accepts"),
    _row("put_blob", 416, MAY, POST_THEN_PUT, "refused: not the last bytes; Range says which are there"),
    _row("cancel_upload", 204, MUST, API_CANCELING, "the upload session and its bytes are gone"),
    _row("cancel_upload", 404, MAY, API_CANCELING, "the upload session is not known"),
    _row("head_blob", 200, MUST, EXISTENCE, "the blob is already in this repository"),
    _row("head_blob", 404, MUST, EXISTENCE, "the blob is not in this repository"),
    _row("get_blob", 200, MUST, PULLING_BLOBS, "the blob's bytes"),
    _row("get_blob", 307, MAY, PULLING_BLOBS, "the blob's bytes are at Location, perhaps on another host"),
    _row("get_blob", 404, MUST, PULLING_BLOBS, "the blob is not in this repository"),
    _row("delete_blob", 202, MUST, DELETING_BLOBS, "the repository does not have the blob any more"),
    _row("delete_blob", 400, MAY, DELETING_BLOBS,
         "refused: the digest is malformed, or deletion is switched off"),
    _row("delete_blob", 404, MUST, DELETING_BLOBS, "the blob is not in this repository"),
    _row("delete_blob", 405, MAY, DELETING_BLOBS, "refused: deletion is switched off"),
    _row("head_manifest", 200, MUST, EXISTENCE, "the manifest is in this repository"),
    _row("head_manifest", 404, MUST, EXISTENCE, "no such tag or digest in this repository"),
    _row("get_manifest", 200, MUST, PULLING_MANIFESTS, "the manifest's bytes, as they were pushed"),
    _row("get_manifest", 404, MUST, PULLING_MANIFESTS,
         "no such tag or digest, or none of the media types in Accept"),
    _row("put_manifest", 201, MUST, PUSHING_MANIFESTS,
         "the manifest is stored, and the tag (if one was given) points to it", ("Location",)),
    _row("put_manifest", 400, MAY, PUSHING_MANIFESTS,
         "refused: not a manifest of the named type, or it names blobs that are not here"),
    _row("put_manifest", 404, MAY, PUSHING_MANIFESTS, "the repository is not known to the registry"),
    _row("put_manifest", 405, MAY, PUSHING_MANIFESTS, "this registry does not take manifests"),
    _row("put_manifest", 413, MAY, PUSHING_MANIFESTS, "refused: larger than the registry accepts"),
    _row("delete_manifest", 202, MUST, DELETING_MANIFESTS,
         "the tag is gone, or the manifest and every tag that points to it"),
    _row("delete_manifest", 400, MAY, DELETING_MANIFESTS,
         "refused: the digest is malformed, or this registry deletes by digest only, or not at all"),
    _row("delete_manifest", 404, MAY, DELETING_MANIFESTS, "no such tag or digest in this repository"),
    _row("delete_manifest", 405, MAY, DELETING_MANIFESTS, "refused: deletion is switched off"),
    _row("list_tags", 200, MUST, LISTING_TAGS, "the repository's tags, or as many of them as were asked for"),
    _row("list_tags", 400, MAY, LISTING_TAGS, "refused: n is not a number that this registry takes"),
    _row("list_tags", 404, MAY, LISTING_TAGS, "the repository is not known to the registry"),
    _row("list_repositories", 200, MUST, API_REPOSITORIES,
         "the registry's repositories, or as many of them as were asked for"),
    _row("list_repositories", 400, MAY, API_REPOSITORIES, "refused: n is not a number that this registry takes"),
    _row("get_referrers", 200, MUST, LISTING_REFERRERS,
         "an index of the manifests that refer to this digest, perhaps an empty one", ("Content-Type",)),
    _row("get_referrers", 400, MUST, LISTING_REFERRERS, "refused: the digest is malformed"),
    _row("get_referrers", 404, MAY, LISTING_REFERRERS,
         "this registry has no referrers API: look under the referrers tag"),
)

_OF_ANY_ENDPOINT = (
    _row("", 100, MAY, http("15.2.1 100 Continue"), "go on: the head is accepted, send the body"),
    _row("", 200, OUTSIDE, http("15.3.1 200 OK"), "done"),
    _row("", 201, OUTSIDE, http("15.3.2 201 Created"), "created"),
    _row("", 202, OUTSIDE, http("15.3.3 202 Accepted"), "accepted"),
    _row("", 204, OUTSIDE, http("15.3.5 204 No Content"), "done; there is no body"),
    _row("", 206, OUTSIDE, http("15.3.7 206 Partial Content"), "a part of the content"),
    _row("", 301, OUTSIDE, http("15.4.2 301 Moved Permanently"), "moved for good: see Location"),
    _row("", 304, OUTSIDE, http("15.4.5 304 Not Modified"), "not modified since the copy that you have"),
    _row("", 307, OUTSIDE, http("15.4.8 307 Temporary Redirect"), "elsewhere for now: see Location"),
    _row("", 400, OUTSIDE, http("15.5.1 400 Bad Request"), "refused: the request is not well formed"),
    _row("", 401, OUTSIDE, http("15.5.2 401 Unauthorized"),
         "refused: credentials are wanted", ("WWW-Authenticate",)),
    _row("", 403, OUTSIDE, http("15.5.4 403 Forbidden"), "refused: not permitted"),
    _row("", 404, OUTSIDE, http("15.5.5 404 Not Found"), "not found"),
    _row("", 405, OUTSIDE, http("15.5.6 405 Method Not Allowed"),
         "refused: not a method for this path", ("Allow",)),
    _row("", 408, OUTSIDE, http("15.5.9 408 Request Timeout"), "the registry waited too long for the body"),
    _row("", 411, OUTSIDE, http("15.5.12 411 Length Required"), "refused: say how long the body is"),
    _row("", 413, OUTSIDE, http("15.5.14 413 Content Too Large"), "refused: too large"),
    _row("", 415, OUTSIDE, http("15.5.16 415 Unsupported Media Type"),
         "refused: a media type it does not take"),
    _row("", 416, OUTSIDE, http("15.5.17 416 Range Not Satisfiable"), "refused: the range does not fit"),
    _row("", 417, OUTSIDE, http("15.5.18 417 Expectation Failed"), "refused: it does not do Expect"),
    _row("", 429, OUTSIDE, ERROR_CODES, "refused for now: too many requests"),
    _row("", 500, OUTSIDE, http("15.6.1 500 Internal Server Error"),
         "the registry failed; its log may say why"),
    _row("", 502, OUTSIDE, http("15.6.3 502 Bad Gateway"), "a proxy got no good answer from the registry"),
    _row("", 503, OUTSIDE, http("15.6.4 503 Service Unavailable"), "not in service now"),
    _row("", 504, OUTSIDE, http("15.6.5 504 Gateway Timeout"), "a proxy waited too long for the registry"),
)
# fmt: on

RESPONSES: tuple[ResponseRow, ...] = (*_OF_ONE_ENDPOINT, *_OF_ANY_ENDPOINT)
"""Every row, those of one endpoint first."""

_ROWS: Mapping[tuple[str, int], ResponseRow] = {(row.endpoint, row.status): row for row in RESPONSES}


def response_row(endpoint: str, status: int) -> ResponseRow | None:
    """The row for ``status`` as a response to ``endpoint``: its own, else that of any endpoint, else None.

    Parameters
    ----------
    endpoint: the name of an endpoint; any other text has only the rows of any endpoint.
    status: an HTTP status.
    """
    return _ROWS.get((endpoint, status)) or _ROWS.get(("", status))


def documented(endpoint: str) -> tuple[int, ...]:
    """The statuses that have a row of ``endpoint`` itself, in the order of the table; empty for an unknown name."""
    return tuple(row.status for row in _OF_ONE_ENDPOINT if row.endpoint == endpoint)


def meaning(endpoint: str, status: int) -> str:
    """What ``status`` says as a response to ``endpoint``; a sentence fragment, never empty.

    Parameters
    ----------
    endpoint: the name of an endpoint; any other text has only the rows of any endpoint.
    status: an HTTP status.
    """
    row = response_row(endpoint, status)
    return row.meaning if row else f"a status that no document names for this request ({status})"


def required_headers(endpoint: str, status: int) -> Mapping[str, Citation]:
    """The headers that a response must carry, in lower case, each with the clause that requires it.

    Parameters
    ----------
    endpoint: the name of an endpoint.
    status: that of the response.
    """
    rows = (_ROWS.get(("", status)), _ROWS.get((endpoint, status)))
    return {name.lower(): row.citation for row in rows if row for name in row.headers}
