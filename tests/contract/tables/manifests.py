"""The contract: asking for manifests."""

from tests.contract import preparations as content
from tests.contract.cells import ERRORS, MANIFEST_FOUND, NO_SUCH_PAGE, NO_SUCH_PAGE_TO_HEAD, TAKEN_FOR_TAG
from tests.contract.language import Answer, Row, Sent, api, deviation, rfc, spec
from tests.contract.preparations import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, SCHEMA_1

PRESENCE = spec("Checking if content exists in the registry")
PULL = spec("Pulling manifests")
PUSH = spec("Pushing Manifests")
ACCEPT = rfc("12.5.1 Accept")
NOT_MODIFIED_WITHOUT_ETAG = {
    "distribution": deviation(
        "HTTP/1.1 304 Not Modified\nEtag: <absent>",
        rfc("15.4.5 304 Not Modified"),
        "a 304 must carry the ETag that a 200 would have carried",
        body=b"",
    )
}
WANTS_THE_TYPE_NAMED = {
    "distribution": deviation(
        "HTTP/1.1 404 Not Found",
        ACCEPT,
        "it gives an OCI manifest only to clients whose Accept names its type, though */* and no Accept permit any",
        errors=("MANIFEST_UNKNOWN",),
    )
}

HEAD_MANIFEST = (
    Row(
        "head_manifest",
        "says which manifest a tag points to",
        Sent(f"HEAD /v2/{{repository}}/manifests/v1 HTTP/1.1\nAccept: {OCI_MANIFEST}"),
        Answer(MANIFEST_FOUND, body=b""),
        PRESENCE,
        given=("the image v1",),
    ),
    Row(
        "head_manifest",
        "finds a manifest by its digest",
        Sent(f"HEAD /v2/{{repository}}/manifests/{{manifest}} HTTP/1.1\nAccept: {OCI_MANIFEST}"),
        Answer(MANIFEST_FOUND, body=b""),
        PRESENCE,
        given=("the image v1",),
    ),
    Row(
        "head_manifest",
        "does not find a tag that nobody set",
        Sent(f"HEAD /v2/{{repository}}/manifests/v2 HTTP/1.1\nAccept: {OCI_MANIFEST}"),
        Answer("HTTP/1.1 404 Not Found", body=b""),
        PRESENCE,
        given=("the image v1",),
    ),
    Row(
        "head_manifest",
        "does not find a manifest that nobody pushed",
        Sent(f"HEAD /v2/{{repository}}/manifests/{{unknown}} HTTP/1.1\nAccept: {OCI_MANIFEST}"),
        Answer("HTTP/1.1 404 Not Found", body=b""),
        PRESENCE,
        given=("the image v1",),
    ),
    Row(
        "head_manifest",
        "does not take a blob for a manifest",
        Sent(f"HEAD /v2/{{repository}}/manifests/{{config}} HTTP/1.1\nAccept: {OCI_MANIFEST}"),
        Answer("HTTP/1.1 404 Not Found", body=b""),
        PRESENCE,
        given=("the image v1",),
        differs={
            "distribution": deviation(
                "HTTP/1.1 500 Internal Server Error",
                PRESENCE,
                "it finds bytes under the digest, and fails to read them as a manifest",
                body=b"",
            )
        },
    ),
    Row(
        "head_manifest",
        "does not find what Accept excludes",
        Sent(f"HEAD /v2/{{repository}}/manifests/v1 HTTP/1.1\nAccept: {DOCKER_MANIFEST}"),
        Answer("HTTP/1.1 404 Not Found", body=b""),
        PRESENCE,
        given=("the image v1",),
    ),
    Row(
        "head_manifest",
        "refuses a malformed digest",
        Sent("HEAD /v2/{repository}/manifests/sha256:hello HTTP/1.1"),
        Answer("HTTP/1.1 400 Bad Request", body=b""),
        ERRORS,
        given=("the image v1",),
        differs={"distribution": deviation("HTTP/1.1 500 Internal Server Error", PULL, TAKEN_FOR_TAG, body=b"")},
    ),
    Row(
        "head_manifest",
        "refuses a malformed name",
        Sent("HEAD /v2/{repository}/Upper/manifests/v1 HTTP/1.1"),
        Answer("HTTP/1.1 400 Bad Request", body=b""),
        ERRORS,
        differs=NO_SUCH_PAGE_TO_HEAD,
    ),
    Row(
        "head_manifest",
        "answers 304 to a client that has it",
        Sent(f'HEAD /v2/{{repository}}/manifests/v1 HTTP/1.1\nAccept: {OCI_MANIFEST}\nIf-None-Match: "{{manifest}}"'),
        Answer('HTTP/1.1 304 Not Modified\nEtag: "{manifest}"', body=b""),
        rfc("13.1.2 If-None-Match"),
        given=("the image v1",),
        differs=NOT_MODIFIED_WITHOUT_ETAG,
    ),
)

