"""The contract: is this a registry, and what is no request at all."""

from tests.contract.language import Answer, Row, Sent, rfc, spec

ROWS = (
    Row(
        "check_api",
        "says that it is a registry",
        Sent("GET /v2/ HTTP/1.1"),
        Answer("HTTP/1.1 200 OK\nDocker-Distribution-Api-Version: registry/2.0"),
        spec("Determining Support"),
    ),
    Row(
        "check_api",
        "answers HEAD like GET, without a body",
        Sent("HEAD /v2/ HTTP/1.1"),
        Answer("HTTP/1.1 200 OK\nDocker-Distribution-Api-Version: registry/2.0\nContent-Length: 2", body=b""),
        rfc("9.3.2 HEAD"),
    ),
)
