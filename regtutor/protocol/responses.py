"""The documented responses: one row for each endpoint and status, and rows for the statuses of any endpoint.

A row says what the status means there, which headers such a response must have, which clause says so, and how strongly.
An endpoint's own row comes before the row for any endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from regtutor.protocol.citations import MAY, MUST, OUTSIDE, SHOULD, Citation, Rule
from regtutor.protocol.clauses import (
    ACCESS_CLAUSES,
    API_3_CATALOG_PAGES,
    API_3_TAG_PAGES,
    API_PULLING_A_LAYER,
    API_REPOSITORIES,
    CHUNKS,
    DELETE_UPLOAD,
    DELETING_BLOBS,
    DELETING_MANIFESTS,
    DELETING_TAGS,
    ENDPOINT_TABLE,
    EXISTENCE,
    FETCH_BLOB,
    FETCH_BLOB_PART,
    GET_MANIFEST,
    GET_UPLOAD,
    LISTING_REFERRERS,
    LISTING_TAGS,
    MONOLITHIC_POST,
    MOUNT_BLOB,
    MOUNTING,
    PATCH_UPLOAD,
    POST_THEN_PUT,
    PULLING_BLOBS,
    PULLING_MANIFESTS,
    PUSHING_MANIFESTS,
    PUT_MANIFEST,
    RESUMABLE_POST,
    SINGLE_POST,
    SUPPORT,
    TOO_MANY_REQUESTS,
    api,
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


_CREDENTIALS = "refused: credentials are wanted"
_FORBIDDEN = "refused: not permitted"
_TOO_MANY = "refused for now: too many requests"
_NO_DELETION = "if deletion is switched off"

# fmt: off
_OF_ONE_ENDPOINT = (
    _row("check_api", 200, MAY, SUPPORT, "a registry that speaks this API; it may still ask for credentials later"),
    _row("check_api", 401, MAY, ENDPOINT_TABLE, "a registry that speaks this API, and it wants credentials"),
    _row("check_api", 404, MAY, ENDPOINT_TABLE, "nothing here speaks this API"),
    _row("mount_blob", 201, MUST, MOUNTING, "the blob is in this repository now; no byte was sent", ("Location",)),
    _row("mount_blob", 202, SHOULD, MOUNTING, "not mounted: an upload session was opened instead",
         condition="if the registry does not mount the blob"),
    _row("mount_blob", 400, MAY, MOUNT_BLOB, "refused: the repository's name or the digest is malformed"),
    _row("mount_blob", 404, MAY, ENDPOINT_TABLE, "the repository is not known to the registry"),
    _row("mount_blob", 405, MAY, MOUNT_BLOB, "refused: this registry takes no uploads, such as a mirror"),
    _row("post_blob", 201, MUST, SINGLE_POST, "the blob is stored under its digest", ("Location",)),
    _row("post_blob", 202, SHOULD, SINGLE_POST,
         "this registry takes no blob in a single POST: an upload session was opened instead",
         condition="if the registry does not support a single POST"),
    _row("post_blob", 400, MAY, ENDPOINT_TABLE, "refused: the digest is malformed, or it is not that of the bytes"),
    _row("post_blob", 404, MAY, ENDPOINT_TABLE, "the repository is not known to the registry"),
    _row("post_blob", 405, MAY, MONOLITHIC_POST, "refused: this registry takes no uploads, such as a mirror"),
    _row("start_upload", 202, MUST, POST_THEN_PUT,
         "an upload session is open; Location says where its bytes go", ("Location",)),
    _row("start_upload", 400, MAY, RESUMABLE_POST, "refused: the repository's name is malformed"),
    _row("start_upload", 404, MAY, ENDPOINT_TABLE, "the repository is not known to the registry"),
    _row("patch_upload", 202, MUST, CHUNKS,
         "the bytes have arrived; Location says where the next ones go, Range which are there", ("Location", "Range")),
    _row("patch_upload", 400, MAY, PATCH_UPLOAD, "refused: the chunk is not as long as its headers say"),
    _row("patch_upload", 404, MAY, ENDPOINT_TABLE, "the upload session is not known"),
    _row("patch_upload", 416, MUST, CHUNKS,
         "refused: not the next bytes; a GET of the session's Location says which are there",
         condition="if the chunk is out of order"),
    _row("get_upload", 204, MUST, CHUNKS,
         "the session is open; Location says where the next bytes go, Range which are there", ("Location", "Range")),
    _row("get_upload", 400, MAY, GET_UPLOAD, "refused: the request is malformed, or the session is broken"),
    _row("get_upload", 404, MAY, ENDPOINT_TABLE, "the upload session is not known"),
    _row("head_upload", 204, OUTSIDE, http("15.3.5 204 No Content"),
         "the session is open; Location says where the next bytes go, Range which are there"),
    _row("head_upload", 404, OUTSIDE, http("15.5.5 404 Not Found"), "the upload session is not known"),
    _row("put_blob", 201, MUST, POST_THEN_PUT, "the blob is stored under its digest", ("Location",)),
    _row("put_blob", 400, MAY, ENDPOINT_TABLE, "refused: the digest is missing, malformed or not that of the bytes"),
    _row("put_blob", 404, MAY, ENDPOINT_TABLE, "the upload session is not known"),
    _row("put_blob", 413, OUTSIDE, http("15.5.14 413 Content Too Large"),
         "refused: larger than the registry or a proxy before it accepts"),
    _row("put_blob", 416, MUST, CHUNKS,
         "refused: not the last bytes; a GET of the session's Location says which are there",
         condition="if its body is a chunk that is out of order"),
    _row("cancel_upload", 204, MAY, DELETE_UPLOAD, "the upload session and its bytes are gone"),
    _row("cancel_upload", 400, MAY, DELETE_UPLOAD, "refused: the request is malformed, or the session is broken"),
    _row("cancel_upload", 404, MAY, DELETE_UPLOAD, "the upload session is not known"),
    _row("head_blob", 200, MUST, EXISTENCE, "the blob is already in this repository"),
    _row("head_blob", 404, MUST, EXISTENCE, "the blob is not in this repository"),
    _row("get_blob", 200, MUST, PULLING_BLOBS, "the blob's bytes"),
    _row("get_blob", 206, MAY, FETCH_BLOB_PART, "the part of the blob's bytes that Range asked for"),
    _row("get_blob", 302, MAY, API_PULLING_A_LAYER, "the blob's bytes are at Location, perhaps on another host"),
    _row("get_blob", 307, MAY, API_PULLING_A_LAYER, "the blob's bytes are at Location, perhaps on another host"),
    _row("get_blob", 400, MAY, FETCH_BLOB, "refused: the repository's name or the digest is malformed"),
    _row("get_blob", 404, MUST, PULLING_BLOBS, "the blob is not in this repository"),
    _row("get_blob", 416, MAY, FETCH_BLOB_PART, "refused: the blob has no bytes in the range that was asked for"),
    _row("delete_blob", 202, MUST, DELETING_BLOBS, "the repository does not have the blob any more"),
    _row("delete_blob", 400, MUST, DELETING_BLOBS, "refused: the digest is malformed, or deletion is switched off",
         condition=f"{_NO_DELETION} (400 or 405)"),
    _row("delete_blob", 404, MUST, DELETING_BLOBS, "the blob is not in this repository"),
    _row("delete_blob", 405, MUST, DELETING_BLOBS, "refused: deletion is switched off",
         condition=f"{_NO_DELETION} (400 or 405)"),
    _row("head_manifest", 200, MUST, EXISTENCE, "the manifest is in this repository"),
    _row("head_manifest", 404, MUST, EXISTENCE, "no such tag or digest in this repository"),
    _row("get_manifest", 200, MUST, PULLING_MANIFESTS, "the manifest's bytes, as they were pushed"),
    _row("get_manifest", 400, MAY, GET_MANIFEST, "refused: the repository's name, the tag or the digest is malformed"),
    _row("get_manifest", 404, MUST, PULLING_MANIFESTS, "no such tag or digest in this repository"),
    _row("put_manifest", 201, MUST, PUSHING_MANIFESTS,
         "the manifest is stored, and the tag (if one was given) points to it", ("Location",)),
    _row("put_manifest", 400, MAY, PUT_MANIFEST,
         "refused: not a manifest of the named type, or it names content that is not here"),
    _row("put_manifest", 404, MAY, ENDPOINT_TABLE, "the repository is not known to the registry"),
    _row("put_manifest", 405, MAY, PUT_MANIFEST, "this registry does not take manifests"),
    _row("put_manifest", 413, SHOULD, PUSHING_MANIFESTS, "refused: larger than the registry accepts",
         condition="if the registry limits the size of a manifest"),
    _row("delete_manifest", 202, MUST, DELETING_MANIFESTS,
         "the tag is gone, or the manifest and every tag that points to it"),
    _row("delete_manifest", 400, MUST, DELETING_TAGS,
         "refused: the digest is malformed, or this registry deletes by digest only, or not at all",
         condition=f"{_NO_DELETION} (400 or 405)"),
    _row("delete_manifest", 404, MUST, DELETING_MANIFESTS, "no such tag or digest in this repository",
         condition="if the repository does not exist"),
    _row("delete_manifest", 405, MUST, DELETING_TAGS, "refused: deletion is switched off",
         condition=f"{_NO_DELETION} (400 or 405)"),
    _row("list_tags", 200, MUST, LISTING_TAGS, "the repository's tags, or as many of them as were asked for"),
    _row("list_tags", 400, MAY, API_3_TAG_PAGES, "refused: n is not a number that this registry takes"),
    _row("list_tags", 404, MAY, ENDPOINT_TABLE, "the repository is not known to the registry"),
    _row("list_repositories", 200, MAY, API_REPOSITORIES,
         "the registry's repositories, or as many of them as were asked for"),
    _row("list_repositories", 400, MAY, API_3_CATALOG_PAGES, "refused: n is not a number that this registry takes"),
    _row("get_referrers", 200, MUST, LISTING_REFERRERS,
         "an index of the manifests that refer to this digest, perhaps an empty one", ("Content-Type",)),
    _row("get_referrers", 400, MUST, LISTING_REFERRERS, "refused: the digest is malformed"),
    _row("get_referrers", 404, MAY, ENDPOINT_TABLE,
         "this registry has no referrers API: look under the referrers tag"),
)

_OF_ANY_ENDPOINT = (
    _row("", 100, OUTSIDE, http("15.2.1 100 Continue"), "go on: the head is accepted, send the body"),
    _row("", 200, OUTSIDE, http("15.3.1 200 OK"), "done"),
    _row("", 201, OUTSIDE, http("15.3.2 201 Created"), "created"),
    _row("", 202, OUTSIDE, http("15.3.3 202 Accepted"), "accepted"),
    _row("", 204, OUTSIDE, http("15.3.5 204 No Content"), "done; there is no body"),
    _row("", 206, OUTSIDE, http("15.3.7 206 Partial Content"), "a part of the content"),
    _row("", 301, OUTSIDE, http("15.4.2 301 Moved Permanently"), "moved for good: see Location"),
    _row("", 302, OUTSIDE, http("15.4.3 302 Found"), "elsewhere for now: see Location"),
    _row("", 304, OUTSIDE, http("15.4.5 304 Not Modified"), "not modified since the copy that you have"),
    _row("", 307, OUTSIDE, http("15.4.8 307 Temporary Redirect"), "elsewhere for now: see Location"),
    _row("", 308, OUTSIDE, http("15.4.9 308 Permanent Redirect"), "moved for good: see Location"),
    _row("", 400, OUTSIDE, http("15.5.1 400 Bad Request"), "refused: the request is malformed"),
    _row("", 401, OUTSIDE, http("15.5.2 401 Unauthorized"), _CREDENTIALS, ("WWW-Authenticate",)),
    _row("", 403, OUTSIDE, http("15.5.4 403 Forbidden"), _FORBIDDEN),
    _row("", 404, OUTSIDE, http("15.5.5 404 Not Found"), "not found"),
    _row("", 405, OUTSIDE, http("15.5.6 405 Method Not Allowed"), "refused: not a method for this path", ("Allow",)),
    _row("", 408, OUTSIDE, http("15.5.9 408 Request Timeout"), "the registry waited too long for the body"),
    _row("", 411, OUTSIDE, http("15.5.12 411 Length Required"), "refused: say how long the body is"),
    _row("", 413, OUTSIDE, http("15.5.14 413 Content Too Large"), "refused: too large"),
    _row("", 415, OUTSIDE, http("15.5.16 415 Unsupported Media Type"), "refused: a media type it does not take"),
    _row("", 416, OUTSIDE, http("15.5.17 416 Range Not Satisfiable"), "refused: the range does not fit"),
    _row("", 417, OUTSIDE, http("15.5.18 417 Expectation Failed"), "refused: it does not do Expect"),
    _row("", 429, OUTSIDE, TOO_MANY_REQUESTS, _TOO_MANY),
    _row("", 500, OUTSIDE, http("15.6.1 500 Internal Server Error"), "the registry failed; its log may say why"),
    _row("", 502, OUTSIDE, http("15.6.3 502 Bad Gateway"), "a proxy got no good answer from the registry"),
    _row("", 503, OUTSIDE, http("15.6.4 503 Service Unavailable"), "not in service now"),
    _row("", 504, OUTSIDE, http("15.6.5 504 Gateway Timeout"), "a proxy waited too long for the registry"),
)
# fmt: on

_ACCESS = (
    _row("check_api", 429, MAY, api("GET Base"), _TOO_MANY),
    *(
        _row(endpoint, status, MAY, clause, said)
        for endpoint, clause in ACCESS_CLAUSES.items()
        for status, said in {401: _CREDENTIALS, 403: _FORBIDDEN, 429: _TOO_MANY}.items()
    ),
)
"""What Distribution's API document lists for nearly every endpoint."""

RESPONSES: tuple[ResponseRow, ...] = (*_OF_ONE_ENDPOINT, *_ACCESS, *_OF_ANY_ENDPOINT)
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
    """The statuses of ``endpoint``, in the order of the table, but for those of nearly every endpoint (401, 403, 429).

    Empty for an unknown name.
    """
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
