"""The clauses that the tables cite, each with a short name, and the clauses that specify each endpoint."""

from __future__ import annotations

from collections.abc import Mapping

from regtutor.protocol.citations import (
    DESCRIPTOR_SPEC,
    DISTRIBUTION_API,
    DISTRIBUTION_API_3,
    DISTRIBUTION_CONFIGURATION,
    DISTRIBUTION_SPEC,
    DISTRIBUTION_SPEC_MAIN,
    HTTP,
    Citation,
    Document,
)

_SOURCE = "https://github.com/distribution/distribution/blob"


def oci(section: str) -> Citation:
    """Return a section of the distribution-spec, by its title."""
    return Citation(DISTRIBUTION_SPEC, section, section.lower().replace(" ", "-"))


def api(section: str, anchor: str = "") -> Citation:
    """Return a section of Distribution's API document, by its title; give ``anchor`` if the title occurs twice."""
    return Citation(DISTRIBUTION_API, section, anchor or section.lower().replace(" ", "-"))


def api_3(section: str, anchor: str = "") -> Citation:
    """Return a section of the API document of Distribution 3.0.0, as :func:`api` does for 2.8.3."""
    return Citation(DISTRIBUTION_API_3, section, anchor or section.lower().replace(" ", "-"))


def http(section: str) -> Citation:
    """Return a section of RFC 9110, by its number and title."""
    return Citation(HTTP, section, f"section-{section.split()[0]}")


def source(version: str, path: str, what: str) -> Citation:
    """Return a citation of a file of Distribution's source, under ``registry/``."""
    return Citation(
        Document(f"CNCF Distribution {version}, registry/{path}", f"{_SOURCE}/v{version}/registry/{path}"), what
    )


SUPPORT = oci("Determining Support")
ENDPOINT_TABLE = oci("Endpoints")
PUSH = oci("Push")
MOUNTING = oci("Mounting a blob from another repository")
SINGLE_POST = oci("Single POST")
POST_THEN_PUT = oci("POST then PUT")
CHUNKS = oci("Pushing a blob in chunks")
EXISTENCE = oci("Checking if content exists in the registry")
PULLING_BLOBS = oci("Pulling blobs")
PULLING_MANIFESTS = oci("Pulling manifests")
PUSHING_MANIFESTS = oci("Pushing Manifests")
PUSHING_WITH_SUBJECT = oci("Pushing Manifests with Subject")
DELETING_BLOBS = oci("Deleting Blobs")
DELETING_MANIFESTS = oci("Deleting Manifests")
DELETING_TAGS = oci("Deleting tags")
LISTING_TAGS = oci("Listing Tags")
LISTING_REFERRERS = oci("Listing Referrers")
NO_REFERRERS = oci("Unavailable Referrers API")
REFERRERS_TAG = oci("Referrers Tag Schema")
ERROR_CODES = oci("Error Codes")
LEGACY_CODES = oci("Legacy Docker support error codes")
LEGACY_HEADERS = Citation(DISTRIBUTION_SPEC, "Legacy Docker support HTTP headers", "legacy-docker-support-http-headers")
WARNINGS = oci("Warnings")
MAIN_CHUNKS = Citation(DISTRIBUTION_SPEC_MAIN, "Pushing a blob in chunks", "pushing-a-blob-in-chunks")
MAIN_MANIFESTS = Citation(DISTRIBUTION_SPEC_MAIN, "Pushing Manifests", "pushing-manifests")
DIGESTS = Citation(DESCRIPTOR_SPEC, "Digests", "digests")

API_VERSION_CHECK = api("API Version Check")
API_DIGEST_HEADER = api("Digest Header")
API_STARTING = api("Starting An Upload")
API_UPLOADING = api("Uploading the Layer")
API_PROGRESS = api("Upload Progress")
API_CHUNKS = api("Chunked Upload")
API_COMPLETED = api("Completed Upload")
API_CANCELING = api("Canceling an Upload")
API_DELETING_AN_IMAGE = api("Deleting an Image")
API_MOUNTING = api("Cross Repository Blob Mount")
API_PULLING_A_LAYER = api("Pulling a Layer")
API_REPOSITORIES = api("Listing Repositories")
API_CATALOG_PAGES = api("Pagination", "pagination")
API_UNKNOWN_CODES = api("Errors", "errors")
API_3_ERRORS = api_3("Errors", "errors-2")
API_3_TAG_PAGES = api_3("Tags Paginated")
API_3_CATALOG_PAGES = api_3("Catalog Fetch Paginated")

CONFIGURED_SECRET = Citation(DISTRIBUTION_CONFIGURATION, "http", "http")

FETCH_BLOB = api("Fetch Blob")
FETCH_BLOB_PART = api("Fetch Blob Part")
GET_MANIFEST = api("GET Manifest")
PUT_MANIFEST = api("PUT Manifest")
DELETE_MANIFEST = api("DELETE Manifest")
MONOLITHIC_POST = api("Initiate Monolithic Blob Upload")
RESUMABLE_POST = api("Initiate Resumable Blob Upload")
MOUNT_BLOB = api("Mount Blob")
GET_UPLOAD = api("GET Blob Upload")
PATCH_UPLOAD = api("Chunked upload", "chunked-upload-1")
PUT_UPLOAD = api("PUT Blob Upload")
DELETE_UPLOAD = api("DELETE Blob Upload")

