"""The error codes of the JSON error body: what each means, the clause that names it, and the status it is sent with.

The distribution-spec names codes and leaves their statuses open. The status is the one in Distribution's source.
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
    status: the status that Distribution sends it with.
    meaning: what it says, a few words; the embedded registry's ``message``.
    citation: the clause that names the code.
    source: the file of Distribution that has the status.
    note: where the documents name it for less than the meaning says; empty elsewhere.
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
    Code("BLOB_UPLOAD_INVALID", 404, "the upload session cannot go on like this", ERROR_CODES, CODES_OF_2),
    Code("BLOB_UPLOAD_UNKNOWN", 404, "the upload session is not known: finished, cancelled or purged",
         ERROR_CODES, CODES_OF_2),
    Code("DIGEST_INVALID", 400, "the digest is malformed, or it is not that of the bytes", ERROR_CODES, CODES_OF_2),
    Code("MANIFEST_BLOB_UNKNOWN", 400, "the manifest names a blob or a manifest that is not in this repository",
         ERROR_CODES, CODES_OF_2),
    Code("MANIFEST_INVALID", 400, "the body is not a manifest of the type that was named", ERROR_CODES, CODES_OF_2),
    Code("MANIFEST_UNKNOWN", 404, "no manifest under this tag or digest in this repository", ERROR_CODES, CODES_OF_2),
    Code("NAME_INVALID", 400, "the repository name does not fit the grammar", ERROR_CODES, CODES_OF_2),
    Code("NAME_UNKNOWN", 404, "the repository is not known to the registry", ERROR_CODES, CODES_OF_2),
    Code("SIZE_INVALID", 400, "a length or a range does not fit the content", ERROR_CODES, CODES_OF_2,
         "the documents name it for a length; regtutor's own registry sends it for a range too"),
    Code("UNAUTHORIZED", 401, "the registry wants credentials", ERROR_CODES, CODES_OF_ANY_2),
    Code("DENIED", 403, "access is denied", ERROR_CODES, CODES_OF_ANY_2),
    Code("UNSUPPORTED", 405, "this registry does not do that", ERROR_CODES, CODES_OF_ANY_2),
    Code("TOOMANYREQUESTS", 429, "slow down", ERROR_CODES, CODES_OF_ANY_2),
    Code("TAG_INVALID", 400,
         "the tag does not fit the grammar, or is not the one in the manifest", LEGACY_CODES, CODES_OF_2,
         "the documents name it for a tag that is not the one in the manifest; regtutor's own registry sends it for a "
         "malformed tag too"),
    Code("MANIFEST_UNVERIFIED", 400, "the signature of a schema 1 manifest does not hold", LEGACY_CODES, CODES_OF_2),
    Code("RANGE_INVALID", 416, "the range does not go on where the upload stands", API_3_ERRORS, CODES_OF_3),
    Code("PAGINATION_NUMBER_INVALID", 400, "n is not a number that this registry takes", API_3_ERRORS, CODES_OF_2),
    Code("UNKNOWN", 500, "the registry failed and says no more; its log may", API_UNKNOWN_CODES, CODES_OF_ANY_2),
    Code("UNAVAILABLE", 503, "the registry is not in service now", CODES_OF_ANY_2, CODES_OF_ANY_2),
)
# fmt: on

CODES: Mapping[str, Code] = {row.name: row for row in _ROWS}
