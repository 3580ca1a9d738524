"""The documented responses: one row for each endpoint and status, and rows for the statuses of any endpoint.

A row has the meaning of the status, the headers that such a response must have, the clause that names it, and the level
of that clause. An endpoint's own row takes precedence over the row for any endpoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from regtutor.protocol.cases import Case
from regtutor.protocol.citations import MAY, MUST, OUTSIDE, SHOULD, Citation, Level
from regtutor.protocol.clauses import (
    ACCESS_CLAUSES,
    API_3_CATALOG_PAGES,
    API_3_TAG_PAGES,
    API_PULLING_A_LAYER,
    API_REPOSITORIES,
    CHUNKS,
    DELETE_MANIFEST,
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
    HEAD_TOO_LARGE,
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
from regtutor.protocol.refusals import refusal_row


@dataclass(frozen=True)
class ResponseRow:
    """One status of one endpoint.

    Attributes
    ----------
    endpoint: the name of the endpoint; empty in a row for any endpoint.
    status: an HTTP status.
    level: how strongly the documents require this response.
    citation: the clause that names it.
    meaning: the meaning of the status for this endpoint, in a few words.
    headers: the headers that such a response must carry.
    condition: when the level applies; empty if it always does.
    case: the kind of request that the row is for; empty for every kind without a row of its own.
    """

    endpoint: str
    status: int
    level: Level
    citation: Citation
    meaning: str
    headers: tuple[str, ...] = ()
    condition: str = ""
    case: Case = ""


_CREDENTIALS = "refused: credentials are required"
_FORBIDDEN = "refused: not permitted"
_TOO_MANY = "refused for now: too many requests"
_NO_DELETION = "if deletion is switched off (400 or 405)"
_NO_TAG_DELETION = "if tag deletion is switched off (400 or 405)"

# fmt: off
_OF_ONE_ENDPOINT = (
    ResponseRow("check_api", 200, MAY, SUPPORT,
                "this registry speaks the API; it may still require credentials later"),
    ResponseRow("check_api", 401, MAY, ENDPOINT_TABLE, "this registry speaks the API and requires credentials"),
    ResponseRow("check_api", 404, MAY, ENDPOINT_TABLE, "nothing at this address speaks the API"),
    ResponseRow("mount_blob", 201, MUST, MOUNTING,
                "the blob is now in this repository; no byte was sent", ("Location",)),
    ResponseRow("mount_blob", 202, SHOULD, MOUNTING, "not mounted: an upload session was opened instead",
                condition="if the registry does not mount the blob"),
    ResponseRow("mount_blob", 400, MAY, MOUNT_BLOB, "refused: the repository's name or the digest is malformed"),
    ResponseRow("mount_blob", 404, MAY, ENDPOINT_TABLE, "the repository is not known to the registry"),
    ResponseRow("mount_blob", 405, MAY, MOUNT_BLOB, "refused: this registry, such as a mirror, accepts no uploads"),
    ResponseRow("post_blob", 201, MUST, SINGLE_POST, "the blob is stored under its digest", ("Location",)),
    ResponseRow("post_blob", 202, SHOULD, SINGLE_POST,
                "not stored: this registry accepts no blob in a single POST and opened an upload session instead",
                condition="if the registry does not support a single POST"),
    ResponseRow("post_blob", 400, MAY, ENDPOINT_TABLE,
                "refused: the digest is malformed, or does not match the bytes"),
    ResponseRow("post_blob", 404, MAY, ENDPOINT_TABLE, "the repository is not known to the registry"),
    ResponseRow("post_blob", 405, MAY, MONOLITHIC_POST, "refused: this registry, such as a mirror, accepts no uploads"),
    ResponseRow("start_upload", 202, MUST, POST_THEN_PUT,
                "an upload session is open; Location says where its bytes go", ("Location",)),
    ResponseRow("start_upload", 400, MAY, RESUMABLE_POST, "refused: the repository's name is malformed"),
    ResponseRow("start_upload", 404, MAY, ENDPOINT_TABLE, "the repository is not known to the registry"),
    ResponseRow("patch_upload", 202, MUST, CHUNKS,
                "the bytes were received; Location is the address for the next bytes; Range says which bytes the "
                "session holds",
                ("Location", "Range")),
    ResponseRow("patch_upload", 400, MAY, PATCH_UPLOAD, "refused: the length of the chunk does not match its headers"),
    ResponseRow("patch_upload", 404, MAY, ENDPOINT_TABLE, "the upload session is not known to the registry"),
    ResponseRow("patch_upload", 416, MUST, CHUNKS,
                "refused: the chunk is out of order; GET the session's Location to see which bytes it holds",
                condition="if the chunk is out of order"),
    ResponseRow("get_upload", 204, MUST, CHUNKS,
                "the session is open; Location is the address for the next bytes; Range says which bytes it holds",
                ("Location", "Range")),
    ResponseRow("get_upload", 400, MAY, GET_UPLOAD, "refused: the request is malformed, or the session is broken"),
    ResponseRow("get_upload", 404, MAY, ENDPOINT_TABLE, "the upload session is not known to the registry"),
    ResponseRow("head_upload", 204, OUTSIDE, http("15.3.5 204 No Content"),
                "the session is open; Location is the address for the next bytes; Range says which bytes it holds"),
    ResponseRow("head_upload", 404, OUTSIDE, http("15.5.5 404 Not Found"),
                "the upload session is not known to the registry"),
    ResponseRow("put_blob", 201, MUST, POST_THEN_PUT, "the blob is stored under its digest", ("Location",)),
    ResponseRow("put_blob", 400, MAY, ENDPOINT_TABLE,
                "refused: the digest is missing, malformed, or does not match the bytes"),
    ResponseRow("put_blob", 404, MAY, ENDPOINT_TABLE, "the upload session is not known to the registry"),
    ResponseRow("put_blob", 413, OUTSIDE, http("15.5.14 413 Content Too Large"),
                "refused: larger than the registry, or a proxy in front of it, accepts"),
    ResponseRow("put_blob", 416, MUST, CHUNKS,
                "refused: the body is out of order; GET the session's Location to see which bytes it holds",
                condition="if its body is a chunk that is out of order"),
    ResponseRow("cancel_upload", 204, MAY, DELETE_UPLOAD, "the upload session and its bytes are deleted"),
    ResponseRow("cancel_upload", 400, MAY, DELETE_UPLOAD,
                "refused: the request is malformed, or the session is broken"),
    ResponseRow("cancel_upload", 404, MAY, DELETE_UPLOAD, "the upload session is not known to the registry"),
    ResponseRow("head_blob", 200, MUST, EXISTENCE, "the blob is already in this repository"),
    ResponseRow("head_blob", 404, MUST, EXISTENCE, "the blob is not in this repository"),
    ResponseRow("get_blob", 200, MUST, PULLING_BLOBS, "the blob's bytes"),
    ResponseRow("get_blob", 206, MAY, FETCH_BLOB_PART, "the part of the blob that Range requested"),
    ResponseRow("get_blob", 302, MAY, API_PULLING_A_LAYER, "the blob's bytes are at Location, perhaps on another host"),
    ResponseRow("get_blob", 307, MAY, API_PULLING_A_LAYER, "the blob's bytes are at Location, perhaps on another host"),
    ResponseRow("get_blob", 400, MAY, FETCH_BLOB, "refused: the repository's name or the digest is malformed"),
    ResponseRow("get_blob", 404, MUST, PULLING_BLOBS, "the blob is not in this repository"),
    ResponseRow("get_blob", 416, MAY, FETCH_BLOB_PART,
                "refused: the blob has no bytes in the requested range"),
    ResponseRow("delete_blob", 202, MUST, DELETING_BLOBS, "the blob is no longer in this repository"),
    ResponseRow("delete_blob", 400, MUST, DELETING_BLOBS,
                "refused: the digest is malformed, or deletion is switched off",
                condition=_NO_DELETION),
    ResponseRow("delete_blob", 404, MUST, DELETING_BLOBS, "the blob is not in this repository"),
    ResponseRow("delete_blob", 405, MUST, DELETING_BLOBS, "refused: deletion is switched off",
                condition=_NO_DELETION),
    ResponseRow("head_manifest", 200, MUST, EXISTENCE, "the manifest is in this repository"),
    ResponseRow("head_manifest", 404, MUST, EXISTENCE, "no such tag or digest in this repository"),
    ResponseRow("get_manifest", 200, MUST, PULLING_MANIFESTS,
                "the manifest's bytes; exactly those that were pushed, if Accept names their type"),
    ResponseRow("get_manifest", 400, MAY, GET_MANIFEST,
                "refused: the repository's name, the tag or the digest is malformed"),
    ResponseRow("get_manifest", 404, MUST, PULLING_MANIFESTS, "no such tag or digest in this repository"),
    ResponseRow("put_manifest", 201, MUST, PUSHING_MANIFESTS,
                "the manifest is stored, and the tag (if one was given) points to it", ("Location",)),
    ResponseRow("put_manifest", 400, MAY, PUT_MANIFEST,
                "refused: not a manifest of the stated type, or it names content that is not in this repository"),
    ResponseRow("put_manifest", 404, MAY, ENDPOINT_TABLE, "the repository is not known to the registry"),
    ResponseRow("put_manifest", 405, MAY, PUT_MANIFEST, "refused: this registry does not accept manifests"),
    ResponseRow("put_manifest", 413, SHOULD, PUSHING_MANIFESTS, "refused: larger than the registry accepts",
                condition="if the registry limits the size of a manifest"),
    ResponseRow("delete_manifest", 202, MUST, DELETING_MANIFESTS,
                "the tag is deleted, or the manifest with every tag that points to it"),
    ResponseRow("delete_manifest", 400, MUST, DELETING_MANIFESTS,
                "refused: the digest is malformed, or this registry deletes by digest only, or not at all",
                condition=_NO_DELETION),
    ResponseRow("delete_manifest", 404, MUST, DELETING_MANIFESTS, "no such tag or digest in this repository",
                condition="if the repository does not exist"),
    ResponseRow("delete_manifest", 405, MUST, DELETING_MANIFESTS, "refused: deletion is switched off",
                condition=_NO_DELETION),
    ResponseRow("list_tags", 200, MUST, LISTING_TAGS, "the repository's tags, or as many of them as were requested"),
    ResponseRow("list_tags", 400, MAY, API_3_TAG_PAGES, "refused: n is not a number that this registry accepts"),
    ResponseRow("list_tags", 404, MAY, ENDPOINT_TABLE, "the repository is not known to the registry"),
    ResponseRow("list_repositories", 200, MAY, API_REPOSITORIES,
                "the registry's repositories, or as many of them as were requested"),
    ResponseRow("list_repositories", 400, MAY, API_3_CATALOG_PAGES,
                "refused: n is not a number that this registry accepts"),
    ResponseRow("get_referrers", 200, MUST, LISTING_REFERRERS,
                "an index of the manifests that refer to this digest; it can be empty", ("Content-Type",)),
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

_OF_ONE_CASE = (
    ResponseRow("put_blob", 201, MUST, CHUNKS, "the blob is stored under its digest", ("Location",), case="chunked"),
    ResponseRow("delete_blob", 400, MUST, DELETING_BLOBS, "refused: deletion is switched off",
                condition=_NO_DELETION, case="digest"),
    ResponseRow("delete_blob", 400, MAY, api("DELETE Blob"),
                "refused: the digest is malformed, or the registry does not support its algorithm",
                case="refused digest"),
    ResponseRow("delete_manifest", 202, MUST, DELETING_TAGS, "the tag is deleted", case="tag"),
    ResponseRow("delete_manifest", 202, MUST, DELETING_MANIFESTS,
                "the manifest is deleted, with every tag that points to it, if the digest is that of a manifest",
                case="digest"),
    ResponseRow("delete_manifest", 400, MUST, DELETING_TAGS, "refused: this registry does not delete the tag",
                condition=_NO_TAG_DELETION, case="tag"),
    ResponseRow("delete_manifest", 400, MUST, DELETING_MANIFESTS, "refused: deletion is switched off",
                condition=_NO_DELETION, case="digest"),
    ResponseRow("delete_manifest", 400, MAY, DELETE_MANIFEST,
                "refused: the digest is malformed, or the registry does not support its algorithm",
                case="refused digest"),
    ResponseRow("delete_manifest", 404, MAY, ENDPOINT_TABLE, "no such tag in this repository", case="tag"),
    ResponseRow("delete_manifest", 404, MUST, DELETING_MANIFESTS, "no manifest with this digest in this repository",
                condition="if the repository does not exist", case="digest"),
    ResponseRow("delete_manifest", 405, MUST, DELETING_TAGS, "refused: this registry does not delete the tag",
                condition=_NO_TAG_DELETION, case="tag"),
    ResponseRow("delete_manifest", 405, MUST, DELETING_MANIFESTS, "refused: deletion is switched off",
                condition=_NO_DELETION, case="digest"),
)

_OF_ANY_ENDPOINT = (
    ResponseRow("", 100, OUTSIDE, http("15.2.1 100 Continue"), "continue: the head is accepted; send the body"),
    ResponseRow("", 200, OUTSIDE, http("15.3.1 200 OK"), "done"),
    ResponseRow("", 201, OUTSIDE, http("15.3.2 201 Created"), "created"),
    ResponseRow("", 202, OUTSIDE, http("15.3.3 202 Accepted"), "accepted"),
    ResponseRow("", 204, OUTSIDE, http("15.3.5 204 No Content"), "done; there is no body"),
    ResponseRow("", 206, OUTSIDE, http("15.3.7 206 Partial Content"), "a part of the content"),
    ResponseRow("", 301, OUTSIDE, http("15.4.2 301 Moved Permanently"), "moved permanently: see Location"),
    ResponseRow("", 302, OUTSIDE, http("15.4.3 302 Found"), "moved temporarily: see Location"),
    ResponseRow("", 304, OUTSIDE, http("15.4.5 304 Not Modified"), "not modified: the copy that you have is current"),
    ResponseRow("", 307, OUTSIDE, http("15.4.8 307 Temporary Redirect"), "moved temporarily: see Location"),
    ResponseRow("", 308, OUTSIDE, http("15.4.9 308 Permanent Redirect"), "moved permanently: see Location"),
    ResponseRow("", 400, OUTSIDE, http("15.5.1 400 Bad Request"), "refused: the request is malformed"),
    ResponseRow("", 401, OUTSIDE, http("15.5.2 401 Unauthorized"), _CREDENTIALS, ("WWW-Authenticate",)),
    ResponseRow("", 403, OUTSIDE, http("15.5.4 403 Forbidden"), _FORBIDDEN),
    ResponseRow("", 404, OUTSIDE, http("15.5.5 404 Not Found"), "not found"),
    ResponseRow("", 405, OUTSIDE, http("15.5.6 405 Method Not Allowed"),
                "refused: this path does not support the method", ("Allow",)),
    ResponseRow("", 408, OUTSIDE, http("15.5.9 408 Request Timeout"), "the registry waited too long for the body"),
    ResponseRow("", 411, OUTSIDE, http("15.5.12 411 Length Required"), "refused: state the length of the body"),
    ResponseRow("", 412, OUTSIDE, http("15.5.13 412 Precondition Failed"),
                "refused: the content is not the content that the request names"),
    ResponseRow("", 413, OUTSIDE, http("15.5.14 413 Content Too Large"), "refused: too large"),
    ResponseRow("", 414, OUTSIDE, http("15.5.15 414 URI Too Long"),
                "refused: the request's path and query are too long"),
    ResponseRow("", 415, OUTSIDE, http("15.5.16 415 Unsupported Media Type"),
                "refused: the registry does not accept this media type"),
    ResponseRow("", 416, OUTSIDE, http("15.5.17 416 Range Not Satisfiable"), "refused: the range cannot be satisfied"),
    ResponseRow("", 417, OUTSIDE, http("15.5.18 417 Expectation Failed"), "refused: Expect is not supported"),
    ResponseRow("", 421, OUTSIDE, http("15.5.20 421 Misdirected Request"),
                "refused: this server does not serve the host that the request names"),
    ResponseRow("", 429, OUTSIDE, TOO_MANY_REQUESTS, _TOO_MANY),
    ResponseRow("", 431, OUTSIDE, HEAD_TOO_LARGE, "refused: the headers of the request are too large"),
    ResponseRow("", 500, OUTSIDE, http("15.6.1 500 Internal Server Error"), "the registry failed; its log may say why"),
    ResponseRow("", 502, OUTSIDE, http("15.6.3 502 Bad Gateway"),
                "a proxy received no valid response from the registry"),
    ResponseRow("", 503, OUTSIDE, http("15.6.4 503 Service Unavailable"), "currently unavailable"),
    ResponseRow("", 504, OUTSIDE, http("15.6.5 504 Gateway Timeout"), "a proxy waited too long for the registry"),
)
# fmt: on

_ACCESS = (
    ResponseRow("check_api", 429, MAY, api("GET Base"), _TOO_MANY),
    *(
        ResponseRow(endpoint, status, MAY, clause, meaning)
        for endpoint, clause in ACCESS_CLAUSES.items()
        for status, meaning in {401: _CREDENTIALS, 403: _FORBIDDEN, 429: _TOO_MANY}.items()
    ),
)
"""The statuses that Distribution's API document lists for nearly every endpoint."""

