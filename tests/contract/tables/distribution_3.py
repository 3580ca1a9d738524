"""The responses of ``embedded(quirks="distribution-3.1")`` where 3.1 differs from 2.8, the specification or us.

There is no 3.1 here to compare it with: the rows are from what was seen of 3.1.1 on loopback (``SEEN``), and from its
source (``READ``).
"""

from tests.contract import preparations as content
from tests.contract.language import Answer, Row, Sent
from tests.contract.preparations import DOCKER_LIST, DOCKER_MANIFEST, HELLO, OCI_MANIFEST, SCHEMA_1, put_manifest
from tests.contract.tables.patch_upload import arrived, chunk

SEEN = "seen of 3.1.1 on loopback: {} <https://github.com/distribution/distribution/blob/v3.1.1/registry/{}>"
READ = "the source of 3.1.1: {} <https://github.com/distribution/distribution/blob/v3.1.1/registry/{}>"
_UPLOADS = "handlers/blobupload.go"
_MANIFESTS = "handlers/manifests.go"
_TAGS = "handlers/tags.go"
_OUT_OF_RANGE = Answer(
    "HTTP/1.1 416 Requested Range Not Satisfiable\nLocation: <absent>\nRange: <absent>", errors=("RANGE_INVALID",)
)
_PAGE = "HTTP/1.1 404 Not Found\nContent-Type: text/plain; charset=utf-8"


def get(reference: str, accept: str = "") -> Sent:
    """``GET`` of a manifest."""
    return Sent(f"GET /v2/{{repository}}/manifests/{reference} HTTP/1.1" + (f"\nAccept: {accept}" if accept else ""))


UPLOADS = (
    Row(
        "patch_upload",
        "fails at a Content-Range with a unit",
        chunk("bytes 0-2", b"hel"),
        Answer("HTTP/1.1 500 Internal Server Error", errors=("UNKNOWN",)),
        SEEN.format("PATCH with bytes 0-9 gave 500", _UPLOADS),
        ("a session",),
    ),
    Row(
        "patch_upload",
        "refuses a chunk that leaves a gap, and does not give the state of the session",
        chunk("4-4", b"o"),
        _OUT_OF_RANGE,
        SEEN.format("PATCH out of order gave 416", _UPLOADS),
        ("a session", "the chunk hel"),
    ),
    Row(
        "patch_upload",
        "refuses a Content-Range whose last number is that of the byte after it",
        chunk("0-3", b"hel"),
        Answer("HTTP/1.1 400 Bad Request", errors=("SIZE_INVALID",)),
        SEEN.format("PATCH with a half-open range gave 400", _UPLOADS),
        ("a session",),
    ),
    Row(
        "patch_upload",
        "refuses a Location that a later response has replaced",
        chunk("3-4", b"lo", "{former_location}"),
        _OUT_OF_RANGE,
        SEEN.format("a stale Location gave 416", _UPLOADS),
        ("a session", "the chunk hel"),
    ),
    Row(
        "patch_upload",
        "does not look at the Content-Range of a stream",
        Sent("PATCH {location} HTTP/1.1\nContent-Range: 0-3\nTransfer-Encoding: chunked", b"3\r\nhel\r\n0\r\n\r\n"),
        Answer(arrived(2)),
        READ.format("Content-Range counts only beside Content-Length", _UPLOADS),
        ("a session",),
    ),
    Row(
        "put_blob",
        "does not look at the Content-Range of a last chunk",
        Sent("PUT {location}&digest={hello} HTTP/1.1\nContent-Range: 4-5\nContent-Length: 2", b"lo"),
        Answer("HTTP/1.1 201 Created\nDocker-Content-Digest: {hello}"),
        SEEN.format("PUT of a last chunk with a wrong range gave 201", _UPLOADS),
        ("a session", "the chunk hel"),
    ),
    Row(
        "get_upload",
        "continues with bytes that were refused for their digest",
        Sent("GET {location} HTTP/1.1"),
        Answer("HTTP/1.1 204 No Content\nRange: 0-4"),
        SEEN.format("the status after a wrong digest was 204 with all the bytes", _UPLOADS),
        ("hello was refused as another blob",),
    ),
    Row(
        "get_upload",
        "tells the status to whoever knows the session's name",
        Sent("GET {location_path} HTTP/1.1"),
        Answer(
            "HTTP/1.1 204 No Content\nRange: 0-2\n"
            "Location: <origin>/v2/{repository}/blobs/uploads/<uuid>?_state=<state>"
        ),
        READ.format("GET and HEAD do not read _state", _UPLOADS),
        ("a session", "the chunk hel"),
    ),
    Row(
        "get_upload",
        "does not know a session that was never opened",
        Sent("GET /v2/{repository}/blobs/uploads/{nosession} HTTP/1.1"),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UPLOAD_UNKNOWN",)),
        READ.format("GET and HEAD do not read _state", _UPLOADS),
    ),
    Row(
        "cancel_upload",
        "does not cancel by a Location that a later response has replaced",
        Sent("DELETE {former_location} HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 416 Requested Range Not Satisfiable", errors=("RANGE_INVALID",)),
        READ.format("every method but GET and HEAD needs the latest Location", _UPLOADS),
        ("a session", "the chunk hel"),
    ),
    Row(
        "post_blob",
        "opens a session instead of storing the bytes",
        Sent("POST /v2/{repository}/blobs/uploads/?digest={hello} HTTP/1.1\nContent-Length: 5", HELLO),
        Answer("HTTP/1.1 202 Accepted\nRange: 0-0"),
        SEEN.format("a single POST gave 202, and the body was gone", _UPLOADS),
    ),
)

