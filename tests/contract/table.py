"""The contract of all registries, one row for each literal request: read the files of ``tables/`` as a manual.

Written by hand from the specifications, never from ``regtutor.protocol.endpoints``: server and client share that
table, so a mistake in it would agree with itself.
"""

from tests.contract.language import Row
from tests.contract.tables import (
    api,
    blobs,
    content,
    deletes,
    imitated,
    lists,
    manifests,
    manners,
    none,
    patch_upload,
    put_blob,
    put_manifest,
    referrers,
    uploads,
)

ROWS: tuple[Row, ...] = (
    *api.ROWS,
    *uploads.ROWS,
    *patch_upload.ROWS,
    *put_blob.ROWS,
    *blobs.ROWS,
    *manifests.ROWS,
    *put_manifest.ROWS,
    *content.ROWS,
    *deletes.ROWS,
    *lists.ROWS,
    *referrers.ROWS,
    *none.ROWS,
    *manners.ROWS,
    *imitated.ROWS,
)
