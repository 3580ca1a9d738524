"""Errors of other programs: the XML of object stores, and JSON that is not the API's."""

from __future__ import annotations

import json

import pytest

import regtutor as rt
from tests.findings.records import exchange, refused

XML = (("Content-Type", "application/xml"),)
JSON = (("Content-Type", "application/json"),)
AT_THE_STORE = {"step": "get_blob", "target": "/bucket/blobs/data?X-Amz-Expires=60", "url": "https://s3.example"}


def xml(code: str, message: str = "") -> bytes:
    text = f"<Message>{message}</Message>" if message else ""
    return f"<?xml version='1.0'?>\n<Error><Code>{code}</Code>{text}<RequestId>1</RequestId></Error>".encode()


@pytest.mark.parametrize(
    ("status", "code", "message", "name", "next"),
    [
        (403, "AccessDenied", "Request has expired", "the signed address has expired", "follow the new Location"),
        (403, "AuthenticationFailed", "Server failed to authenticate", "the signed address has expired", "again"),
        (403, "SignatureDoesNotMatch", "", "the signature does not match the request", "unchanged"),
        (403, "RequestTimeTooSkewed", "", "the clocks differ", "clock"),
        (404, "NoSuchKey", "", "the object store does not have the blob", "push the image again"),
        (404, "BlobNotFound", "", "the object store does not have the blob", "push the image again"),
        (400, "InvalidArgument", "Only one auth mechanism allowed; ...", "credentials were sent", "Do not"),
        (503, "SlowDown", "", "the object store limits requests", "fewer"),
        (500, "SomethingNew", "Why", "an error of an object store", "again"),
    ],
)  # fmt: skip
def test_the_error_of_an_object_store_has_a_name(status: int, code: str, message: str, name: str, next: str) -> None:
    made = exchange(status=status, received=XML, answer=xml(code, message), **AT_THE_STORE)
    (found,) = rt.explain(made).diagnoses
    assert found.name.startswith(name) and next in found.next
    assert code in found.meaning and message in found.meaning


@pytest.mark.parametrize(
    ("body", "program"),
    [
        ({"message": "no Route matched with those values"}, "Kong"),
        ({"message": "Missing Authentication Token"}, "an AWS API gateway"),
        ({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "no"}, "the Kubernetes API"),
        ({"timestamp": "2024", "status": 404, "error": "Not Found", "path": "/v2/"}, "a Spring application"),
        ({"type": "about:blank", "title": "Not Found", "status": 404}, "problem details"),
        ({"detail": "Not Found"}, "a Python web application"),
        ({"error": "nothing here"}, "another program"),
        ({"errors": "no list"}, "another program"),
    ],
)
def test_json_that_is_not_the_apis_has_a_name(body: dict[str, object], program: str) -> None:
    made = exchange(status=404, received=JSON, answer=json.dumps(body).encode())
    (found,) = rt.explain(made).diagnoses
    assert found.name == "JSON of another program" and program in found.meaning
    assert "regtutor check HOST" in found.next and found.level == "required"


def test_the_apis_own_errors_and_those_of_a_token_server_are_not_blamed() -> None:
    own = [refused(404, "BLOB_UNKNOWN"), refused(404), exchange(status=404), exchange(status=404, answer=b"[1]")]
    oauth = exchange("request_token", "POST", "/oauth", 400, received=JSON, answer=b'{"error": "invalid_grant"}')
    names = [found.name for made in (*own, oauth) for found in rt.explain(made).diagnoses]
    assert "JSON of another program" not in names and "an error of an object store" not in names
