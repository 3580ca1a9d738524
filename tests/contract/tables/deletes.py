"""The contract: taking blobs, tags and manifests out of a repository."""

from tests.contract.cells import ERRORS, MANIFEST_FOUND, NO_SUCH_PAGE
from tests.contract.language import Answer, Row, Sent, allowed, deviation, spec
from tests.contract.preparations import OCI_INDEX, OCI_MANIFEST

BLOBS = spec("Deleting Blobs")
TAGS = spec("Deleting tags")
MANIFESTS = spec("Deleting Manifests")
ACCEPTED = "HTTP/1.1 202 Accepted\nContent-Length: 0"
BY_DIGEST_ONLY = "tag deletion is switched off for good in this version: it takes every reference for a digest"
TAG_KEPT = {
    "distribution": allowed("HTTP/1.1 400 Bad Request", TAGS, BY_DIGEST_ONLY, errors=("DIGEST_INVALID",)),
}


def delete(path: str, repository: str = "{repository}") -> Sent:
    """``DELETE`` of the content at ``path`` in the repository."""
    return Sent(f"DELETE /v2/{repository}/{path} HTTP/1.1\nContent-Length: 0")


DELETE_BLOB = (
    Row(
        "delete_blob",
        "takes the blob out of the repository",
        delete("blobs/{hello}"),
        Answer(ACCEPTED, body=b""),
        BLOBS,
        given=("the blob hello",),
    ),
    Row(
        "delete_blob",
        "takes a blob by its sha512",
        delete("blobs/{hello512}"),
        Answer(ACCEPTED, body=b""),
        BLOBS,
        given=("the blob hello, by its sha512",),
    ),
    Row(
        "delete_blob",
        "takes also a blob that a manifest names",
        delete("blobs/{hello}"),
        Answer(ACCEPTED, body=b""),
        BLOBS,
        given=("the image v1",),
    ),
    Row(
        "head_blob",
        "does not find a blob that was deleted",
        Sent("HEAD /v2/{repository}/blobs/{hello} HTTP/1.1"),
        Answer("HTTP/1.1 404 Not Found", body=b""),
        BLOBS,
        given=("the blob hello", "hello was deleted"),
    ),
    Row(
        "head_blob",
        "finds a mounted blob that was deleted where it came from",
        Sent("HEAD /v2/{repository}/blobs/{hello} HTTP/1.1"),
        Answer("HTTP/1.1 200 OK\nContent-Length: 5", body=b""),
        BLOBS,
        given=("the blob hello in {other}", "hello was mounted", "hello was deleted in {other}"),
    ),
    Row(
        "mount_blob",
        "does not mount a blob that was deleted where it came from",
        Sent("POST /v2/{repository}/blobs/uploads/?mount={hello}&from={other} HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 202 Accepted"),
        spec("Mounting a blob from another repository"),
        given=("the blob hello in {other}", "hello was deleted in {other}"),
    ),
    Row(
        "get_manifest",
        "sends a manifest whose layer was deleted",
        Sent(f"GET /v2/{{repository}}/manifests/v1 HTTP/1.1\nAccept: {OCI_MANIFEST}"),
        Answer(MANIFEST_FOUND),
        BLOBS,
        given=("the image v1", "hello was deleted"),
    ),
    Row(
        "delete_blob",
        "does not find a blob that was deleted",
        delete("blobs/{hello}"),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UNKNOWN",)),
        BLOBS,
        given=("the blob hello", "hello was deleted"),
    ),
    Row(
        "delete_blob",
        "does not find what nobody pushed",
        delete("blobs/{unknown}"),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UNKNOWN",)),
        BLOBS,
        given=("the blob hello",),
    ),
    Row(
        "delete_blob",
        "does not find a blob of another repository",
        delete("blobs/{hello}"),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UNKNOWN",)),
        BLOBS,
        given=("the blob hello in {other}",),
    ),
    Row(
        "delete_blob",
        "does not take a manifest for a blob",
        delete("blobs/{manifest}"),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UNKNOWN",)),
        BLOBS,
        given=("the image v1",),
    ),
    Row(
        "delete_blob",
        "refuses a malformed digest",
        delete("blobs/sha256:hello"),
        Answer("HTTP/1.1 400 Bad Request", errors=("DIGEST_INVALID",)),
        ERRORS,
        given=("the blob hello",),
    ),
    Row(
        "delete_blob",
        "refuses a malformed name",
        delete("blobs/{hello}", "{repository}/Upper"),
        Answer("HTTP/1.1 400 Bad Request", errors=("NAME_INVALID",)),
        ERRORS,
        differs=NO_SUCH_PAGE,
    ),
)