RESPONSES: tuple[ResponseRow, ...] = (*_OF_ONE_ENDPOINT, *_OF_ONE_CASE, *_ACCESS, *_OF_ANY_ENDPOINT)
"""Every row; the rows of one endpoint come first."""

_ROWS: Mapping[tuple[str, int, Case], ResponseRow] = {(row.endpoint, row.status, row.case): row for row in RESPONSES}


def response_row(endpoint: str, status: int, case: Case = "", codes: Iterable[str] = ()) -> ResponseRow | None:
    """Return the row for ``status`` as a response to ``endpoint``: that of the case, its own, that of any, or None.

    If an error code says more than the status, the row has its meaning; and its clause, if that of the status requires
    something that is not the case, such as a 400 for a deletion that is switched off.

    Parameters
    ----------
    endpoint: the name of an endpoint; for any other text, only the rows of any endpoint apply.
    status: an HTTP status.
    case: the kind of request; empty if it is not known.
    codes: the error codes of the response, in order.
    """
    row = _own(endpoint, status, case) or _own("", status, "")
    refusal = refusal_row(endpoint, status, codes) if codes else None
    if row is None or refusal is None or (row.case and row.case != "digest"):
        return row
    if row.level is MAY:  # the clause of the status is general enough for every code
        return replace(row, meaning=refusal.meaning, condition="")
    return replace(row, meaning=refusal.meaning, level=refusal.level, citation=refusal.citation, condition="")


