"""Capabilities of uploads. Each opens a session of its own in the scratch repository."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable

from regtutor.comparison.capabilities.capability import Look, Verdict, capability, verdict
from regtutor.comparison.capabilities.trial import Trial, followed
from regtutor.message import Location
from regtutor.protocol.citations import MAY, MUST, OUTSIDE, SHOULD, Citation, Level
from regtutor.protocol.clauses import (
    API_CANCELING,
    API_PROGRESS,
    CHUNKS,
    DIGESTS,
    ENDPOINT_TABLE,
    EXISTENCE,
    HEAD,
    MOUNTING,
    PATCH_UPLOAD,
    POST_THEN_PUT,
    SINGLE_POST,
    api,
)
from regtutor.protocol.digests import sha256
from regtutor.protocol.ranges import STORED

_PART = 10
"""Bytes of each chunk."""


def _blob() -> bytes:
    """Return a blob of two chunks that no registry has yet."""
    return secrets.token_hex(_PART).encode()


def _upload(
    name: str, question: str, requests: str, level: Level, citation: Citation | None, condition: str = ""
) -> Callable[[Look], Look]:
    return capability(name, "uploads", question, requests, level, citation, writes=True, condition=condition)


@_upload("POST then PUT", "Does it take a blob in one PUT?", "POST, PUT", MUST, POST_THEN_PUT)
def monolithic(trial: Trial) -> Verdict:
    exchange = trial.ask("put_blob", trial.opened(), _blob())
    return verdict(exchange.status == 201, exchange)


@_upload("minimum chunk size", "Does it announce a minimum chunk size?", "POST", SHOULD, CHUNKS,
         "if the registry has a minimum")  # fmt: skip
def minimum(trial: Trial) -> Verdict:
    exchange = trial.ask("start_upload", trial.repository)
    least = exchange.headers.get("OCI-Chunk-Min-Length")
    return verdict(least is not None, exchange, summary=f"{least} bytes" if least else "")


@_upload("chunks", "Does it take a blob in chunks?", "POST, PATCH, PATCH, PUT", MUST, CHUNKS)
def chunked(trial: Trial) -> Verdict:
    data = _blob()
    first = trial.ask("patch_upload", trial.opened(), data[:_PART], start=0)
    second = trial.ask("patch_upload", followed(first), data[_PART:], start=_PART)
    last = trial.ask("put_blob", followed(second), b"", digest=sha256(data))
    return verdict(last.status == 201, first, second, last)


@_upload("stream", "Does it take a blob in one PATCH of unknown length?", "POST, PATCH, PUT", MAY, api("Stream upload"))
def streamed(trial: Trial) -> Verdict:
    data = _blob()
    first = trial.ask("patch_upload", trial.opened(), data)
    last = trial.ask("put_blob", followed(first), b"", digest=sha256(data))
    return verdict(last.status == 201, first, last)


@_upload("Range of a session", "Is the Range of a session 0-LAST, without a unit?", "POST, PATCH", MUST, CHUNKS)
def session_range(trial: Trial) -> Verdict:
    exchange = trial.ask("patch_upload", trial.opened(), _blob()[:_PART], start=0)
    value = exchange.headers.get("Range", "")
    return verdict(value == f"0-{_PART - 1}", exchange, summary=value or "no Range")


def _odd_chunk(trial: Trial, content_range: str) -> Verdict:
    edit = {"Content-Range": content_range}
    exchange = trial.ask("patch_upload", trial.opened(), _blob()[:_PART], start=0, edit=edit)
    return verdict(exchange.status in (400, 416), exchange, bad=exchange.status == 202)


@_upload(
    "chunk out of order", "Does it refuse a chunk that is not the next one?", "POST, PATCH at byte 100", MUST, CHUNKS
)
def out_of_order(trial: Trial) -> Verdict:
    exchange = trial.ask("patch_upload", trial.opened(), _blob()[:_PART], start=100)
    return verdict(exchange.status == 416, exchange, bad=exchange.status == 202)


@_upload("half-open Content-Range", "Does it refuse 0-10 for 10 bytes?", "POST, PATCH", MAY, PATCH_UPLOAD)
def half_open(trial: Trial) -> Verdict:
    return _odd_chunk(trial, f"0-{_PART}")


@_upload("Content-Range with a unit", "Does it refuse bytes 0-9?", "POST, PATCH", MUST, CHUNKS)
def with_unit(trial: Trial) -> Verdict:
    return _odd_chunk(trial, f"bytes 0-{_PART - 1}")


@_upload("stale Location", "Does it refuse a chunk at the Location of an earlier response?", "POST, PATCH, PATCH",
         MAY, ENDPOINT_TABLE)  # fmt: skip
def stale(trial: Trial) -> Verdict:
    data, opened = _blob(), trial.opened()
    followed(trial.ask("patch_upload", opened, data[:_PART], start=0))
    exchange = trial.ask("patch_upload", opened, data[_PART:], start=_PART)
    return verdict(exchange.status in (400, 404, 416), exchange, bad=exchange.status == 202)


@_upload("GET of a session", "Does GET return the number of bytes of a session?", "POST, PATCH, GET", MUST, CHUNKS)
def progress(trial: Trial) -> Verdict:
    location = followed(trial.ask("patch_upload", trial.opened(), _blob()[:_PART], start=0))
    exchange = trial.ask("get_upload", location)
    return verdict(exchange.status == 204, exchange, summary=exchange.headers.get("Range", ""))


@_upload("HEAD of a session", "Does it respond to HEAD as to GET?", "POST, HEAD", OUTSIDE, HEAD)
def progress_by_head(trial: Trial) -> Verdict:
    exchange = trial.ask("head_upload", trial.opened())
    return verdict(exchange.status == 204, exchange)


@_upload("resumed upload", "Can an upload be resumed from the Range of GET?", "POST, PATCH, GET, PATCH, PUT",
         MAY, API_PROGRESS)  # fmt: skip
def resumed(trial: Trial) -> Verdict:
    data = _blob()
    status = trial.ask("get_upload", followed(trial.ask("patch_upload", trial.opened(), data[:_PART], start=0)))
    stored = STORED.fullmatch(status.headers.get("Range", ""))
    start = int(stored[1]) + 1 if stored else 0
    second = trial.ask("patch_upload", followed(status), data[start:], start=start)
    final = trial.ask("put_blob", followed(second), b"", digest=sha256(data))
    return verdict(final.status == 201, status, second, final)


@_upload("Content-Range on PUT", "Does it refuse a last chunk that is not the next one?",
         "POST, PATCH, PUT with a wrong Content-Range", MUST, CHUNKS)  # fmt: skip
def range_of_put(trial: Trial) -> Verdict:
    data = _blob()
    location = followed(trial.ask("patch_upload", trial.opened(), data[:_PART], start=0))
    last = trial.ask("put_blob", location, data[_PART:], digest=sha256(data), start=100)
    return verdict(last.status == 416, last, bad=last.status == 201)


@_upload("wrong digest", "Does it refuse bytes that do not match the digest?", "POST, PUT", MAY, ENDPOINT_TABLE)
def wrong_digest(trial: Trial) -> Verdict:
    exchange = trial.ask("put_blob", trial.opened(), _blob(), digest=sha256(b"other bytes"))
    return verdict(exchange.status == 400, exchange)


def _session_after(trial: Trial, location: Location, data: bytes) -> Verdict:
    trial.ask("put_blob", location, data, digest=sha256(b"other bytes"))
    exchange = trial.ask("get_upload", location)
    return verdict(exchange.status == 204, exchange, summary=exchange.headers.get("Range", "") if exchange.ok else "")


@_upload("session after a wrong digest", "Is the session still open after a PUT with wrong bytes?", "POST, PUT, GET",
         OUTSIDE, None)  # fmt: skip
def after_wrong_bytes(trial: Trial) -> Verdict:
    return _session_after(trial, trial.opened(), _blob())


@_upload("session after a wrong digest of chunks", "Is the session still open if PATCH sent the bytes?",
         "POST, PATCH, PUT, GET", OUTSIDE, None)  # fmt: skip
def after_wrong_digest(trial: Trial) -> Verdict:
    return _session_after(trial, followed(trial.ask("patch_upload", trial.opened(), _blob(), start=0)), b"")


@_upload("single POST", "Does it take a blob in a single POST?", "POST with the bytes, HEAD", MAY, SINGLE_POST)
def single_post(trial: Trial) -> Verdict:
    data = _blob()
    exchange = trial.ask("post_blob", trial.repository, data)
    found = trial.ask("head_blob", trial.repository, sha256(data))
    return verdict(exchange.status == 201 and found.status == 200, exchange, found)


@_upload("sha512", "Does it store a blob under a sha512 digest?", "POST, PUT, HEAD", MAY, DIGESTS)
def sha512(trial: Trial) -> Verdict:
    data = _blob()
    digest = f"sha512:{hashlib.sha512(data).hexdigest()}"
    exchange = trial.ask("put_blob", trial.opened(), data, digest=digest)
    found = trial.ask("head_blob", trial.repository, digest)
    return verdict(exchange.status == 201 and found.status == 200, exchange, found)


def _mounted(trial: Trial, source: str | None, target: str) -> Verdict:
    exchange = trial.ask("mount_blob", f"{trial.repository}-{target}", trial.read().blob, source=source)
    return verdict(exchange.status == 201, exchange, bad=exchange.status == 202)


@_upload("mount", "Does it mount a blob of another repository?", "POST ?mount=&from=", MAY, MOUNTING)
def mount(trial: Trial) -> Verdict:
    return _mounted(trial, trial.read().repository, "mount")


@_upload("mount without from", "Does it find the blob by itself if from is left out?", "POST ?mount=", MAY, MOUNTING)
def mount_anywhere(trial: Trial) -> Verdict:
    return _mounted(trial, None, "anywhere")


@_upload("blob of another repository", "Does a blob belong only to the repository that it was pushed to?",
         "POST, PUT, HEAD in another repository", MUST, EXISTENCE)  # fmt: skip
def of_one_repository(trial: Trial) -> Verdict:
    stored = trial.ask("put_blob", trial.opened(), _blob())
    exchange = trial.ask("head_blob", f"{trial.repository}-other", stored.request.body.digest or "")
    return verdict(exchange.status == 404, exchange, bad=exchange.status == 200)


@_upload("unknown session", "Does it return 404 for a session that it does not know?", "GET session",
         MAY, ENDPOINT_TABLE)  # fmt: skip
def unknown_session(trial: Trial) -> Verdict:
    target = f"/v2/{trial.repository}/blobs/uploads/00000000-0000-4000-8000-000000000000"
    exchange = trial.ask("get_upload", target)
    return verdict(exchange.status == 404, exchange)


@_upload("cancel", "Does it drop a session on DELETE?", "POST, DELETE, GET", MAY, API_CANCELING)
def cancel(trial: Trial) -> Verdict:
    location = trial.opened()
    exchange = trial.ask("cancel_upload", location)
    after = trial.ask("get_upload", location)
    return verdict(exchange.status == 204 and after.status == 404, exchange, after)
