"""Answers that several rows share: what a success looks like, and what CNCF Distribution says in its own way."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tests.contract.language import Answer, Differs, allowed, spec
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


@dataclass(frozen=True)
class NotImitated:
    """A difference between the embedded registry and Distribution 2.8 that no quirk removes.

    ``why`` not; ``answer`` is its own answer then, None where that is the one of the row.
    """

    why: str
    answer: Answer | None = None

    def cell(self, theirs: Differs | None) -> Differs | None:
        """Instead of the cell of Distribution."""
        return replace(theirs, answer=self.answer, why=self.why) if theirs and self.answer else None


_CUT = "it announces bytes that never come: a broken frame, which is no manner of answering; 3.1 sends the text"
_PLAIN_416 = "HTTP/1.1 416 Range Not Satisfiable\nContent-Type: text/plain; charset=utf-8\nContent-Range: "
NOT_IMITATED: Mapping[str, NotImitated] = {
    "start_upload: refuses upper case in the first part of a name": NotImitated(
        "names become paths on disk, and the store has one grammar for them, whoever is imitated"
    ),
    "put_blob: refuses before the bytes, when asked": NotImitated(
        "that it waits for a body which it is going to refuse is a manner of Go's HTTP server, not of the registry"
    ),
    "get_blob: has no part behind its end": NotImitated(
        _CUT, Answer(f"{_PLAIN_416}bytes */5", body=b"invalid range: failed to overlap\n")
    ),
    "get_blob: sends all of it where the unit of a range is not known": NotImitated(
        _CUT, Answer(f"{_PLAIN_416}<absent>", body=b"invalid range\n")
    ),
    "get_blob: sends all of it where several parts are asked for": NotImitated(
        "several parts would have to be held in memory, and a server may ignore such a Range"
    ),
    "get_manifest: sends a Docker manifest as it was pushed where there is no Accept": NotImitated(
        "nothing here makes or signs Schema 1: it sends what was pushed"
    ),
    "get_manifest: does not send a Docker manifest by its tag where Accept names OCI types only": NotImitated(
        "nothing here makes or signs Schema 1: it does not send what Accept excludes"
    ),
    "put_manifest: refuses data that are not the content of their digest": NotImitated(
        "manifests are read by one parser, at a push and after it, and that one compares"
    ),
}
"""The rows in which ``embedded(quirks="distribution-2.8")`` does not respond as the real registry does."""

NOT_IMITATED_OF_3: Mapping[str, str] = {
    "start_upload: refuses upper case in the first part of a name": (
        "names become paths on disk, and the store has one grammar for them, whoever is imitated"
    ),
    "start_upload: refuses a name of more than 255 characters": (
        "it writes the error body twice, one after the other, which is no JSON: the error is sent once here"
    ),
    "list_tags: fails at a name of more than 255 characters (3.1)": (
        "it writes the error body twice, one after the other, which is no JSON: the error is sent once here"
    ),
    "put_manifest: refuses data that are not the content of their digest": (
        "manifests are read by one parser, at a push and after it, and that one compares"
    ),
}
"""The rows in which ``embedded(quirks="distribution-3.1")`` does not respond as the real 3.1.1 does, and why not."""
