"""The responses of a real 3.1.1 where it differs from 2.8, from the specification or from the embedded registry.

All of them were received from a 3.1.1 on loopback (built from its tag with Go 1.27.3); ``SOURCE`` names the code that
is the cause. What Go's own HTTP library does is marked [Go]: another release of Go may do otherwise.
"""

from tests.contract import preparations as content
from tests.contract.language import Answer, Row, Sent
from tests.contract.preparations import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    HELLO,
    OCI_INDEX,
    OCI_MANIFEST,
    SCHEMA_1,
    put_manifest,
)
from tests.contract.tables.imitated import blob
from tests.contract.tables.patch_upload import arrived, chunk

SOURCE = "3.1.1: {} <https://github.com/distribution/distribution/blob/v3.1.1/registry/{}>"
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
        SOURCE.format("PATCH with bytes 0-9 gave 500", _UPLOADS),
        ("a session",),
    ),
    Row(
        "patch_upload",
        "refuses a chunk that leaves a gap, and does not give the state of the session",
        chunk("4-4", b"o"),
        _OUT_OF_RANGE,
        SOURCE.format("PATCH out of order gave 416", _UPLOADS),
        ("a session", "the chunk hel"),
    ),
    Row(
        "patch_upload",
        "refuses a Content-Range whose last number is that of the byte after it",
        chunk("0-3", b"hel"),
        Answer("HTTP/1.1 400 Bad Request", errors=("SIZE_INVALID",)),
        SOURCE.format("PATCH with a half-open range gave 400", _UPLOADS),
        ("a session",),
    ),
    Row(
        "patch_upload",
        "refuses a Location that a later response has replaced",
        chunk("3-4", b"lo", "{former_location}"),
        _OUT_OF_RANGE,
        SOURCE.format("a stale Location gave 416", _UPLOADS),
        ("a session", "the chunk hel"),
    ),
    Row(
        "patch_upload",
        "does not look at the Content-Range of a stream",
        Sent("PATCH {location} HTTP/1.1\nContent-Range: 0-3\nTransfer-Encoding: chunked", b"3\r\nhel\r\n0\r\n\r\n"),
        Answer(arrived(2)),
        SOURCE.format("Content-Range counts only beside Content-Length", _UPLOADS),
        ("a session",),
    ),
    Row(
        "put_blob",
        "does not look at the Content-Range of a last chunk",
        Sent("PUT {location}&digest={hello} HTTP/1.1\nContent-Range: 4-5\nContent-Length: 2", b"lo"),
        Answer("HTTP/1.1 201 Created\nDocker-Content-Digest: {hello}"),
        SOURCE.format("PUT of a last chunk with a wrong range gave 201", _UPLOADS),
        ("a session", "the chunk hel"),
    ),
    Row(
        "get_upload",
        "continues with bytes that were refused for their digest",
        Sent("GET {location} HTTP/1.1"),
        Answer("HTTP/1.1 204 No Content\nRange: 0-4"),
        SOURCE.format("the status after a wrong digest was 204 with all the bytes", _UPLOADS),
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
        SOURCE.format("GET and HEAD do not read _state", _UPLOADS),
        ("a session", "the chunk hel"),
    ),
    Row(
        "get_upload",
        "does not know a session that was never opened",
        Sent("GET /v2/{repository}/blobs/uploads/{nosession} HTTP/1.1"),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UPLOAD_UNKNOWN",)),
        SOURCE.format("GET and HEAD do not read _state", _UPLOADS),
    ),
    Row(
        "cancel_upload",
        "does not cancel by a Location that a later response has replaced",
        Sent("DELETE {former_location} HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 416 Requested Range Not Satisfiable", errors=("RANGE_INVALID",)),
        SOURCE.format("every method but GET and HEAD needs the latest Location", _UPLOADS),
        ("a session", "the chunk hel"),
    ),
    Row(
        "post_blob",
        "opens a session instead of storing the bytes",
        Sent("POST /v2/{repository}/blobs/uploads/?digest={hello} HTTP/1.1\nContent-Length: 5", HELLO),
        Answer("HTTP/1.1 202 Accepted\nRange: 0-0"),
        SOURCE.format("a single POST gave 202, and the body was gone", _UPLOADS),
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
        SOURCE.format("schema 2 without Accept came as it was pushed", _MANIFESTS),
        ("the Docker image v1",),
    ),
    Row(
        "get_manifest",
        "sends a Docker manifest by its tag whatever Accept says",
        get("v1", OCI_MANIFEST),
        Answer(f"HTTP/1.1 200 OK\nContent-Type: {DOCKER_MANIFEST}", body=content.DOCKER),
        SOURCE.format("Accept counts for OCI types and lists only", _MANIFESTS),
        ("the Docker image v1",),
    ),
    Row(
        "get_manifest",
        "takes the manifest out of a list that Accept does not name",
        get("v1", DOCKER_MANIFEST),
        Answer("HTTP/1.1 200 OK\nDocker-Content-Digest: {docker}", body=content.DOCKER),
        SOURCE.format("a list is for those who name its type", _MANIFESTS),
        ("the Docker list v1",),
    ),
    Row(
        "get_manifest",
        "refuses the manifest in a list's place to those who do not name its type either",
        get("v1", OCI_MANIFEST),
        Answer("HTTP/1.1 400 Bad Request", errors=("MANIFEST_INVALID",)),
        SOURCE.format("a list is for those who name its type", _MANIFESTS),
        ("the Docker list v1",),
    ),
    Row(
        "get_manifest",
        "sends a list to those who name it",
        get("v1", DOCKER_LIST),
        Answer(f"HTTP/1.1 200 OK\nContent-Type: {DOCKER_LIST}", body=content.LIST),
        SOURCE.format("a list is for those who name its type", _MANIFESTS),
        ("the Docker list v1",),
    ),
    Row(
        "get_manifest",
        "does not send an OCI manifest to those who permit everything",
        get("v1", "*/*"),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        SOURCE.format("OCI manifest found, but accept header does not support it", _MANIFESTS),
        ("the image v1",),
    ),
    Row(
        "get_manifest",
        "does not find a blob",
        get("{config}", OCI_MANIFEST),
        Answer("HTTP/1.1 404 Not Found", errors=("MANIFEST_UNKNOWN",)),
        SOURCE.format("manifests are looked for among manifests only", "storage/registry.go"),
        ("the image v1",),
    ),
    Row(
        "put_manifest",
        "refuses Schema 1",
        put_manifest("v1", SCHEMA_1, content.SCHEMA_1_BODY),
        Answer("HTTP/1.1 400 Bad Request", errors=("MANIFEST_INVALID",)),
        SOURCE.format("Schema 1 gave 400 always", _MANIFESTS),
        ("config and layer",),
    ),
    Row(
        "delete_manifest",
        "deletes a tag",
        Sent("DELETE /v2/{repository}/manifests/v1 HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 202 Accepted"),
        SOURCE.format("DELETE of a tag gave 202", _MANIFESTS),
        ("the image v1",),
    ),
    Row(
        "get_referrers",
        "has no referrers API",
        Sent("GET /v2/{repository}/referrers/{manifest} HTTP/1.1"),
        Answer(_PAGE, body=b"404 page not found\n"),
        SOURCE.format("referrers gave 404", "api/v2/descriptors.go"),
        ("the image v1",),
    ),
)

