"""Quirks of uploads: how CNCF Distribution deviates from the specification in receiving a blob."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace

from regtutor.errors import InvalidDigest
from regtutor.protocol import digests
from regtutor.protocol.digests import Digest
from regtutor.protocol.endpoints import paths_like, split_target
from regtutor.protocol.ranges import chunk_range
from regtutor.server.call import Call, Handler
from regtutor.server.handlers.uploads import get_upload, start_upload
from regtutor.server.http import Response
from regtutor.server.location_state import UploadState, seal, unseal
from regtutor.server.names import is_session
from regtutor.server.quirks.quirk import quirk
from regtutor.server.quirks.wrapping import (
    EVERY,
    Outcome,
    changes_request,
    code_of,
    failure,
    recoded,
    without_header,
    without_headers,
)
from regtutor.server.receiving import Handling, receives, response_of
from regtutor.server.respond import Refusal
from regtutor.server.storage.sessions import Session

_IN_SESSIONS = ("patch_upload", "get_upload", "head_upload", "put_blob", "cancel_upload")


@quirk(
    "single_post_discards",
    "202 and a session for POST with digest: the body is discarded, and HEAD of the blob returns 404",
    on="post_blob",
    in_2="handlers/blobupload.go#L107-L145",
    in_3="handlers/blobupload.go#L67-L103",
)
def discard_single_post(_handler: Handler) -> Handler:
    return start_upload


@quirk(
    "digest_algorithm_ignored",
    "202 for POST with ?digest-algorithm= of any value (a parameter of the specification's main branch), instead of "
    "400 if the algorithm is not supported",
    on=("start_upload", "post_blob", "mount_blob"),
    in_2="handlers/blobupload.go#L107-L118",
    in_3="handlers/blobupload.go#L67-L78",
)
@changes_request
def ignore_digest_algorithm(call: Call) -> Call:
    return replace(call, query={name: value for name, value in call.query.items() if name != "digest-algorithm"})


@quirk(
    "mounted_sha512_is_lost",
    "201 for a mount by sha512, and then 404 for the blob: the repository gets a link to bytes that are stored under "
    "their sha256 only (see blobs_kept_by_sha256)",
    on="mount_blob",
    in_2="storage/linkedblobstore.go#L278-L305",
    in_3="storage/linkedblobstore.go#L274-L301",
)
def lose_mounted_sha512(handler: Handler) -> Handler:
    @receives
    def mounted(call: Call) -> Handling:
        digest = _digest_of(call.query.get("mount", ""))
        before = digest is None or call.store.blob(call.repository, digest) is not None
        response = yield from response_of(handler(call))
        if response.status == 201 and digest is not None and not before:
            call.store.unlink_blob(call.repository, digest)
        return response

    return mounted


def _digest_of(text: str) -> Digest | None:
    """``text`` as a digest other than the canonical one, or None."""
    try:
        digest = digests.parse(text)
    except InvalidDigest:
        return None
    return digest if digest.algorithm != digests.CANONICAL else None


@quirk(
    "state_is_read_first",
    "404 BLOB_UPLOAD_INVALID for PUT if a second ? made the digest part of _state, instead of 400 DIGEST_INVALID",
    on=EVERY,
    in_2="handlers/blobupload.go#L38-L46",
    in_3="handlers/blobupload.go#L273-L280",
)
def read_state_first(handler: Handler) -> Handler:
    """Check ``_state`` first, even in a PUT without ``digest``, or whose digest became part of ``_state``."""

    def read(call: Call) -> Outcome:
        fields = next(
            (fields for endpoint, fields in paths_like(call.head.target) if endpoint.name == "put_blob"), None
        )
        if call.head.method == "PUT" and fields is not None:
            get_upload(replace(call, path=fields, query=split_target(call.head.target)[1]))
        return handler(call)

    return read


@quirk(
    "range_refusals_are_bare",
    "416 RANGE_INVALID without the Location and Range that give the state of the session",
    on=("patch_upload", "put_blob"),
    in_3="handlers/blobupload.go#L152-L155",
)
def bare_range_refusals(handler: Handler) -> Handler:
    @receives
    def refused(call: Call) -> Handling:
        try:
            return (yield from response_of(handler(call)))
        except Refusal as refusal:
            if refusal.status != 416:
                raise
            refusal.headers = without_headers(refusal.headers, "Location", "Range", "Docker-Upload-UUID")
            raise recoded(refusal, "RANGE_INVALID") from refusal.__cause__

    return refused


@quirk(
    "status_needs_no_state",
    "204 for GET or HEAD of a session to anybody with its UUID: _state is ignored",
    on=("get_upload", "head_upload"),
    in_3="handlers/blobupload.go#L40-L42",
)
def status_without_state(handler: Handler) -> Handler:
    def reported(call: Call) -> Outcome:
        repository, id = call.repository, call.path["session"]
        session = call.sessions.open(repository, id) if is_session(id) else None
        if session is None:
            next = f"POST /v2/{repository}/blobs/uploads/ for a new session, and use its Location byte for byte"
            raise Refusal("BLOB_UPLOAD_UNKNOWN", given=id, expected="an open session", next=next)
        state = seal(UploadState(repository, id, session.size, session.started_at), call.settings.secret)
        return handler(replace(call, query={**call.query, "_state": state}))

    return reported


@quirk(
    "stale_location_not_found",
    "404 BLOB_UPLOAD_INVALID for a Location that a later response has replaced, instead of 416; also for its status and"
    " for DELETE, for which the specification permits any Location of the session",
    on=_IN_SESSIONS,
    in_2="handlers/blobupload.go#L78-L85",
)
@changes_request
def stale_is_not_found(call: Call) -> Call:
    stale = _stale(call)
    if stale is not None:
        raise Refusal(
            "BLOB_UPLOAD_INVALID",
            given=f"a Location for offset {stale[0].offset}",
            expected=f"the one for offset {stale[1]}, from the latest response",
            next="Use the Location of the latest response; without it, start again with a new session",
            status=404,
        )
    return call


def _stale(call: Call) -> tuple[UploadState, int] | None:
    """The state in the Location of an open session and the size of the session, if their offsets differ.

    Raises
    ------
    Refusal: for any other fault of the Location.
    """
    get_upload(call)
    state = unseal(call.query.get("_state", ""), call.settings.secret)
    size = Session(call.sessions, call.repository, call.path["session"]).size
    return (state, size) if state is not None and state.offset != size else None


@quirk(
    "stale_location_cancels_nothing",
    "416 for DELETE of a session with a Location that a later response has replaced, instead of 204",
    on="cancel_upload",
    in_3="handlers/blobupload.go#L313-L318",
)
@changes_request
def stale_is_out_of_range(call: Call) -> Call:
    return refuse_stale(call)


def refuse_stale(call: Call) -> Call:
    """``call``, if its Location is the latest one of the session.

    Raises
    ------
    Refusal: 416 RANGE_INVALID for a Location that a later response has replaced.
    """
    stale = _stale(call)
    if stale is not None:
        given, expected = f"a Location for offset {stale[0].offset}", f"the one for offset {stale[1]}"
        raise Refusal("RANGE_INVALID", given=given, expected=expected, next="Use the Location of the latest response")
    return call


@quirk(
    "patch_content_range_ignored",
    "202 for a chunk in any order: Content-Range is ignored, and the bytes are appended",
    on="patch_upload",
    in_2="handlers/blobupload.go#L180",
)
@changes_request
def ignore_content_range(call: Call) -> Call:
    """Ignore Content-Range."""
    return without_header(call, "Content-Range")


@quirk(
    "patch_content_range_ignored_in_streams",
    "202 for a chunk in any order if its length is not announced",
    on="patch_upload",
    in_3="handlers/blobupload.go#L145-L148",
)
def ignore_range_of_streams(handler: Handler) -> Handler:
    def read(call: Call) -> Outcome:
        return handler(call if call.head.header("Content-Length") else without_header(call, "Content-Range"))

    return read


@quirk(
    "patch_content_range_with_unit_fails",
    "500 UNKNOWN for a Content-Range other than two numbers, such as bytes 0-9, instead of 416",
    on="patch_upload",
    in_3="handlers/blobupload.go#L147-L151",
)
def fail_at_units(handler: Handler) -> Handler:
    """500 for a Content-Range other than two numbers. One that ends before it begins is out of range."""

    def read(call: Call) -> Outcome:
        text = call.head.header("Content-Range")
        numbers = [] if text is None else text.split("-")
        if text is not None and call.head.header("Content-Length") and not _are_numbers(numbers):
            refuse_stale(call)
            raise failure(f"Content-Range: {text}")
        return handler(call)

    return read


def _are_numbers(texts: list[str]) -> bool:
    return len(texts) == 2 and all(chunk_range(f"{text}-{text}") for text in texts)


quirk(
    "put_content_range_ignored",
    "201 for a last chunk whatever its Content-Range contains, instead of 416 or 400",
    on="put_blob",
    in_2="handlers/blobupload.go#L200-L226",
    in_3="handlers/blobupload.go#L187-L212",
)(ignore_content_range)


@quirk(
    "refused_bytes_stay",
    "after a PUT that is refused because of its digest, the session stays open and contains those bytes",
    on="put_blob",
    in_2="handlers/blobupload.go#L255-L259",
    in_3="handlers/blobupload.go#L242-L246",
)
def keep_refused_bytes(handler: Handler) -> Handler:
    @receives
    def keeping(call: Call) -> Handling:
        sink = handler(call)
        if isinstance(sink, Response):
            return sink
        session = Session(call.sessions, call.repository, call.path["session"])
        with sink:
            yield sink
            return _put_back(session, sink.finish)

    return keeping


def _put_back(session: Session, finish: Callable[[], Response]) -> Response:
    started_at = session.started_at if session.exists else ""
    try:
        data = session.data.open("rb")
    except FileNotFoundError:
        return finish()
    with data:
        try:
            return finish()
        except Refusal as refusal:
            if code_of(refusal) == "DIGEST_INVALID" and started_at and not session.exists:
                session.data.parent.mkdir(parents=True, exist_ok=True)
                with session.data.open("wb") as again:
                    shutil.copyfileobj(data, again)
                session.data.with_name("startedat").write_text(started_at)
            raise