CODES_OF_2 = source("2.8.3", "api/v2/errors.go", "error descriptors")
CODES_OF_ANY_2 = source("2.8.3", "api/errcode/register.go", "error descriptors")
CODES_OF_3 = source("3.0.0", "api/errcode/register.go", "error descriptors")

_AUTH = "https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth"
TOKEN_AUTHENTICATION = Document("CNCF Distribution 2.8.3, token authentication", f"{_AUTH}/token.md")
OAUTH2_AUTHENTICATION = Document("CNCF Distribution 2.8.3, OAuth2 token authentication", f"{_AUTH}/oauth.md")
REQUESTING_A_TOKEN = Citation(TOKEN_AUTHENTICATION, "Requesting a Token", "requesting-a-token")
TOKEN_EXAMPLE = Citation(TOKEN_AUTHENTICATION, "Example", "example")
GETTING_A_TOKEN = Citation(OAUTH2_AUTHENTICATION, "Getting a token", "getting-a-token")
HOW_TO_AUTHENTICATE = Citation(TOKEN_AUTHENTICATION, "How to authenticate", "how-to-authenticate")
_BEARER = Document("RFC 6750", "https://www.rfc-editor.org/rfc/rfc6750.html")
BEARER_CHALLENGE = Citation(_BEARER, "3 The WWW-Authenticate Response Header Field", "section-3")
BEARER_ERRORS = Citation(_BEARER, "3.1 Error Codes", "section-3.1")
OAUTH2_ERRORS = Citation(
    Document("RFC 6749", "https://www.rfc-editor.org/rfc/rfc6749.html"), "5.2 Error Response", "section-5.2"
)

HEAD = http("9.3.2 HEAD")
MESSAGES = http("3.4 Messages")
HTTPS_SCHEME = http("4.2.2 https URI Scheme")
MORE_STATUSES = Document("RFC 6585", "https://www.rfc-editor.org/rfc/rfc6585.html")
TOO_MANY_REQUESTS = Citation(MORE_STATUSES, "4 429 Too Many Requests", "section-4")
HEAD_TOO_LARGE = Citation(MORE_STATUSES, "5 431 Request Header Fields Too Large", "section-5")

ENDPOINT_CLAUSES: Mapping[str, tuple[Citation, ...]] = {
    "check_api": (SUPPORT, API_VERSION_CHECK),
    "mount_blob": (MOUNTING, API_MOUNTING),
    "post_blob": (SINGLE_POST, MONOLITHIC_POST),
    "start_upload": (POST_THEN_PUT, API_STARTING),
    "patch_upload": (CHUNKS, API_CHUNKS, api("Stream upload")),
    "get_upload": (CHUNKS, API_PROGRESS),
    "head_upload": (HEAD, API_PROGRESS),
    "put_blob": (POST_THEN_PUT, CHUNKS, api("Monolithic Upload"), API_COMPLETED),
    "cancel_upload": (API_CANCELING,),
    "head_blob": (EXISTENCE, api("Existing Layers")),
    "get_blob": (PULLING_BLOBS, API_PULLING_A_LAYER),
    "delete_blob": (DELETING_BLOBS, api("Deleting a Layer")),
    "head_manifest": (EXISTENCE, api("Existing Manifests")),
    "get_manifest": (PULLING_MANIFESTS, api("Pulling an Image Manifest")),
    "put_manifest": (PUSHING_MANIFESTS, api("Pushing an Image Manifest")),
    "delete_manifest": (DELETING_MANIFESTS, DELETING_TAGS, API_DELETING_AN_IMAGE),
    "list_tags": (LISTING_TAGS, api("Listing Image Tags")),
    "list_repositories": (API_REPOSITORIES,),
    "get_referrers": (LISTING_REFERRERS,),
    "request_token": (REQUESTING_A_TOKEN, GETTING_A_TOKEN),
}
"""The clauses that specify each endpoint; the distribution-spec's come first if it has the endpoint."""

ACCESS_CLAUSES: Mapping[str, Citation] = {
    "mount_blob": MOUNT_BLOB,
    "post_blob": MONOLITHIC_POST,
    "start_upload": RESUMABLE_POST,
    "patch_upload": PATCH_UPLOAD,
    "get_upload": GET_UPLOAD,
    "put_blob": PUT_UPLOAD,
    "cancel_upload": DELETE_UPLOAD,
    "head_blob": FETCH_BLOB,
    "get_blob": FETCH_BLOB,
    "delete_blob": api("DELETE Blob"),
    "head_manifest": GET_MANIFEST,
    "get_manifest": GET_MANIFEST,
    "put_manifest": PUT_MANIFEST,
    "delete_manifest": DELETE_MANIFEST,
    "list_tags": api("Tags", "tags-1"),
}
"""The clause of Distribution's API document with 401, 403 and 429 for an endpoint; it lists a HEAD with its GET."""
