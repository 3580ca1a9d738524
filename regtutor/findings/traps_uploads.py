"""Traps of uploads: chunks and their ranges, and answers that look as if a blob were there and say that it is not.

Each function looks for one of them and gives a diagnosis or none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from regtutor.exchange import Exchange
from regtutor.findings.asked import fields_of, step_of
from regtutor.findings.diagnosis import by_received, by_sent, by_status, diagnosis, issue
from regtutor.findings.finding import Finding
from regtutor.protocol.citations import DISTRIBUTION_SPEC, Citation
from regtutor.protocol.digests import same_algorithm
from regtutor.protocol.endpoints import SENT_TO_A_SESSION
from regtutor.protocol.ranges import CHUNK, first_and_last

_CHUNKS = Citation(DISTRIBUTION_SPEC, "Pushing a blob in chunks", "pushing-a-blob-in-chunks")
_MOUNT = Citation(
    DISTRIBUTION_SPEC, "Mounting a blob from another repository", "mounting-a-blob-from-another-repository"
)
_TOO_LARGE = re.compile(r"exceed|too large", re.IGNORECASE)
_AMOUNT = re.compile(r"\d[\d.]{0,9} ?[KMG]i?B\b")


def _out_of_order(exchange: Exchange) -> Iterator[Finding]:
    if exchange.status != 416 or step_of(exchange) not in SENT_TO_A_SESSION or _TOO_LARGE.search(exchange.text):
        return
    there = first_and_last(exchange.headers.get("Range", ""))
    told = f"the bytes up to {there[1]} are there" if there else "the answer does not say which bytes are there"
    told = "one byte is there, or none, which 0-0 does not tell apart" if there == (0, 0) else told
    yield diagnosis(
        "not the next bytes",
        f"the chunk does not begin where the upload stands, or the Location is not the latest one; {told}",
        "GET the Location, and go on with the Location and behind the Range of that answer"
        + (f": Content-Range: {there[1] + 1}-..." if there and there != (0, 0) else ""),
        _CHUNKS,
        shown=by_received(exchange, "Range"),
    )


def _chunk_too_large(exchange: Exchange) -> Iterator[Finding]:
    if exchange.status != 416 or step_of(exchange) not in SENT_TO_A_SESSION or not _TOO_LARGE.search(exchange.text):
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
        rule="vendor habit",
    )


def _other_range_than_sent(exchange: Exchange) -> Iterator[Finding]:
    value = exchange.request_headers.get("Content-Range", "")
    sent, there = first_and_last(value), first_and_last(exchange.headers.get("Range", ""))
    if step_of(exchange) != "patch_upload" or exchange.status != 202 or sent is None or there is None:
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
            rule="vendor habit",
        )


def _one_byte_or_none(exchange: Exchange) -> Iterator[Finding]:
    asks = step_of(exchange) in ("get_upload", "head_upload") and exchange.status == 204
    if asks and first_and_last(exchange.headers.get("Range", "")) == (0, 0):
        yield diagnosis(
            "0-0 is one byte or none",
            "the range of an upload cannot say that nothing is there: 0-0 is what an empty session and one with a "
            "single byte both answer",
            "Count the bytes that you sent yourself; if you do not know, cancel the session and begin a new one",
            _CHUNKS,
            shown=by_received(exchange, "Range"),
            rule="allowed",
        )


def _range_of_put_ignored(exchange: Exchange) -> Iterator[Finding]:
    sent, named = (
        first_and_last(exchange.request_headers.get("Content-Range", "")),
        fields_of(exchange).get("digest", ""),
    )
    body = exchange.request.body
    if step_of(exchange) != "put_blob" or exchange.status != 201 or sent is None or body.digest is None:
        return
    if sent[0] > 0 and same_algorithm(named, body.digest) and named == body.digest:
        yield diagnosis(
            "Content-Range of a PUT was not looked at",
            f"the bytes of this PUT are all of the blob, and were announced as if {sent[0]} came before them: "
            "Distribution takes the last chunk whatever its Content-Range says",
            f"Send Content-Range: 0-{body.size - 1}, or none: the digest alone says whether the blob is whole",
            issue(590, "Content-Range of the closing PUT", "opencontainers/distribution-spec"),
            shown=by_sent(exchange, "Content-Range"),
            rule="vendor habit",
        )


def _not_mounted(exchange: Exchange) -> Iterator[Finding]:
    if step_of(exchange) != "mount_blob" or exchange.status != 202:
        return
    fields = fields_of(exchange)
    source = fields.get("from")
    why = f"{source} does not have the blob, or you may not pull from it" if source else "the request names no from="
    yield diagnosis(
        "202 is not mounted",
        f"the blob was not mounted: an upload session was opened instead ({why})",
        "PUT the blob's bytes to Location, or "
        + (
            "ask for a token that may pull from the source, and mount again"
            if source
            else "POST once more with &from=, which names the repository that has the blob"
        ),
        _MOUNT,
        shown=by_status(exchange),
        rule="allowed",
    )


def _not_stored(exchange: Exchange) -> Iterator[Finding]:
    if step_of(exchange) == "post_blob" and exchange.status == 202:
        yield diagnosis(
            "202 is not stored",
            "this registry takes no blob in a single POST: the bytes are gone, and a session was opened instead",
            "PUT the same bytes to Location, with the digest",
            Citation(DISTRIBUTION_SPEC, "Single POST", "single-post"),
            shown=by_status(exchange),
            rule="allowed",
        )


LOOKS: tuple[Callable[[Exchange], Iterator[Finding]], ...] = (
    _out_of_order,
    _chunk_too_large,
    _other_range_than_sent,
    _one_byte_or_none,
    _range_of_put_ignored,
    _not_mounted,
    _not_stored,
)