MANIFESTS = (
    Row(
        "get_manifest",
        "sends a Docker manifest as it was pushed where there is no Accept",
        get("v1"),
        Answer(
            f"HTTP/1.1 200 OK\nContent-Type: {DOCKER_MANIFEST}\nDocker-Content-Digest: {{docker}}", body=content.DOCKER
        ),
        SEEN.format("schema 2 without Accept came as it was pushed", _MANIFESTS),
        ("the Docker image v1",),
    ),
    Row(
        "get_manifest",
        "sends a Docker manifest by its tag whatever Accept says",
        get("v1", OCI_MANIFEST),
        Answer(f"HTTP/1.1 200 OK\nContent-Type: {DOCKER_MANIFEST}", body=content.DOCKER),
        READ.format("Accept counts for OCI types and lists only", _MANIFESTS),
        ("the Docker image v1",),
    ),
    Row(
        "get_manifest",
        "takes the manifest out of a list that Accept does not name",
        get("v1", DOCKER_MANIFEST),
        Answer("HTTP/1.1 200 OK\nDocker-Content-Digest: {docker}", body=content.DOCKER),
        READ.format("a list is for those who name its type", _MANIFESTS),
        ("the Docker list v1",),
    ),
    Row(
        "get_manifest",
        "refuses the manifest in a list's place to those who do not name its type either",
        get("v1", OCI_MANIFEST),
        Answer("HTTP/1.1 400 Bad Request", errors=("MANIFEST_INVALID",)),
        READ.format("a list is for those who name its type", _MANIFESTS),
        ("the Docker list v1",),
    ),
    Row(
        "get_manifest",
        "sends a list to those who name it",
        get("v1", DOCKER_LIST),
        Answer(f"HTTP/1.1 200 OK\nContent-Type: {DOCKER_LIST}", body=content.LIST),
        READ.format("a list is for those who name its type", _MANIFESTS),
        ("the Docker list v1",),
    ),
    Row(
        "get_manifest",
        "does not send an OCI manifest to those who permit everything",
        get("v1", "*/*"),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        SEEN.format("OCI manifest found, but accept header does not support it", _MANIFESTS),
        ("the image v1",),
    ),
    Row(
        "get_manifest",
        "does not find a blob",
        get("{config}", OCI_MANIFEST),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        READ.format("manifests are looked for among manifests only", "storage/registry.go"),
        ("the image v1",),
    ),
    Row(
        "put_manifest",
        "refuses Schema 1",
        put_manifest("v1", SCHEMA_1, content.SCHEMA_1_BODY),
        Answer("HTTP/1.1 400 Bad Request", errors=("MANIFEST_INVALID",)),
        SEEN.format("Schema 1 gave 400 always", _MANIFESTS),
        ("config and layer",),
    ),
    Row(
        "delete_manifest",
        "deletes a tag",
        Sent("DELETE /v2/{repository}/manifests/v1 HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 202 Accepted"),
        SEEN.format("DELETE of a tag gave 202", _MANIFESTS),
        ("the image v1",),
    ),
    Row(
        "get_referrers",
        "has no referrers API",
        Sent("GET /v2/{repository}/referrers/{manifest} HTTP/1.1"),
        Answer(_PAGE, body=b"404 page not found\n"),
        SEEN.format("referrers gave 404", "api/v2/descriptors.go"),
        ("the image v1",),
    ),
)

LISTS = (
    Row(
        "list_tags",
        "gives n tags and a Link also where there are no more",
        Sent("GET /v2/{repository}/tags/list?n=1 HTTP/1.1"),
        Answer(
            'HTTP/1.1 200 OK\nLink: </v2/{repository}/tags/list?n=1&last=v1>; rel="next"',
            json={"name": "{repository}", "tags": ["v1"]},
        ),
        SEEN.format("tags?n=1 gave one and a Link", _TAGS),
        ("the image v1",),
    ),
    Row(
        "list_tags",
        "gives upper case before lower case",
        Sent("GET /v2/{repository}/tags/list?n=2&last=B HTTP/1.1"),
        Answer(
            'HTTP/1.1 200 OK\nLink: </v2/{repository}/tags/list?n=2&last=a>; rel="next"',
            json={"name": "{repository}", "tags": ["C", "a"]},
        ),
        READ.format("paths are walked in the order of their bytes", "storage/tagstore.go"),
        ("the image v1", "the tags C, 10, a and B"),
    ),
    Row(
        "list_tags",
        "refuses an n that is no number",
        Sent("GET /v2/{repository}/tags/list?n=two HTTP/1.1"),
        Answer("HTTP/1.1 400 Bad Request", errors=("PAGINATION_NUMBER_INVALID",)),
        READ.format("n is a number from 0", _TAGS),
        ("the image v1",),
    ),
    Row(
        "list_tags",
        "does not know a repository without a tag",
        Sent("GET /v2/{repository}/tags/list HTTP/1.1"),
        Answer("HTTP/1.1 404 Not Found", errors=("NAME_UNKNOWN",)),
        READ.format("a repository is known by the folder of its tags", "storage/tagstore.go"),
        ("the manifest without a tag",),
    ),
    Row(
        "list_repositories",
        "refuses an n that is no number",
        Sent("GET /v2/_catalog?n=two HTTP/1.1"),
        Answer("HTTP/1.1 400 Bad Request", errors=("PAGINATION_NUMBER_INVALID",)),
        READ.format("n is a number from 0", "handlers/catalog.go"),
    ),
)

ROWS = (*UPLOADS, *MANIFESTS, *LISTS)
