"""The contract: what manifests may hold, and that nothing of it is changed."""

from tests.contract import preparations as content
from tests.contract.language import Answer, Row, Sent, allowed, deviation, rfc, spec
from tests.contract.preparations import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, put_manifest

PUSH = spec("Pushing Manifests")
PULL = spec("Pulling manifests")
DESCRIPTORS = (
    "OCI image-spec v1.1.1, Content Descriptors "
    "<https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#properties>"
)
EMPTY = (
    "OCI image-spec v1.1.1, Guidance for an Empty Descriptor "
    "<https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidance-for-an-empty-descriptor>"
)

ROWS = (
    Row(
        "put_manifest",
        "takes an artifact: a type of its own, an empty config with its data, a layer of any type",
        put_manifest("v1", OCI_MANIFEST, content.ARTIFACT),
        Answer("HTTP/1.1 201 Created\nDocker-Content-Digest: {artifact}\nOCI-Subject: <absent>"),
        EMPTY,
        given=("config and layer", "the empty JSON"),
    ),
    Row(
        "get_manifest",
        "sends an artifact as it was pushed",
        Sent(f"GET /v2/{{repository}}/manifests/v1 HTTP/1.1\nAccept: {OCI_MANIFEST}"),
        Answer(f"HTTP/1.1 200 OK\nContent-Type: {OCI_MANIFEST}", body=content.ARTIFACT),
        PULL,
        given=("an artifact",),
    ),
    Row(
        "put_manifest",
        "takes fields and spaces that no document knows",
        put_manifest("v1", OCI_MANIFEST, content.CUSTOM),
        Answer("HTTP/1.1 201 Created\nDocker-Content-Digest: {custom}"),
        PUSH,
        given=("config and layer",),
    ),
    Row(
        "get_manifest",
        "sends every byte of fields and spaces that no document knows",
        Sent(f"GET /v2/{{repository}}/manifests/v1 HTTP/1.1\nAccept: {OCI_MANIFEST}"),
        Answer("HTTP/1.1 200 OK\nDocker-Content-Digest: {custom}", body=content.CUSTOM),
        PUSH,
        given=("an image with fields of its own",),
    ),
    Row(
        "put_manifest",
        "takes an index of no manifests",
        put_manifest("v1", OCI_INDEX, content.NO_MANIFESTS),
        Answer("HTTP/1.1 201 Created"),
        PUSH,
    ),
    Row(
        "put_manifest",
        "refuses data that are not the content of their digest",
        put_manifest("v1", OCI_MANIFEST, content.WRONG_DATA),
        Answer("HTTP/1.1 400 Bad Request", errors=("MANIFEST_INVALID",)),
        DESCRIPTORS,
        given=("config and layer", "the empty JSON"),
        differs={
            "distribution": allowed(
                "HTTP/1.1 201 Created",
                DESCRIPTORS,
                "data must be the content, but no registry is told to compare; a reader of the data must then find out",
            )
        },
    ),
    Row(
        "put_manifest",
        "takes a layer by its sha512",
        put_manifest("v1", OCI_MANIFEST, content.WITH_SHA512),
        Answer("HTTP/1.1 201 Created"),
        PUSH,
        given=("config and layer", "the blob hello, by its sha512"),
    ),
    Row(
        "put_manifest",
        "stores it by its sha512",
        put_manifest("{manifest512}", OCI_MANIFEST, content.MANIFEST),
        Answer("HTTP/1.1 201 Created\nDocker-Content-Digest: {manifest512}"),
        PUSH,
        given=("config and layer",),
        differs={
            "distribution": allowed(
                "HTTP/1.1 400 Bad Request",
                PUSH,
                "sha512 may be left out; it takes the sha256 of the bytes and compares that with the one in the path",
                errors=("DIGEST_INVALID",),
            )
        },
    ),
    Row(
        "get_manifest",
        "does not find by its sha512 what was pushed to a tag",
        Sent(f"GET /v2/{{repository}}/manifests/{{manifest512}} HTTP/1.1\nAccept: {OCI_MANIFEST}"),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        PULL,
        given=("the image v1",),
    ),
    Row(
        "get_manifest",
        "looks at every tag in If-None-Match",
        Sent(
            "GET /v2/{repository}/manifests/v1 HTTP/1.1\n"
            f'Accept: {OCI_MANIFEST}\nIf-None-Match: "{{another}}", W/"{{manifest}}"'
        ),
        Answer('HTTP/1.1 304 Not Modified\nEtag: "{manifest}"', body=b""),
        rfc("13.1.2 If-None-Match"),
        given=("the image v1",),
        differs={
            "distribution": deviation(
                "HTTP/1.1 200 OK",
                rfc("13.1.2 If-None-Match"),
                "it compares the whole value with one digest, though the header holds a list",
                body=content.MANIFEST,
            )
        },
    ),
    Row(
        "get_manifest",
        "sends it again to a client that has another one",
        Sent(f'GET /v2/{{repository}}/manifests/v1 HTTP/1.1\nAccept: {OCI_MANIFEST}\nIf-None-Match: "{{another}}"'),
        Answer("HTTP/1.1 200 OK", body=content.MANIFEST),
        rfc("13.1.2 If-None-Match"),
        given=("the image v1",),
    ),
    Row(
        "get_manifest",
        "sends what the second of several types in one Accept names",
        Sent(f"GET /v2/{{repository}}/manifests/v1 HTTP/1.1\nAccept: {OCI_INDEX}, {DOCKER_MANIFEST};q=0.5"),
        Answer(f"HTTP/1.1 200 OK\nContent-Type: {DOCKER_MANIFEST}", body=content.DOCKER),
        rfc("12.5.1 Accept"),
        given=("the Docker image v1",),
    ),
    Row(
        "get_blob",
        "sends the first byte",
        Sent("GET /v2/{repository}/blobs/{hello} HTTP/1.1\nRange: bytes=0-0"),
        Answer("HTTP/1.1 206 Partial Content\nContent-Range: bytes 0-0/5\nContent-Length: 1", body=b"h"),
        rfc("14.2 Range"),
        given=("the blob hello",),
    ),
    Row(
        "get_blob",
        "sends all as a part where more last bytes are asked for than there are",
        Sent("GET /v2/{repository}/blobs/{hello} HTTP/1.1\nRange: bytes=-9"),
        Answer("HTTP/1.1 206 Partial Content\nContent-Range: bytes 0-4/5\nContent-Length: 5", body=content.HELLO),
        rfc("14.2 Range"),
        given=("the blob hello",),
    ),
    Row(
        "get_blob",
        "ends a part where the blob ends",
        Sent("GET /v2/{repository}/blobs/{hello} HTTP/1.1\nRange: bytes=3-99"),
        Answer("HTTP/1.1 206 Partial Content\nContent-Range: bytes 3-4/5\nContent-Length: 2", body=b"lo"),
        rfc("14.2 Range"),
        given=("the blob hello",),
    ),
    Row(
        "get_blob",
        "sends all of it where several parts are asked for",
        Sent("GET /v2/{repository}/blobs/{hello} HTTP/1.1\nRange: bytes=0-1,3-4"),
        Answer("HTTP/1.1 200 OK\nContent-Length: 5", body=content.HELLO),
        rfc("14.2 Range"),
        given=("the blob hello",),
        differs={
            "distribution": allowed(
                "HTTP/1.1 206 Partial Content\nContent-Type: multipart/byteranges; boundary=<text>",
                rfc("15.3.7.2 Multiple Parts"),
                "a server may send several parts, or ignore such a Range",
            )
        },
    ),
    Row(
        "get_blob",
        "has no last 0 bytes",
        Sent("GET /v2/{repository}/blobs/{hello} HTTP/1.1\nRange: bytes=-0"),
        Answer("HTTP/1.1 416 Range Not Satisfiable\nContent-Range: bytes */5", errors=("SIZE_INVALID",)),
        rfc("14.1.2 Byte Ranges"),
        given=("the blob hello",),
        differs={
            "distribution": deviation(
                "HTTP/1.1 206 Partial Content\nContent-Range: bytes 5-4/5\nContent-Length: 0",
                rfc("14.1.2 Byte Ranges"),
                "a part without bytes cannot be written as a range: 5-4 ends before it begins",
                body=b"",
            )
        },
    ),
)