LISTS = (
    Row(
        "list_tags",
        "gives n tags and a Link also where there are no more",
        Sent("GET /v2/{repository}/tags/list?n=1 HTTP/1.1"),
        Answer(
            'HTTP/1.1 200 OK\nLink: </v2/{repository}/tags/list?last=v1&n=1>; rel="next"',
            json={"name": "{repository}", "tags": ["v1"]},
        ),
        SOURCE.format("tags?n=1 gave one and a Link", _TAGS),
        ("the image v1",),
    ),
    Row(
        "list_tags",
        "gives upper case before lower case",
        Sent("GET /v2/{repository}/tags/list?n=2&last=B HTTP/1.1"),
        Answer(
            'HTTP/1.1 200 OK\nLink: </v2/{repository}/tags/list?last=a&n=2>; rel="next"',
            json={"name": "{repository}", "tags": ["C", "a"]},
        ),
        SOURCE.format("paths are walked in the order of their bytes", "storage/tagstore.go"),
        ("the image v1", "the tags C, 10, a and B"),
    ),
    Row(
        "list_tags",
        "refuses an n that is no number",
        Sent("GET /v2/{repository}/tags/list?n=two HTTP/1.1"),
        Answer("HTTP/1.1 400 Bad Request", errors=("PAGINATION_NUMBER_INVALID",)),
        SOURCE.format("n is a number from 0", _TAGS),
        ("the image v1",),
    ),
    Row(
        "list_tags",
        "does not know a repository without a tag",
        Sent("GET /v2/{repository}/tags/list HTTP/1.1"),
        Answer("HTTP/1.1 404 Not Found", errors=("NAME_UNKNOWN",)),
        SOURCE.format("a repository is known by the folder of its tags", "storage/tagstore.go"),
        ("the manifest without a tag",),
    ),
    Row(
        "list_repositories",
        "refuses an n that is no number",
        Sent("GET /v2/_catalog?n=two HTTP/1.1"),
        Answer("HTTP/1.1 400 Bad Request", errors=("PAGINATION_NUMBER_INVALID",)),
        SOURCE.format("n is a number from 0", "handlers/catalog.go"),
    ),
)

