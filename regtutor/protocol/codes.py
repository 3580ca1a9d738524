"""The error codes of the JSON error body: what each means, its status, and the clause that names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from regtutor.protocol.citations import Citation
from regtutor.protocol.clauses import API_3_ERRORS, API_ERRORS, ERROR_CODES


@dataclass(frozen=True)
class Code:
    """An error code of the JSON error body: its ``meaning``, the ``status`` it comes with, the clause that names it."""

    name: str
    status: int
    meaning: str
    citation: Citation


_ROWS = (
    Code("BLOB_UNKNOWN", 404, "the blob is not in this repository", ERROR_CODES),
    Code("BLOB_UPLOAD_INVALID", 400, "the upload session cannot go on like this", ERROR_CODES),
    Code("BLOB_UPLOAD_UNKNOWN", 404, "the upload session is not known: finished, cancelled or purged", ERROR_CODES),
    Code("DIGEST_INVALID", 400, "the digest is malformed, or it is not that of the bytes", ERROR_CODES),
    Code("MANIFEST_BLOB_UNKNOWN", 400, "the manifest names a blob that is not in this repository", ERROR_CODES),
    Code("MANIFEST_INVALID", 400, "the body is not a manifest of the type that was named", ERROR_CODES),
    Code("MANIFEST_UNKNOWN", 404, "no manifest under this tag or digest in this repository", ERROR_CODES),
    Code("NAME_INVALID", 400, "the repository name does not fit the grammar", ERROR_CODES),
    Code("NAME_UNKNOWN", 404, "the repository is not known to the registry", ERROR_CODES),
    Code("SIZE_INVALID", 400, "a length or a range does not fit the content", ERROR_CODES),
    Code("UNAUTHORIZED", 401, "the registry wants credentials", ERROR_CODES),
    Code("DENIED", 403, "these credentials do not permit it", ERROR_CODES),
    Code("UNSUPPORTED", 405, "this registry does not do that", ERROR_CODES),
    Code("TOOMANYREQUESTS", 429, "slow down", ERROR_CODES),
    Code("TAG_INVALID", 400, "the tag does not fit the grammar, or is not the one in the manifest", API_ERRORS),
    Code("MANIFEST_UNVERIFIED", 400, "the signature of a schema 1 manifest does not hold", API_ERRORS),
    Code("RANGE_INVALID", 416, "the range does not go on where the upload stands", API_ERRORS),
    Code("PAGINATION_NUMBER_INVALID", 400, "n is not a number that this registry takes", API_3_ERRORS),
    Code("UNKNOWN", 500, "the registry failed and says no more; its log may", API_ERRORS),
)

CODES: Mapping[str, Code] = {row.name: row for row in _ROWS}
