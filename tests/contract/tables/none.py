"""The contract: what is in no document, or only under another path or method."""

from tests.contract.language import Answer, Row, Sent, allowed, api, deviation, rfc, spec

POST_THEN_PUT = spec("POST then PUT")
ERRORS = spec("Error Codes")

ROWS = (
    Row(
        "none",
        "/v2 without its slash is not the API",
        Sent("GET /v2 HTTP/1.1"),
        Answer("HTTP/1.1 404 Not Found", errors=("UNSUPPORTED",)),
        spec("Determining Support"),
        differs={
            "distribution": allowed(
                "HTTP/1.1 301 Moved Permanently\nLocation: /v2/",
                rfc("15.4.2 301 Moved Permanently"),
                "it sends the client to the path with the slash",
            )
        },
    ),
    Row(
        "none",
        "the API itself cannot be deleted",
        Sent("DELETE /v2/ HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 405 Method Not Allowed\nAllow: GET, HEAD", errors=("UNSUPPORTED",)),
        rfc("15.5.6 405 Method Not Allowed"),
        differs={
            "distribution": deviation(
                "HTTP/1.1 200 OK",
                rfc("9.3.5 DELETE"),
                "it does not look at the method, and so says that it has deleted something",
                body=b"{}",
            )
        },
    ),
    Row(
        "none",
        "a path below /v2/ that is in no document",
        Sent("GET /v2/nothing HTTP/1.1"),
        Answer("HTTP/1.1 404 Not Found"),
        rfc("15.5.5 404 Not Found"),
    ),
    Row(
        "none",
        "a session is not started without the slash at the end",
        Sent("POST /v2/{repository}/blobs/uploads HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 405 Method Not Allowed\nAllow: <any>GET<any>", errors=("UNSUPPORTED",)),
        POST_THEN_PUT,
        differs={
            "distribution": allowed(
                "HTTP/1.1 301 Moved Permanently\nLocation: /v2/{repository}/blobs/uploads/",
                rfc("15.4.2 301 Moved Permanently"),
                "it sends the client to the path with the slash; many clients come back with GET",
            )
        },
    ),
    Row(
        "none",
        "a session is not started by PUT",
        Sent("PUT /v2/{repository}/blobs/uploads/ HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 405 Method Not Allowed\nAllow: POST", errors=("UNSUPPORTED",)),
        rfc("15.5.6 405 Method Not Allowed"),
        differs={
            "distribution": allowed(
                "HTTP/1.1 404 Not Found",
                api("PUT Blob Upload"),
                "it takes the path for that of a session without a name",
                errors=("BLOB_UPLOAD_UNKNOWN",),
            )
        },
    ),
    Row(
        "none",
        "a session takes no POST",
        Sent("POST {location} HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 405 Method Not Allowed\nAllow: <any>DELETE<any>", errors=("UNSUPPORTED",)),
        rfc("15.5.6 405 Method Not Allowed"),
        given=("a session",),
        differs={
            "distribution": deviation(
                "HTTP/1.1 202 Accepted\nLocation: <origin>/v2/{repository}/blobs/uploads/<uuid>?_state=<state>",
                api("Blob Upload"),
                "any POST below uploads/ opens a new session, though none is documented for a session's own path",
            )
        },
    ),
    Row(
        "none",
        "a blob takes no PUT",
        Sent("PUT /v2/{repository}/blobs/{hello} HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 405 Method Not Allowed\nAllow: <any>GET, HEAD<any>", errors=("UNSUPPORTED",)),
        rfc("15.5.6 405 Method Not Allowed"),
        given=("the blob hello",),
        differs={
            "distribution": allowed(
                "HTTP/1.1 405 Method Not Allowed\nAllow: DELETE, GET, HEAD\nContent-Type: text/plain; charset=utf-8",
                ERRORS,
                "the body of an error may have any format",
                body=b"Method not allowed\n",
            )
        },
    ),
    Row(
        "none",
        "a manifest takes no POST",
        Sent("POST /v2/{repository}/manifests/v1 HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 405 Method Not Allowed\nAllow: DELETE, GET, HEAD, PUT", errors=("UNSUPPORTED",)),
        rfc("15.5.6 405 Method Not Allowed"),
        given=("the image v1",),
        differs={
            "distribution": allowed(
                "HTTP/1.1 405 Method Not Allowed\nAllow: DELETE, GET, HEAD, PUT",
                ERRORS,
                "the body of an error may have any format",
                body=b"Method not allowed\n",
            )
        },
    ),
)
