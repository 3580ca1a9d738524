"""The meaning of a refusal follows from endpoint, status and error code."""

from __future__ import annotations

import pytest

from regtutor.protocol.citations import HABIT, MAY, MUST
from regtutor.protocol.clauses import DELETING_BLOBS, ERROR_CODES, LEGACY_CODES, PULLING_BLOBS, PUT_MANIFEST
from regtutor.protocol.codes import CODES
from regtutor.protocol.endpoints import BY_NAME
from regtutor.protocol.refusals import REFUSALS, refusal_row
from regtutor.protocol.responses import meaning, response_row


@pytest.mark.parametrize(
    ("endpoint", "status", "code", "expected"),
    [
        ("get_blob", 404, "BLOB_UNKNOWN", "the blob is not in this repository"),
        ("get_blob", 404, "NAME_UNKNOWN", "the repository is not known to the registry"),
        ("head_manifest", 404, "NAME_UNKNOWN", "the repository is not known to the registry"),
        ("get_referrers", 404, "NAME_UNKNOWN", "the repository is not known to the registry"),
        ("get_referrers", 404, "UNSUPPORTED", "this registry has no referrers API: look under the referrers tag"),
        ("patch_upload", 404, "BLOB_UPLOAD_UNKNOWN", "the upload session is not known to the registry"),
        ("patch_upload", 400, "BLOB_UPLOAD_UNKNOWN", "the upload session is not known to the registry"),
        ("patch_upload", 404, "NAME_UNKNOWN", "the repository is not known to the registry"),
        ("put_blob", 400, "NAME_INVALID", "refused: the repository's name is malformed"),
        ("put_blob", 400, "DIGEST_INVALID", "refused: the digest is missing, malformed, or does not match the bytes"),
        ("put_blob", 400, "SIZE_INVALID", "refused: the number of bytes does not match the headers"),
        ("list_tags", 400, "NAME_INVALID", "refused: the repository's name is malformed"),
        ("list_tags", 400, "UNSUPPORTED", "refused: n is not a number that this registry accepts"),
        ("put_manifest", 400, "TAG_INVALID", "refused: the tag is malformed"),
        ("delete_blob", 400, "NAME_INVALID", "refused: the repository's name is malformed"),
        ("delete_blob", 405, "UNSUPPORTED", "refused: deletion is switched off"),
    ],
)
def test_a_code_decides_where_the_status_does_not(endpoint: str, status: int, code: str, expected: str) -> None:
    assert meaning(endpoint, status, codes=[code]) == expected


def test_the_first_code_with_a_row_decides() -> None:
    assert meaning("put_manifest", 400, codes=["OTHER", "MANIFEST_BLOB_UNKNOWN", "NAME_INVALID"]).startswith(
        "refused: the manifest names content"
    )
    assert meaning("get_blob", 404, codes=[]) == meaning("get_blob", 404) == "the blob is not in this repository"


def test_a_clause_that_requires_a_status_for_another_reason_is_not_cited() -> None:
    rows = [response_row("delete_blob", 400, "digest", codes) for codes in ([], ["NAME_INVALID"])]
    assert [(row.level, row.citation, bool(row.condition)) for row in rows if row] == [
        (MUST, DELETING_BLOBS, True),
        (MAY, ERROR_CODES, False),
    ]
    blob = [response_row("get_blob", 404, codes=[code]) for code in ("BLOB_UNKNOWN", "NAME_UNKNOWN")]
    assert [row.citation for row in blob if row] == [PULLING_BLOBS, ERROR_CODES]
    manifest = response_row("put_manifest", 400, codes=["MANIFEST_INVALID"])
    assert manifest and (manifest.level, manifest.citation) == (MAY, PUT_MANIFEST)


def test_a_tag_that_is_not_deleted_stays_one_whatever_the_code() -> None:
    assert (
        meaning("delete_manifest", 400, "tag", ["DIGEST_INVALID"]) == "refused: this registry does not delete the tag"
    )


def test_every_row_says_something_that_the_status_alone_does_not() -> None:
    for row in REFUSALS:
        assert row.code in CODES and set(row.endpoints) <= set(BY_NAME)
        assert row.level in (MAY, HABIT) and (row.level is MAY or row.citation != LEGACY_CODES)
        told = {meaning(endpoint, status) for endpoint in row.endpoints for status in row.statuses}
        assert told != {row.meaning}, row


def test_a_code_that_says_no_more_than_the_status_has_no_row() -> None:
    assert refusal_row("get_blob", 404, ["BLOB_UNKNOWN"]) is None
    assert refusal_row("get_blob", 500, ["NAME_UNKNOWN"]) is None
    assert refusal_row("no endpoint", 404, ["NAME_UNKNOWN"]) is None
