"""The contract: the bytes of a blob."""

from tests.contract.cells import ERRORS, HELLO_STORED, READS_STATE_FIRST
from tests.contract.language import Answer, Row, Sent, allowed, api, deviation, rfc, spec
from tests.contract.preparations import HELLO, put

POST_THEN_PUT = spec("POST then PUT")
CHUNKS = spec("Pushing a blob in chunks")
MOUNT = spec("Mounting a blob from another repository")
CANCEL = api("Canceling an Upload")

ROWS = (
    Row(
        "put_blob",
        "stores the bytes under their digest",
        Sent(
            """
            PUT {location}&digest={hello} HTTP/1.1
            Content-Type: application/octet-stream
            Content-Length: 5
            """,
            HELLO,
        ),
        Answer(HELLO_STORED, body=b""),
        POST_THEN_PUT,
        given=("a session",),
    ),
    Row(
        "put_blob",
        "says 100 Continue before it takes the bytes, when asked",
        Sent(
            """
            PUT {location}&digest={hello} HTTP/1.1
            Content-Type: application/octet-stream
            Content-Length: 5
            Expect: 100-continue
            """,
            HELLO,
        ),
        Answer("HTTP/1.1 100 Continue\n" + HELLO_STORED.replace("    ", "").strip()),
        rfc("10.1.1 Expect"),
        given=("a session",),
    ),
    Row(
        "put_blob",
        "refuses before the bytes, when asked",
        Sent(
            """
            PUT /v2/{repository}/blobs/uploads/{nosession}?digest={hello} HTTP/1.1
            Content-Type: application/octet-stream
            Content-Length: 5
            Expect: 100-continue
            """,
            HELLO,
        ),
        Answer("HTTP/1.1 404 Not Found"),
        rfc("10.1.1 Expect"),
        differs={
            "distribution": deviation(
                "HTTP/1.1 404 Not Found",
                rfc("10.1.1 Expect"),
                "it waits for a body of less than 256 KiB before it says no, unless the client sends Connection: close",
                waited=True,
            )
        },
    ),
    Row(
        "put_blob",
        "needs no Content-Type",
        Sent("PUT {location}&digest={hello} HTTP/1.1\nContent-Length: 5", HELLO),
        Answer(HELLO_STORED),
        api("Monolithic Upload"),
        given=("a session",),
    ),
    Row(
        "put_blob",
        "takes the digest in encoded form",
        Sent("PUT {location}&digest={hello_encoded} HTTP/1.1\nContent-Length: 5", HELLO),
        Answer(HELLO_STORED),
        api("Digest Parameter"),
        given=("a session",),
    ),
    Row(
        "put_blob",
        "stores a blob without bytes",
        Sent("PUT {location}&digest={empty} HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 201 Created\nDocker-Content-Digest: {empty}"),
        POST_THEN_PUT,
        given=("a session",),
    ),
    Row(
        "put_blob",
        "takes the session that a failed mount opened",
        put("{hello}", HELLO),
        Answer(HELLO_STORED),
        MOUNT,
        given=("a failed mount",),
    ),
    Row(
        "put_blob",
        "takes a blob that is there already",
        put("{hello}", HELLO),
        Answer(HELLO_STORED),
        POST_THEN_PUT,
        given=("the blob hello", "a session"),
    ),
    Row(
        "put_blob",
        "stores the bytes under their sha512",
        put("{hello512}", HELLO),
        Answer(
            """
            HTTP/1.1 201 Created
            Location: <origin>/v2/{repository}/blobs/{hello512}
            Docker-Content-Digest: {hello512}
            """
        ),
        POST_THEN_PUT,
        given=("a session",),
        differs={
            "distribution": allowed(
                """
                HTTP/1.1 201 Created
                Location: <origin>/v2/{repository}/blobs/{hello}
                Docker-Content-Digest: {hello}
                """,
                api("Content Digests"),
                "it checks the sha512 and stores the blob under its sha256, the digest that it calls canonical",
            )
        },
    ),
    Row(
        "put_blob",
        "closes a session whose chunks are all there",
        Sent("PUT {location}&digest={hello} HTTP/1.1\nContent-Length: 0"),
        Answer(HELLO_STORED, body=b""),
        CHUNKS,
        given=("a session", "the chunk hel", "the chunk lo"),
    ),
    Row(
        "put_blob",
        "takes the last chunk",
        Sent("PUT {location}&digest={hello} HTTP/1.1\nContent-Range: 3-4\nContent-Length: 2", b"lo"),
        Answer(HELLO_STORED, body=b""),
        CHUNKS,
        given=("a session", "the chunk hel"),
    ),
    Row(
        "put_blob",
        "takes the last chunk without a Content-Range",
        Sent("PUT {location}&digest={hello} HTTP/1.1\nContent-Length: 2", b"lo"),
        Answer(HELLO_STORED),
        api("Completed Upload"),
        given=("a session", "the chunk hel"),
    ),
    Row(
        "put_blob",
        "takes the last bytes as a stream",
        Sent("PUT {location}&digest={hello} HTTP/1.1\nTransfer-Encoding: chunked", b"2\r\nlo\r\n0\r\n\r\n"),
        Answer(HELLO_STORED),
        rfc("8.6 Content-Length"),
        given=("a session", "the chunk hel"),
    ),
    Row(
        "put_blob",
        "stores chunks under their sha512",
        Sent("PUT {location}&digest={hello512} HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 201 Created\nDocker-Content-Digest: {hello512}"),
        CHUNKS,
        given=("a session", "the chunk hel", "the chunk lo"),
        differs={
            "distribution": allowed(
                "HTTP/1.1 201 Created\nDocker-Content-Digest: {hello}",
                api("Content Digests"),
                "it checks the sha512 and stores the blob under its sha256, the digest that it calls canonical",
            )
        },
    ),
    Row(
        "put_blob",
        "refuses a last chunk that is out of order",
        Sent("PUT {location}&digest={hello} HTTP/1.1\nContent-Range: 4-5\nContent-Length: 2", b"lo"),
        Answer(
            """
            HTTP/1.1 416 Requested Range Not Satisfiable
            Location: <origin>/v2/{repository}/blobs/uploads/<uuid>?_state=<state>
            Range: 0-2
            """,
            errors=("BLOB_UPLOAD_INVALID",),
        ),
        CHUNKS,
        given=("a session", "the chunk hel"),
        differs={"distribution": deviation(HELLO_STORED, CHUNKS, "it does not look at Content-Range in a PUT")},
    ),
    Row(
        "put_blob",
        "refuses a last chunk that is not as long as its Content-Range",
        Sent("PUT {location}&digest={hello} HTTP/1.1\nContent-Range: 3-5\nContent-Length: 2", b"lo"),
        Answer("HTTP/1.1 400 Bad Request", errors=("SIZE_INVALID",)),
        CHUNKS,
        given=("a session", "the chunk hel"),
        differs={"distribution": deviation(HELLO_STORED, CHUNKS, "it does not look at Content-Range in a PUT")},
    ),
    Row(
        "put_blob",
        "refuses a Location that a later response has replaced",
        Sent("PUT {former_location}&digest={hello} HTTP/1.1\nContent-Length: 2", b"lo"),
        Answer("HTTP/1.1 416 Requested Range Not Satisfiable\nRange: 0-2", errors=("BLOB_UPLOAD_INVALID",)),
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
        "put_blob",
        "refuses chunks that are not those of the digest",
        Sent("PUT {location}&digest={hello} HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 400 Bad Request", errors=("DIGEST_INVALID",)),
        ERRORS,
        given=("a session", "the chunk hel"),
    ),
    Row(
        "put_blob",
        "refuses bytes that are not those of the digest",
        put("{unknown}", HELLO),
        Answer("HTTP/1.1 400 Bad Request", errors=("DIGEST_INVALID",)),
        ERRORS,
        given=("a session",),
    ),
    Row(
        "put_blob",
        "refuses fewer bytes than the digest covers",
        Sent("PUT {location}&digest={hello} HTTP/1.1\nContent-Length: 4", HELLO[:4]),
        Answer("HTTP/1.1 400 Bad Request", errors=("DIGEST_INVALID",)),
        ERRORS,
        given=("a session",),
    ),
    Row(
        "put_blob",
        "refuses a PUT without a digest",
        Sent("PUT {location} HTTP/1.1\nContent-Length: 5", HELLO),
        Answer("HTTP/1.1 400 Bad Request", errors=("DIGEST_INVALID",)),
        spec("Pushing a blob in chunks"),
        given=("a session",),
    ),
    Row(
        "put_blob",
        "refuses a digest without an algorithm",
        Sent("PUT {location}&digest=hello HTTP/1.1\nContent-Length: 5", HELLO),
        Answer("HTTP/1.1 400 Bad Request", errors=("DIGEST_INVALID",)),
        ERRORS,
        given=("a session",),
    ),
    Row(
        "put_blob",
        "refuses an algorithm that it does not know",
        Sent("PUT {location}&digest=md5:5d41402abc4b2a76b9719d911017c592 HTTP/1.1\nContent-Length: 5", HELLO),
        Answer("HTTP/1.1 400 Bad Request", errors=("DIGEST_INVALID",)),
        ERRORS,
        given=("a session",),
    ),
    Row(
        "put_blob",
        "knows no session that was never opened",
        Sent("PUT /v2/{repository}/blobs/uploads/{nosession}?digest={hello} HTTP/1.1\nContent-Length: 5", HELLO),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UPLOAD_UNKNOWN",)),
        spec("Endpoints"),
        differs=READS_STATE_FIRST,
    ),
    Row(
        "put_blob",
        "refuses a Location whose query was left out",
        Sent("PUT {location_path}?digest={hello} HTTP/1.1\nContent-Length: 5", HELLO),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UPLOAD_INVALID",)),
        POST_THEN_PUT,
        given=("a session",),
    ),
    Row(
        "put_blob",
        "refuses a Location with a second question mark",
        Sent("PUT {location}?digest={hello} HTTP/1.1\nContent-Length: 5", HELLO),
        Answer("HTTP/1.1 400 Bad Request", errors=("DIGEST_INVALID",)),
        POST_THEN_PUT,
        given=("a session",),
        differs={
            "distribution": allowed(
                "HTTP/1.1 404 Not Found",
                ERRORS,
                "it looks at the spoilt _state before it looks for the digest",
                errors=("BLOB_UPLOAD_INVALID",),
            )
        },
    ),
    Row(
        "put_blob",
        "refuses a Location that was moved to another repository",
        Sent("PUT {location_elsewhere}&digest={hello} HTTP/1.1\nContent-Length: 5", HELLO),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UPLOAD_INVALID",)),
        POST_THEN_PUT,
        given=("a session",),
    ),
    Row(
        "put_blob",
        "closes the session",
        put("{hello}", HELLO),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UPLOAD_UNKNOWN",)),
        POST_THEN_PUT,
        given=("the blob hello",),
    ),
    Row(
        "put_blob",
        "closes the session also by refusing its bytes",
        put("{hello}", HELLO),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UPLOAD_UNKNOWN",)),
        api("Errors", "errors-1"),
        given=("hello was refused as another blob",),
        differs={
            "distribution": allowed(
                "HTTP/1.1 404 Not Found",
                ERRORS,
                "the session is gone; it says so with another code",
                errors=("BLOB_UPLOAD_INVALID",),
            )
        },
    ),
    Row(
        "put_blob",
        "knows a cancelled session no more",
        put("{hello}", HELLO),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UPLOAD_UNKNOWN",)),
        CANCEL,
        given=("a session", "the session was cancelled"),
    ),
)
