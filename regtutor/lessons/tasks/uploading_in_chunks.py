"""Lesson 04: PATCH, Content-Range, Range, and how an upload survives a lost connection."""

from __future__ import annotations

import re
from collections.abc import Iterator

from regtutor.content.sample.image import sample_image
from regtutor.exchange import Exchange
from regtutor.lessons.evidence import Evidence, Stage, field_of
from regtutor.lessons.lesson import Choice, Lesson, Point, Prediction, Question, Task, point
from regtutor.lessons.lost_connection import STOPPED_AFTER
from regtutor.protocol.digests import sha256
from regtutor.steps import get_upload, patch_upload, put_blob, start_upload

CHUNKS, LOST, ORDER, CUT, MEMORY = "chunks", "lost", "order", "cut", "memory"
LAYER, SECOND = sample_image().layers[:2]
SIZE, MOST = 2000, 1000

_SESSION = ("patch_upload", "put_blob")
_FIRST = sha256(LAYER.open().read()[:SIZE])


def first_chunk(seen: Evidence) -> Iterator[Point]:
    """The first 2,000 bytes of the layer, with the right Content-Range."""
    for chunk in reversed(seen.sent("patch_upload", to=CHUNKS, status=202)):
        if _content_range(chunk) == "0-1999" and chunk.request.body.digest == _FIRST:
            yield Point(True, "Content-Range is 0-1999: the first and the last byte of 2,000.", chunk)
            came = chunk.headers.get("Range", "missing")
            yield point(came == "0-1999", "Range in the response is 0-1999 too.", f"Range in the response is {came}.")
            return
    yield _not_the_first(seen.attempt.latest("patch_upload", to=CHUNKS))


def _not_the_first(last: Exchange | None) -> Point:
    if last is None:
        return Point(False, "No PATCH with the first chunk has been sent yet.")
    given = _content_range(last)
    came = f"The response was {last.status}."
    if last.bytes_up != SIZE:
        return Point(False, f"The body has {last.bytes_up} bytes. Send data[:2000], which has 2,000.", last)
    if last.request.body.digest != _FIRST:
        return Point(False, "The body has 2,000 bytes, and they are not the first ones of the layer.", last)
    if not given:
        return Point(False, f"The request has no Content-Range. {came}", last)
    if not re.fullmatch(r"[0-9]+-[0-9]+", given):
        return Point(False, f"{given!r} is something else than two numbers with a hyphen between them. {came}", last)
    if given == "0-1999":
        return Point(
            False, f"Content-Range is right. {came} Did this session have bytes already? Open a new one.", last
        )
    first, end = map(int, given.split("-"))
    counted = f"{given} are {max(end - first + 1, 0)} bytes that begin with byte {first}"
    return Point(False, f"Count the bytes: {counted}. You sent the first 2,000, from byte 0. {came}", last)


def three_chunks(seen: Evidence) -> Iterator[Point]:
    """The layer in ``{me}/chunks``, sent in chunks of one session."""
    for put in reversed(seen.sent("put_blob", to=CHUNKS, status=201, digest=LAYER.digest)):
        chunks = [each for each in seen.of_session(put) if each.method == "PATCH" and each.status == 202]
        if len(chunks) > 1 and all(map(_content_range, chunks)):
            yield Point(True, f"{len(chunks)} chunks, and the PUT that closed the session.", put)
            yield point(seen.has_blob(CHUNKS, LAYER.digest), "The registry has the layer.", "HEAD finds no layer.")
            return
    yield _not_closed(seen.attempt)


def _not_closed(seen: Evidence) -> Point:
    refused = [each for each in seen.sent(*_SESSION, to=CHUNKS) if not each.ok]
    session = field_of(refused[-1], "session") if refused else None
    first = next((each for each in refused if field_of(each, "session") == session), None)
    if first is not None and first.method == "PATCH":
        return Point(False, f"The response to a chunk was {first.status}{_why_refused(first)}", first)
    put = seen.latest("put_blob", to=CHUNKS)
    other = seen.latest(*_SESSION)
    if put is None and other is not None and field_of(other, "repository") != seen.repository(CHUNKS):
        return Point(False, f"The bytes went to another repository, {field_of(other, 'repository')}.", other)
    if put is None:
        return Point(False, "No PUT closed the session yet.", seen.latest("patch_upload", to=CHUNKS))
    if put.status != 201:
        why = (
            "It must have the digest of the whole layer."
            if field_of(put, "digest") != LAYER.digest
            else "Its address is the Location in the response to the last chunk. If a refused PUT has used up the "
            "session, begin with the first chunk again."
        )
        return Point(False, f"The response to the PUT was {put.status}: {put.meaning}. {why}", put)
    if field_of(put, "digest") != LAYER.digest:
        return Point(False, "The PUT has the digest of another blob. Send the bytes of layer.", put)
    unnumbered = [each for each in seen.of_session(put) if each.method == "PATCH" and not _content_range(each)]
    if unnumbered:
        return Point(False, "A chunk of this session has no Content-Range. Give start= with its offset.", unnumbered[0])
    return Point(False, f"The PUT sent {put.bytes_up} bytes, without two chunks before it in its session.", put)


