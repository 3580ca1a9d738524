"""The contract: sending a manifest, the last request of a push."""

from tests.contract import preparations as content
from tests.contract.cells import ERRORS, MANIFEST_STORED, NO_SUCH_PAGE, TAKEN_FOR_TAG
from tests.contract.language import Answer, Row, Sent, allowed, api, deviation, rfc, spec
from tests.contract.preparations import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, SCHEMA_1, put_manifest

PULL = spec("Pulling manifests")
PUSH = spec("Pushing Manifests")
MISSING = spec("Push")
REFUSES_URLS = {
    "distribution": deviation(
        "HTTP/1.1 500 Internal Server Error",
        MISSING,
        "URLs are refused until validation.manifests.urls.allow permits them, but that is no failure of its own",
        errors=("UNKNOWN", "UNKNOWN", "MANIFEST_BLOB_UNKNOWN"),
    )
}

ROWS = (
    Row(
        "put_manifest",
        "stores it, and lets the tag point to it",
        put_manifest("v1", OCI_MANIFEST, content.MANIFEST),
        Answer(MANIFEST_STORED, body=b""),
        PUSH,
        given=("config and layer",),
    ),
    Row(
        "put_manifest",
        "stores it by its digest, without a tag",
        put_manifest("{manifest}", OCI_MANIFEST, content.MANIFEST),
        Answer(MANIFEST_STORED),
        PUSH,
        given=("config and layer",),
    ),
    Row(
        "put_manifest",
        "moves a tag",
        put_manifest("v1", OCI_MANIFEST, content.ANOTHER),
        Answer("HTTP/1.1 201 Created\nDocker-Content-Digest: {another}"),
        PUSH,
        given=("the image v1",),
    ),
    Row(
        "put_manifest",
        "takes a Docker manifest",
        put_manifest("v1", DOCKER_MANIFEST, content.DOCKER),
        Answer("HTTP/1.1 201 Created\nDocker-Content-Digest: {docker}"),
        api("Pushing an Image Manifest"),
        given=("config and layer",),
    ),
    Row(
        "put_manifest",
        "takes an index whose manifests are there",
        put_manifest("all", OCI_INDEX, content.INDEX),
        Answer("HTTP/1.1 201 Created\nDocker-Content-Digest: {index}"),
        PUSH,
        given=("the image v1",),
    ),
    Row(
        "put_manifest",
        "takes a Docker manifest list whose manifests are there",
        put_manifest("all", DOCKER_LIST, content.LIST),
        Answer("HTTP/1.1 201 Created\nDocker-Content-Digest: {list}"),
        PUSH,
        given=("the Docker image v1",),
    ),
    Row(
        "put_manifest",
        "takes a manifest without layers",
        put_manifest("v1", OCI_MANIFEST, content.NO_LAYERS),
        Answer("HTTP/1.1 201 Created"),
        PUSH,
        given=("config and layer",),
    ),
    Row(
        "put_manifest",
        "takes a manifest that does not name its own type",
        put_manifest("v1", OCI_MANIFEST, content.WITHOUT_TYPE),
        Answer("HTTP/1.1 201 Created"),
        PUSH,
        given=("config and layer",),
    ),
    Row(
        "put_manifest",
        "ignores a parameter of the Content-Type",
        put_manifest("v1", f"{OCI_MANIFEST}; charset=utf-8", content.MANIFEST),
        Answer(MANIFEST_STORED),
        PUSH,
        given=("config and layer",),
    ),
    Row(
        "put_manifest",
        "does not ask for a layer that is fetched from elsewhere",
        put_manifest("v1", OCI_MANIFEST, content.FOREIGN),
        Answer("HTTP/1.1 201 Created"),
        PUSH,
        given=("config and layer",),
        differs=REFUSES_URLS,
    ),
    Row(
        "put_manifest",
        "does not ask for a Docker layer that is fetched from elsewhere",
        put_manifest("v1", DOCKER_MANIFEST, content.DOCKER_FOREIGN_MANIFEST),
        Answer("HTTP/1.1 201 Created"),
        PUSH,
        given=("config and layer",),
        differs=REFUSES_URLS,
    ),
    Row(
        "put_manifest",
        "takes a manifest whose subject is not there, and says that it has seen the subject",
        put_manifest("v1", OCI_MANIFEST, content.WITH_SUBJECT),
        Answer("HTTP/1.1 201 Created\nOCI-Subject: {unknown}"),
        spec("Pushing Manifests with Subject"),
        given=("config and layer",),
        differs={
            "distribution": allowed(
                "HTTP/1.1 201 Created\nOCI-Subject: <absent>",
                spec("Pushing Manifests with Subject"),
                "it has no referrers API: the client must keep the list of referrers under a tag",
            )
        },
    ),
    Row(
        "put_manifest",
        "says 100 Continue before it takes the bytes, when asked",
        Sent(
            f"""
            PUT /v2/{{repository}}/manifests/v1 HTTP/1.1
            Content-Type: {OCI_MANIFEST}
            Content-Length: {len(content.MANIFEST)}
            Expect: 100-continue
            """,
            content.MANIFEST,
        ),
        Answer("HTTP/1.1 100 Continue\nHTTP/1.1 201 Created"),
        rfc("10.1.1 Expect"),
        given=("config and layer",),
    ),
    Row(
        "put_manifest",
        "refuses bytes that are not those of the digest",
        put_manifest("{unknown}", OCI_MANIFEST, content.MANIFEST),
        Answer("HTTP/1.1 400 Bad Request", errors=("DIGEST_INVALID",)),
        ERRORS,
        given=("config and layer",),
    ),
    Row(
        "put_manifest",
        "refuses a layer that is not in this repository",
        put_manifest("v1", OCI_MANIFEST, content.LOST_LAYER),
        Answer("HTTP/1.1 400 Bad Request", errors=("MANIFEST_BLOB_UNKNOWN",)),
        MISSING,
        given=("config and layer",),
    ),
    Row(
        "put_manifest",
        "refuses blobs that only another repository has",
        put_manifest("v1", OCI_MANIFEST, content.NO_LAYERS),
        Answer("HTTP/1.1 400 Bad Request", errors=("MANIFEST_BLOB_UNKNOWN",)),
        MISSING,
        given=("config and layer in {other}",),
    ),
    Row(
        "put_manifest",
        "names every blob that is missing",
        put_manifest("v1", OCI_MANIFEST, content.LOST_BOTH),
        Answer("HTTP/1.1 400 Bad Request", errors=("MANIFEST_BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN")),
        MISSING,
        given=("config and layer",),
    ),
    Row(
        "put_manifest",
        "refuses an index whose manifest is not there",
        put_manifest("v1", OCI_INDEX, content.LOST_CHILD),
        Answer("HTTP/1.1 400 Bad Request", errors=("MANIFEST_BLOB_UNKNOWN",)),
        MISSING,
        given=("config and layer",),
    ),
    Row(
        "put_manifest",
        "refuses a body without a Content-Type",
        Sent(
            f"PUT /v2/{{repository}}/manifests/v1 HTTP/1.1\nContent-Length: {len(content.MANIFEST)}", content.MANIFEST
        ),
        Answer("HTTP/1.1 400 Bad Request", errors=("MANIFEST_INVALID",)),
        PUSH,
        given=("config and layer",),
    ),
    Row(
        "put_manifest",
        "refuses a Content-Type that is not a manifest's",
        put_manifest("v1", "application/json", content.MANIFEST),
        Answer("HTTP/1.1 400 Bad Request", errors=("MANIFEST_INVALID",)),
        PUSH,
        given=("config and layer",),
    ),
    Row(
        "put_manifest",
        "refuses a Content-Type that is not the manifest's own type",
        put_manifest("v1", DOCKER_MANIFEST, content.MANIFEST),
        Answer("HTTP/1.1 400 Bad Request", errors=("MANIFEST_INVALID",)),
        PUSH,
        given=("config and layer",),
    ),
    Row(
        "put_manifest",
        "refuses an index that is sent as a manifest",
        put_manifest("all", OCI_MANIFEST, content.INDEX),
        Answer("HTTP/1.1 400 Bad Request", errors=("MANIFEST_INVALID",)),
        PUSH,
        given=("the image v1",),
    ),
    Row(
        "put_manifest",
        "refuses what reads as a manifest and as an index",
        put_manifest("v1", OCI_MANIFEST, content.AMBIGUOUS),
        Answer("HTTP/1.1 400 Bad Request", errors=("MANIFEST_INVALID",)),
        "OCI image-spec v1.1.1, Image Manifest <https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md>",
        given=("config and layer",),
    ),
    Row(
        "put_manifest",
        "refuses Docker's Schema 1",
        put_manifest("v1", SCHEMA_1, content.SCHEMA_1_BODY),
        Answer("HTTP/1.1 400 Bad Request", errors=("MANIFEST_INVALID",)),
        ERRORS,
        given=("config and layer",),
    ),
    Row(
        "put_manifest",
        "refuses what is not JSON",
        put_manifest("v1", OCI_MANIFEST, b"hello"),
        Answer("HTTP/1.1 400 Bad Request", errors=("MANIFEST_INVALID",)),
        ERRORS,
        given=("config and layer",),
    ),
    Row(
        "put_manifest",
        "refuses an empty body",
        put_manifest("v1", OCI_MANIFEST, b""),
        Answer("HTTP/1.1 400 Bad Request", errors=("MANIFEST_INVALID",)),
        ERRORS,
        given=("config and layer",),
    ),
    Row(
        "put_manifest",
        "refuses a tag that begins with a dash",
        put_manifest("-v1", OCI_MANIFEST, content.MANIFEST),
        Answer("HTTP/1.1 400 Bad Request", errors=("TAG_INVALID",)),
        PULL,
        given=("config and layer",),
        differs=NO_SUCH_PAGE,
    ),
    Row(
        "put_manifest",
        "refuses a tag of more than 128 characters",
        put_manifest("{longtag}", OCI_MANIFEST, content.MANIFEST),
        Answer("HTTP/1.1 400 Bad Request", errors=("TAG_INVALID",)),
        PULL,
        given=("config and layer",),
        differs=NO_SUCH_PAGE,
    ),
    Row(
        "put_manifest",
        "refuses a malformed digest",
        put_manifest("sha256:hello", OCI_MANIFEST, content.MANIFEST),
        Answer("HTTP/1.1 400 Bad Request", errors=("DIGEST_INVALID",)),
        ERRORS,
        given=("config and layer",),
        differs={
            "distribution": deviation("HTTP/1.1 500 Internal Server Error", PULL, TAKEN_FOR_TAG, errors=("UNKNOWN",))
        },
    ),
    Row(
        "put_manifest",
        "refuses a malformed name",
        Sent(
            f"PUT /v2/{{repository}}/Upper/manifests/v1 HTTP/1.1\n"
            f"Content-Type: {OCI_MANIFEST}\nContent-Length: {len(content.MANIFEST)}",
            content.MANIFEST,
        ),
        Answer("HTTP/1.1 400 Bad Request", errors=("NAME_INVALID",)),
        ERRORS,
        differs=NO_SUCH_PAGE,
    ),
    Row(
        "put_manifest",
        "refuses more than 4 MiB, when asked before they are sent",
        Sent(
            f"""
            PUT /v2/{{repository}}/manifests/v1 HTTP/1.1
            Content-Type: {OCI_MANIFEST}
            Content-Length: 4194305
            Expect: 100-continue
            """,
            b" " * 4194305,
        ),
        Answer("HTTP/1.1 413 <text>"),
        PUSH,
        differs={
            "distribution": allowed(
                "HTTP/1.1 100 Continue\nHTTP/1.1 400 Bad Request",
                PUSH,
                "413 is what a registry SHOULD answer; it reads 4 MiB first",
                errors=("MANIFEST_INVALID",),
            )
        },
    ),
)
