"""What the requests to an upload session share: each function gives them what they need, or refuses.

The refusals say where the session stands, or how to begin again.
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

_START_ANEW = "POST /v2/{repository}/blobs/uploads/ for a new session, and follow its Location byte for byte"


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
    Refusal: as :func:`session_of`; 416 BLOB_UPLOAD_INVALID, if they do not, by Content-Range or by the Location; 400
        SIZE_INVALID, if Content-Range and Content-Length differ.
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
    promised = call.head.header("Content-Length")
    if chunk is not None and promised is not None and promised != str(chunk.size):
        given = f"Content-Range: {text}, which is {chunk.size} bytes, and Content-Length: {promised}"
        next = f"the same {call.head.method} with the number of its last byte, not of the one after it"
        raise Refusal("SIZE_INVALID", given=given, expected="the same number of bytes in both", next=next)
    return session


@contextmanager
def writing(session: Session, algorithm: str = CANONICAL, *, keeps: bool = False) -> Iterator[SessionWriter]:
    """A writer that appends to ``session``; at the end of the block it is ended, if the block did not end it.

    Parameters
    ----------
    algorithm: of the digest that the bytes will be asked for.
    keeps: whether the bytes of a request that is cut off stay. Those of a request that is refused never do.

    Raises
    ------
    Refusal: 400 BLOB_UPLOAD_INVALID, while another request to the session is ending; 404 BLOB_UPLOAD_UNKNOWN, if the
        session ended meanwhile or another request took it over, also from within the block.
    """
    with _still_there(session):
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
    """At the end of the block ``session`` is gone, whatever happened in it."""
    try:
        yield
    finally:
        if session.exists:
            session.discard()


def discard(session: Session) -> None:
    """Remove the session and its bytes; a request that still writes to it comes to nothing.

    Raises
    ------
    Refusal: as :func:`writing`.
    """
    with _still_there(session):
        session.discard()


def check_length(call: Call, writer: SessionWriter) -> None:
    """Compare how many bytes arrived with how many the head announced, by Content-Length or else by Content-Range.

    Raises
    ------
    Refusal: 400 SIZE_INVALID.
    """
    promised = _promised(call)
    if promised is not None and promised != writer.received:
        next = f"the same {call.head.method} with all of the bytes"
        raise Refusal("SIZE_INVALID", given=writer.received, expected=promised, next=next)


def commit(writer: SessionWriter, digest: Digest) -> None:
    """Make all bytes of the session the blob ``digest``; the session is gone after it.

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
            next=_START_ANEW.format(repository=writer.session.repository),
        ) from error


def standing(call: Call, session: Session) -> HeaderList:
    """Where the session stands: the Location for the next bytes, and the Range of those that are there.

    Raises
    ------
    Refusal: 404 BLOB_UPLOAD_UNKNOWN, if it ended meanwhile.
    """
    with _still_there(session):
        began = session.started_at
    state = seal(UploadState(session.repository, session.id, session.size, began), call.settings.secret)
    location = call.url("put_blob", repository=session.repository, session=session.id, query={"_state": state})
    last = max(session.size - 1, 0)
    return ("Docker-Upload-UUID", session.id), ("Location", location), ("Range", f"0-{last}")


def _session_and_offset(call: Call) -> tuple[Session, int]:
    """The session that the Location names, and the offset for which the Location was written."""
    repository, id, sealed = call.repository, call.path["session"], call.query.get("_state", "")
    state = unseal(sealed, call.settings.secret)
    next = _START_ANEW.format(repository=repository)
    if state is None or (state.repository, state.session) != (repository, id) or not is_session(id):
        given = "no _state" if not sealed else "a _state that this registry did not write for this session"
        raise Refusal("BLOB_UPLOAD_INVALID", given=given, expected="_state as in Location", next=next, status=404)
    session = call.sessions.open(repository, id)
    if session is None:
        raise Refusal("BLOB_UPLOAD_UNKNOWN", given=id, expected="a session that is still open", next=next)
    return session, state.offset


def _promised(call: Call) -> int | None:
    """How many bytes the head announced; None where it did not say."""
    length = call.head.header("Content-Length")
    if length is not None and length.isdecimal():
        return int(length)
    chunk = chunk_range(call.head.header("Content-Range") or "")
    return chunk.size if chunk is not None else None


@contextmanager
def _still_there(session: Session) -> Iterator[None]:
    try:
        yield
    except SessionBusy:
        raise _busy(session) from None
    except SessionGone:
        raise _gone(session) from None


def _out_of_order(call: Call, session: Session, given: str, expected: str) -> Refusal:
    next = "the bytes that follow those in Range, to the Location of this answer; GET that Location to ask again"
    headers = standing(call, session)
    return Refusal("BLOB_UPLOAD_INVALID", given=given, expected=expected, next=next, headers=headers, status=416)


def _gone(session: Session) -> Refusal:
    return Refusal(
        "BLOB_UPLOAD_UNKNOWN",
        given="a session that was cancelled, finished, or taken over by another request, meanwhile",
        expected="a session that stays open while its bytes come",
        next=_START_ANEW.format(repository=session.repository),
    )


def _busy(session: Session) -> Refusal:
    return Refusal(
        "BLOB_UPLOAD_INVALID",
        given=session.id,
        expected="a session to which no other request is ending at this moment",
        next="GET the Location to see where the session stands; where that is 404, HEAD the blob",
        status=400,
    )