def _why_refused(chunk: Exchange) -> str:
    held = re.fullmatch("0-([0-9]+)", chunk.headers.get("Range") or "")
    given = re.fullmatch("([0-9]+)-[0-9]+", _content_range(chunk) or "")
    if chunk.status == 416 and held and given and int(held[1]) + 1 != int(given[1]):
        return f". The registry has the bytes {held[0]}, and your chunk begins with byte {given[1]}."
    if chunk.status in (404, 416):
        return ". Is it the Location in the response to the chunk before?"
    return f": {chunk.meaning}."


def resumed(seen: Evidence) -> Iterator[Point]:
    """The layer in ``{me}/lost``, of which only the missing bytes were sent."""
    missing = LAYER.size - STOPPED_AFTER
    for put in seen.sent("put_blob", to=LOST, status=201, digest=LAYER.digest):
        if seen.bytes_of(put) == missing:
            yield Point(True, f"You sent only the {missing:,} bytes that were missing.", put)
            yield point(seen.has_blob(LOST, LAYER.digest), "The registry has the layer.", "HEAD finds no layer.")
            return
    yield _not_resumed(seen)


def _not_resumed(seen: Evidence) -> Point:
    again = "Run the cell with interrupted_upload again, and compare Range with the offset of your first byte."
    last = seen.attempt.latest(*_SESSION, to=LOST)
    if last is None:
        return Point(False, "The missing bytes have not been sent yet.", seen.attempt.latest("get_upload"))
    if last.status == 201:
        sent = f"You sent {seen.bytes_of(last):,} bytes, and only {LAYER.size - STOPPED_AFTER:,} were missing."
        return Point(False, f"{sent} {again}", last)
    if last.ok:
        came = last.headers.get("Range", "")
        return Point(False, f"The session has the bytes {came}, and no PUT closed it. The layer is 0-4630.", last)
    given = _content_range(last) or "not sent"
    return Point(False, f"The response was {last.status}. Content-Range was {given}. {again}", last)


def given_up(seen: Evidence) -> Iterator[Point]:
    """The session with the gap, canceled."""
    gaps = [each for each in seen.sent("patch_upload", to=ORDER) if (_content_range(each) or "").startswith("3000-")]
    sessions = {field_of(each, "session") for each in gaps}
    canceled = [
        each for each in seen.sent("cancel_upload", to=ORDER, status=204) if field_of(each, "session") in sessions
    ]
    if canceled:
        yield Point(True, "You canceled the session with the gap.", canceled[-1])
        return
    if not gaps:
        yield Point(False, "There is no session with a gap yet: run the cell above.")
        return
    tried = seen.attempt.latest("cancel_upload", "get_upload", "put_blob", "start_upload", to=ORDER)
    if tried is None or tried.method != "DELETE":
        yield Point(False, "The session was not canceled: no DELETE was sent to it.", tried or gaps[-1])
    elif tried.ok:
        yield Point(False, "You canceled another session than the one with the gap.", tried)
    else:
        yield Point(False, f"The response to DELETE was {tried.status}. Its address is not the latest Location.", tried)


def with_a_loss(seen: Evidence) -> Iterator[Point]:
    """The second layer in ``{me}/memory``, in chunks, with a lost connection in the middle."""
    lost = [each for each in seen.sent("patch_upload", to=MEMORY) if each.response is None and each.bytes_up]
    yield point(
        lost,
        "A connection was lost in the middle of a chunk.",
        "No connection was lost in the middle of a chunk. lose_connection does that.",
        lost[-1] if lost else seen.attempt.latest("patch_upload", to=MEMORY),
    )
    if not lost:
        return
    later = seen.after(lost[0])
    found = [each for each in seen.sent("head_blob", to=MEMORY, status=200, digest=SECOND.digest) if each in later]
    puts = seen.sent("put_blob", to=MEMORY, status=201, digest=SECOND.digest)
    puts = [put for put in puts if found or put in later]  # rt.resume_upload sends nothing if HEAD finds the layer
    if not puts:
        last = seen.attempt.latest("put_blob", to=MEMORY)
        yield Point(False, "After the loss, no upload of the second layer has ended well.", last)
        return
    asked = [each for each in seen.sent("get_upload", "head_upload", to=MEMORY) if each in later]
    yield point(asked, "You asked for the state of the session.", "After the loss, you did not ask what has arrived.")
    size = min(max(map(_announced, seen.of_session(put))) for put in puts)
    yield point(
        size <= MOST,
        "The layer came in chunks.",
        f"The upload that ended well sent {size:,} bytes at once. A chunk has at most {MOST:,}. Begin again.",
        puts[-1],
    )