_STORED = "storage/blobserver.go"

BLOBS = (
    Row(
        "get_blob",
        "refuses a range behind the end in plain text [Go]",
        blob("GET", "Range: bytes=9-"),
        Answer(
            "HTTP/1.1 416 Requested Range Not Satisfiable\nContent-Type: text/plain; charset=utf-8\n"
            "Content-Range: bytes */5\nDocker-Content-Digest: {hello}",
            body=b"invalid range: failed to overlap\n",
        ),
        SOURCE.format("Go's HTTP library sends the blob", _STORED),
        ("the blob hello",),
    ),
    Row(
        "get_blob",
        "refuses a range that ends before it begins in plain text [Go]",
        blob("GET", "Range: bytes=3-1"),
        Answer(
            "HTTP/1.1 416 Requested Range Not Satisfiable\nContent-Range: <absent>\nDocker-Content-Digest: {hello}",
            body=b"invalid range\n",
        ),
        SOURCE.format("Go's HTTP library sends the blob", _STORED),
        ("the blob hello",),
    ),
    Row(
        "get_blob",
        "sends an empty part for the last 0 bytes, with the headers of the blob [Go]",
        blob("GET", "Range: bytes=-0"),
        Answer(
            "HTTP/1.1 206 Partial Content\nContent-Type: application/octet-stream\nContent-Range: bytes 5-4/5\n"
            'Docker-Content-Digest: {hello}\nEtag: "{hello}"',
            body=b"",
        ),
        SOURCE.format("Go's HTTP library sends the blob", _STORED),
        ("the blob hello",),
    ),
    Row(
        "head_blob",
        "gives the head of a part",
        blob("HEAD", "Range: bytes=0-1"),
        Answer("HTTP/1.1 206 Partial Content\nContent-Length: 2\nContent-Range: bytes 0-1/5", body=b""),
        SOURCE.format("Go's HTTP library sends the blob", _STORED),
        ("the blob hello",),
    ),
    Row(
        "get_blob",
        "does not recognize an ETag without quotes",
        blob("GET", "If-None-Match: {hello}"),
        Answer("HTTP/1.1 200 OK", body=HELLO),
        SOURCE.format("Go's HTTP library sends the blob", _STORED),
        ("the blob hello",),
    ),
    Row(
        "get_blob",
        "compares If-Match",
        blob("GET", 'If-Match: "other"'),
        Answer('HTTP/1.1 412 Precondition Failed\nEtag: "{hello}"', body=b""),
        SOURCE.format("Go's HTTP library sends the blob", _STORED),
        ("the blob hello",),
    ),
    Row(
        "get_blob",
        "does not find a blob that was mounted by its sha512",
        blob("GET", digest="{hello512}"),
        Answer("HTTP/1.1 404 Not Found\nContent-Type: application/json", errors=("BLOB_UNKNOWN",)),
        SOURCE.format("a mount links to the digest that the client names", "storage/linkedblobstore.go"),
        ("the blob hello in {other}, by its sha512", "its sha512 was mounted"),
    ),
)

