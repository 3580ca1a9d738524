"""Quirks of blobs: how CNCF Distribution deviates from the specification in naming and sending them."""

from __future__ import annotations

import os
from pathlib import Path

from regtutor.message import CHUNK
from regtutor.protocol.digests import CANONICAL, Digest, Hasher
from regtutor.protocol.ranges import NO_BYTES, SPEC
from regtutor.server.call import Call, Handler
from regtutor.server.http import Response
from regtutor.server.quirks.quirk import quirk
from regtutor.server.quirks.wrapping import Outcome, changes_response
from regtutor.server.respond import Refusal, respond


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


@quirk("blobs_kept_by_sha256", on=("head_blob", "get_blob"))
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
            "RANGE_INVALID", given=text, expected="bytes=...", next="the same GET with such a Range, or without one"
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
            size = (dict(refusal.headers).get("Content-Range") or "").removeprefix("bytes */")
            if not size.isdecimal() or not NO_BYTES.fullmatch(call.head.header("Range") or ""):
                raise
            return respond(206, ("Content-Range", f"bytes {size}-{int(size) - 1}/{size}"))

    return read
