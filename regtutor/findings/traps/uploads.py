"""Traps for uploads: chunks and their ranges, and successful responses that do not mean that a blob was stored.

Each function looks for one problem, and yields a diagnosis if it finds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from regtutor.exchange import Exchange
from regtutor.findings.diagnosis import by_received, by_request_line, by_sent, by_status, diagnosis, issue, trap
from regtutor.findings.finding import Finding
from regtutor.findings.request_purpose import fields_of
from regtutor.protocol.citations import HABIT, MAY, MUST, SHOULD
from regtutor.protocol.clauses import CHUNKS, MOUNTING, SINGLE_POST
from regtutor.protocol.digests import same_algorithm
from regtutor.protocol.endpoints import SENT_TO_A_SESSION
from regtutor.protocol.ranges import CHUNK, first_and_last

_TOO_LARGE = re.compile(r"exceed|too large", re.IGNORECASE)
_AMOUNT = re.compile(r"\d[\d.]{0,9} ?[KMG]i?B\b")


@trap(endpoints=SENT_TO_A_SESSION, statuses=(416,))
def out_of_order(exchange: Exchange) -> Iterator[Finding]:
    """A chunk is out of order."""
    if _TOO_LARGE.search(exchange.text):
        return
    held = first_and_last(exchange.headers.get("Range", ""))
    sent = first_and_last(exchange.request_headers.get("Content-Range", ""))
    if sent and held and held != (0, 0) and sent[0] == held[1] + 1:
        yield _stale_location(exchange, sent[0])
        return
    state = f"the session holds the bytes up to {held[1]}" if held else "the response does not say which bytes it holds"
    state = "the session holds one byte or none: Range 0-0 means either" if held == (0, 0) else state
    unknown = "" if sent and held and held != (0, 0) else ", or the Location is not the latest one"
    yield diagnosis(
        "the chunk is out of order",
        f"it does not begin at the next byte of the upload{unknown}; {state}",
        "GET the Location, and resume at the Location of that response, after the last byte of its Range"
        + (f": Content-Range: {held[1] + 1}-..." if held and held != (0, 0) else ""),
        CHUNKS,
        shown=by_received(exchange, "Range"),
        level=MUST,
    )


def _stale_location(exchange: Exchange, first: int) -> Finding:
    return diagnosis(
        "the Location is not the latest one",
        f"the chunk begins at byte {first}, which is the next byte of the upload, so its Content-Range is right; the "
        "registry refused the address, which belongs to an earlier state of the session",
        f"GET the Location, and send the same chunk to the Location of that response: Content-Range: {first}-...",
        CHUNKS,
        shown=by_request_line(exchange),
        level=SHOULD,
    )


@trap(endpoints=SENT_TO_A_SESSION, statuses=(416,))
def chunk_too_large(exchange: Exchange) -> Iterator[Finding]:
    """A registry refuses a chunk that is too large with 416."""
    if not _TOO_LARGE.search(exchange.text):
        return
    found = _AMOUNT.search(exchange.text)
    limit = found[0] if found else "the limit in its response"
    yield diagnosis(
        "the chunk is too large",
        f"the registry accepts no more than {limit} in one request; it responds 416, which elsewhere means that a "
        "chunk is out of order",
        f"Send smaller chunks, of at most {limit}: rt.upload_chunks(..., chunk_size=...)",
        issue(237, "a limit of GHCR", "ocx-sh/ocx"),
        shown=by_status(exchange),
        level=HABIT,
    )


@trap(endpoints=("patch_upload",), statuses=(202,))
def other_offset(exchange: Exchange) -> Iterator[Finding]:
    """The Range of a response does not end with the last byte of the chunk."""
    value = exchange.request_headers.get("Content-Range", "")
    sent, held = first_and_last(value), first_and_last(exchange.headers.get("Range", ""))
    if sent is None or held is None:
        return
    last = held[1]
    fits = CHUNK.fullmatch(value) and sent[1] - sent[0] + 1 == exchange.request.body.size
    if fits and last != sent[1]:
        yield diagnosis(
            "the chunk landed at a different offset",
            f"the last byte of the chunk was announced as {sent[1]}, but Range ends with {last}: "
            "Distribution 2.8 appends every chunk and ignores Content-Range, and at Amazon ECR, Range stays the same "
            "after the first chunk",
            f"GET the Location. If its Range also ends with {last}, either bytes are missing before this chunk, or the "
            "registry does not count: only the digest of the PUT that closes the upload shows which",
            issue(2831, "Range in uploads to ECR", "aws/containers-roadmap"),
            shown=by_received(exchange, "Range"),
            level=HABIT,
        )


@trap(endpoints=("get_upload", "head_upload"), statuses=(204,))
def one_byte_or_none(exchange: Exchange) -> Iterator[Finding]:
    """The Range of a session is 0-0, which means one byte or none."""
    if first_and_last(exchange.headers.get("Range", "")) == (0, 0):
        yield diagnosis(
            "Range 0-0 means one byte or none",
            "the range of an upload cannot express that the session is empty; a session without bytes and a session "
            "with one byte both respond 0-0",
            "Count the bytes that you sent yourself; if you cannot, cancel the session and start a new one",
            CHUNKS,
            shown=by_received(exchange, "Range"),
            level=MAY,
        )


@trap(endpoints=("put_blob",), statuses=(201,))
def put_range(exchange: Exchange) -> Iterator[Finding]:
    """A PUT stored a blob, although its Content-Range does not match the blob."""
    sent = first_and_last(exchange.request_headers.get("Content-Range", ""))
    named, body = fields_of(exchange).get("digest", ""), exchange.request.body
    if sent is None or body.digest is None:
        return
    if sent[0] > 0 and same_algorithm(named, body.digest) and named == body.digest:
        yield diagnosis(
            "the registry ignored Content-Range on PUT",
            f"the bytes of this PUT are the whole blob, but Content-Range announced {sent[0]} bytes before them: "
            "Distribution accepts the last chunk whatever its Content-Range",
            f"Send Content-Range: 0-{body.size - 1}, or omit it: the digest alone shows whether the blob is complete",
            issue(590, "Content-Range of the closing PUT", "opencontainers/distribution-spec"),
            shown=by_sent(exchange, "Content-Range"),
            level=HABIT,
        )


@trap(endpoints=("mount_blob",), statuses=(202,))
def no_mount(exchange: Exchange) -> Iterator[Finding]:
    """A mount opened an upload session instead."""
    source = fields_of(exchange).get("from")
    why = (
        f"{source} does not have the blob, you are not allowed to pull from it, or the registry does not mount blobs"
        if source
        else "the request has no from="
    )
    yield diagnosis(
        "202 means that the blob was not mounted",
        f"the registry opened an upload session instead of mounting the blob ({why})",
        "PUT the blob's bytes to Location, or "
        + (
            "request a token that permits pulling from the source, and mount again"
            if source
            else "POST again with &from=<the repository that has the blob>"
        ),
        MOUNTING,
        shown=by_status(exchange),
        level=SHOULD,
        condition="if the registry does not mount, or cannot mount this blob",
    )


@trap(endpoints=("post_blob",), statuses=(202,))
def no_single_post(exchange: Exchange) -> Iterator[Finding]:
    """A single POST opened an upload session instead of storing the blob."""
    yield diagnosis(
        "202 means that the blob was not stored",
        "this registry does not accept a blob in a single POST; it discarded the bytes and opened an upload session",
        "PUT the same bytes to Location, with the digest",
        SINGLE_POST,
        shown=by_status(exchange),
        level=SHOULD,
        condition="if the registry does not support a single POST",
    )