def _own(endpoint: str, status: int, case: Case) -> ResponseRow | None:
    return _ROWS.get((endpoint, status, case)) or _ROWS.get((endpoint, status, ""))


def documented(endpoint: str) -> tuple[int, ...]:
    """Return the statuses of ``endpoint``, in the order of the table; empty for an unknown name.

    The statuses of nearly every endpoint (401, 403, 429) are left out.
    """
    return tuple(row.status for row in _OF_ONE_ENDPOINT if row.endpoint == endpoint)


def meaning(endpoint: str, status: int, case: Case = "", codes: Iterable[str] = ()) -> str:
    """Return the meaning of ``status`` as a response to ``endpoint``: a sentence fragment, never empty.

    Parameters
    ----------
    endpoint: the name of an endpoint; for any other text, only the rows of any endpoint apply.
    status: an HTTP status.
    case: the kind of request; empty if it is not known.
    codes: the error codes of the response, in order.
    """
    row = response_row(endpoint, status, case, codes)
    return row.meaning if row else f"no document names this status for this request ({status})"


def required_headers(endpoint: str, status: int, case: Case = "") -> Mapping[str, Citation]:
    """Return the headers that a response must carry, in lowercase, each with the clause that requires it.

    Parameters
    ----------
    endpoint: the name of an endpoint.
    status: the status of the response.
    case: the kind of request; empty if it is not known.
    """
    rows = (_own("", status, ""), _own(endpoint, status, case))
    return {name.lower(): row.citation for row in rows if row for name in row.headers}
