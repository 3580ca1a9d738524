"""Pages: which responses are not the API's, and what they are called."""

from __future__ import annotations

import pytest

from regtutor.exchange import BodyRecord, Exchange, RequestRecord, ResponseRecord
from regtutor.protocol.digests import sha256
from regtutor.protocol.endpoints import ENDPOINTS

HTML = b"<!DOCTYPE html>\n<html><head><title>Welcome &amp; more</title></head></html>"
LOGIN = b"<html><title>Sign in</title><form><input type='password'></form></html>"
PORTAL = b"<html><title>Guest access</title>Please accept the terms</html>"
DIGEST = sha256(b"blob")

_FIELDS = {"repository": "library/hello", "digest": DIGEST, "reference": "v1", "session": "1"}


def response(step: str, status: int, body: bytes = b"", kind: str = "text/html", /, **headers: str) -> Exchange:
    """A response to ``step`` with this body."""
    (row,) = [row for row in ENDPOINTS if row.name == step]
    query = "&".join(f"{name}={DIGEST}" for name in row.query)
    target = row.template.format_map(_FIELDS) + (f"?{query}" if query else "")
    pairs = (*((("Content-Type", kind),) if kind else ()), *((n.replace("_", "-"), v) for n, v in headers.items()))
    head = row.method == "HEAD"
    record = BodyRecord() if head or not body else BodyRecord(len(body), sha256(body), body, "received", kind)
    return Exchange(
        step,
        f"http://registry:5000{target}",
        RequestRecord(row.method, target),
        ResponseRecord(status, "", pairs, record),
    )


SUCCESS = {row.name: 200 if row.method in ("GET", "HEAD") else 202 for row in ENDPOINTS} | {
    "put_blob": 201,
    "put_manifest": 201,
    "mount_blob": 201,
    "post_blob": 201,
}


@pytest.mark.parametrize("step", SUCCESS)
@pytest.mark.parametrize("body", [HTML, LOGIN, PORTAL])
def test_no_endpoint_believes_a_success_with_a_web_page(step: str, body: bytes) -> None:
    made = response(step, SUCCESS[step], body)
    assert made.page is not None and made.outcome == "bad"
    assert "not a response of the API" in made.meaning


@pytest.mark.parametrize("step", [row.name for row in ENDPOINTS if row.method == "GET" and row.name != "get_upload"])
def test_plain_text_is_not_a_response_to_a_get(step: str) -> None:
    assert str(response(step, 200, b"It works!\n", "text/plain").page) == 'plain text ("It works!")'


@pytest.mark.parametrize("step", [row.name for row in ENDPOINTS])
@pytest.mark.parametrize("status", [400, 403, 404, 405, 500, 502, 503, 504, 520])
def test_no_endpoint_believes_a_refusal_with_a_web_page(step: str, status: int) -> None:
    made = response(step, status, b"<html><title>No</title><center>nginx</center></html>")
    assert made.page is not None and made.page.kind == "error page"
    assert "DIGEST" not in made.meaning and "n is not a number" not in made.meaning


@pytest.mark.parametrize(
    "made",
    [
        response("check_api", 200, b"{}", "application/json"),
        response("check_api", 200, b"true", Docker_Distribution_API_Version="registry/2.0"),  # Quay
        response("check_api", 200, b"true"),
        response("check_api", 200, b"", ""),
        response("head_blob", 200, b"", Docker_Content_Digest=DIGEST),
        response("head_blob", 200, b"", "application/octet-stream"),
        response("head_blob", 404, b"", "text/plain"),
        response("get_blob", 200, b"blob", "text/plain"),  # its digest is the requested one
        response("get_blob", 307, b'<a href="https://storage/">Temporary Redirect</a>'),
        response("get_manifest", 200, b'{"schemaVersion":2}', "text/plain"),  # a static file
        response("start_upload", 202, b"", Docker_Upload_UUID="1"),  # Flask and others set text/html always
        response("put_manifest", 201, b""),
        response("delete_manifest", 202, b""),
        response("get_referrers", 404, b"404 page not found\n", "text/plain; charset=utf-8"),
        response("head_manifest", 405, b"", "text/plain"),
        response("list_tags", 404, b'{"errors":[{"code":"NAME_UNKNOWN"}]}', "text/html"),
        response("list_tags", 404, b'{"message":"no Route matched"}', "application/json"),
    ],
    ids=lambda made: f"{made.step} {made.status}",
)
def test_what_registries_send_is_no_page(made: Exchange) -> None:
    assert made.page is None


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (HTML, 'a web page ("Welcome & more")'),
        (LOGIN, 'a login page ("Sign in")'),
        (PORTAL, 'a portal ("Guest access")'),
        (b"\xef\xbb\xbf  <html><hr><center>nginx/1.22.1</center></html>", "a web page of nginx"),
        (b"<html><title>" + b"x" * 200 + b"</title></html>", f'a web page ("{"x" * 79}\N{HORIZONTAL ELLIPSIS}")'),
    ],
)
def test_a_page_is_called_by_its_kind_its_program_and_its_title(body: bytes, name: str) -> None:
    assert str(response("check_api", 200, body).page) == name


def test_a_blob_that_is_a_web_page_is_a_blob() -> None:
    target = f"/v2/library/hello/blobs/{sha256(HTML)}"
    body = BodyRecord(len(HTML), sha256(HTML), HTML, "received", "text/html")
    received = ResponseRecord(200, "OK", (("Content-Type", "text/html"),), body)
    made = Exchange("get_blob", f"http://registry{target}", RequestRecord("GET", target), received)
    assert made.page is None and made.outcome == "good"


def test_a_page_outside_of_the_api_is_no_wonder() -> None:
    body = BodyRecord(len(HTML), sha256(HTML), HTML, "received", "text/html")
    received = ResponseRecord(200, "OK", (("Content-Type", "text/html"),), body)
    assert Exchange("request", "http://site/", RequestRecord("GET", "/"), received).page is None
