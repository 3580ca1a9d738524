"""How CNCF Distribution takes the bytes of a blob where it departs from the specification."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace

from regtutor.message import Response
from regtutor.protocol.endpoints import paths_like, split_target
from regtutor.protocol.ranges import chunk_range
from regtutor.server.answers import Refusal
from regtutor.server.call import Call, Handler
from regtutor.server.handlers.uploads import get_upload, start_upload
from regtutor.server.names import is_session
from regtutor.server.quirks.wrapping import (
    Ending,
    Outcome,
    asked,
    code_of,
    failure,
    recoded,
    without_header,
    without_headers,
)
from regtutor.server.sessions import Session
from regtutor.server.upload_state import UploadState, seal, unseal


def discard_single_post(_handler: Handler) -> Handler:
    """A POST with ``digest`` opens a session, and its body goes nowhere."""
    return start_upload


ignore_content_range = asked(lambda call: without_header(call, "Content-Range"))


def _stale(call: Call) -> tuple[UploadState, int] | None:
    """What an open session's Location says and how many bytes there are, if these differ; refuses any other fault."""
    get_upload(call)
    state = unseal(call.query.get("_state", ""), call.secret)
    size = Session(call.store, call.repository, call.path["session"]).size
    return (state, size) if state is not None and state.offset != size else None


def _find_only_the_latest(call: Call) -> Call:
    stale = _stale(call)
    if stale is not None:
        raise Refusal(
            "BLOB_UPLOAD_INVALID",
            given=f"a Location for offset {stale[0].offset}",
            expected=f"the one for offset {stale[1]}, that of the latest answer",
            next="the Location of the latest answer; who lost it must begin anew",
            status=404,
        )
    return call


stale_is_not_found = asked(_find_only_the_latest)


def _refuse_stale(call: Call) -> Call:
    stale = _stale(call)
    if stale is not None:
        given, expected = f"a Location for offset {stale[0].offset}", f"the one for offset {stale[1]}"
        raise Refusal("RANGE_INVALID", given=given, expected=expected, next="the Location of the latest answer")
    return call


stale_is_out_of_range = asked(_refuse_stale)


def read_state_first(handler: Handler) -> Handler:
    """A PUT without ``digest`` is first asked for its ``_state``, as is one whose digest a second ``?`` swallowed."""

    def read(call: Call) -> Outcome:
        fields = next(
            (fields for endpoint, fields in paths_like(call.head.target) if endpoint.name == "put_blob"), None
        )
        if call.head.method == "PUT" and fields is not None:
            get_upload(replace(call, path=fields, query=split_target(call.head.target)[1]))
        return handler(call)

    return read


def keep_refused_bytes(handler: Handler) -> Handler:
    """A PUT whose bytes are not those of its digest is refused, and its session goes on with them."""

    def kept(call: Call) -> Outcome:
        sink = handler(call)
        if isinstance(sink, Response):
            return sink
        session = Session(call.store, call.repository, call.path["session"])
        return Ending(sink, lambda finish: _put_back(session, finish))

    return kept


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


def fail_at_units(handler: Handler) -> Handler:
    """500 for a Content-Range that is not two numbers; one that ends before it begins is out of range."""

    def read(call: Call) -> Outcome:
        text = call.head.header("Content-Range")
        numbers = [] if text is None else text.split("-")
        if text is not None and call.head.header("Content-Length") and not _are_numbers(numbers):
            _refuse_stale(call)
            raise failure(f"Content-Range: {text}")
        return handler(call)

    return read


def _are_numbers(texts: list[str]) -> bool:
    return len(texts) == 2 and all(chunk_range(f"{text}-{text}") for text in texts)


def ignore_range_of_streams(handler: Handler) -> Handler:
    """Content-Range counts only beside Content-Length."""

    def read(call: Call) -> Outcome:
        return handler(call if call.head.header("Content-Length") else without_header(call, "Content-Range"))

    return read


def bare_range_refusals(handler: Handler) -> Handler:
    """A 416 RANGE_INVALID that says neither where the session stands nor where to go on."""

    def refused(call: Call) -> Outcome:
        try:
            return handler(call)
        except Refusal as refusal:
            if refusal.status != 416:
                raise
            refusal.headers = without_headers(refusal.headers, "Location", "Range", "Docker-Upload-UUID")
            raise recoded(refusal, "RANGE_INVALID") from refusal.__cause__

    return refused


def status_without_state(handler: Handler) -> Handler:
    """The status of a session is told to whoever knows its name."""

    def told(call: Call) -> Outcome:
        repository, id = call.repository, call.path["session"]
        if not is_session(id) or not (session := Session(call.store, repository, id)).exists:
            next = f"POST /v2/{repository}/blobs/uploads/ for a new session, and follow its Location byte for byte"
            raise Refusal("BLOB_UPLOAD_UNKNOWN", given=id, expected="a session that is still open", next=next)
        state = seal(UploadState(repository, id, session.size, session.started_at), call.secret)
        return handler(replace(call, query={**call.query, "_state": state}))

    return told
