"""The contract: blobs that are there, and those that are not."""

from tests.contract.cells import ERRORS, HELLO_FOUND, NO_SUCH_PAGE, NO_SUCH_PAGE_TO_HEAD
from tests.contract.language import Answer, Row, Sent, allowed, deviation, rfc, spec
from tests.contract.preparations import HELLO

PRESENCE = spec("Checking if content exists in the registry")
PULL = spec("Pulling blobs")
RANGES = rfc("14.2 Range")

HEAD_BLOB = (
    Row(
        "head_blob",
        "says that the blob is there, and how large",
        Sent("HEAD /v2/{repository}/blobs/{hello} HTTP/1.1"),
        Answer(HELLO_FOUND, body=b""),
        PRESENCE,
        given=("the blob hello",),
    ),
    Row(
        "head_blob",
        "finds a blob that was mounted",
        Sent("HEAD /v2/{repository}/blobs/{hello} HTTP/1.1"),
        Answer(HELLO_FOUND, body=b""),
        PRESENCE,
        given=("the blob hello in {other}", "hello was mounted"),
    ),
    Row(
        "head_blob",
        "finds a blob by its sha512",
        Sent("HEAD /v2/{repository}/blobs/{hello512} HTTP/1.1"),
        Answer("HTTP/1.1 200 OK\nContent-Length: 5\nDocker-Content-Digest: {hello512}", body=b""),
        PRESENCE,
        given=("the blob hello, by its sha512",),
        differs={
            "distribution": allowed(
                "HTTP/1.1 200 OK\nContent-Length: 5\nDocker-Content-Digest: {hello}",
                PULL,
                "the digest that it names is that of the same bytes, by the algorithm that it calls canonical",
                body=b"",
            )
        },
    ),
    Row(
        "head_blob",
        "does not find what nobody pushed",
        Sent("HEAD /v2/{repository}/blobs/{unknown} HTTP/1.1"),
        Answer("HTTP/1.1 404 Not Found\nDocker-Content-Digest: <absent>", body=b""),
        PRESENCE,
        given=("the blob hello",),
    ),
    Row(
        "head_blob",
        "does not find a blob of another repository",
        Sent("HEAD /v2/{repository}/blobs/{hello} HTTP/1.1"),
        Answer("HTTP/1.1 404 Not Found", body=b""),
        PRESENCE,
        given=("the blob hello in {other}",),
    ),
    Row(
        "head_blob",
        "does not find what was refused",
        Sent("HEAD /v2/{repository}/blobs/{hello} HTTP/1.1"),
        Answer("HTTP/1.1 404 Not Found", body=b""),
        PRESENCE,
        given=("hello was refused as another blob",),
    ),
    Row(
        "head_blob",
        "does not find the digest under which other bytes were refused",
        Sent("HEAD /v2/{repository}/blobs/{unknown} HTTP/1.1"),
        Answer("HTTP/1.1 404 Not Found", body=b""),
        PRESENCE,
        given=("hello was refused as another blob",),
    ),
    Row(
        "head_blob",
        "refuses a malformed digest",
        Sent("HEAD /v2/{repository}/blobs/sha256:hello HTTP/1.1"),
        Answer("HTTP/1.1 400 Bad Request", body=b""),
        ERRORS,
        given=("the blob hello",),
    ),
    Row(
        "head_blob",
        "refuses a malformed name",
        Sent("HEAD /v2/{repository}/Upper/blobs/{hello} HTTP/1.1"),
        Answer("HTTP/1.1 400 Bad Request", body=b""),
        ERRORS,
        differs=NO_SUCH_PAGE_TO_HEAD,
    ),
    Row(
        "head_blob",
        "answers 304 to a client that has the bytes",
        Sent('HEAD /v2/{repository}/blobs/{hello} HTTP/1.1\nIf-None-Match: "{hello}"'),
        Answer('HTTP/1.1 304 Not Modified\nEtag: "{hello}"', body=b""),
        rfc("13.1.2 If-None-Match"),
        given=("the blob hello",),
    ),
)

