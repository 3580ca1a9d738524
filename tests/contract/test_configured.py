"""Answers that CNCF Distribution gives only in another configuration: to strangers, and as a read-only copy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from regtutor.backends.opening import open_registry
from tests.contract.conducting import conduct
from tests.contract.language import Answer, Row, Sent, api
from tests.contract.preparations import MANIFEST, OCI_MANIFEST, put_manifest
from tests.contract.socket_sender import SocketSender

pytestmark = pytest.mark.registry

STRANGERS = {
    "REGISTRY_AUTH": "silly",
    "REGISTRY_AUTH_SILLY_REALM": "https://auth.invalid/token",
    "REGISTRY_AUTH_SILLY_SERVICE": "lessons",
}
READ_ONLY = {"REGISTRY_STORAGE_MAINTENANCE_READONLY": '{"enabled": true}'}

ROWS_FOR_STRANGERS = (
    Row(
        "check_api",
        "wants to know who asks",
        Sent("GET /v2/ HTTP/1.1"),
        Answer(
            """
            HTTP/1.1 401 Unauthorized
            Docker-Distribution-Api-Version: registry/2.0
            WWW-Authenticate: Bearer realm="https://auth.invalid/token",service="lessons"
            """,
            errors=("UNAUTHORIZED",),
        ),
        api("API Version Check"),
    ),
    Row(
        "start_upload",
        "wants to know who pushes, and says which permission that takes",
        Sent("POST /v2/{repository}/blobs/uploads/ HTTP/1.1\nContent-Length: 0"),
        Answer(
            "HTTP/1.1 401 Unauthorized\n"
            'WWW-Authenticate: Bearer realm="https://auth.invalid/token",service="lessons",'
            'scope="repository:{repository}:pull repository:{repository}:push"',
            errors=("UNAUTHORIZED",),
        ),
        api("On Failure: Authentication Required"),
    ),
    Row(
        "put_blob",
        "refuses a stranger before the bytes, if the connection will be closed",
        Sent(
            """
            PUT /v2/{repository}/blobs/uploads/{nosession}?digest={hello} HTTP/1.1
            Content-Length: 5
            Expect: 100-continue
            Connection: close
            """,
            b"hello",
        ),
        Answer("HTTP/1.1 401 Unauthorized", errors=("UNAUTHORIZED",)),
        api("On Failure: Authentication Required"),
    ),
    Row(
        "put_blob",
        "refuses a stranger only after the bytes, if they are few and the connection may be kept",
        Sent(
            """
            PUT /v2/{repository}/blobs/uploads/{nosession}?digest={hello} HTTP/1.1
            Content-Length: 5
            Expect: 100-continue
            """,
            b"hello",
        ),
        Answer("HTTP/1.1 401 Unauthorized\nConnection: close", errors=("UNAUTHORIZED",), waited=True),
        api("On Failure: Authentication Required"),
    ),
    Row(
        "put_blob",
        "refuses a stranger before the bytes, if they are many",
        Sent(
            """
            PUT /v2/{repository}/blobs/uploads/{nosession}?digest={hello} HTTP/1.1
            Content-Length: 1000000
            Expect: 100-continue
            """,
            b"x" * 1_000_000,
        ),
        Answer("HTTP/1.1 401 Unauthorized\nConnection: close", errors=("UNAUTHORIZED",)),
        api("On Failure: Authentication Required"),
    ),
)
ROWS_FOR_COPIES = (
    Row(
        "start_upload",
        "opens no session",
        Sent("POST /v2/{repository}/blobs/uploads/ HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 405 Method Not Allowed"),
        api("On Failure: Not allowed"),
    ),
    Row(
        "put_manifest",
        "takes no manifest",
        put_manifest("v1", OCI_MANIFEST, MANIFEST),
        Answer("HTTP/1.1 405 Method Not Allowed\nAllow: GET, HEAD"),
        api("On Failure: Not allowed"),
    ),
)


@pytest.fixture(scope="module")
def senders(distribution_binary: str) -> Iterator[Mapping[str, SocketSender]]:
    with (
        open_registry("native", quiet=True, binary=distribution_binary, settings=STRANGERS) as strangers,
        open_registry("native", quiet=True, binary=distribution_binary, settings=READ_ONLY) as copy,
    ):
        yield {"strangers": SocketSender(strangers.url), "copy": SocketSender(copy.url)}


@pytest.mark.parametrize(
    ("configured", "row"),
    [*(("strangers", row) for row in ROWS_FOR_STRANGERS), *(("copy", row) for row in ROWS_FOR_COPIES)],
    ids=lambda value: getattr(value, "name", value),
)
def test_distribution_configured_otherwise_answers_as_written(
    senders: Mapping[str, SocketSender], configured: str, row: Row
) -> None:
    seen, values = conduct(row, 0, senders[configured])
    assert row.answer.complaints(seen, values) == [], seen
