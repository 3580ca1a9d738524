"""The contract: sessions that begin, mounts, and giving up."""

from tests.contract.cells import ERRORS, HELLO_STORED, NAMES, NO_SUCH_PAGE, READS_STATE_FIRST, SESSION_OPENED
from tests.contract.language import Answer, Row, Sent, allowed, api, deviation, rfc, spec
from tests.contract.preparations import HELLO

POST_THEN_PUT = spec("POST then PUT")
MOUNT = spec("Mounting a blob from another repository")
CANCEL = api("Canceling an Upload")

START_UPLOAD = (
    Row(
        "start_upload",
        "opens a session",
        Sent("POST /v2/{repository}/blobs/uploads/ HTTP/1.1\nContent-Length: 0"),
        Answer(SESSION_OPENED, body=b""),
        POST_THEN_PUT,
    ),
    Row(
        "start_upload",
        "takes a name of several parts, with single separators",
        Sent("POST /v2/{repository}/a.b_c__d--e/0/blobs/uploads/ HTTP/1.1\nContent-Length: 0"),
        Answer(
            "HTTP/1.1 202 Accepted\n"
            "Location: <origin>/v2/{repository}/a.b_c__d--e/0/blobs/uploads/<uuid>?_state=<state>"
        ),
        NAMES,
    ),
    Row(
        "start_upload",
        "refuses upper case in the first part of a name",
        Sent("POST /v2/Upper/{repository}/blobs/uploads/ HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 400 Bad Request", errors=("NAME_INVALID",)),
        NAMES,
        differs={
            "distribution": deviation(
                "HTTP/1.1 202 Accepted\nLocation: <origin>/v2/Upper/{repository}/blobs/uploads/<uuid>?_state=<state>",
                NAMES,
                "it takes the first part for a host's name, in which upper case is fine",
            )
        },
    ),
    Row(
        "start_upload",
        "refuses upper case in the last part of a name",
        Sent("POST /v2/{repository}/Upper/blobs/uploads/ HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 400 Bad Request", errors=("NAME_INVALID",)),
        NAMES,
        differs=NO_SUCH_PAGE,
    ),
    Row(
        "start_upload",
        "refuses two dots as a part of a name",
        Sent("POST /v2/{repository}/%2e%2e/up/blobs/uploads/ HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 400 Bad Request", errors=("NAME_INVALID",)),
        NAMES,
        differs={
            "distribution": allowed(
                "HTTP/1.1 301 Moved Permanently\nLocation: /v2/<text>/up/blobs/uploads/",
                rfc("15.4.2 301 Moved Permanently"),
                "it folds the path, and sends the client to what is left",
            )
        },
    ),
    Row(
        "start_upload",
        "refuses a name of more than 255 characters",
        Sent("POST /v2/{repository}/{long}/blobs/uploads/ HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 400 Bad Request", errors=("NAME_INVALID",)),
        NAMES,
        differs={
            "distribution": deviation(
                "HTTP/1.1 500 Internal Server Error",
                api("Overview"),
                "the name is checked too late to be the client's fault",
                errors=("UNKNOWN",),
            )
        },
    ),
)

SINGLE_POST = spec("Single POST")
DECLINED = {
    "distribution": allowed(SESSION_OPENED, SINGLE_POST, "it documents the single POST, and opens a session instead")
}

POST_BLOB = (
    Row(
        "post_blob",
        "stores the bytes under their digest",
        Sent(
            """
            POST /v2/{repository}/blobs/uploads/?digest={hello} HTTP/1.1
            Content-Type: application/octet-stream
            Content-Length: 5
            """,
            HELLO,
        ),
        Answer(HELLO_STORED, body=b""),
        SINGLE_POST,
        differs=DECLINED,
    ),
    Row(
        "post_blob",
        "stores the bytes under their sha512",
        Sent("POST /v2/{repository}/blobs/uploads/?digest={hello512} HTTP/1.1\nContent-Length: 5", HELLO),
        Answer("HTTP/1.1 201 Created\nDocker-Content-Digest: {hello512}"),
        SINGLE_POST,
        differs=DECLINED,
    ),
    Row(
        "post_blob",
        "stores a blob without bytes",
        Sent("POST /v2/{repository}/blobs/uploads/?digest={empty} HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 201 Created\nDocker-Content-Digest: {empty}"),
        SINGLE_POST,
        differs=DECLINED,
    ),
    Row(
        "post_blob",
        "refuses bytes that are not those of the digest",
        Sent("POST /v2/{repository}/blobs/uploads/?digest={unknown} HTTP/1.1\nContent-Length: 5", HELLO),
        Answer("HTTP/1.1 400 Bad Request", errors=("DIGEST_INVALID",)),
        SINGLE_POST,
        differs=DECLINED,
    ),
    Row(
        "post_blob",
        "refuses a malformed digest",
        Sent("POST /v2/{repository}/blobs/uploads/?digest=hello HTTP/1.1\nContent-Length: 5", HELLO),
        Answer("HTTP/1.1 400 Bad Request", errors=("DIGEST_INVALID",)),
        ERRORS,
        differs=DECLINED,
    ),
    Row(
        "post_blob",
        "refuses a malformed name",
        Sent("POST /v2/{repository}/-/blobs/uploads/?digest={hello} HTTP/1.1\nContent-Length: 5", HELLO),
        Answer("HTTP/1.1 400 Bad Request", errors=("NAME_INVALID",)),
        NAMES,
        differs=NO_SUCH_PAGE,
    ),
)

