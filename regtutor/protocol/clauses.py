"""The clauses that the tables cite, each once, by a short name; and those that specify each endpoint."""

from __future__ import annotations

from collections.abc import Mapping

from regtutor.protocol.citations import (
    DESCRIPTOR_SPEC,
    DISTRIBUTION_API,
    DISTRIBUTION_API_3,
    DISTRIBUTION_CONFIGURATION,
    DISTRIBUTION_SPEC,
    HTTP,
    HTTP_MORE_STATUSES,
    Citation,
)


def oci(section: str) -> Citation:
    """A section of the distribution-spec, by its title."""
    return Citation(DISTRIBUTION_SPEC, section, section.lower().replace(" ", "-"))


def api(section: str, anchor: str = "") -> Citation:
    """A section of Distribution's API document, by its title; ``anchor`` where the title occurs more than once."""
    return Citation(DISTRIBUTION_API, section, anchor or section.lower().replace(" ", "-"))


def http(section: str) -> Citation:
    """A section of RFC 9110, by its number and title."""
    return Citation(HTTP, section, f"section-{section.split()[0]}")


SUPPORT = oci("Determining Support")
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
ERROR_CODES = oci("Error Codes")
WARNINGS = oci("Warnings")

API_VERSION_CHECK = api("API Version Check")
API_STARTING = api("Starting An Upload")
API_CANCELING = api("Canceling an Upload")
API_REPOSITORIES = api("Listing Repositories")
API_ERRORS = api("Errors", "errors-2")
API_3_ERRORS = Citation(DISTRIBUTION_API_3, "Errors", "errors-2")

HEAD = http("9.3.2 HEAD")

ENDPOINT_CLAUSES: Mapping[str, tuple[Citation, ...]] = {
    "check_api": (SUPPORT, API_VERSION_CHECK),
    "mount_blob": (MOUNTING, api("Cross Repository Blob Mount")),
    "post_blob": (SINGLE_POST, api("Initiate Monolithic Blob Upload")),
    "start_upload": (POST_THEN_PUT, API_STARTING),
    "patch_upload": (CHUNKS, api("Chunked Upload"), api("Stream upload")),
    "get_upload": (CHUNKS, api("Upload Progress")),
    "head_upload": (HEAD, api("Upload Progress")),
    "put_blob": (POST_THEN_PUT, CHUNKS, api("Monolithic Upload"), api("Completed Upload")),
    "cancel_upload": (API_CANCELING,),
    "head_blob": (EXISTENCE, api("Existing Layers")),
    "get_blob": (PULLING_BLOBS, api("Pulling a Layer")),
    "delete_blob": (DELETING_BLOBS, api("Deleting a Layer")),
    "head_manifest": (EXISTENCE, api("Existing Manifests")),
    "get_manifest": (PULLING_MANIFESTS, api("Pulling an Image Manifest")),
    "put_manifest": (PUSHING_MANIFESTS, api("Pushing an Image Manifest")),
    "delete_manifest": (DELETING_MANIFESTS, DELETING_TAGS, api("Deleting an Image")),
    "list_tags": (LISTING_TAGS, api("Listing Image Tags")),
    "list_repositories": (API_REPOSITORIES,),
    "get_referrers": (LISTING_REFERRERS,),
}
"""The clauses that specify each endpoint, the distribution-spec's first where it has the endpoint."""

PUSH = oci("Push")
ENDPOINT_TABLE = oci("Endpoints")
DIGEST_GRAMMAR = Citation(DESCRIPTOR_SPEC, "Digests", "digests")
API_DELETING_AN_IMAGE = api("Deleting an Image")
CONFIGURED_SECRET = Citation(DISTRIBUTION_CONFIGURATION, "http", "http")
TOO_MANY_REQUESTS = Citation(HTTP_MORE_STATUSES, "4 429 Too Many Requests", "section-4")
