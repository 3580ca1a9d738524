"""The contract: what only an unusual client asks, and in which CNCF Distribution has a manner of its own."""

from tests.contract import preparations as content
from tests.contract.cells import ERRORS
from tests.contract.language import Answer, Row, Sent, allowed, api, deviation, rfc, spec
from tests.contract.preparations import DOCKER_LIST, DOCKER_MANIFEST, OCI_MANIFEST

CHUNKS = spec("Pushing a blob in chunks")
PULL = spec("Pulling manifests")
BLOBS = spec("Pulling blobs")
DIGESTS = api("Content Digests")
MOVED = rfc("15.4.2 301 Moved Permanently")
NO_METHOD = rfc("15.5.6 405 Method Not Allowed")
_STALE = "2.8 takes a Location for another offset for that of an unknown session"
_CANONICAL = "it keeps the blob by its sha256, the digest that it calls canonical"
_NOT_LOOKED_AT = "by its digest it sends a Docker manifest to anybody, as it may not send another one instead"

SESSIONS = (
    Row(
        "cancel_upload",
        "takes any Location of the session",
        Sent("DELETE {former_location} HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 204 No Content", body=b""),
        api("Canceling an Upload"),
        given=("a session", "the chunk hel"),
        differs={
            "distribution": allowed("HTTP/1.1 404 Not Found", CHUNKS, _STALE, errors=("BLOB_UPLOAD_INVALID",)),
        },
    ),
    Row(
        "none",
        "a session takes no POST to a Location that a later response has replaced",
        Sent("POST {former_location} HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 405 Method Not Allowed", errors=("UNSUPPORTED",)),
        NO_METHOD,
        given=("a session", "the chunk hel"),
        differs={
            "distribution": allowed("HTTP/1.1 404 Not Found", ERRORS, _STALE, errors=("BLOB_UPLOAD_INVALID",)),
        },
    ),
    Row(
        "get_upload",
        "knows a session no more whose bytes were refused",
        Sent("GET {location} HTTP/1.1"),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UPLOAD_UNKNOWN",)),
        api("Upload Progress"),
        given=("a session", "the chunk hel", "its bytes were refused as another blob"),
        differs={
            "distribution": allowed(
                "HTTP/1.1 204 No Content\nRange: 0-2",
                ERRORS,
                "it fails to remove what it refused, and the session continues with it",
                body=b"",
            )
        },
    ),
    Row(
        "none",
        "the path of new sessions has no status",
        Sent("GET /v2/{repository}/blobs/uploads/ HTTP/1.1"),
        Answer("HTTP/1.1 405 Method Not Allowed", errors=("UNSUPPORTED",)),
        NO_METHOD,
        differs={
            "distribution": allowed(
                "HTTP/1.1 404 Not Found",
                api("GET Blob Upload"),
                "it takes the path for that of a session without a name",
                errors=("BLOB_UPLOAD_UNKNOWN",),
            )
        },
    ),
)

PATHS = (
    Row(
        "none",
        "a list of tags has no slash at its end",
        Sent("GET /v2/{repository}/tags/list/?n=1 HTTP/1.1"),
        Answer("HTTP/1.1 404 Not Found", errors=("UNSUPPORTED",)),
        spec("Listing Tags"),
        differs={
            "distribution": allowed(
                "HTTP/1.1 301 Moved Permanently\nLocation: /v2/{repository}/tags/list?n=1",
                MOVED,
                "it sends the client to the path without the slash",
            )
        },
    ),
    Row(
        "list_tags",
        "refuses a name that begins with a slash",
        Sent("GET /v2//{repository}/tags/list HTTP/1.1"),
        Answer("HTTP/1.1 400 Bad Request", errors=("NAME_INVALID",)),
        ERRORS,
        differs={
            "distribution": allowed(
                "HTTP/1.1 301 Moved Permanently\nLocation: /v2/{repository}/tags/list",
                MOVED,
                "it folds the path, and sends the client to what is left",
                body=b"",
            )
        },
    ),
    Row(
        "list_tags",
        "answers HEAD like GET, without a body",
        Sent("HEAD /v2/{repository}/tags/list HTTP/1.1"),
        Answer("HTTP/1.1 200 OK\nContent-Type: application/json; charset=utf-8", body=b""),
        rfc("9.3.2 HEAD"),
        given=("the image v1",),
        differs={
            "distribution": deviation(
                "HTTP/1.1 405 Method Not Allowed\nAllow: GET",
                rfc("9.1 Overview"),
                "every server must answer HEAD where it answers GET",
                body=b"",
            )
        },
    ),
    Row(
        "none",
        "nothing is said of a path's methods but by refusing one",
        Sent("OPTIONS /v2/{repository}/tags/list HTTP/1.1"),
        Answer("HTTP/1.1 405 Method Not Allowed\nAllow: GET<any>", errors=("UNSUPPORTED",)),
        NO_METHOD,
        differs={
            "distribution": allowed(
                "HTTP/1.1 200 OK\nAllow: GET", rfc("9.3.7 OPTIONS"), "it answers OPTIONS with Allow", body=b""
            )
        },
    ),
)