MOUNT_BLOB = (
    Row(
        "mount_blob",
        "mounts a blob of another repository",
        Sent("POST /v2/{repository}/blobs/uploads/?mount={hello}&from={other} HTTP/1.1\nContent-Length: 0"),
        Answer(HELLO_STORED, body=b""),
        MOUNT,
        given=("the blob hello in {other}",),
    ),
    Row(
        "mount_blob",
        "takes an encoded digest and name",
        Sent(
            """
            POST /v2/{repository}/blobs/uploads/?from={other_encoded}&mount={hello_encoded} HTTP/1.1
            Content-Length: 0
            """
        ),
        Answer(HELLO_STORED),
        MOUNT,
        given=("the blob hello in {other}",),
    ),
    Row(
        "mount_blob",
        "mounts a blob that is there already",
        Sent("POST /v2/{repository}/blobs/uploads/?mount={hello}&from={repository} HTTP/1.1\nContent-Length: 0"),
        Answer(HELLO_STORED),
        MOUNT,
        given=("the blob hello",),
    ),
    Row(
        "mount_blob",
        "opens a session where the source is not named",
        Sent("POST /v2/{repository}/blobs/uploads/?mount={hello} HTTP/1.1\nContent-Length: 0"),
        Answer(SESSION_OPENED),
        MOUNT,
        given=("the blob hello in {other}",),
    ),
    Row(
        "mount_blob",
        "opens a session where the source is not known",
        Sent("POST /v2/{repository}/blobs/uploads/?mount={hello}&from={nobody} HTTP/1.1\nContent-Length: 0"),
        Answer(SESSION_OPENED),
        MOUNT,
        given=("the blob hello in {other}",),
    ),
    Row(
        "mount_blob",
        "opens a session where the source lacks the blob",
        Sent("POST /v2/{repository}/blobs/uploads/?mount={unknown}&from={other} HTTP/1.1\nContent-Length: 0"),
        Answer(SESSION_OPENED),
        MOUNT,
        given=("the blob hello in {other}",),
    ),
    Row(
        "mount_blob",
        "opens a session where the source's name is malformed",
        Sent("POST /v2/{repository}/blobs/uploads/?mount={hello}&from=../{other} HTTP/1.1\nContent-Length: 0"),
        Answer(SESSION_OPENED),
        MOUNT,
        given=("the blob hello in {other}",),
    ),
    Row(
        "mount_blob",
        "opens a session where the digest is malformed",
        Sent("POST /v2/{repository}/blobs/uploads/?mount=hello&from={other} HTTP/1.1\nContent-Length: 0"),
        Answer(SESSION_OPENED),
        MOUNT,
        given=("the blob hello in {other}",),
    ),
    Row(
        "mount_blob",
        "refuses a target with a malformed name",
        Sent("POST /v2/{repository}/-/blobs/uploads/?mount={hello}&from={other} HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 400 Bad Request", errors=("NAME_INVALID",)),
        NAMES,
        given=("the blob hello in {other}",),
        differs=NO_SUCH_PAGE,
    ),
)

CANCEL_UPLOAD = (
    Row(
        "cancel_upload",
        "gives the session up",
        Sent("DELETE {location} HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 204 No Content\nLocation: <absent>", body=b""),
        CANCEL,
        given=("a session",),
    ),
    Row(
        "cancel_upload",
        "knows a cancelled session no more",
        Sent("DELETE {location} HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UPLOAD_UNKNOWN",)),
        CANCEL,
        given=("a session", "the session was cancelled"),
    ),
    Row(
        "cancel_upload",
        "knows a finished session no more",
        Sent("DELETE {location} HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UPLOAD_UNKNOWN",)),
        CANCEL,
        given=("the blob hello",),
    ),
    Row(
        "cancel_upload",
        "knows no session that was never opened",
        Sent("DELETE /v2/{repository}/blobs/uploads/{nosession} HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UPLOAD_UNKNOWN",)),
        CANCEL,
        differs=READS_STATE_FIRST,
    ),
    Row(
        "cancel_upload",
        "refuses a Location whose query was left out",
        Sent("DELETE {location_path} HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UPLOAD_INVALID",)),
        POST_THEN_PUT,
        given=("a session",),
    ),
    Row(
        "cancel_upload",
        "refuses a malformed name",
        Sent("DELETE /v2/{repository}/-/blobs/uploads/{nosession} HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 400 Bad Request", errors=("NAME_INVALID",)),
        NAMES,
        differs=NO_SUCH_PAGE,
    ),
    Row(
        "get_upload",
        "refuses a malformed name",
        Sent("GET /v2/{repository}/-/blobs/uploads/{nosession} HTTP/1.1"),
        Answer("HTTP/1.1 400 Bad Request", errors=("NAME_INVALID",)),
        NAMES,
        differs=NO_SUCH_PAGE,
    ),
)

ROWS = (*START_UPLOAD, *POST_BLOB, *MOUNT_BLOB, *CANCEL_UPLOAD)