def _announced(exchange: Exchange) -> int:
    """Return how many bytes the request wanted to send, also if the connection was lost before the last of them."""
    announced = exchange.request_headers.get("Content-Length", "")
    return int(announced) if announced.isdecimal() else exchange.bytes_up


def _content_range(exchange: Exchange) -> str | None:
    return exchange.request_headers.get("Content-Range")


def none_and_one(stage: Stage) -> list[Exchange]:
    """A session without any byte, and the same session with one byte."""
    opened = start_upload(stage.reg, stage.scratch())
    one = patch_upload(stage.reg, opened.location or "", b"x", start=0)
    return [opened, one, get_upload(stage.reg, one.location or "")]


def second_chunk_first(stage: Stage) -> list[Exchange]:
    """The second chunk first, then the first one, and the PUT that closes the session."""
    data = LAYER.open().read()
    opened = start_upload(stage.reg, stage.scratch())
    second = patch_upload(stage.reg, opened.location or "", data[SIZE:], start=SIZE)
    first = patch_upload(stage.reg, second.location or opened.location or "", data[:SIZE], start=0)
    return [second, first, put_blob(stage.reg, first.location or "", b"", digest=LAYER.digest)]


def from_two_offsets(stage: Stage) -> list[Exchange]:
    """Two uploads that have received 1,777 bytes, resumed with byte 1,776 and with byte 1,777."""
    data, told = LAYER.open().read(), []
    for offset in (STOPPED_AFTER - 1, STOPPED_AFTER):
        opened = start_upload(stage.reg, stage.scratch())
        sent = patch_upload(stage.reg, opened.location or "", data[:STOPPED_AFTER], start=0)
        state = get_upload(stage.reg, sent.location or "")
        rest = put_blob(stage.reg, state.location or "", data[offset:], digest=LAYER.digest, start=offset)
        told += [state, rest]
    return told