GET_MANIFEST = (
    Row(
        "get_manifest",
        "sends the very bytes that were pushed",
        Sent(f"GET /v2/{{repository}}/manifests/v1 HTTP/1.1\nAccept: {OCI_MANIFEST}"),
        Answer(MANIFEST_FOUND, body=content.MANIFEST),
        PULL,
        given=("the image v1",),
    ),
    Row(
        "get_manifest",
        "sends a manifest by its digest",
        Sent(f"GET /v2/{{repository}}/manifests/{{manifest}} HTTP/1.1\nAccept: {OCI_MANIFEST}"),
        Answer(MANIFEST_FOUND, body=content.MANIFEST),
        PULL,
        given=("the image v1",),
    ),
    Row(
        "get_manifest",
        "keeps a manifest that a tag points to no more",
        Sent(f"GET /v2/{{repository}}/manifests/{{manifest}} HTTP/1.1\nAccept: {OCI_MANIFEST}"),
        Answer(MANIFEST_FOUND, body=content.MANIFEST),
        PULL,
        given=("the image v1", "the tag v1 was moved"),
    ),
    Row(
        "get_manifest",
        "sends what a moved tag points to now",
        Sent(f"GET /v2/{{repository}}/manifests/v1 HTTP/1.1\nAccept: {OCI_MANIFEST}"),
        Answer("HTTP/1.1 200 OK\nDocker-Content-Digest: {another}", body=content.ANOTHER),
        PULL,
        given=("the image v1", "the tag v1 was moved"),
    ),
    Row(
        "get_manifest",
        "sends an index",
        Sent(f"GET /v2/{{repository}}/manifests/v1 HTTP/1.1\nAccept: {OCI_MANIFEST}, {OCI_INDEX}"),
        Answer(f"HTTP/1.1 200 OK\nContent-Type: {OCI_INDEX}\nDocker-Content-Digest: {{index}}", body=content.INDEX),
        PULL,
        given=("the index v1",),
    ),
    Row(
        "get_manifest",
        "does not find a tag that nobody set",
        Sent(f"GET /v2/{{repository}}/manifests/v2 HTTP/1.1\nAccept: {OCI_MANIFEST}"),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        PULL,
        given=("the image v1",),
    ),
    Row(
        "get_manifest",
        "does not find a manifest in a repository that nobody pushed to",
        Sent(f"GET /v2/{{nobody}}/manifests/v1 HTTP/1.1\nAccept: {OCI_MANIFEST}"),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        PUSH,
    ),
    Row(
        "get_manifest",
        "does not find a manifest that nobody pushed",
        Sent(f"GET /v2/{{repository}}/manifests/{{unknown}} HTTP/1.1\nAccept: {OCI_MANIFEST}"),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        PULL,
        given=("the image v1",),
    ),
    Row(
        "get_manifest",
        "does not find a tag that cannot be one",
        Sent(f"GET /v2/{{repository}}/manifests/-v1 HTTP/1.1\nAccept: {OCI_MANIFEST}"),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        PULL,
        given=("the image v1",),
        differs=NO_SUCH_PAGE,
    ),
    Row(
        "get_manifest",
        "refuses a malformed digest",
        Sent("GET /v2/{repository}/manifests/sha256:hello HTTP/1.1"),
        Answer("HTTP/1.1 400 Bad Request", errors=("DIGEST_INVALID",)),
        ERRORS,
        given=("the image v1",),
        differs={
            "distribution": deviation("HTTP/1.1 500 Internal Server Error", PULL, TAKEN_FOR_TAG, errors=("UNKNOWN",))
        },
    ),
    Row(
        "get_manifest",
        "refuses a malformed name",
        Sent("GET /v2/{repository}/Upper/manifests/v1 HTTP/1.1"),
        Answer("HTTP/1.1 400 Bad Request", errors=("NAME_INVALID",)),
        ERRORS,
        differs=NO_SUCH_PAGE,
    ),
    Row(
        "get_manifest",
        "sends what it has where there is no Accept",
        Sent("GET /v2/{repository}/manifests/v1 HTTP/1.1"),
        Answer(MANIFEST_FOUND, body=content.MANIFEST),
        ACCEPT,
        given=("the image v1",),
        differs=WANTS_THE_TYPE_NAMED,
    ),
    Row(
        "get_manifest",
        "sends what it has where Accept permits everything",
        Sent("GET /v2/{repository}/manifests/v1 HTTP/1.1\nAccept: */*"),
        Answer(MANIFEST_FOUND, body=content.MANIFEST),
        ACCEPT,
        given=("the image v1",),
        differs=WANTS_THE_TYPE_NAMED,
    ),
    Row(
        "get_manifest",
        "sends a Docker manifest as it was pushed where there is no Accept",
        Sent("GET /v2/{repository}/manifests/v1 HTTP/1.1"),
        Answer(
            f"HTTP/1.1 200 OK\nContent-Type: {DOCKER_MANIFEST}\nDocker-Content-Digest: {{docker}}", body=content.DOCKER
        ),
        PULL,
        given=("the Docker image v1",),
        differs={
            "distribution": deviation(
                f"HTTP/1.1 200 OK\nContent-Type: {SCHEMA_1}\nDocker-Content-Digest: <sha256>",
                PULL,
                "it makes a Schema 1 manifest of it, signs that, and so names another digest each time it starts",
            )
        },
    ),
    Row(
        "get_manifest",
        "takes several Accept headers",
        Sent(f"GET /v2/{{repository}}/manifests/v1 HTTP/1.1\nAccept: {DOCKER_MANIFEST}\nAccept: {OCI_MANIFEST}"),
        Answer(MANIFEST_FOUND, body=content.MANIFEST),
        ACCEPT,
        given=("the image v1",),
    ),
    Row(
        "get_manifest",
        "does not find what Accept excludes",
        Sent(f"GET /v2/{{repository}}/manifests/v1 HTTP/1.1\nAccept: {DOCKER_MANIFEST}"),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        api("GET Manifest"),
        given=("the image v1",),
    ),
    Row(
        "get_manifest",
        "answers 304 to a client that has it",
        Sent(f'GET /v2/{{repository}}/manifests/v1 HTTP/1.1\nAccept: {OCI_MANIFEST}\nIf-None-Match: "{{manifest}}"'),
        Answer('HTTP/1.1 304 Not Modified\nEtag: "{manifest}"', body=b""),
        rfc("13.1.2 If-None-Match"),
        given=("the image v1",),
        differs=NOT_MODIFIED_WITHOUT_ETAG,
    ),
)

ROWS = (*HEAD_MANIFEST, *GET_MANIFEST)
