"""The contract: requests in which CNCF Distribution was found to differ when it was compared request by request."""

from tests.contract import preparations as content
from tests.contract.cells import ERRORS
from tests.contract.language import Answer, Row, Sent, allowed, deviation, main, rfc, spec
from tests.contract.preparations import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, SCHEMA_1, post, put_manifest

PULL = spec("Pulling manifests")
BLOBS = spec("Pulling blobs")
PUSH = spec("Pushing Manifests")
MOUNT = spec("Mounting a blob from another repository")
ACCEPT = rfc("12.5.1 Accept")
NONE_MATCH = rfc("13.1.2 If-None-Match")
MATCH = rfc("13.1.1 If-Match")
RANGES = rfc("14.2 Range")
_GO = "Go's HTTP library sends its blobs, and judges these headers"
_UNKNOWN_TYPE = "it does not find a type that is written in another case"
_OTHER = "in the query of the specification's main branch it reads nothing: no release has these parameters"


def get(reference: str, *headers: str) -> Sent:
    """``GET`` of a manifest."""
    return Sent("\n".join([f"GET /v2/{{repository}}/manifests/{reference} HTTP/1.1", *headers]))


def blob(method: str, *headers: str, digest: str = "{hello}") -> Sent:
    """``GET`` or ``HEAD`` of a blob."""
    return Sent("\n".join([f"{method} /v2/{{repository}}/blobs/{digest} HTTP/1.1", *headers]))


ON_BLOBS = (
    Row(
        "head_blob",
        "gives the size of all of it, whatever the Range",
        blob("HEAD", "Range: bytes=0-1"),
        Answer("HTTP/1.1 200 OK\nContent-Length: 5\nContent-Range: <absent>", body=b""),
        RANGES,
        given=("the blob hello",),
        differs={
            "distribution": deviation(
                "HTTP/1.1 206 Partial Content\nContent-Length: 2\nContent-Range: bytes 0-1/5", RANGES, _GO, body=b""
            )
        },
    ),
    Row(
        "get_blob",
        "is not sent to those who have it, also by an ETag without quotes",
        blob("GET", "If-None-Match: {hello}"),
        Answer("HTTP/1.1 304 Not Modified", body=b""),
        NONE_MATCH,
        given=("the blob hello",),
        differs={"distribution": allowed("HTTP/1.1 200 OK\nContent-Length: 5", NONE_MATCH, _GO, body=b"hello")},
    ),
    Row(
        "get_blob",
        "does not compare If-Match",
        blob("GET", 'If-Match: "other"'),
        Answer("HTTP/1.1 200 OK", body=b"hello"),
        MATCH,
        given=("the blob hello",),
        differs={"distribution": allowed("HTTP/1.1 412 Precondition Failed", MATCH, _GO, body=b"")},
    ),
    Row(
        "get_blob",
        "finds a blob by its sha512 after a mount",
        blob("GET", digest="{hello512}"),
        Answer("HTTP/1.1 200 OK\nDocker-Content-Digest: {hello512}", body=b"hello"),
        MOUNT,
        given=("the blob hello in {other}, by its sha512", "its sha512 was mounted"),
        differs={
            "distribution": deviation(
                "HTTP/1.1 404 Not Found",
                MOUNT,
                "it links to bytes under that digest, and keeps them under their sha256 only",
                errors=("BLOB_UNKNOWN",),
            )
        },
    ),
)

