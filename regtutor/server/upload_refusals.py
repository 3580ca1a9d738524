"""The checks that the handlers of upload sessions share: each returns what the handler needs, or raises a refusal.

The refusals carry the state of the session, or say how to start again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from regtutor.message import HeaderList
from regtutor.protocol.digests import CANONICAL, Digest
from regtutor.protocol.ranges import GRAMMAR, chunk_range
from regtutor.server.call import Call
from regtutor.server.location_state import UploadState, seal, unseal
from regtutor.server.names import is_session
from regtutor.server.respond import Refusal
from regtutor.server.storage.sessions import Session, SessionBusy, SessionGone, SessionWriter, WrongDigest

_START_AGAIN = "POST /v2/{repository}/blobs/uploads/ for a new session, and use its Location byte for byte"


def session_of(call: Call) -> Session:
    """The session that the Location names.

    Raises
    ------
    Refusal: 404 BLOB_UPLOAD_INVALID, if this registry did not write the Location's ``_state`` for this session; 404
        BLOB_UPLOAD_UNKNOWN, if the session does not exist.
    """
    return _session_and_offset(call)[0]


def session_in_order(call: Call) -> Session:
    """The session that the Location names, if the bytes of this request begin where those of the session end.

    Raises
    ------
    Refusal: as :func:`session_of`; 416 BLOB_UPLOAD_INVALID, if they begin elsewhere according to Content-Range or to
        the Location; 400 SIZE_INVALID, if Content-Range and Content-Length differ.
    """
    session, offset = _session_and_offset(call)
    size, text = session.size, call.head.header("Content-Range")
    chunk = chunk_range(text) if text is not None else None
    if text is not None and chunk is None:
        raise _out_of_order(call, session, f"Content-Range: {text}", f"{GRAMMAR}, beginning with {size}")
    if chunk is not None and chunk.first != size:
        raise _out_of_order(call, session, f"Content-Range: {text}", f"a range that begins with {size}")
    if offset != size:
        raise _out_of_order(call, session, f"a Location for offset {offset}", f"the one for offset {size}")
    announced = call.head.header("Content-Length")
    if chunk is not None and announced is not None and announced != str(chunk.size):
        given = f"Content-Range: {text}, which is {chunk.size} bytes, and Content-Length: {announced}"
        next = f"the same {call.head.method} with a Content-Range that ends with the last byte, not the byte after it"
        raise Refusal("SIZE_INVALID", given=given, expected="the same number of bytes in both", next=next)
    return session


@contextmanager
def writing(session: Session, algorithm: str = CANONICAL, *, keeps: bool = False) -> Iterator[SessionWriter]:
    """Append to ``session`` with a writer, which is aborted at the end of the block unless the block has ended it.

    Parameters
    ----------
    algorithm: the algorithm of the digest against which the bytes will be checked.
    keeps: whether the session keeps the bytes of a request that is cut off. Those of a refused request are always
        discarded.

    Raises
    ------
    Refusal: 400 BLOB_UPLOAD_INVALID, while another request to the session is ending; 404 BLOB_UPLOAD_UNKNOWN, if the
        session has ended in the meantime or another request has taken it over, even while the block runs.
    """
    with _refusing_if_ended(session):
        writer = session.writer(algorithm, keeps=keeps)
        try:
            yield writer
        except Refusal:
            writer.forget()
            raise
        finally:
            writer.abort()


@contextmanager
def only_for_this_request(session: Session) -> Iterator[None]:
    """Discard ``session`` at the end of the block, whatever happened in it."""
    try:
        yield
    finally:
        if session.exists:
            session.discard()


def discard(session: Session) -> None:
    """Remove the session and its bytes. A request that still writes to it has no effect.

    Raises
    ------
    Refusal: as :func:`writing`.
    """
    with _refusing_if_ended(session):
        session.discard()


def check_length(call: Call, writer: SessionWriter) -> None:
    """Check that as many bytes arrived as the head announced, in Content-Length or else in Content-Range.

    Raises
    ------
    Refusal: 400 SIZE_INVALID.
    """
    announced = _announced(call)
    if announced is not None and announced != writer.received:
        next = f"the same {call.head.method} with all bytes"
        raise Refusal("SIZE_INVALID", given=writer.received, expected=announced, next=next)


def commit(writer: SessionWriter, digest: Digest) -> None:
    """Store all bytes of the session as the blob ``digest``. The session ends, whatever the outcome.

    Raises
    ------
    Refusal: 400 DIGEST_INVALID, if the bytes have another digest; nothing is stored.
    """
    try:
        writer.commit(digest)
    except WrongDigest as error:
        raise Refusal(
            "DIGEST_INVALID",
            given=str(digest),
            expected=f"{error.found}, the digest of the {error.size} bytes that arrived",
            next=_START_AGAIN.format(repository=writer.session.repository),
        ) from error


def session_headers(call: Call, session: Session) -> HeaderList:
    """The headers with the state of the session: Location for the next bytes, and Range of the bytes that have arrived.

    Raises
    ------
    Refusal: 404 BLOB_UPLOAD_UNKNOWN, if the session has ended in the meantime.
    """
    with _refusing_if_ended(session):
        began = session.started_at
    state = seal(UploadState(session.repository, session.id, session.size, began), call.settings.secret)
    location = call.url("put_blob", repository=session.repository, session=session.id, query={"_state": state})
    last = max(session.size - 1, 0)
    return ("Docker-Upload-UUID", session.id), ("Location", location), ("Range", f"0-{last}")


def _session_and_offset(call: Call) -> tuple[Session, int]:
    """The session that the Location names, and the offset that the Location is for."""
    repository, id, sealed = call.repository, call.path["session"], call.query.get("_state", "")
    state = unseal(sealed, call.settings.secret)
    next = _START_AGAIN.format(repository=repository)
    if state is None or (state.repository, state.session) != (repository, id) or not is_session(id):
        given = "no _state" if not sealed else "a _state that this registry did not write for this session"
        raise Refusal(
            "BLOB_UPLOAD_INVALID", given=given, expected="the _state of the session's Location", next=next, status=404
        )
    session = call.sessions.open(repository, id)
    if session is None:
        raise Refusal("BLOB_UPLOAD_UNKNOWN", given=id, expected="an open session", next=next)
    return session, state.offset


def _announced(call: Call) -> int | None:
    """The number of bytes that the head announced, or None if it did not."""
    length = call.head.header("Content-Length")
    if length is not None and length.isdecimal():
        return int(length)
    chunk = chunk_range(call.head.header("Content-Range") or "")
    return chunk.size if chunk is not None else None


@contextmanager
def _refusing_if_ended(session: Session) -> Iterator[None]:
    try:
        yield
    except SessionBusy:
        raise _busy(session) from None
    except SessionGone:
        raise _gone(session) from None


def _out_of_order(call: Call, session: Session, given: str, expected: str) -> Refusal:
    next = "the bytes after those in Range, sent to the Location of this response; GET that Location for the state"
    headers = session_headers(call, session)
    return Refusal("BLOB_UPLOAD_INVALID", given=given, expected=expected, next=next, headers=headers, status=416)


def _gone(session: Session) -> Refusal:
    return Refusal(
        "BLOB_UPLOAD_UNKNOWN",
        given="a session that was canceled, finished or taken over by another request in the meantime",
        expected="a session that stays open until its bytes have arrived",
        next=_START_AGAIN.format(repository=session.repository),
    )


def _busy(session: Session) -> Refusal:
    return Refusal(
        "BLOB_UPLOAD_INVALID",
        given=session.id,
        expected="a session without another request that is finishing at this moment",
        next="GET the Location for the state of the session; if that returns 404, HEAD the blob",
        status=400,
    )