GET_BLOB = (
    Row(
        "get_blob",
        "sends the bytes",
        Sent("GET /v2/{repository}/blobs/{hello} HTTP/1.1"),
        Answer(HELLO_FOUND, body=HELLO),
        PULL,
        given=("the blob hello",),
    ),
    Row(
        "get_blob",
        "does not find what nobody pushed",
        Sent("GET /v2/{repository}/blobs/{unknown} HTTP/1.1"),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UNKNOWN",)),
        PULL,
        given=("the blob hello",),
    ),
    Row(
        "get_blob",
        "does not find a blob of another repository",
        Sent("GET /v2/{repository}/blobs/{hello} HTTP/1.1"),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UNKNOWN",)),
        PULL,
        given=("the blob hello in {other}",),
    ),
    Row(
        "get_blob",
        "refuses a malformed digest",
        Sent("GET /v2/{repository}/blobs/sha256:hello HTTP/1.1"),
        Answer("HTTP/1.1 400 Bad Request", errors=("DIGEST_INVALID",)),
        ERRORS,
        given=("the blob hello",),
    ),
    Row(
        "get_blob",
        "refuses a malformed name",
        Sent("GET /v2/{repository}/Upper/blobs/{hello} HTTP/1.1"),
        Answer("HTTP/1.1 400 Bad Request", errors=("NAME_INVALID",)),
        ERRORS,
        differs=NO_SUCH_PAGE,
    ),
    Row(
        "get_blob",
        "sends a part, both ends included",
        Sent("GET /v2/{repository}/blobs/{hello} HTTP/1.1\nRange: bytes=1-3"),
        Answer("HTTP/1.1 206 Partial Content\nContent-Range: bytes 1-3/5\nContent-Length: 3", body=b"ell"),
        RANGES,
        given=("the blob hello",),
    ),
    Row(
        "get_blob",
        "sends the rest",
        Sent("GET /v2/{repository}/blobs/{hello} HTTP/1.1\nRange: bytes=3-"),
        Answer("HTTP/1.1 206 Partial Content\nContent-Range: bytes 3-4/5\nContent-Length: 2", body=b"lo"),
        RANGES,
        given=("the blob hello",),
    ),
    Row(
        "get_blob",
        "sends the last bytes",
        Sent("GET /v2/{repository}/blobs/{hello} HTTP/1.1\nRange: bytes=-1"),
        Answer("HTTP/1.1 206 Partial Content\nContent-Range: bytes 4-4/5\nContent-Length: 1", body=b"o"),
        RANGES,
        given=("the blob hello",),
    ),
    Row(
        "get_blob",
        "has no part behind its end",
        Sent("GET /v2/{repository}/blobs/{hello} HTTP/1.1\nRange: bytes=5-9"),
        Answer("HTTP/1.1 416 Range Not Satisfiable\nContent-Range: bytes */5", errors=("SIZE_INVALID",)),
        rfc("15.5.17 416 Range Not Satisfiable"),
        given=("the blob hello",),
        differs={
            "distribution": deviation(
                "HTTP/1.1 416 Requested Range Not Satisfiable\nContent-Range: bytes */5\nContent-Length: 5",
                rfc("8.6 Content-Length"),
                "it announces the 5 bytes of the blob, sends none, and closes",
                body=b"",
            )
        },
    ),
    Row(
        "get_blob",
        "sends all of it where the unit of a range is not known",
        Sent("GET /v2/{repository}/blobs/{hello} HTTP/1.1\nRange: letters=1-3"),
        Answer("HTTP/1.1 200 OK\nContent-Length: 5", body=HELLO),
        RANGES,
        given=("the blob hello",),
        differs={
            "distribution": deviation(
                "HTTP/1.1 416 Requested Range Not Satisfiable\nContent-Length: 5",
                RANGES,
                "a unit that a server does not know must be ignored",
                body=b"",
            )
        },
    ),
    Row(
        "get_blob",
        "answers 304 to a client that has the bytes",
        Sent('GET /v2/{repository}/blobs/{hello} HTTP/1.1\nIf-None-Match: "{hello}"'),
        Answer('HTTP/1.1 304 Not Modified\nEtag: "{hello}"', body=b""),
        rfc("13.1.2 If-None-Match"),
        given=("the blob hello",),
    ),
    Row(
        "get_blob",
        "sends all of it where the part that the client has is of something else",
        Sent('GET /v2/{repository}/blobs/{hello} HTTP/1.1\nRange: bytes=1-3\nIf-Range: "{unknown}"'),
        Answer("HTTP/1.1 200 OK\nContent-Length: 5", body=HELLO),
        rfc("13.1.5 If-Range"),
        given=("the blob hello",),
    ),
)

ROWS = (*HEAD_BLOB, *GET_BLOB)
