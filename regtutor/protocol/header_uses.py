"""The levels of headers in certain requests and responses, where they differ from the header's own row.

``headers.py`` has the meaning and the grammar of each header, and ``responses.py`` the headers that a response must
carry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from regtutor.protocol.citations import MAY, MUST, SHOULD, Citation, Rule
from regtutor.protocol.clauses import (
    API_CATALOG_PAGES,
    API_CHUNKS,
    API_COMPLETED,
    API_MOUNTING,
    API_PROGRESS,
    API_PULLING_A_LAYER,
    CHUNKS,
    EXISTENCE,
    LISTING_REFERRERS,
    LISTING_TAGS,
    MOUNTING,
    POST_THEN_PUT,
    PULLING_BLOBS,
    PULLING_MANIFESTS,
    PUSHING_MANIFESTS,
    REFERRERS_TAG,
    RESUMABLE_POST,
    SINGLE_POST,
    http,
)
from regtutor.protocol.headers import HEADERS
from regtutor.protocol.responses import required_headers

Side = Literal["request", "response"]


@dataclass(frozen=True)
class HeaderUse:
    """How strongly the documents require a header in a message.

    Attributes
    ----------
    side: ``"request"`` or ``"response"``.
    endpoints: names of endpoints; empty for any.
    statuses: the statuses of the responses; empty for a request, and for any response.
    header: the header's name.
    rule, citation, condition: the level, its clause, and when the level applies (empty: always).
    """

    side: Side
    endpoints: tuple[str, ...]
    statuses: tuple[int, ...]
    header: str
    rule: Rule
    citation: Citation
    condition: str = ""


# fmt: off
USES: tuple[HeaderUse, ...] = (
    HeaderUse("request", ("get_manifest",), (), "Accept", SHOULD, PULLING_MANIFESTS),
    HeaderUse("request", ("start_upload",), (), "Content-Length", MUST, CHUNKS, "if the blob is sent in chunks"),
    HeaderUse("request", ("patch_upload",), (), "Content-Length", MAY, CHUNKS),
    HeaderUse("request", ("post_blob",), (), "Content-Length", MAY, SINGLE_POST),
    HeaderUse("request", ("put_blob",), (), "Content-Length", MAY, POST_THEN_PUT),
    HeaderUse("request", ("patch_upload", "put_blob"), (), "Content-Range", MAY, CHUNKS),
    HeaderUse("request", ("put_manifest",), (), "Content-Type", MUST, PUSHING_MANIFESTS,
              "if the manifest has a mediaType field; recommended otherwise"),
    HeaderUse("request", ("patch_upload",), (), "Content-Type", MAY, CHUNKS),
    HeaderUse("request", ("post_blob",), (), "Content-Type", MAY, SINGLE_POST),
    HeaderUse("request", ("put_blob",), (), "Content-Type", MAY, POST_THEN_PUT),
    HeaderUse("request", ("get_blob",), (), "Range", MAY, PULLING_BLOBS),
    HeaderUse("response", ("get_blob",), (200,), "Docker-Content-Digest", SHOULD, PULLING_BLOBS),
    HeaderUse("response", ("get_manifest",), (200,), "Docker-Content-Digest", SHOULD, PULLING_MANIFESTS),
    HeaderUse("response", ("head_blob", "head_manifest"), (200,), "Docker-Content-Digest", SHOULD, EXISTENCE),
    HeaderUse("response", ("head_blob", "head_manifest"), (200,), "Content-Length", SHOULD, EXISTENCE),
    HeaderUse("response", ("put_blob",), (201,), "Docker-Content-Digest", MAY, API_COMPLETED),
    HeaderUse("response", ("mount_blob",), (201,), "Docker-Content-Digest", MAY, MOUNTING),
    HeaderUse("response", ("put_manifest",), (201,), "Docker-Content-Digest", MAY, PUSHING_MANIFESTS),
    HeaderUse("response", ("get_manifest",), (200,), "Content-Type", MAY, PULLING_MANIFESTS),
    HeaderUse("response", ("get_blob", "head_blob"), (), "ETag", MAY, API_PULLING_A_LAYER),
    HeaderUse("response", ("get_blob", "head_blob"), (), "Cache-Control", MAY, API_PULLING_A_LAYER),
    HeaderUse("response", ("get_manifest", "head_manifest", "put_manifest"), (), "ETag", MAY, REFERRERS_TAG),
    HeaderUse("response", (), (206,), "Content-Range", MUST, http("15.3.7.1 Single Part"), "if it has one part"),
    HeaderUse("response", (), (416,), "Content-Range", SHOULD, http("15.5.17 416 Range Not Satisfiable")),
    HeaderUse("response", (), (100, 500, 502, 503, 504), "Date", MAY, http("6.6.1 Date")),
    HeaderUse("response", ("list_tags",), (200,), "Link", MAY, LISTING_TAGS),
    HeaderUse("response", ("get_referrers",), (200,), "Link", MUST, LISTING_REFERRERS,
              "if the list does not fit in one response"),
    HeaderUse("response", ("list_repositories",), (200,), "Link", MAY, API_CATALOG_PAGES),
    HeaderUse("response", ("post_blob",), (202,), "Location", SHOULD, SINGLE_POST),
    HeaderUse("response", ("mount_blob",), (202,), "Location", MAY, API_MOUNTING),
    HeaderUse("response", ("patch_upload",), (416,), "Location", MAY, API_CHUNKS),
    HeaderUse("response", (), (301,), "Location", SHOULD, http("15.4.2 301 Moved Permanently")),
    HeaderUse("response", (), (302,), "Location", SHOULD, http("15.4.3 302 Found")),
    HeaderUse("response", (), (307,), "Location", SHOULD, http("15.4.8 307 Temporary Redirect")),
    HeaderUse("response", (), (308,), "Location", SHOULD, http("15.4.9 308 Permanent Redirect")),
    HeaderUse("response", ("start_upload",), (202,), "Range", MAY, RESUMABLE_POST),
    HeaderUse("response", ("mount_blob",), (202,), "Range", MAY, API_MOUNTING),
    HeaderUse("response", ("patch_upload",), (416,), "Range", MAY, API_CHUNKS),
    HeaderUse("response", ("head_upload",), (204,), "Location", MAY, API_PROGRESS),
    HeaderUse("response", (), (), "Range", MAY, API_PROGRESS),
)
# fmt: on


def header_use(side: Side, endpoint: str, status: int, name: str) -> HeaderUse | None:
    """Return the level of a header in one message; None for a header that is in no table.

    Parameters
    ----------
    side: ``"request"`` or ``"response"``.
    endpoint: the name of an endpoint; for any other text, only the rows of any endpoint apply.
    status: the status of the response; 0 for a request.
    name: the header's name, in any case.
    """
    row = HEADERS.get(name.lower())
    if row is None:
        return None
    clause = required_headers(endpoint, status).get(name.lower()) if side == "response" else None
    if clause is not None:
        return HeaderUse(side, (endpoint,), (status,), row.name, MUST, clause)
    fitting = (use for use in USES if _fits(use, side, endpoint, status, row.name))
    own = HeaderUse(side, (), (), row.name, row.rule, row.citation, row.condition)
    return next(fitting, own)


def _fits(use: HeaderUse, side: Side, endpoint: str, status: int, name: str) -> bool:
    at = endpoint in use.endpoints or not use.endpoints
    return use.side == side and use.header == name and at and (status in use.statuses or not use.statuses)