MANIFESTS = (
    Row(
        "get_manifest",
        "does not send by its digest what Accept excludes",
        Sent(f"GET /v2/{{repository}}/manifests/{{docker}} HTTP/1.1\nAccept: {OCI_MANIFEST}"),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        api("GET Manifest"),
        given=("the Docker image v1",),
        differs={
            "distribution": allowed(
                f"HTTP/1.1 200 OK\nContent-Type: {DOCKER_MANIFEST}\nDocker-Content-Digest: {{docker}}",
                rfc("12.5.1 Accept"),
                _NOT_LOOKED_AT,
                body=content.DOCKER,
            )
        },
    ),
    Row(
        "get_manifest",
        "sends a Docker list",
        Sent(f"GET /v2/{{repository}}/manifests/v1 HTTP/1.1\nAccept: {DOCKER_MANIFEST}, {DOCKER_LIST}"),
        Answer(f"HTTP/1.1 200 OK\nContent-Type: {DOCKER_LIST}\nDocker-Content-Digest: {{list}}", body=content.LIST),
        PULL,
        given=("the Docker list v1",),
    ),
    Row(
        "get_manifest",
        "sends no manifest instead of a list",
        Sent(f"GET /v2/{{repository}}/manifests/v1 HTTP/1.1\nAccept: {DOCKER_MANIFEST}"),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        PULL,
        given=("the Docker list v1",),
        differs={
            "distribution": allowed(
                f"HTTP/1.1 200 OK\nContent-Type: {DOCKER_MANIFEST}\nDocker-Content-Digest: {{docker}}",
                api("GET Manifest"),
                "for clients from before there were lists it takes the manifest for linux/amd64 out of the list",
                body=content.DOCKER,
            )
        },
    ),
    Row(
        "get_manifest",
        "does not send a blob",
        Sent(f"GET /v2/{{repository}}/manifests/{{config}} HTTP/1.1\nAccept: {OCI_MANIFEST}"),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        PULL,
        given=("the image v1",),
        differs={
            "distribution": deviation(
                "HTTP/1.1 500 Internal Server Error",
                PULL,
                "it finds bytes under the digest, and fails to read them as a manifest",
                errors=("UNKNOWN",),
            )
        },
    ),
)

SHA512 = (
    Row(
        "get_blob",
        "sends a blob by its sha512",
        Sent("GET /v2/{repository}/blobs/{hello512} HTTP/1.1"),
        Answer('HTTP/1.1 200 OK\nDocker-Content-Digest: {hello512}\nEtag: "{hello512}"', body=content.HELLO),
        BLOBS,
        given=("the blob hello, by its sha512",),
        differs={
            "distribution": allowed(
                'HTTP/1.1 200 OK\nDocker-Content-Digest: {hello}\nEtag: "{hello}"',
                DIGESTS,
                _CANONICAL,
                body=content.HELLO,
            )
        },
    ),
    Row(
        "get_blob",
        "does not find by its sha256 what was pushed by its sha512",
        Sent("GET /v2/{repository}/blobs/{hello} HTTP/1.1"),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UNKNOWN",)),
        BLOBS,
        given=("the blob hello, by its sha512",),
        differs={"distribution": allowed("HTTP/1.1 200 OK", DIGESTS, _CANONICAL, body=content.HELLO)},
    ),
    Row(
        "mount_blob",
        "mounts a blob by its sha512",
        Sent("POST /v2/{repository}/blobs/uploads/?mount={hello512}&from={repository} HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 201 Created\nLocation: <origin>/v2/{repository}/blobs/{hello512}"),
        spec("Mounting a blob from another repository"),
        given=("the blob hello, by its sha512",),
    ),
)

ROWS = (*SESSIONS, *PATHS, *MANIFESTS, *SHA512)