DELETE_MANIFEST = (
    Row(
        "delete_manifest",
        "deletes a manifest by its digest",
        delete("manifests/{manifest}"),
        Answer(ACCEPTED, body=b""),
        MANIFESTS,
        given=("the image v1",),
    ),
    Row(
        "delete_manifest",
        "deletes a tag",
        delete("manifests/v1"),
        Answer(ACCEPTED, body=b""),
        TAGS,
        given=("the image v1",),
        differs=TAG_KEPT,
    ),
    Row(
        "delete_manifest",
        "deletes also a manifest that an index names",
        delete("manifests/{manifest}"),
        Answer(ACCEPTED, body=b""),
        MANIFESTS,
        given=("the index v1",),
    ),
    Row(
        "get_manifest",
        "does not find a manifest that was deleted",
        Sent(f"GET /v2/{{repository}}/manifests/{{manifest}} HTTP/1.1\nAccept: {OCI_MANIFEST}"),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        MANIFESTS,
        given=("the image v1", "the manifest was deleted"),
    ),
    Row(
        "get_manifest",
        "does not find the tag of a manifest that was deleted",
        Sent(f"GET /v2/{{repository}}/manifests/v1 HTTP/1.1\nAccept: {OCI_MANIFEST}"),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        MANIFESTS,
        given=("the image v1", "the manifest was deleted"),
    ),
    Row(
        "head_manifest",
        "finds what a moved tag points to when its first manifest is deleted",
        Sent(f"HEAD /v2/{{repository}}/manifests/v1 HTTP/1.1\nAccept: {OCI_MANIFEST}"),
        Answer("HTTP/1.1 200 OK\nDocker-Content-Digest: {another}", body=b""),
        MANIFESTS,
        given=("the image v1", "the tag v1 was moved", "the manifest was deleted"),
    ),
    Row(
        "head_manifest",
        "finds an index when a manifest that it names is deleted",
        Sent(f"HEAD /v2/{{repository}}/manifests/v1 HTTP/1.1\nAccept: {OCI_INDEX}"),
        Answer("HTTP/1.1 200 OK\nDocker-Content-Digest: {index}", body=b""),
        MANIFESTS,
        given=("the index v1", "the manifest was deleted"),
    ),
    Row(
        "head_blob",
        "finds the layer of a manifest that was deleted",
        Sent("HEAD /v2/{repository}/blobs/{hello} HTTP/1.1"),
        Answer("HTTP/1.1 200 OK", body=b""),
        MANIFESTS,
        given=("the image v1", "the manifest was deleted"),
    ),
    Row(
        "delete_manifest",
        "does not find a manifest that was deleted",
        delete("manifests/{manifest}"),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        MANIFESTS,
        given=("the image v1", "the manifest was deleted"),
    ),
    Row(
        "delete_manifest",
        "does not find a manifest that nobody pushed",
        delete("manifests/{unknown}"),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        MANIFESTS,
        given=("the image v1",),
    ),
    Row(
        "delete_manifest",
        "does not find a manifest in a repository that nobody pushed to",
        delete("manifests/{manifest}", "{nobody}"),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        MANIFESTS,
    ),
    Row(
        "delete_manifest",
        "does not find a tag that nobody set",
        delete("manifests/v2"),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        TAGS,
        given=("the image v1",),
        differs=TAG_KEPT,
    ),
    Row(
        "delete_manifest",
        "does not find a tag that cannot be one",
        delete("manifests/-v1"),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        TAGS,
        given=("the image v1",),
        differs=NO_SUCH_PAGE,
    ),
    Row(
        "delete_manifest",
        "does not take a config's digest for its manifest's",
        delete("manifests/{config}"),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        MANIFESTS,
        given=("the image v1",),
        differs={
            "distribution": deviation(
                ACCEPTED,
                MANIFESTS,
                "it takes the config from the repository, and leaves the manifest that names it",
                body=b"",
            )
        },
    ),
    Row(
        "delete_manifest",
        "refuses a malformed digest",
        delete("manifests/sha256:hello"),
        Answer("HTTP/1.1 400 Bad Request", errors=("DIGEST_INVALID",)),
        ERRORS,
        given=("the image v1",),
    ),
    Row(
        "delete_manifest",
        "refuses a malformed name",
        delete("manifests/v1", "{repository}/Upper"),
        Answer("HTTP/1.1 400 Bad Request", errors=("NAME_INVALID",)),
        ERRORS,
        differs=NO_SUCH_PAGE,
    ),
)

ROWS = (*DELETE_BLOB, *DELETE_MANIFEST)