INDEXES = (
    *(
        Row(
            "get_manifest",
            f"sends an index {where}",
            get(reference, accept),
            Answer(f"HTTP/1.1 200 OK\nContent-Type: {OCI_INDEX}", body=content.INDEX),
            SOURCE.format("an OCI index is of a type that no check of Accept is for", _MANIFESTS),
            ("the index v1",),
        )
        for where, reference, accept in (
            ("by its tag without Accept", "v1", ""),
            ("by its tag where Accept names manifests only", "v1", OCI_MANIFEST),
            ("by its digest where Accept names a Docker type only", "{index}", DOCKER_MANIFEST),
        )
    ),
    Row(
        "get_manifest",
        "sends an index that does not name its own type, whatever Accept says",
        get("untyped", DOCKER_MANIFEST),
        Answer(f"HTTP/1.1 200 OK\nContent-Type: {OCI_INDEX}", body=content.INDEX_WITHOUT_TYPE),
        SOURCE.format("an OCI index is of a type that no check of Accept is for", _MANIFESTS),
        ("an index without a type",),
    ),
    Row(
        "put_manifest",
        "refuses an index that lists a blob as a manifest",
        put_manifest("v1", OCI_INDEX, content.BLOB_AS_CHILD),
        Answer("HTTP/1.1 400 Bad Request", errors=("MANIFEST_BLOB_UNKNOWN",)),
        SOURCE.format("the children of an index are looked for among manifests", "storage/manifestlisthandler.go"),
        ("the blob hello",),
    ),
)

