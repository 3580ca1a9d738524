"""The table of responses: an endpoint's own row first, then those of any endpoint, with levels and conditions."""

from __future__ import annotations

import pytest

from regtutor.protocol.cases import Case
from regtutor.protocol.endpoints import BY_NAME, LEAVES_A_SESSION_OPEN, SENT_TO_A_SESSION
from regtutor.protocol.responses import RESPONSES, documented, meaning, response_row


def test_no_two_rows_are_about_the_same_status_of_an_endpoint() -> None:
    keys = [(row.endpoint, row.status, row.case) for row in RESPONSES]
    assert sorted(set(keys)) == sorted(keys)


@pytest.mark.parametrize(
    ("endpoint", "status", "level", "condition"),
    [
        ("mount_blob", 201, "required", ""),
        ("mount_blob", 202, "recommended", "if the registry does not mount the blob"),
        ("put_manifest", 413, "recommended", "if the registry limits the size of a manifest"),
        ("delete_blob", 405, "required", "if deletion is switched off (400 or 405)"),
        ("delete_manifest", 404, "required", "if the repository does not exist"),
        ("put_blob", 416, "required", "if its body is a chunk that is out of order"),
        ("get_blob", 206, "allowed", ""),
        ("cancel_upload", 204, "allowed", ""),
        ("head_upload", 204, "not in the registry documents", ""),
        ("put_blob", 413, "not in the registry documents", ""),
        ("list_tags", 401, "allowed", ""),
        ("list_tags", 403, "allowed", ""),
        ("list_tags", 429, "allowed", ""),
        ("get_referrers", 403, "not in the registry documents", ""),
        ("get_blob", 308, "not in the registry documents", ""),
        ("get_blob", 503, "not in the registry documents", ""),
    ],
)
def test_a_response_has_its_level_and_the_condition_of_it(
    endpoint: str, status: int, level: str, condition: str
) -> None:
    row = response_row(endpoint, status)
    assert row is not None
    assert (row.level, row.condition) == (level, condition)


def test_the_own_row_comes_before_that_of_any_endpoint() -> None:
    assert meaning("get_blob", 404) == "the blob is not in this repository"
    assert meaning("list_repositories", 404) == meaning("anything", 404) == "not found"
    assert response_row("get_blob", 418) is None
    assert "418" in meaning("get_blob", 418)


def test_what_nearly_every_endpoint_has_is_not_listed_for_each() -> None:
    assert {401, 403, 429} & {status for name in BY_NAME for status in documented(name)} == {401, 403}
    assert [name for name in BY_NAME if 401 in documented(name)] == ["check_api", "request_token"]
    assert [name for name in BY_NAME if 403 in documented(name)] == ["request_token"]
    assert documented("anything") == ()


def test_which_requests_go_to_an_upload_session_and_which_leave_one_open() -> None:
    assert {"patch_upload", "put_blob", "get_upload", "head_upload", "cancel_upload"} == SENT_TO_A_SESSION
    opening = {"start_upload", "mount_blob", "post_blob"}
    assert opening | {"patch_upload", "get_upload", "head_upload"} == LEAVES_A_SESSION_OPEN


@pytest.mark.parametrize(
    ("endpoint", "status", "case", "level", "section", "said"),
    [
        ("delete_manifest", 202, "tag", "required", "Deleting tags", "the tag is deleted"),
        ("delete_manifest", 202, "digest", "required", "Deleting Manifests", "with every tag"),
        ("delete_manifest", 400, "tag", "required", "Deleting tags", "does not delete the tag"),
        ("delete_manifest", 400, "refused digest", "allowed", "DELETE Manifest", "malformed"),
        ("delete_manifest", 405, "digest", "required", "Deleting Manifests", "switched off"),
        ("delete_manifest", 404, "tag", "allowed", "Endpoints", "no such tag"),
        ("delete_blob", 400, "refused digest", "allowed", "DELETE Blob", "malformed"),
        ("delete_blob", 400, "digest", "required", "Deleting Blobs", "switched off"),
        ("put_blob", 201, "chunked", "required", "Pushing a blob in chunks", "stored"),
        ("put_blob", 201, "", "required", "POST then PUT", "stored"),
        ("put_blob", 404, "chunked", "allowed", "Endpoints", "session"),
    ],
)
def test_a_case_of_a_request_has_the_row_of_its_own_clause(
    endpoint: str, status: int, case: Case, level: str, section: str, said: str
) -> None:
    row = response_row(endpoint, status, case)
    assert row is not None
    assert (row.level, row.citation.section) == (level, section)
    assert said in row.meaning
