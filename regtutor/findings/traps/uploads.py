"""Traps of uploads: chunks and their ranges, and answers that look as if a blob were there and say that it is not.

Each function looks for one of them and gives a diagnosis or none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from regtutor.exchange import Exchange
from regtutor.findings.diagnosis import by_received, by_sent, by_status, diagnosis, issue, trap
from regtutor.findings.finding import Finding
from regtutor.findings.subject import fields_of
from regtutor.protocol.citations import HABIT, MAY, MUST, SHOULD
from regtutor.protocol.clauses import CHUNKS, MOUNTING, SINGLE_POST
from regtutor.protocol.digests import same_algorithm
from regtutor.protocol.endpoints import SENT_TO_A_SESSION
from regtutor.protocol.ranges import CHUNK, first_and_last

_TOO_LARGE = re.compile(r"exceed|too large", re.IGNORECASE)
_AMOUNT = re.compile(r"\d[\d.]{0,9} ?[KMG]i?B\b")


@trap(endpoints=SENT_TO_A_SESSION, statuses=(416,))
def out_of_order(exchange: Exchange) -> Iterator[Finding]:
    """A chunk is not the next one."""
    if _TOO_LARGE.search(exchange.text):
        return
    there = first_and_last(exchange.headers.get("Range", ""))
    told = f"the bytes up to {there[1]} are there" if there else "the answer does not say which bytes are there"
    told = "one byte is there, or none, which 0-0 does not tell apart" if there == (0, 0) else told
    yield diagnosis(
        "not the next bytes",
        f"the chunk does not begin where the upload stands, or the Location is not the latest one; {told}",
        "GET the Location, and go on with the Location and behind the Range of that answer"
        + (f": Content-Range: {there[1] + 1}-..." if there and there != (0, 0) else ""),
        CHUNKS,
        shown=by_received(exchange, "Range"),
        rule=MUST,
    )


@trap(endpoints=SENT_TO_A_SESSION, statuses=(416,))
def chunk_too_large(exchange: Exchange) -> Iterator[Finding]:
    """A registry says by 416 that a chunk is too large."""
    if not _TOO_LARGE.search(exchange.text):
        return
    found = _AMOUNT.search(exchange.text)
    limit = found[0] if found else "what its answer says"
    yield diagnosis(
        "the chunk is too large",
        f"the registry takes no more than {limit} in one request, and says so by 416, which elsewhere means that a "
        "chunk is not the next one",
        f"Send smaller chunks, of at most {limit}: rt.upload_chunks(..., chunk_size=...)",
        issue(237, "a limit of GHCR", "ocx-sh/ocx"),
        shown=by_status(exchange),
        rule=HABIT,
    )


@trap(endpoints=("patch_upload",), statuses=(202,))
def other_range_than_sent(exchange: Exchange) -> Iterator[Finding]:
    """The Range of a response does not end where the chunk was to end."""
    value = exchange.request_headers.get("Content-Range", "")
    sent, there = first_and_last(value), first_and_last(exchange.headers.get("Range", ""))
    if sent is None or there is None:
        return
    last = there[1]
    fits = CHUNK.fullmatch(value) and sent[1] - sent[0] + 1 == exchange.request.body.size
    if fits and last != sent[1]:
        yield diagnosis(
            "the chunk is not where it was said to be",
            f"{sent[1]} was to be the last byte, and Range says that it is {last}: Distribution 2.8 appends whatever "
            "comes and does not look at Content-Range, and at Amazon ECR the Range stands still after the first chunk",
            f"GET the Location. If its Range ends with {last} too, either bytes are missing before this chunk, or the "
            "registry does not count: only the digest of the PUT that closes the upload tells",
            issue(2831, "Range in uploads to ECR", "aws/containers-roadmap"),
            shown=by_received(exchange, "Range"),
            rule=HABIT,
        )


@trap(endpoints=("get_upload", "head_upload"), statuses=(204,))
def one_byte_or_none(exchange: Exchange) -> Iterator[Finding]:
    """A session says 0-0, which means one byte or none."""
    if first_and_last(exchange.headers.get("Range", "")) == (0, 0):
        yield diagnosis(
            "0-0 is one byte or none",
            "the range of an upload cannot say that nothing is there: 0-0 is what an empty session and one with a "
            "single byte both answer",
            "Count the bytes that you sent yourself; if you do not know, cancel the session and begin a new one",
            CHUNKS,
            shown=by_received(exchange, "Range"),
            rule=MAY,
        )


@trap(endpoints=("put_blob",), statuses=(201,))
def range_of_put_ignored(exchange: Exchange) -> Iterator[Finding]:
    """A blob was stored by a PUT whose Content-Range does not fit it."""
    sent = first_and_last(exchange.request_headers.get("Content-Range", ""))
    named, body = fields_of(exchange).get("digest", ""), exchange.request.body
    if sent is None or body.digest is None:
        return
    if sent[0] > 0 and same_algorithm(named, body.digest) and named == body.digest:
        yield diagnosis(
            "Content-Range of a PUT was not looked at",
            f"the bytes of this PUT are all of the blob, and were announced as if {sent[0]} came before them: "
            "Distribution takes the last chunk whatever its Content-Range says",
            f"Send Content-Range: 0-{body.size - 1}, or none: the digest alone says whether the blob is whole",
            issue(590, "Content-Range of the closing PUT", "opencontainers/distribution-spec"),
            shown=by_sent(exchange, "Content-Range"),
            rule=HABIT,
        )


@trap(endpoints=("mount_blob",), statuses=(202,))
def not_mounted(exchange: Exchange) -> Iterator[Finding]:
    """A mount opened an upload session instead."""
    source = fields_of(exchange).get("from")
    why = (
        f"{source} does not have the blob, you may not pull from it, or the registry does not mount"
        if source
        else "the request names no from="
    )
    yield diagnosis(
        "202 is not mounted",
        f"the blob was not mounted: an upload session was opened instead ({why})",
        "PUT the blob's bytes to Location, or "
        + (
            "ask for a token that may pull from the source, and mount again"
            if source
            else "POST once more with &from=, which names the repository that has the blob"
        ),
        MOUNTING,
        shown=by_status(exchange),
        rule=SHOULD,
        condition="if the registry does not mount, or cannot mount this blob",
    )


@trap(endpoints=("post_blob",), statuses=(202,))
def not_stored(exchange: Exchange) -> Iterator[Finding]:
    """A single POST opened an upload session instead of storing the blob."""
    yield diagnosis(
        "202 is not stored",
        "this registry takes no blob in a single POST: the bytes are gone, and a session was opened instead",
        "PUT the same bytes to Location, with the digest",
        SINGLE_POST,
        shown=by_status(exchange),
        rule=SHOULD,
        condition="if the registry takes no blob in a single POST",
    )
