"""Quirks of blobs: how CNCF Distribution deviates from the specification in naming and sending them."""

from __future__ import annotations

import os
import re
from pathlib import Path

from regtutor.message import CHUNK
from regtutor.protocol.digests import CANONICAL, Digest, Hasher
from regtutor.protocol.ranges import NO_BYTES, SPEC, WANTED, length
from regtutor.server.call import Call, Handler
from regtutor.server.handlers.blobs import BYTES, get_blob
from regtutor.server.http import Response
from regtutor.server.quirks.quirk import quirk
from regtutor.server.quirks.wrapping import Outcome, changes_request, changes_response, without_header, without_headers
from regtutor.server.respond import API_VERSION, Refusal, respond

_BLOBS_READ = ("head_blob", "get_blob")


@quirk(
    "blobs_kept_by_sha256",
    "a blob pushed under its sha512 is stored under its sha256, which every response except that to a mount names",
    on="put_blob",
    in_2="storage/blobwriter.go#L165-L275",
    in_3="storage/blobwriter.go#L164-L274",
)
@changes_response
def keep_by_sha256(call: Call, response: Response) -> Response:
    algorithm, _, encoded = call.query["digest"].partition(":")
    if response.status != 201 or algorithm == CANONICAL:
        return response
    named = Digest(algorithm, encoded)
    blob = call.store.blob(call.repository, named)
    if blob is not None and _kept_as(blob.path) == str(named):
        # A copy, because other repositories can have the blob under the digest in the request.
        copy = blob.path.with_name(f"{call.path['session']}.copy")
        canonical = _copied(blob.path, copy)
        call.store.keep(copy, call.repository, canonical)
        call.store.link_blob(call.repository, named, canonical)
    return _renamed(call, response)


def _copied(source: Path, target: Path) -> Digest:
    """Copy a file to disk and return its canonical digest."""
    hasher = Hasher(CANONICAL)
    with source.open("rb") as reading, target.open("wb") as writing:
        while chunk := reading.read(CHUNK):
            hasher.update(chunk)
            writing.write(chunk)
        writing.flush()
        os.fsync(writing.fileno())
    return Digest(*hasher.digest.split(":"))


@quirk("blobs_kept_by_sha256", on=_BLOBS_READ)
@changes_response
def name_the_kept_digest(call: Call, response: Response) -> Response:
    """Name the digest under which the blob is stored instead of the requested one."""
    return _renamed(call, response)


def _renamed(call: Call, response: Response) -> Response:
    """``response`` with the digest under which the blob is stored instead of the one in the request."""
    named = call.path.get("digest") or call.query.get("digest") or ""
    algorithm, _, encoded = named.partition(":")
    if response.status not in (200, 201, 206, 304) or algorithm == CANONICAL:
        return response
    blob = call.store.blob(call.repository, Digest(algorithm, encoded))
    if blob is None:
        return response
    kept = _kept_as(blob.path)
    headers = tuple((name, value.replace(named, kept)) for name, value in response.headers)
    return Response(response.status, headers, response.body)


def _kept_as(path: Path) -> str:
    """The digest under which bytes are stored: their path ends in ``<algorithm>/<xx>/<encoded>/data``."""
    return f"{path.parts[-4]}:{path.parts[-2]}"


@quirk(
    "impossible_ranges_in_plain_text",
    "416 in plain text, as Go's HTTP library writes it, for a Range outside the blob, without Content-Range if it is "
    "malformed. (2.8.2, built with an older Go, announces the length of the blob and sends nothing: not imitated.)",
    on=_BLOBS_READ,
    in_2="storage/blobserver.go#L76",
    in_3="storage/blobserver.go#L73",
)
def refuse_ranges_in_plain_text(handler: Handler) -> Handler:
    def read(call: Call) -> Outcome:
        try:
            return handler(call)
        except Refusal as refusal:
            if refusal.status != 416:
                raise
            valid = _ends_in_order(call.head.header("Range") or "")
            content_range = tuple(pair for pair in refusal.headers if pair[0] == "Content-Range" and valid)
            text = b"invalid range: failed to overlap\n" if valid else b"invalid range\n"
            digest = ("Docker-Content-Digest", _canonical(call))
            return respond(416, *content_range, ("Content-Type", "text/plain; charset=utf-8"), digest, body=text)

    return read


def _canonical(call: Call) -> str:
    """The digest under which the requested blob is stored."""
    algorithm, _, encoded = call.path["digest"].partition(":")
    blob = call.store.blob(call.repository, Digest(algorithm, encoded))
    return _kept_as(blob.path) if blob is not None else call.path["digest"]


