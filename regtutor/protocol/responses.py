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
    OAUTH2_ERRORS,
    PATCH_UPLOAD,
    POST_THEN_PUT,
    PULLING_BLOBS,
    PULLING_MANIFESTS,
    PUSHING_MANIFESTS,
    PUT_MANIFEST,
    RESUMABLE_POST,
    SINGLE_POST,
    SUPPORT,
    TOKEN_EXAMPLE,
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
    level: how strongly the documents ask for this response.
    citation: the clause that names it.
    meaning: what it says there, a few words.
    headers: those that such a response must carry.
    condition: where the level holds; empty where it always does.
    """

    endpoint: str
    status: int
    level: Rule
    citation: Citation
    meaning: str
    headers: tuple[str, ...] = ()
    condition: str = ""


_CREDENTIALS = "refused: credentials are wanted"
_FORBIDDEN = "refused: not permitted"
_TOO_MANY = "refused for now: too many requests"
_NO_DELETION = "if deletion is switched off"

# fmt: off
_OF_ONE_ENDPOINT = (
    ResponseRow("check_api", 200, MAY, SUPPORT,
                "a registry that speaks this API; it may still ask for credentials later"),
    ResponseRow("check_api", 401, MAY, ENDPOINT_TABLE, "a registry that speaks this API, and it wants credentials"),
    ResponseRow("check_api", 404, MAY, ENDPOINT_TABLE, "nothing here speaks this API"),
    ResponseRow("mount_blob", 201, MUST, MOUNTING,
                "the blob is in this repository now; no byte was sent", ("Location",)),
    ResponseRow("mount_blob", 202, SHOULD, MOUNTING, "not mounted: an upload session was opened instead",
                condition="if the registry does not mount the blob"),
    ResponseRow("mount_blob", 400, MAY, MOUNT_BLOB, "refused: the repository's name or the digest is malformed"),
    ResponseRow("mount_blob", 404, MAY, ENDPOINT_TABLE, "the repository is not known to the registry"),
    ResponseRow("mount_blob", 405, MAY, MOUNT_BLOB, "refused: this registry takes no uploads, such as a mirror"),
    ResponseRow("post_blob", 201, MUST, SINGLE_POST, "the blob is stored under its digest", ("Location",)),
    ResponseRow("post_blob", 202, SHOULD, SINGLE_POST,
                "this registry takes no blob in a single POST: an upload session was opened instead",
                condition="if the registry does not support a single POST"),
    ResponseRow("post_blob", 400, MAY, ENDPOINT_TABLE,
                "refused: the digest is malformed, or it is not that of the bytes"),
    ResponseRow("post_blob", 404, MAY, ENDPOINT_TABLE, "the repository is not known to the registry"),
    ResponseRow("post_blob", 405, MAY, MONOLITHIC_POST, "refused: this registry takes no uploads, such as a mirror"),
    ResponseRow("start_upload", 202, MUST, POST_THEN_PUT,
                "an upload session is open; Location says where its bytes go", ("Location",)),
    ResponseRow("start_upload", 400, MAY, RESUMABLE_POST, "refused: the repository's name is malformed"),
    ResponseRow("start_upload", 404, MAY, ENDPOINT_TABLE, "the repository is not known to the registry"),
    ResponseRow("patch_upload", 202, MUST, CHUNKS,
                "the bytes have arrived; Location says where the next ones go, Range which are there",
                ("Location", "Range")),
    ResponseRow("patch_upload", 400, MAY, PATCH_UPLOAD, "refused: the chunk is not as long as its headers say"),
    ResponseRow("patch_upload", 404, MAY, ENDPOINT_TABLE, "the upload session is not known"),
    ResponseRow("patch_upload", 416, MUST, CHUNKS,
                "refused: not the next bytes; a GET of the session's Location says which are there",
                condition="if the chunk is out of order"),
    ResponseRow("get_upload", 204, MUST, CHUNKS,
                "the session is open; Location says where the next bytes go, Range which are there",
                ("Location", "Range")),
    ResponseRow("get_upload", 400, MAY, GET_UPLOAD, "refused: the request is malformed, or the session is broken"),
    ResponseRow("get_upload", 404, MAY, ENDPOINT_TABLE, "the upload session is not known"),
    ResponseRow("head_upload", 204, OUTSIDE, http("15.3.5 204 No Content"),
                "the session is open; Location says where the next bytes go, Range which are there"),
    ResponseRow("head_upload", 404, OUTSIDE, http("15.5.5 404 Not Found"), "the upload session is not known"),
    ResponseRow("put_blob", 201, MUST, POST_THEN_PUT, "the blob is stored under its digest", ("Location",)),
    ResponseRow("put_blob", 400, MAY, ENDPOINT_TABLE,
                "refused: the digest is missing, malformed or not that of the bytes"),
    ResponseRow("put_blob", 404, MAY, ENDPOINT_TABLE, "the upload session is not known"),
    ResponseRow("put_blob", 413, OUTSIDE, http("15.5.14 413 Content Too Large"),
                "refused: larger than the registry or a proxy before it accepts"),
    ResponseRow("put_blob", 416, MUST, CHUNKS,
                "refused: not the last bytes; a GET of the session's Location says which are there",
                condition="if its body is a chunk that is out of order"),
    ResponseRow("cancel_upload", 204, MAY, DELETE_UPLOAD, "the upload session and its bytes are gone"),
    ResponseRow("cancel_upload", 400, MAY, DELETE_UPLOAD,
                "refused: the request is malformed, or the session is broken"),
    ResponseRow("cancel_upload", 404, MAY, DELETE_UPLOAD, "the upload session is not known"),
    ResponseRow("head_blob", 200, MUST, EXISTENCE, "the blob is already in this repository"),
    ResponseRow("head_blob", 404, MUST, EXISTENCE, "the blob is not in this repository"),
    ResponseRow("get_blob", 200, MUST, PULLING_BLOBS, "the blob's bytes"),
    ResponseRow("get_blob", 206, MAY, FETCH_BLOB_PART, "the part of the blob's bytes that Range asked for"),
    ResponseRow("get_blob", 302, MAY, API_PULLING_A_LAYER, "the blob's bytes are at Location, perhaps on another host"),
    ResponseRow("get_blob", 307, MAY, API_PULLING_A_LAYER, "the blob's bytes are at Location, perhaps on another host"),
    ResponseRow("get_blob", 400, MAY, FETCH_BLOB, "refused: the repository's name or the digest is malformed"),
    ResponseRow("get_blob", 404, MUST, PULLING_BLOBS, "the blob is not in this repository"),
    ResponseRow("get_blob", 416, MAY, FETCH_BLOB_PART,
                "refused: the blob has no bytes in the range that was asked for"),
    ResponseRow("delete_blob", 202, MUST, DELETING_BLOBS, "the repository does not have the blob any more"),
    ResponseRow("delete_blob", 400, MUST, DELETING_BLOBS,
                "refused: the digest is malformed, or deletion is switched off",
                condition=f"{_NO_DELETION} (400 or 405)"),
    ResponseRow("delete_blob", 404, MUST, DELETING_BLOBS, "the blob is not in this repository"),
    ResponseRow("delete_blob", 405, MUST, DELETING_BLOBS, "refused: deletion is switched off",
                condition=f"{_NO_DELETION} (400 or 405)"),
    ResponseRow("head_manifest", 200, MUST, EXISTENCE, "the manifest is in this repository"),
    ResponseRow("head_manifest", 404, MUST, EXISTENCE, "no such tag or digest in this repository"),
    ResponseRow("get_manifest", 200, MUST, PULLING_MANIFESTS, "the manifest's bytes, as they were pushed"),
    ResponseRow("get_manifest", 400, MAY, GET_MANIFEST,
                "refused: the repository's name, the tag or the digest is malformed"),
    ResponseRow("get_manifest", 404, MUST, PULLING_MANIFESTS, "no such tag or digest in this repository"),
    ResponseRow("put_manifest", 201, MUST, PUSHING_MANIFESTS,
                "the manifest is stored, and the tag (if one was given) points to it", ("Location",)),
    ResponseRow("put_manifest", 400, MAY, PUT_MANIFEST,
                "refused: not a manifest of the named type, or it names content that is not here"),
    ResponseRow("put_manifest", 404, MAY, ENDPOINT_TABLE, "the repository is not known to the registry"),
    ResponseRow("put_manifest", 405, MAY, PUT_MANIFEST, "this registry does not take manifests"),
    ResponseRow("put_manifest", 413, SHOULD, PUSHING_MANIFESTS, "refused: larger than the registry accepts",
                condition="if the registry limits the size of a manifest"),
    ResponseRow("delete_manifest", 202, MUST, DELETING_MANIFESTS,
                "the tag is gone, or the manifest and every tag that points to it"),
    ResponseRow("delete_manifest", 400, MUST, DELETING_TAGS,
                "refused: the digest is malformed, or this registry deletes by digest only, or not at all",
                condition=f"{_NO_DELETION} (400 or 405)"),
    ResponseRow("delete_manifest", 404, MUST, DELETING_MANIFESTS, "no such tag or digest in this repository",
                condition="if the repository does not exist"),
    ResponseRow("delete_manifest", 405, MUST, DELETING_TAGS, "refused: deletion is switched off",
                condition=f"{_NO_DELETION} (400 or 405)"),
    ResponseRow("list_tags", 200, MUST, LISTING_TAGS, "the repository's tags, or as many of them as were asked for"),
    ResponseRow("list_tags", 400, MAY, API_3_TAG_PAGES, "refused: n is not a number that this registry takes"),
    ResponseRow("list_tags", 404, MAY, ENDPOINT_TABLE, "the repository is not known to the registry"),
    ResponseRow("list_repositories", 200, MAY, API_REPOSITORIES,
                "the registry's repositories, or as many of them as were asked for"),
    ResponseRow("list_repositories", 400, MAY, API_3_CATALOG_PAGES,
                "refused: n is not a number that this registry takes"),
    ResponseRow("get_referrers", 200, MUST, LISTING_REFERRERS,
                "an index of the manifests that refer to this digest, perhaps an empty one", ("Content-Type",)),
    ResponseRow("get_referrers", 400, MUST, LISTING_REFERRERS, "refused: the digest is malformed"),
    ResponseRow("get_referrers", 404, MAY, ENDPOINT_TABLE,
                "this registry has no referrers API: look under the referrers tag"),
    ResponseRow("request_token", 200, MAY, TOKEN_EXAMPLE,
                "a token, which may grant less than was requested; the registry decides by what it grants"),
    ResponseRow("request_token", 400, OUTSIDE, OAUTH2_ERRORS,
                "refused: the request is malformed, or its grant or scope is not accepted"),
    ResponseRow("request_token", 401, MAY, TOKEN_EXAMPLE,
                "refused: the token server does not accept this user name and password"),
    ResponseRow("request_token", 403, OUTSIDE, http("15.5.4 403 Forbidden"),
                "refused: the token server does not permit it"),
)

_OF_ANY_ENDPOINT = (
    ResponseRow("", 100, OUTSIDE, http("15.2.1 100 Continue"), "go on: the head is accepted, send the body"),
    ResponseRow("", 200, OUTSIDE, http("15.3.1 200 OK"), "done"),
    ResponseRow("", 201, OUTSIDE, http("15.3.2 201 Created"), "created"),
    ResponseRow("", 202, OUTSIDE, http("15.3.3 202 Accepted"), "accepted"),
    ResponseRow("", 204, OUTSIDE, http("15.3.5 204 No Content"), "done; there is no body"),
    ResponseRow("", 206, OUTSIDE, http("15.3.7 206 Partial Content"), "a part of the content"),
    ResponseRow("", 301, OUTSIDE, http("15.4.2 301 Moved Permanently"), "moved for good: see Location"),
    ResponseRow("", 302, OUTSIDE, http("15.4.3 302 Found"), "elsewhere for now: see Location"),
    ResponseRow("", 304, OUTSIDE, http("15.4.5 304 Not Modified"), "not modified since the copy that you have"),
    ResponseRow("", 307, OUTSIDE, http("15.4.8 307 Temporary Redirect"), "elsewhere for now: see Location"),
    ResponseRow("", 308, OUTSIDE, http("15.4.9 308 Permanent Redirect"), "moved for good: see Location"),
    ResponseRow("", 400, OUTSIDE, http("15.5.1 400 Bad Request"), "refused: the request is malformed"),
    ResponseRow("", 401, OUTSIDE, http("15.5.2 401 Unauthorized"), _CREDENTIALS, ("WWW-Authenticate",)),
    ResponseRow("", 403, OUTSIDE, http("15.5.4 403 Forbidden"), _FORBIDDEN),
    ResponseRow("", 404, OUTSIDE, http("15.5.5 404 Not Found"), "not found"),
    ResponseRow("", 405, OUTSIDE, http("15.5.6 405 Method Not Allowed"),
                "refused: not a method for this path", ("Allow",)),
    ResponseRow("", 408, OUTSIDE, http("15.5.9 408 Request Timeout"), "the registry waited too long for the body"),
    ResponseRow("", 411, OUTSIDE, http("15.5.12 411 Length Required"), "refused: say how long the body is"),
    ResponseRow("", 413, OUTSIDE, http("15.5.14 413 Content Too Large"), "refused: too large"),
    ResponseRow("", 415, OUTSIDE, http("15.5.16 415 Unsupported Media Type"), "refused: a media type it does not take"),
    ResponseRow("", 416, OUTSIDE, http("15.5.17 416 Range Not Satisfiable"), "refused: the range does not fit"),
    ResponseRow("", 417, OUTSIDE, http("15.5.18 417 Expectation Failed"), "refused: it does not do Expect"),
    ResponseRow("", 429, OUTSIDE, TOO_MANY_REQUESTS, _TOO_MANY),
    ResponseRow("", 500, OUTSIDE, http("15.6.1 500 Internal Server Error"), "the registry failed; its log may say why"),
    ResponseRow("", 502, OUTSIDE, http("15.6.3 502 Bad Gateway"), "a proxy got no good answer from the registry"),
    ResponseRow("", 503, OUTSIDE, http("15.6.4 503 Service Unavailable"), "not in service now"),
    ResponseRow("", 504, OUTSIDE, http("15.6.5 504 Gateway Timeout"), "a proxy waited too long for the registry"),
)
# fmt: on

_ACCESS = (
    ResponseRow("check_api", 429, MAY, api("GET Base"), _TOO_MANY),
    *(
        ResponseRow(endpoint, status, MAY, clause, said)
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
