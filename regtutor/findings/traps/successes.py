"""Traps for responses that are successes, but not those that the specification names.

Each function looks for one problem, and yields a diagnosis if it finds it.
"""

from __future__ import annotations

from collections.abc import Iterator

from regtutor.exchange import Exchange
from regtutor.findings.diagnosis import by_status, diagnosis, trap
from regtutor.findings.finding import Finding
from regtutor.findings.request_purpose import name_of
from regtutor.protocol.citations import MUST
from regtutor.protocol.responses import documented, response_row

_ASKED_BY = {
    "patch_upload": "GET the session's Location, which says how many bytes the registry has",
    "put_blob": "HEAD the blob by its digest, to see whether the registry has it",
    "post_blob": "HEAD the blob by its digest, to see whether the registry has it",
    "mount_blob": "HEAD the blob by its digest, to see whether the registry has it",
    "put_manifest": "HEAD the manifest, to see whether the registry has it",
    "delete_manifest": "HEAD the manifest, to see whether it is gone",
    "delete_blob": "HEAD the blob, to see whether it is gone",
}
"""Endpoint -> the request that shows whether the intended effect happened."""

_OTHERWISE = "Read the headers and the body of the response, and report the status to the registry's authors"
_SUCCESSES = tuple(range(200, 300))


@trap(statuses=_SUCCESSES)
def another_success(exchange: Exchange) -> Iterator[Finding]:
    """The status is a success, but not the one that the specification names for this request."""
    name = name_of(exchange)
    expected = [status for status in documented(name) if 200 <= status < 300]
    rows = [row for status in expected if (row := response_row(name, status)) and row.level is MUST]
    if not rows or exchange.status in expected:
        return
    shown = " or ".join(str(status) for status in expected)
    yield diagnosis(
        "another success status",
        f"the specification names {shown} for this request, and the registry sent {exchange.status}; a client that "
        f"expects {shown} stops here, although the registry may have done what it was asked to do",
        f"{_ASKED_BY.get(name, _OTHERWISE)}. Clients that accept any success continue",
        rows[0].citation,
        shown=by_status(exchange),
        level=MUST,
    )
