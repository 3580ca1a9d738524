"""The contract: the chunks of a blob, and the state of an upload."""

from tests.contract.cells import ERRORS, READS_STATE_FIRST
from tests.contract.language import Answer, Differs, Row, Sent, allowed, api, deviation, rfc, spec

CHUNKS = spec("Pushing a blob in chunks")
STREAM = api("Stream upload")
CHUNKED = api("Chunked Upload")
PROGRESS = api("Upload Progress")
CANCEL = api("Canceling an Upload")

ARRIVED = """
    HTTP/1.1 202 Accepted
    Location: <origin>/v2/{{repository}}/blobs/uploads/<uuid>?_state=<state>
    Docker-Upload-UUID: <uuid>
    Range: 0-{last}
    Content-Length: 0
"""
OUT_OF_ORDER = """
    HTTP/1.1 416 Requested Range Not Satisfiable
    Location: <origin>/v2/{{repository}}/blobs/uploads/<uuid>?_state=<state>
    Docker-Upload-UUID: <uuid>
    Range: 0-{last}
"""
STANDING = """
    HTTP/1.1 204 No Content
    Location: <origin>/v2/{{repository}}/blobs/uploads/<uuid>?_state=<state>
    Docker-Upload-UUID: <uuid>
    Range: 0-{last}
"""


def arrived(last: int) -> str:
    """202, after which the bytes 0 to ``last`` are there."""
    return ARRIVED.format(last=last)


def out_of_order(last: int) -> Answer:
    """416, which says that the bytes 0 to ``last`` are there."""
    return Answer(OUT_OF_ORDER.format(last=last), errors=("BLOB_UPLOAD_INVALID",))


def standing(last: int) -> Answer:
    """204, which says that the bytes 0 to ``last`` are there."""
    return Answer(STANDING.format(last=last), body=b"")


def chunk(content_range: str, body: bytes, target: str = "{location}") -> Sent:
    """PATCH with a Content-Range."""
    return Sent(
        f"PATCH {target} HTTP/1.1\nContent-Type: application/octet-stream\n"
        f"Content-Range: {content_range}\nContent-Length: {len(body)}",
        body,
    )


def appended(last: int, why: str) -> dict[str, Differs]:
    """Distribution 2.8 takes the bytes, wherever they were said to belong."""
    return {"distribution": deviation(arrived(last), CHUNKS, why)}


_NOT_READ = "2.8 does not look at Content-Range, and appends the bytes wherever they belong"
_SAYS_INVALID = allowed(
    "HTTP/1.1 404 Not Found",
    ERRORS,
    "it says with another code that the session is gone",
    errors=("BLOB_UPLOAD_INVALID",),
)