ON_MANIFESTS = (
    Row(
        "get_manifest",
        "sends an index that does not name its own type where there is no Accept",
        get("untyped"),
        Answer(f"HTTP/1.1 200 OK\nContent-Type: {OCI_INDEX}", body=content.INDEX_WITHOUT_TYPE),
        PULL,
        given=("an index without a type",),
    ),
    Row(
        "get_manifest",
        "does not send an index that does not name its own type where Accept excludes it",
        get("untyped", f"Accept: {DOCKER_MANIFEST}"),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        ACCEPT,
        given=("an index without a type",),
        differs={
            "distribution": allowed(
                f"HTTP/1.1 200 OK\nContent-Type: {OCI_INDEX}",
                ACCEPT,
                "it compares Accept with the mediaType in the body, which is not there",
                body=content.INDEX_WITHOUT_TYPE,
            )
        },
    ),
    Row(
        "get_manifest",
        "does not send what Accept gives a weight of 0",
        get("v1", f"Accept: {OCI_MANIFEST};q=0"),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        ACCEPT,
        given=("the image v1",),
        differs={
            "distribution": deviation(
                "HTTP/1.1 200 OK", ACCEPT, "it takes the weights off before it looks at the types"
            )
        },
    ),
    Row(
        "get_manifest",
        "sends a type that Accept names in another case",
        get("v1", f"Accept: {OCI_MANIFEST.upper()}"),
        Answer("HTTP/1.1 200 OK", body=content.MANIFEST),
        rfc("8.3.1 Media Type"),
        given=("the image v1",),
        differs={
            "distribution": deviation(
                "HTTP/1.1 404 Not Found", rfc("8.3.1 Media Type"), _UNKNOWN_TYPE, errors=("MANIFEST_UNKNOWN",)
            )
        },
    ),
    Row(
        "get_manifest",
        "does not send a Docker manifest by its tag where Accept names OCI types only",
        get("v1", f"Accept: {OCI_MANIFEST}"),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        ACCEPT,
        given=("the Docker image v1",),
        differs={
            "distribution": allowed(
                f"HTTP/1.1 200 OK\nContent-Type: {SCHEMA_1}\nDocker-Content-Digest: <sha256>",
                ACCEPT,
                "2.8 takes such a client for an old one, and makes and signs another manifest for it",
            )
        },
    ),
    Row(
        "put_manifest",
        "refuses another version of the schema",
        put_manifest("v1", OCI_MANIFEST, content.SCHEMA_VERSION_1),
        Answer("HTTP/1.1 400 Bad Request", errors=("MANIFEST_INVALID",)),
        ERRORS,
        given=("config and layer",),
        differs={
            "distribution": deviation(
                "HTTP/1.1 500 Internal Server Error",
                ERRORS,
                "the handler does not expect this error of its storage",
                errors=("UNKNOWN",),
            )
        },
    ),
)

ON_THE_MAIN_BRANCH = (
    Row(
        "put_manifest",
        "points the tags of the query to a manifest that is pushed by its digest",
        put_manifest("{manifest}?tag=v1&tag=v2", OCI_MANIFEST, content.MANIFEST),
        Answer("HTTP/1.1 201 Created\nOCI-Tag: <tag>\nDocker-Content-Digest: {manifest}"),
        main("Pushing Manifests"),
        given=("config and layer",),
        differs={"distribution": allowed("HTTP/1.1 201 Created\nOCI-Tag: <absent>", PUSH, _OTHER)},
    ),
    Row(
        "start_upload",
        "refuses an algorithm that it does not have",
        post(query="?digest-algorithm=md5"),
        Answer("HTTP/1.1 400 Bad Request", errors=("DIGEST_INVALID",)),
        main("Pushing a blob in chunks"),
        differs={"distribution": allowed("HTTP/1.1 202 Accepted", spec("POST then PUT"), _OTHER)},
    ),
)

ROWS = (
    *ON_BLOBS,
    *ON_MANIFESTS,
    *ON_THE_MAIN_BRANCH,
    Row(
        "none",
        "nothing is at the root of the server",
        Sent("GET / HTTP/1.1"),
        Answer("HTTP/1.1 404 Not Found"),
        rfc("15.5.5 404 Not Found"),
        differs={
            "distribution": allowed(
                "HTTP/1.1 200 OK", spec("Determining Support"), "for health checks, and not of the API", body=b""
            )
        },
    ),
)
