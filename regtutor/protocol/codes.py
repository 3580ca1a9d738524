"""The error codes of the JSON error body, each with its meaning, the clause that names it, and its status.

The distribution-spec names the codes but does not assign statuses to them. The statuses here are those in the source
of CNCF Distribution.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from regtutor.protocol.citations import Citation
from regtutor.protocol.clauses import (
    API_3_ERRORS,
    API_UNKNOWN_CODES,
    CODES_OF_2,
    CODES_OF_3,
    CODES_OF_ANY_2,
    ERROR_CODES,
    LEGACY_CODES,
)


@dataclass(frozen=True)
class Code:
    """An error code of the JSON error body.

    Attributes
    ----------
    name: the code.
    status: the status with which Distribution sends it.
    meaning: its meaning in a few words; the embedded registry sends it as ``message``.
    citation: the clause that names the code.
    source: the file of Distribution that has the status.
    note: how the documents define the code more narrowly than the meaning; empty if they do not.
    """

    name: str
    status: int
    meaning: str
    citation: Citation
    source: Citation
    note: str = ""


# fmt: off
_ROWS = (
    Code("BLOB_UNKNOWN", 404, "the blob is not in this repository", ERROR_CODES, CODES_OF_2),
    Code("BLOB_UPLOAD_INVALID", 404, "the upload session cannot continue with this request", ERROR_CODES, CODES_OF_2),
    Code("BLOB_UPLOAD_UNKNOWN", 404, "the upload session is not known to the registry: finished, canceled or purged",
         ERROR_CODES, CODES_OF_2),
    Code("DIGEST_INVALID", 400, "the digest is malformed, or does not match the bytes", ERROR_CODES, CODES_OF_2),
    Code("MANIFEST_BLOB_UNKNOWN", 400, "the manifest names a blob or a manifest that is not in this repository",
         ERROR_CODES, CODES_OF_2),
    Code("MANIFEST_INVALID", 400, "the body is not a manifest of the stated type", ERROR_CODES, CODES_OF_2),
    Code("MANIFEST_UNKNOWN", 404, "this repository has no manifest with this tag or digest", ERROR_CODES, CODES_OF_2),
    Code("NAME_INVALID", 400, "the repository name does not match the grammar", ERROR_CODES, CODES_OF_2),
    Code("NAME_UNKNOWN", 404, "the repository is not known to the registry", ERROR_CODES, CODES_OF_2),
    Code("SIZE_INVALID", 400, "a length or a range does not match the content", ERROR_CODES, CODES_OF_2,
         "the documents name it for a length; the embedded registry sends it for a range too"),
    Code("UNAUTHORIZED", 401, "the registry requires credentials", ERROR_CODES, CODES_OF_ANY_2),
    Code("DENIED", 403, "access is denied", ERROR_CODES, CODES_OF_ANY_2),
    Code("UNSUPPORTED", 405, "this registry does not support the operation", ERROR_CODES, CODES_OF_ANY_2),
    Code("TOOMANYREQUESTS", 429, "too many requests", ERROR_CODES, CODES_OF_ANY_2),
    Code("TAG_INVALID", 400,
         "the tag does not match the grammar, or is not the tag in the manifest", LEGACY_CODES, CODES_OF_2,
         "the documents name it for a tag that is not the tag in the manifest; the embedded registry sends it for a "
         "malformed tag too"),
    Code("MANIFEST_UNVERIFIED", 400, "the signature of a schema 1 manifest is invalid", LEGACY_CODES, CODES_OF_2),
    Code("RANGE_INVALID", 416, "the range does not start after the last stored byte", API_3_ERRORS, CODES_OF_3),
    Code("PAGINATION_NUMBER_INVALID", 400, "n is not a number that this registry accepts", API_3_ERRORS, CODES_OF_2),
    Code("UNKNOWN", 500, "the registry failed and gives no reason; its log may have one",
         API_UNKNOWN_CODES, CODES_OF_ANY_2),
    Code("UNAVAILABLE", 503, "the registry is currently unavailable", CODES_OF_ANY_2, CODES_OF_ANY_2),
)
# fmt: on

CODES: Mapping[str, Code] = {row.name: row for row in _ROWS}