PATCH_UPLOAD = (
    Row(
        "patch_upload",
        "takes the first chunk",
        chunk("0-2", b"hel"),
        Answer(arrived(2), body=b""),
        CHUNKS,
        given=("a session",),
    ),
    Row(
        "patch_upload",
        "takes the chunk that follows",
        chunk("3-4", b"lo"),
        Answer(arrived(4), body=b""),
        CHUNKS,
        given=("a session", "the chunk hel"),
    ),
    Row(
        "patch_upload",
        "takes a chunk of one byte",
        chunk("0-0", b"h"),
        Answer(arrived(0), body=b""),
        CHUNKS,
        given=("a session",),
    ),
    Row(
        "patch_upload",
        "says 100 Continue before it takes a chunk, when asked",
        Sent("PATCH {location} HTTP/1.1\nContent-Range: 0-2\nContent-Length: 3\nExpect: 100-continue", b"hel"),
        Answer("HTTP/1.1 100 Continue\n" + arrived(2).replace("    ", "").strip()),
        rfc("10.1.1 Expect"),
        given=("a session",),
    ),
    Row(
        "patch_upload",
        "takes bytes without a Content-Range",
        Sent("PATCH {location} HTTP/1.1\nContent-Type: application/octet-stream\nContent-Length: 5", b"hello"),
        Answer(arrived(4), body=b""),
        STREAM,
        given=("a session",),
    ),
    Row(
        "patch_upload",
        "takes a stream, whose length is not said beforehand",
        Sent(
            "PATCH {location} HTTP/1.1\nContent-Type: application/octet-stream\nTransfer-Encoding: chunked",
            b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        ),
        Answer(arrived(4), body=b""),
        STREAM,
        given=("a session",),
    ),
    Row(
        "patch_upload",
        "continues with a stream after a chunk",
        Sent("PATCH {location} HTTP/1.1\nTransfer-Encoding: chunked", b"2\r\nlo\r\n0\r\n\r\n"),
        Answer(arrived(4)),
        STREAM,
        given=("a session", "the chunk hel"),
    ),
    Row(
        "patch_upload",
        "takes no bytes, and stays where it was",
        Sent("PATCH {location} HTTP/1.1\nContent-Length: 0"),
        Answer(arrived(2)),
        STREAM,
        given=("a session", "the chunk hel"),
    ),
    Row(
        "patch_upload",
        "refuses a chunk that leaves a gap",
        chunk("4-4", b"o"),
        out_of_order(2),
        CHUNKS,
        given=("a session", "the chunk hel"),
        differs=appended(3, _NOT_READ),
    ),
    Row(
        "patch_upload",
        "refuses a first chunk that does not begin with 0",
        chunk("1-3", b"ell"),
        out_of_order(0),
        CHUNKS,
        given=("a session",),
        differs=appended(2, _NOT_READ),
    ),
    Row(
        "patch_upload",
        "refuses a chunk that it has already",
        chunk("0-2", b"hel"),
        out_of_order(2),
        CHUNKS,
        given=("a session", "the chunk hel"),
        differs=appended(5, _NOT_READ),
    ),
    Row(
        "patch_upload",
        "refuses before the bytes, when asked",
        Sent("PATCH {location} HTTP/1.1\nContent-Range: 7-9\nContent-Length: 3\nExpect: 100-continue", b"hel"),
        out_of_order(2),
        rfc("10.1.1 Expect"),
        given=("a session", "the chunk hel"),
        differs={
            "distribution": deviation(
                "HTTP/1.1 100 Continue\n" + arrived(5).replace("    ", "").strip(), CHUNKS, _NOT_READ
            )
        },
    ),
    Row(
        "patch_upload",
        "refuses a Content-Range with a unit, as it is written elsewhere in HTTP",
        chunk("bytes 0-2/3", b"hel"),
        out_of_order(0),
        CHUNKED,
        given=("a session",),
        differs=appended(2, _NOT_READ),
    ),
    Row(
        "patch_upload",
        "refuses a Content-Range that ends before it begins",
        chunk("2-0", b"hel"),
        out_of_order(0),
        CHUNKED,
        given=("a session",),
        differs=appended(2, _NOT_READ),
    ),
    Row(
        "patch_upload",
        "refuses a Content-Range whose last number is that of the byte after it",
        chunk("0-3", b"hel"),
        Answer("HTTP/1.1 400 Bad Request", errors=("SIZE_INVALID",)),
        CHUNKS,
        given=("a session",),
        differs=appended(2, _NOT_READ),
    ),
    Row(
        "patch_upload",
        "refuses a stream that is not as long as its Content-Range",
        Sent("PATCH {location} HTTP/1.1\nContent-Range: 0-3\nTransfer-Encoding: chunked", b"3\r\nhel\r\n0\r\n\r\n"),
        Answer("HTTP/1.1 400 Bad Request", errors=("SIZE_INVALID",)),
        CHUNKS,
        given=("a session",),
        differs=appended(2, _NOT_READ),
    ),
    Row(
        "patch_upload",
        "refuses a Location that a later response has replaced",
        chunk("3-4", b"lo", "{former_location}"),
        out_of_order(2),
        CHUNKS,
        given=("a session", "the chunk hel"),
        differs={
            "distribution": deviation(
                "HTTP/1.1 404 Not Found",
                CHUNKS,
                "2.8 takes a Location for another offset for that of an unknown session",
                errors=("BLOB_UPLOAD_INVALID",),
            )
        },
    ),
    Row(
        "patch_upload",
        "refuses a stream to a Location that a later response has replaced",
        Sent("PATCH {former_location} HTTP/1.1\nTransfer-Encoding: chunked", b"2\r\nlo\r\n0\r\n\r\n"),
        out_of_order(2),
        CHUNKS,
        given=("a session", "the chunk hel"),
        differs={
            "distribution": deviation(
                "HTTP/1.1 404 Not Found",
                CHUNKS,
                "2.8 takes a Location for another offset for that of an unknown session",
                errors=("BLOB_UPLOAD_INVALID",),
            )
        },
    ),
    Row(
        "patch_upload",
        "refuses a Location whose query was left out",
        chunk("0-2", b"hel", "{location_path}"),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UPLOAD_INVALID",)),
        CHUNKS,
        given=("a session",),
    ),
    Row(
        "patch_upload",
        "knows no session that was never opened",
        chunk("0-2", b"hel", "/v2/{repository}/blobs/uploads/{nosession}"),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UPLOAD_UNKNOWN",)),
        spec("Endpoints"),
        differs=READS_STATE_FIRST,
    ),
    Row(
        "patch_upload",
        "knows a cancelled session no more",
        chunk("0-2", b"hel"),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UPLOAD_UNKNOWN",)),
        CANCEL,
        given=("a session", "the session was cancelled"),
    ),
)