def _ends_in_order(text: str) -> bool:
    """Whether ``text`` is a range of bytes that does not end before it begins."""
    match = WANTED.fullmatch(text)
    if match is None:
        return False
    first, last = match.groups()
    return not (first and last) or int(first) <= int(last)


@quirk(
    "unknown_range_unit_refused",
    "416 for a Range with a unit other than bytes, instead of the whole blob",
    on="get_blob",
    in_2="storage/blobserver.go#L76",
    in_3="storage/blobserver.go#L73",
)
def refuse_other_units(handler: Handler) -> Handler:
    def read(call: Call) -> Outcome:
        outcome = handler(call)
        text, condition = call.head.header("Range"), call.head.header("If-Range")
        if not isinstance(outcome, Response) or outcome.status != 200 or not text or _are_bytes(text):
            return outcome
        if condition not in (None, outcome.header("Etag")):
            return outcome
        raise Refusal(
            "RANGE_INVALID",
            given=text,
            expected="bytes=...",
            next="Send the same GET with such a Range, or without one",
        )

    return read


def _are_bytes(text: str) -> bool:
    unit, _, ranges = text.partition("=")
    return unit == "bytes" and all(SPEC.fullmatch(part.strip(" \t")) for part in ranges.split(","))


@quirk(
    "no_last_bytes_are_a_part",
    "206 with an empty body for the last 0 bytes (bytes=-0), instead of 416",
    on="get_blob",
    in_2="storage/blobserver.go#L76",
    in_3="storage/blobserver.go#L73",
)
def send_no_last_bytes(handler: Handler) -> Handler:
    """206 with an empty body for the last 0 bytes, and a Content-Range that ends before it begins."""

    def read(call: Call) -> Outcome:
        try:
            return handler(call)
        except Refusal as refusal:
            size = length((dict(refusal.headers).get("Content-Range") or "").removeprefix("bytes */"))
            if size is None or not NO_BYTES.fullmatch(call.head.header("Range") or ""):
                raise
            whole = handler(without_header(call, "Range"))
            assert isinstance(whole, Response), "a request for a blob has no body"
            kept = without_headers(whole.headers, "Content-Length", API_VERSION[0])
            return respond(206, *kept, ("Content-Range", f"bytes {size}-{size - 1}/{size}"))

    return read


@quirk(
    "head_of_a_part",
    "206 or 416 for HEAD of a blob with a Range, as for GET, instead of 200: Range is defined for GET only",
    on="head_blob",
    in_2="handlers/blob.go#L35-L38",
    in_3="handlers/blob.go#L34-L37",
)
def send_the_head_of_a_part(handler: Handler) -> Handler:
    def read(call: Call) -> Outcome:
        return get_blob(call) if call.head.header("Range") else handler(call)

    return read


@quirk(
    "etags_must_be_quoted",
    "200 for a blob if If-None-Match or If-Range has the digest without quotes, which then count as absent",
    on=_BLOBS_READ,
    in_2="storage/blobserver.go#L59-L76",
    in_3="storage/blobserver.go#L56-L73",
)
@changes_request
def require_quotes(call: Call) -> Call:
    value, condition = call.head.header("If-None-Match"), call.head.header("If-Range")
    if value is not None and not _QUOTED.fullmatch(value):
        call = without_header(call, "If-None-Match")
    if condition is not None and not _QUOTED.fullmatch(condition):
        call = without_header(call, "Range")
    return call


_QUOTED = re.compile(r'\*|(?:W/)?"[^"]*"(?:\s*,\s*(?:W/)?"[^"]*")*')


@quirk(
    "if_match_counts",
    "412 for a blob if If-Match does not have its quoted digest, instead of 200. (Distribution announces the length of "
    "the blob and sends nothing: not imitated.)",
    on=_BLOBS_READ,
    in_2="storage/blobserver.go#L59-L76",
    in_3="storage/blobserver.go#L56-L73",
)
def compare_if_match(handler: Handler) -> Handler:
    def read(call: Call) -> Outcome:
        outcome, value = handler(call), call.head.header("If-Match")
        if value is None or not isinstance(outcome, Response) or outcome.status not in (200, 206, 304):
            return outcome
        etag = outcome.header("Etag") or ""
        if value.strip() == "*" or etag in [item.strip() for item in value.split(",")]:
            return outcome
        return respond(412, BYTES[1], ("Docker-Content-Digest", etag.strip('"')), ("Etag", etag))

    return read
