"""Answers that several rows share: what a success looks like, and what CNCF Distribution says in its own way."""

from tests.contract.language import allowed, spec
from tests.contract.preparations import OCI_MANIFEST

SESSION_OPENED = """
    HTTP/1.1 202 Accepted
    Location: <origin>/v2/{repository}/blobs/uploads/<uuid>?_state=<state>
    Docker-Upload-UUID: <uuid>
    Range: 0-0
    Content-Length: 0
"""
HELLO_STORED = """
    HTTP/1.1 201 Created
    Location: <origin>/v2/{repository}/blobs/{hello}
    Docker-Content-Digest: {hello}
    Content-Length: 0
"""
HELLO_FOUND = """
    HTTP/1.1 200 OK
    Content-Length: 5
    Content-Type: application/octet-stream
    Docker-Content-Digest: {hello}
    Etag: "{hello}"
    Accept-Ranges: bytes
"""
MANIFEST_FOUND = f"""
    HTTP/1.1 200 OK
    Content-Type: {OCI_MANIFEST}
    Content-Length: {{size_manifest}}
    Docker-Content-Digest: {{manifest}}
    Etag: "{{manifest}}"
"""
MANIFEST_STORED = """
    HTTP/1.1 201 Created
    Location: <origin>/v2/{repository}/manifests/{manifest}
    Docker-Content-Digest: {manifest}
    Content-Length: 0
"""

NAMES = spec("Pulling manifests")
ERRORS = spec("Error Codes")

_NO_HANDLER = "its router has no path for such a name or tag, so no handler sees it and the body is not the API's"
_PAGE = "HTTP/1.1 404 Not Found\nContent-Type: text/plain; charset=utf-8"
NO_SUCH_PAGE = {"distribution": allowed(_PAGE, NAMES, _NO_HANDLER, body=b"404 page not found\n")}
NO_SUCH_PAGE_TO_HEAD = {"distribution": allowed(_PAGE, NAMES, _NO_HANDLER, body=b"")}
READS_STATE_FIRST = {
    registry: allowed(
        "HTTP/1.1 404 Not Found",
        ERRORS,
        "it reads _state first, and a Location that was made up has none",
        errors=("BLOB_UPLOAD_INVALID",),
    )
    for registry in ("embedded", "distribution")
}
TAKEN_FOR_TAG = "it takes what is no digest for a tag, which its storage then refuses"