def _asks(request: str, method: str, reason: str) -> tuple[Row, ...]:
    """The rows of GET and of HEAD; ``reason`` is what says that the method is answered at all."""
    body = (lambda *codes: codes) if method == "GET" else (lambda *_codes: None)
    return (
        Row(
            request,
            "says that a new session has no byte, or one",
            Sent(f"{method} {{location}} HTTP/1.1"),
            standing(0),
            reason,
            given=("a session",),
        ),
        Row(
            request,
            "says which bytes are there",
            Sent(f"{method} {{location}} HTTP/1.1"),
            standing(2),
            reason,
            given=("a session", "the chunk hel"),
        ),
        Row(
            request,
            "takes any Location of the session",
            Sent(f"{method} {{former_location}} HTTP/1.1"),
            standing(2),
            CHUNKS,
            given=("a session", "the chunk hel"),
            differs={
                "distribution": deviation(
                    "HTTP/1.1 404 Not Found",
                    CHUNKS,
                    "2.8 takes a Location for another offset for that of an unknown session",
                    errors=body("BLOB_UPLOAD_INVALID"),
                )
            },
        ),
        Row(
            request,
            "refuses a Location whose query was left out",
            Sent(f"{method} {{location_path}} HTTP/1.1"),
            Answer("HTTP/1.1 404 Not Found", errors=body("BLOB_UPLOAD_INVALID")),
            CHUNKS,
            given=("a session",),
        ),
        Row(
            request,
            "knows a finished session no more",
            Sent(f"{method} {{location}} HTTP/1.1"),
            Answer("HTTP/1.1 404 Not Found", errors=body("BLOB_UPLOAD_UNKNOWN")),
            PROGRESS,
            given=("the blob hello",),
        ),
        Row(
            request,
            "knows a cancelled session no more",
            Sent(f"{method} {{location}} HTTP/1.1"),
            Answer("HTTP/1.1 404 Not Found", errors=body("BLOB_UPLOAD_UNKNOWN")),
            CANCEL,
            given=("a session", "the session was cancelled"),
        ),
    )


ROWS = (
    *PATCH_UPLOAD,
    *_asks("get_upload", "GET", CHUNKS),
    *_asks("head_upload", "HEAD", rfc("9.3.2 HEAD")),
)