LESSON = Lesson(
    predictions=(
        Prediction(
            "a chunk",
            "chunk",
            of="patch_upload",
            status=202,
            why="Accepted, and not stored as a blob: the bytes stay in the session until a PUT closes it.",
            repository=CHUNKS,
        ),
        Prediction(
            "the state of an upload",
            "upload session",
            of="get_upload",
            status=204,
            why="There is no body, because two headers say all: Range has the bytes that have arrived, and Location is "
            "the address for the next ones.",
            repository=LOST,
            headers=("Range",),
        ),
        Prediction(
            "a gap",
            "chunk",
            of="patch_upload",
            status={"embedded": 416, "distribution": 202},
            why={
                416: "The registry compared Content-Range with the bytes that it has, and refused the chunk. Range and "
                "Location in this response say where to resume, so a client does not even have to ask.",
                202: "This registry does not compare Content-Range with the bytes that it has: it appended the chunk, "
                "so Range is 0-3630. The mistake is found only by the digest in the PUT at the end. The specification "
                "demands 416, and newer versions of CNCF Distribution send it.",
            },
            repository=ORDER,
        ),
        Prediction(
            "after a lost connection",
            "upload session",
            of="get_upload",
            status={"embedded": 204, "distribution": 404},
            why={
                204: "The registry kept the part of the chunk that has arrived: Range ends with 2499. You can "
                "resume in the middle of a chunk, with byte 2500.",
                404: "The Location holds the offset 2000, and 500 more bytes have arrived. This registry refuses a "
                "Location that does not match its bytes, so this upload cannot be resumed: open a new session.",
            },
            repository=CUT,
        ),
    ),
    tasks=(
        Task(
            "the first chunk",
            "chunk",
            first_chunk,
            (
                "Bytes are counted from 0. Which number has the last one of 300 bytes?",
                "The second number is the offset of the last byte, not of the next one.",
                "The 2,000 bytes have the numbers 0 to 1999: two numbers and a hyphen, in a string.",
            ),
            "Elsewhere in HTTP, this header begins with a unit: bytes 0-1999/4631. Registries use numbers alone.",
        ),
        Task(
            "three chunks",
            "chunk",
            three_chunks,
            (
                "Compare the two Location headers in your table. Which of them is for the next chunk?",
                "rt.patch_upload(reg, chunk.location, data[2000:4000], start=2000), then the rest from 4000.",
                'put = rt.put_blob(reg, last.location, b"", digest=layer.digest), where last is the response to the '
                "last chunk. If a session is used up, begin with the first chunk again.",
            ),
            "201 came only for the PUT: its digest is that of the whole layer, and the registry checked all chunks.",
        ),
        Task(
            "resume",
            "upload session",
            resumed,
            (
                "Which byte is the last one that the registry has? Which is the next one?",
                "The response to GET has Range and Location. Use both.",
                "rt.put_blob(reg, state.location, data[1777:], digest=layer.digest, start=1777) sends the rest and "
                "closes the session.",
            ),
            "2,854 bytes instead of 4,631. A last chunk can come with the PUT.",
        ),
        Task(
            "give up",
            "upload session",
            given_up,
            (
                "Which method removes what is at an address?",
                "The address is the latest Location that you have received for this session.",
                "given_up = rt.cancel_upload(reg, gap.location)",
            ),
            "The registry has deleted the bytes. This request is not in version 1.1.1 of the OCI specification. "
            "It comes from CNCF Distribution. Without it, the session stays until the registry cleans up.",
        ),
        Task(
            "a loss in the middle",
            "chunk",
            with_a_loss,
            (
                "What do you have to ask after a loss, and which two responses are possible?",
                "lose_connection(reg, rt.draft(rt.patch_upload, location, bytes, start=offset), after=300) loses a "
                "chunk. If rt.get_upload then gets 404, begin again with rt.start_upload.",
                "Send one chunk, lose the second one, then "
                "rt.resume_upload(reg, location, second, repository=..., chunk_size=1000) does the rest.",
            ),
            "That is what a client with patience does: ask, resume if possible, and otherwise begin again.",
            from_memory=True,
            walks=True,
        ),
    ),
    questions=(
        Question(
            "one byte",
            "upload session",
            "A new session has Range: 0-0. You send one byte. Which Range comes?",
            (
                Choice("0-1", "That would be two bytes: Range names the first and the last one, counted from 0."),
                Choice("1-1", "Range always begins with 0, because a session has no gaps."),
                Choice("0-0, as before"),
                Choice("1", "A Range has two numbers: it names bytes, and does not count them."),
            ),
            "0-0 is the right range for one byte. For no byte there is no right range, and registries send 0-0 all the "
            "same. That was reported in 2017 (distribution/distribution#2363), and clients have to live with it. "
            "rt.resume_upload opens a new session if it finds 0-0.",
            none_and_one,
            headers=("Range",),
        ),
        Question(
            "the next byte",
            "chunk",
            "The state of a session is Range: 0-1776. With which byte do you resume?",
            (
                Choice(
                    "with byte 0", "The registry would have the first bytes twice. A session only grows at its end."
                ),
                Choice("with byte 1776", "The registry has that byte: both ends of a range belong to it."),
                Choice("with byte 1777"),
                Choice(
                    "with the first byte of the chunk that was lost",
                    "A registry counts bytes and not chunks. It can keep a part of a chunk.",
                ),
            ),
            "The first upload below resumed one byte too early, and was refused. The second one resumed with 1777.",
            from_two_offsets,
            headers=("Range",),
        ),
        Question(
            "two chunks at once",
            "chunk",
            "Can a client send the chunks of a blob in any order, or several at once?",
            (
                Choice(
                    "yes, Content-Range says where each one belongs",
                    "That works with the parts of an upload to S3. Content-Range is there to notice a mistake.",
                ),
                Choice("no, each chunk begins where the one before has ended"),
                Choice(
                    "yes, as long as the last chunk comes last",
                    "Each chunk needs the Location of the response before it, so there is only one order.",
                ),
                Choice(
                    "no, a registry accepts only one request at a time",
                    "Different blobs have different sessions. Clients do upload several blobs at once.",
                ),
            ),
            "Here the second chunk was sent first. Whatever the registry made of it, the PUT at the end was refused: "
            "the bytes are not those of the digest.",
            second_chunk_first,
            headers=("Range",),
        ),
    ),
)