MANNERS = (
    Row(
        "get_manifest",
        "takes no notice of the weight 0",
        get("v1", f"{OCI_MANIFEST};q=0"),
        Answer("HTTP/1.1 200 OK", body=content.MANIFEST),
        SOURCE.format("weights in Accept are not read", _MANIFESTS),
        ("the image v1",),
    ),
    Row(
        "get_manifest",
        "recognizes a type in another case",
        get("v1", OCI_MANIFEST.upper()),
        Answer("HTTP/1.1 200 OK", body=content.MANIFEST),
        SOURCE.format("Go's parser of media types reads Accept", _MANIFESTS),
        ("the image v1",),
    ),
    Row(
        "delete_manifest",
        "fails at a malformed digest",
        Sent("DELETE /v2/{repository}/manifests/sha256:abc HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 500 Internal Server Error", errors=("UNKNOWN",)),
        SOURCE.format("what is no digest is a tag, and the file system refuses its path", _MANIFESTS),
        ("the image v1",),
    ),
    Row(
        "put_manifest",
        "fails at another version of the schema",
        put_manifest("v1", OCI_MANIFEST, content.SCHEMA_VERSION_1),
        Answer("HTTP/1.1 500 Internal Server Error", errors=("UNKNOWN",)),
        SOURCE.format("the handler does not expect this error", "storage/ocimanifesthandler.go"),
        ("config and layer",),
    ),
    Row(
        "put_manifest",
        "refuses a manifest without a type",
        Sent("PUT /v2/{repository}/manifests/v1 HTTP/1.1\nContent-Length: 2", b"{}"),
        Answer("HTTP/1.1 400 Bad Request\nContent-Type: application/json", errors=("MANIFEST_INVALID",)),
        SOURCE.format("the detail names the media types; there is no parser of Schema 1", _MANIFESTS),
        ("config and layer",),
    ),
    Row(
        "put_manifest",
        "takes no notice of tags in the query",
        put_manifest("{manifest}?tag=v1", OCI_MANIFEST, content.MANIFEST),
        Answer("HTTP/1.1 201 Created\nOCI-Tag: <absent>"),
        SOURCE.format("no parameter of the query is read", _MANIFESTS),
        ("config and layer",),
    ),
    Row(
        "none",
        "opens no session for POST to a Location that a later response has replaced",
        Sent("POST {former_location} HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 416 Requested Range Not Satisfiable", errors=("RANGE_INVALID",)),
        SOURCE.format("every method but GET and HEAD needs the latest Location", _UPLOADS),
        ("a session", "the chunk hel"),
    ),
    Row(
        "none",
        "is alive at the root",
        Sent("GET / HTTP/1.1"),
        Answer("HTTP/1.1 200 OK", body=b""),
        SOURCE.format("a route for health checks", "registry.go"),
    ),
    Row(
        "check_api",
        "does not name a charset of JSON",
        Sent("GET /v2/ HTTP/1.1"),
        Answer("HTTP/1.1 200 OK\nContent-Type: application/json", json={}),
        SOURCE.format("the API itself", "handlers/app.go"),
    ),
)

PAGES = (
    Row(
        "list_tags",
        "gives null after the last tag",
        Sent("GET /v2/{repository}/tags/list?last=v1&n=1 HTTP/1.1"),
        Answer(
            "HTTP/1.1 200 OK\nContent-Type: application/json\nLink: <absent>",
            json={"name": "{repository}", "tags": None},
        ),
        SOURCE.format("where its own Link leads, no tag is left", _TAGS),
        ("the image v1",),
    ),
    Row(
        "list_tags",
        "takes an empty n for none",
        Sent("GET /v2/{repository}/tags/list?n= HTTP/1.1"),
        Answer("HTTP/1.1 200 OK\nLink: <absent>", json={"name": "{repository}", "tags": ["v1"]}),
        SOURCE.format("n is read if it is not empty", _TAGS),
        ("the image v1",),
    ),
    Row(
        "list_repositories",
        "names a repository in a Link with %2F, and n after last",
        Sent("GET /v2/_catalog?n=1 HTTP/1.1"),
        Answer('HTTP/1.1 200 OK\nLink: </v2/_catalog?last=<text>%2F<text>&n=1>; rel="next"'),
        SOURCE.format("Go's encoder of queries sorts and encodes", "handlers/catalog.go"),
        ("the image v1",),
    ),
    Row(
        "list_repositories",
        "does not name a repository that only has a blob",
        Sent("GET /v2/_catalog?n=1&last={repository}-before HTTP/1.1"),
        Answer("HTTP/1.1 200 OK", json={"repositories": []}),
        SOURCE.format("a repository is known by the folder of its manifests", "storage/catalog.go"),
        ("the blob hello in {other}",),
    ),
    Row(
        "list_tags",
        "fails at a name of more than 255 characters",
        Sent("GET /v2/{long}/tags/list HTTP/1.1"),
        Answer("HTTP/1.1 500 Internal Server Error"),
        SOURCE.format("the error of a name has no status, and is sent twice", "handlers/app.go"),
    ),
)

ROWS = (*UPLOADS, *MANIFESTS, *LISTS, *BLOBS, *INDEXES, *MANNERS, *PAGES)
