"""The table of headers: complete rows, clauses that can be opened, and the headers that messages must carry."""

from __future__ import annotations

import pytest

from regtutor.protocol.endpoints import BY_NAME
from regtutor.protocol.header_uses import Side, header_use
from regtutor.protocol.headers import HEADERS, Header
from regtutor.protocol.responses import RESPONSES, required_headers
from regtutor.protocol.secret_names import is_secret


@pytest.mark.parametrize("row", HEADERS.values(), ids=list(HEADERS))
def test_a_row_says_what_it_means_how_it_is_written_and_where_that_is_specified(row: Header) -> None:
    assert row.meaning
    assert row.grammar
    assert row.citation.url.startswith("https://")
    assert HEADERS[row.name.lower()] is row


def test_the_rows_are_sorted_by_name_so_that_one_finds_them() -> None:
    assert list(HEADERS) == sorted(HEADERS)


@pytest.mark.parametrize(
    ("name", "secret"),
    [("authorization", True), ("set-cookie", True), ("location", False), ("www-authenticate", False)],
)
def test_a_header_is_secret_if_records_do_not_keep_its_value(name: str, secret: bool) -> None:
    assert HEADERS[name].secret is secret
    assert is_secret(name, "header") is secret


def test_what_is_required_names_headers_requests_and_statuses_that_are_documented() -> None:
    for row in RESPONSES:
        assert all(name.lower() in HEADERS for name in row.headers)
        assert row.endpoint == "" or row.endpoint in BY_NAME


@pytest.mark.parametrize(
    ("step", "status", "names"),
    [
        ("start_upload", 202, {"location"}),
        ("patch_upload", 202, {"location", "range"}),
        ("get_upload", 204, {"location", "range"}),
        ("put_blob", 201, {"location"}),
        ("mount_blob", 201, {"location"}),
        ("put_manifest", 201, {"location"}),
        ("get_blob", 401, {"www-authenticate"}),
        ("get_blob", 405, {"allow"}),
        ("get_blob", 200, set()),
    ],
)
def test_the_documents_ask_for_these_headers(step: str, status: int, names: set[str]) -> None:
    assert set(required_headers(step, status)) == names


@pytest.mark.parametrize(
    ("side", "step", "status", "name", "rule", "section", "condition"),
    [
        ("request", "get_manifest", 0, "accept", "recommended", "Pulling manifests", ""),
        ("request", "put_manifest", 0, "Accept", "not in the registry documents", "12.5.1 Accept", ""),
        ("request", "put_manifest", 0, "Content-Type", "required", "Pushing Manifests", "if the manifest"),
        ("request", "start_upload", 0, "Content-Length", "required", "Pushing a blob in chunks", "if the blob is"),
        ("request", "patch_upload", 0, "Content-Range", "allowed", "Pushing a blob in chunks", ""),
        ("request", "get_blob", 0, "Range", "allowed", "Pulling blobs", ""),
        ("request", "get_blob", 0, "Host", "required", "7.2 Host and :authority", ""),
        ("response", "get_blob", 206, "Content-Range", "required", "15.3.7.1 Single Part", "if it has one part"),
        ("response", "get_manifest", 200, "Docker-Content-Digest", "recommended", "Pulling manifests", ""),
        ("response", "put_blob", 201, "Docker-Content-Digest", "allowed", "Completed Upload", ""),
        ("response", "put_blob", 201, "Location", "required", "POST then PUT", ""),
        ("response", "start_upload", 202, "Docker-Upload-UUID", "vendor habit", "Uploading the Layer", ""),
        ("response", "get_referrers", 200, "Link", "required", "Listing Referrers", "if the list does not fit"),
        ("response", "list_tags", 200, "Link", "allowed", "Listing Tags", ""),
        ("response", "list_tags", 401, "WWW-Authenticate", "required", "15.5.2 401 Unauthorized", ""),
        ("response", "patch_upload", 416, "Range", "allowed", "Chunked Upload", ""),
        ("response", "put_blob", 416, "Range", "allowed", "Chunked Upload", ""),
        ("response", "put_blob", 416, "Location", "allowed", "Chunked Upload", ""),
        ("response", "head_upload", 204, "Location", "recommended", "9.3.2 HEAD", ""),
        ("response", "head_upload", 204, "Range", "recommended", "9.3.2 HEAD", ""),
        ("response", "get_manifest", 200, "Content-Type", "recommended", "Pulling manifests", ""),
        ("response", "check_api", 200, "Docker-Distribution-API-Version", "allowed", "API Version Check", ""),
        ("response", "list_tags", 200, "Content-Length", "recommended", "8.6 Content-Length", "if the size is known"),
        ("request", "mount_blob", 0, "Content-Length", "recommended", "8.6 Content-Length", "if there is no Transfer"),
        ("request", "delete_blob", 0, "Content-Length", "not in the registry documents", "8.6 Content-Length", ""),
        ("request", "cancel_upload", 0, "Content-Length", "allowed", "DELETE Blob Upload", ""),
        ("response", "list_tags", 301, "Location", "recommended", "15.4.2 301 Moved Permanently", ""),
    ],
)  # fmt: skip
def test_a_header_is_cited_for_the_message_that_has_it(
    side: Side, step: str, status: int, name: str, rule: str, section: str, condition: str
) -> None:
    use = header_use(side, step, status, name)
    assert use is not None
    assert (use.level, use.citation.section) == (rule, section)
    assert use.condition.startswith(condition) if condition else use.condition == ""


def test_what_no_table_has_has_no_use() -> None:
    assert header_use("request", "get_blob", 0, "X-Tea") is None
