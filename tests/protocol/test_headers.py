"""The table of headers: complete rows, clauses that can be opened, and the headers that messages must carry."""

from __future__ import annotations

import pytest

from regtutor.protocol.endpoints import BY_NAME
from regtutor.protocol.headers import HEADERS, Header, required_in_request
from regtutor.protocol.responses import RESPONSES, required_headers
from regtutor.protocol.secrets import SECRET_HEADERS


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
    assert (name in SECRET_HEADERS) is secret


def test_what_is_required_names_headers_requests_and_statuses_that_are_documented() -> None:
    for row in RESPONSES:
        assert all(name.lower() in HEADERS for name in row.headers)
        assert row.endpoint == "" or row.endpoint in BY_NAME


@pytest.mark.parametrize(
    ("side", "step", "status", "names"),
    [
        ("response", "start_upload", 202, {"location"}),
        ("response", "patch_upload", 202, {"location", "range"}),
        ("response", "get_upload", 204, {"location", "range"}),
        ("response", "put_blob", 201, {"location"}),
        ("response", "mount_blob", 201, {"location"}),
        ("response", "put_manifest", 201, {"location"}),
        ("response", "get_blob", 401, {"www-authenticate"}),
        ("response", "get_blob", 405, {"allow"}),
        ("response", "get_blob", 200, set()),
        ("request", "put_manifest", 0, {"content-type"}),
        ("request", "get_blob", 0, set()),
    ],
)
def test_the_documents_ask_for_these_headers(side: str, step: str, status: int, names: set[str]) -> None:
    found = required_in_request(step) if side == "request" else required_headers(step, status)
    assert set(found) == names
