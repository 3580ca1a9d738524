"""The contract of all registries, one row for each literal request: read ``table_*.py`` as a manual.

Written by hand from the specifications, never from ``regtutor.protocol.endpoints``: server and client share that
table, so a mistake in it would agree with itself.
"""

from tests.contract import (
    table_api,
    table_blobs,
    table_content,
    table_deletes,
    table_lists,
    table_manifests,
    table_manners,
    table_none,
    table_patch_upload,
    table_put_blob,
    table_put_manifest,
    table_referrers,
    table_uploads,
)
from tests.contract.language import Row

ROWS: tuple[Row, ...] = (
    *table_api.ROWS,
    *table_uploads.ROWS,
    *table_patch_upload.ROWS,
    *table_put_blob.ROWS,
    *table_blobs.ROWS,
    *table_manifests.ROWS,
    *table_put_manifest.ROWS,
    *table_content.ROWS,
    *table_deletes.ROWS,
    *table_lists.ROWS,
    *table_referrers.ROWS,
    *table_none.ROWS,
    *table_manners.ROWS,
)
