"""The meaning of a refusal by its error code, where the code says more than endpoint and status.

``404`` for a blob means another thing with NAME_UNKNOWN than with BLOB_UNKNOWN. The rows here are only those whose
meaning differs from that of :mod:`regtutor.protocol.responses`; a code without a row has the meaning of its status.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from regtutor.protocol.citations import DISTRIBUTION_SPEC, HABIT, MAY, Citation, Level
from regtutor.protocol.codes import CODES
from regtutor.protocol.endpoints import ENDPOINTS, SENT_TO_A_SESSION


@dataclass(frozen=True)
class RefusalRow:
    """The meaning of an error code in responses of some endpoints.

    Attributes
    ----------
    code: a row of ``codes.CODES``.
    statuses: the statuses with which registries send it.
    endpoints: names of endpoints.
    meaning: the meaning of such a response, in a few words.
    """

    code: str
    statuses: tuple[int, ...]
    endpoints: tuple[str, ...]
    meaning: str

    @property
    def citation(self) -> Citation:
        """The clause that names the code."""
        return CODES[self.code].citation

    @property
    def level(self) -> Level:
        """How strongly that clause requires it: a registry may send error codes."""
        return MAY if self.citation.document == DISTRIBUTION_SPEC else HABIT


_OF_A_REPOSITORY = tuple(row.name for row in ENDPOINTS if "{repository}" in row.template)
_OF_A_SESSION = tuple(row.name for row in ENDPOINTS if row.name in SENT_TO_A_SESSION)
_OF_A_BLOB = ("head_blob", "get_blob", "delete_blob", "mount_blob")
_WITH_BYTES = ("post_blob", "put_blob", "patch_upload")
_READING_A_MANIFEST = ("head_manifest", "get_manifest")

# fmt: off
REFUSALS: tuple[RefusalRow, ...] = (
    RefusalRow("NAME_UNKNOWN", (404,), _OF_A_REPOSITORY, "the repository is not known to the registry"),
    RefusalRow("NAME_INVALID", (400, 404), _OF_A_REPOSITORY, "refused: the repository's name is malformed"),
    RefusalRow("BLOB_UPLOAD_INVALID", (404,), _OF_A_SESSION,
               "refused: the Location is not one of this session, or a later response has replaced it"),
    RefusalRow("BLOB_UPLOAD_INVALID", (400,), _OF_A_SESSION,
               "refused: the upload session cannot continue with this request"),
    RefusalRow("BLOB_UPLOAD_UNKNOWN", (400,), _OF_A_SESSION, "the upload session is not known to the registry"),
    RefusalRow("SIZE_INVALID", (400,), _WITH_BYTES, "refused: the number of bytes does not match the headers"),
    RefusalRow("SIZE_INVALID", (413,), _WITH_BYTES, "refused: larger than the registry accepts"),
    RefusalRow("DIGEST_INVALID", (400,), _OF_A_BLOB,
               "refused: the digest is malformed, or the registry does not support its algorithm"),
    RefusalRow("DIGEST_INVALID", (400,), ("start_upload",),
               "refused: the registry does not support the algorithm of the digest"),
    RefusalRow("DIGEST_INVALID", (400,), (*_READING_A_MANIFEST, "get_referrers"), "refused: the digest is malformed"),
    RefusalRow("DIGEST_INVALID", (400,), ("put_manifest",),
               "refused: the digest in the path is malformed, or does not match the bytes"),
    RefusalRow("BLOB_UNKNOWN", (404,), ("mount_blob",), "the blob is not in the repository that it would come from"),
    RefusalRow("TAG_INVALID", (400,), (*_READING_A_MANIFEST, "put_manifest", "delete_manifest"),
               "refused: the tag is malformed"),
    RefusalRow("MANIFEST_INVALID", (400,), ("put_manifest",), "refused: not a manifest of the stated type"),
    RefusalRow("MANIFEST_UNVERIFIED", (400,), ("put_manifest",), "refused: the signature of the manifest is invalid"),
    RefusalRow("MANIFEST_BLOB_UNKNOWN", (400, 404), ("put_manifest",),
               "refused: the manifest names content that is not in this repository"),
    RefusalRow("MANIFEST_UNKNOWN", (404,), ("get_referrers",),
               "this registry lists no referrers of a manifest that it does not have"),
)
# fmt: on

_ROWS: Mapping[tuple[str, int, str], RefusalRow] = {
    (endpoint, status, row.code): row for row in REFUSALS for status in row.statuses for endpoint in row.endpoints
}


def refusal_row(endpoint: str, status: int, codes: Iterable[str]) -> RefusalRow | None:
    """Return the row for a response to ``endpoint`` with the first of ``codes`` that has one; None without a row.

    Parameters
    ----------
    endpoint: the name of an endpoint.
    status: an HTTP status.
    codes: the error codes of the response, in order.
    """
    found = (_ROWS.get((endpoint, status, code)) for code in codes)
    return next((row for row in found if row is not None), None)
