"""Lesson 02: a push in the stepper, broken and repaired."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from regtutor.content.sample.image import sample_image
from regtutor.exchange import BodyRecord, Exchange
from regtutor.lessons import questions
from regtutor.lessons.colleague import LAYER, SENT
from regtutor.lessons.evidence import Evidence, Stage, endpoint_of, field_of
from regtutor.lessons.lesson import Choice, Lesson, Point, Prediction, Question, Task, TranscriptQuestion, point
from regtutor.message import Blob, body_of
from regtutor.steps import get_upload, head_blob, head_manifest, put_blob, start_upload

TAG = "v1"
AGAIN = "again"


def one_blob(seen: Evidence) -> Iterator[Point]:
    """A session, and the PUT that closed it."""
    put = seen.latest("put_blob", status=201)
    if put is not None:
        yield Point(True, f"HEAD, POST and PUT: {put.bytes_up} bytes are stored.", put)
        return
    opened = seen.attempt.latest("start_upload", status=202)
    yield point(opened, "An upload session is open.", "No upload session has been opened yet.", opened)
    if opened is not None:
        yield Point(False, "But the bytes have not been sent: another Send is missing.")


def untyped(seen: Evidence) -> Iterator[Point]:
    """A manifest without Content-Type, refused."""
    refused = _refused(seen)
    if refused:
        yield Point(True, "You sent the manifest without its type, and the registry refused it.", refused[-1])
        return
    last = seen.latest("put_manifest")
    if last is None:
        yield Point(False, "No manifest has been sent yet.")
        return
    if "Content-Type" not in last.request_headers:
        yield Point(False, "The body is not the manifest of the image. Change the header, and nothing else.", last)
        return
    again = " The walk is complete: begin again with stepper.reset()." if last.status == 201 else ""
    yield Point(
        False,
        f"The manifest has a Content-Type: {last.request_headers.get('Content-Type') or 'an empty one'}.{again}",
        last,
    )


def _refused(seen: Evidence) -> list[Exchange]:
    """Return the attempts to push the manifest of the image without its type."""
    sent = [put for put in seen.sent("put_manifest", status=400) if put.request.body.digest == sample_image().digest]
    return [put for put in sent if "Content-Type" not in put.request_headers]


def recovered(seen: Evidence) -> Iterator[Point]:
    """After the refusal, the manifest is where it belongs."""
    refused = _refused(seen)
    after = seen.after(refused[0]) if refused else ()
    stored = [each for each in after if each.request_name == "put_manifest" and each.status == 201]
    if not stored:
        yield Point(False, "The manifest is not there yet.", seen.attempt.latest("put_manifest"))
        return
    last = stored[-1]
    now = head_manifest(seen.reg, field_of(last, "repository") or "", field_of(last, "reference") or "")
    yield Point(True, "The registry stored the manifest with its type.", last)
    yield point(now.status == 200, "HEAD finds it.", f"HEAD: {now.meaning}.", now)


def pulled(seen: Evidence) -> Iterator[Point]:
    """A manifest and all of its blobs, fetched."""
    image = sample_image()
    manifest = seen.latest("get_manifest", status=200)
    if manifest is None:
        yield Point(False, "No manifest has been fetched yet.")
        return
    yield Point(True, "You fetched the manifest.", manifest)
    wanted = {blob.digest for blob in image.blobs}
    fetched = {field_of(each, "digest") for each in seen.sent("get_blob", status=200)} & wanted
    yield point(
        fetched == wanted,
        "And every blob that it names.",
        f"You fetched {len(fetched)} of its {len(wanted)} blobs. Let the walk run to its end.",
    )


def sent_by_curl(seen: Evidence) -> Iterator[Point]:
    """The push to ``{me}/again``, by another program."""
    own = [each for each in seen.sent(to=AGAIN) if seen.is_of_a_program(each)]
    puts = [each for each in own if endpoint_of(each) == "put_manifest" and each.status == 201]
    blobs = {field_of(each, "digest") for each in own if (each.status or 500) < 400}
    if not puts:
        yield _not_by_curl(seen.attempt)
        return
    yield Point(True, "Another program sent the manifest.", puts[-1])
    wanted = {blob.digest for blob in sample_image().blobs}
    yield point(
        wanted <= blobs,
        "And the four blobs are there.",
        f"It has found or sent only {len(wanted & blobs)} of the four blobs.",
    )


def _not_by_curl(seen: Evidence) -> Point:
    other = [each for each in seen.exchanges if seen.is_of_a_program(each)]
    if other:
        return Point(False, f"No manifest came for {seen.repository(AGAIN)}. Run the whole script.", other[-1])
    last = seen.latest("put_manifest", to=AGAIN)
    missing = "No request of another program came. The address that records is in url."
    return Point(False, f"{missing} A step sent it, or rt.Request." if last else missing, last)


def one_byte(seen: Evidence) -> Iterator[Point]:
    """A blob of the right size under its digest, with other bytes, refused."""
    blobs = {blob.digest: blob for blob in sample_image().blobs}
    false = [put for put in seen.sent("put_blob", "post_blob") if put.request.body.digest != field_of(put, "digest")]
    sent = [put for put in false if field_of(put, "digest") in blobs and _bytes_of(seen, put)]
    right = [put for put in sent if put.status == 400 and _is_one_byte(_bytes_of(seen, put), blobs[_named(put)])]
    if right:
        yield Point(True, f"{blobs[_named(right[-1])].size} bytes, one of them different.", right[-1])
        yield Point(True, "The registry refused them.")
        return
    last = next((put for put in reversed(sent) if put in seen.attempt.exchanges), None)
    yield Point(False, _not_one_byte(seen, last, blobs), last)


def _not_one_byte(seen: Evidence, last: Exchange | None, blobs: Mapping[str, Blob]) -> str:
    if last is None:
        return "No blob with other bytes was sent."
    if last.status != 400:
        return f"The response was {last.status}: {last.meaning}. Send it in a new session."
    if sum(each.bytes_up for each in seen.of_session(last)) != blobs[_named(last)].size:
        return "The bytes have another size. Change one byte of a blob."
    return "More than one byte is different. Change one byte of a blob."


def _named(put: Exchange) -> str:
    return field_of(put, "digest") or ""


def _bytes_of(seen: Evidence, put: Exchange) -> Sequence[BodyRecord]:
    """Return the bodies that the learner sent to the session of ``put``, in order."""
    return [each.request.body for each in seen.of_session(put) if each.bytes_up and (each.ok or each is put)]


def _is_one_byte(bodies: Sequence[BodyRecord], blob: Blob) -> bool:
    """Return whether the bodies have the size of the blob, and at most one other byte in what is recorded of them."""
    data, at, others = body_of(blob).read(), 0, 0
    for body in bodies:
        others += sum(a != b for a, b in zip(data[at:], body.preview, strict=False))
        at += body.size
    return at == len(data) and others <= 1


def back_undoes_nothing(stage: Stage) -> list[Exchange]:
    """A session with a layer, and what is there after it."""
    layer, repository = sample_image().layers[0], stage.scratch()
    opened = start_upload(stage.reg, repository)
    location = opened.location or ""
    told = [opened, get_upload(stage.reg, location), put_blob(stage.reg, location, layer)]
    return [*told, head_blob(stage.reg, repository, layer.digest)]


def part_of_a_file(stage: Stage) -> list[Exchange]:
    """The colleague's bytes, then the whole layer, each under the layer's digest."""
    repository = stage.scratch()
    part = b"".join(body_of(LAYER).chunks())[:SENT]
    told = []
    for content in (part, LAYER):
        opened = start_upload(stage.reg, repository)
        told.append(put_blob(stage.reg, opened.location or "", content, digest=LAYER.digest, expect_continue=False))
    return told


LESSON = Lesson(
    predictions=(
        Prediction(
            "is the layer there?",
            "existence check",
            of="head_blob",
            status=404,
            why="Nothing is wrong: it is normal that a blob is not there yet. The check is one small request, and "
            "can save sending a gigabyte.",
        ),
        Prediction(
            "a manifest without its type",
            "manifest",
            of="put_manifest",
            status=400,
            why="The registry decides by the header how to read the body, before it reads it. The field mediaType is "
            "inside the body, and the two must agree.",
            lacks="Content-Type",
        ),
        Prediction(
            "is the layer there now?",
            "existence check",
            of="head_blob",
            status=200,
            why="The same request as at the beginning, and the repository has the layer now. The walk goes to the next "
            "blob and sends no byte of this one.",
        ),
    ),
    tasks=(
        Task(
            "one blob, three requests",
            "upload session",
            one_blob,
            (
                "Which request is next in the stepper? Its first line begins with its method.",
                "Send sends only from the latest state. If an earlier one is shown, go forward first.",
                "stepper.send() twice: the POST, then the PUT.",
            ),
            "HEAD, POST, PUT: that is what a push does for each blob, and the bytes are only in the last of them.",
        ),
        Task(
            "a manifest without its type",
            "manifest",
            untyped,
            (
                "Is the manifest the next request? Send the others first. If it is sent already, stepper.reset() "
                "begins the walk again.",
                "In the stepper, delete the line of the header. In a cell, a header with the value None is removed.",
                'stepper.edit(headers={"Content-Type": None}), then stepper.send().',
            ),
            "The same bytes that would have been accepted, without one line of the head.",
        ),
        Task(
            "and back on the way",
            "manifest",
            recovered,
            (
                "Look at the request that is next. What does it have that yours did not have?",
                "The walk's own request is next again, unchanged.",
                "One more Send.",
            ),
            "A refused PUT had stored nothing, so nothing had to be cleaned up.",
        ),
        Task(
            "a whole pull",
            "pull",
            pulled,
            (
                "Which of the names means to fetch an image?",
                'stepper.choose("pull") starts it. How many requests does it have?',
                "stepper.run() sends all that are left.",
            ),
            "The manifest first, then the config and the layers by their digests: the reverse of a push.",
        ),
        Task(
            "the same push by curl",
            "order of a push",
            sent_by_curl,
            (
                "Which address records what comes? Print it.",
                "In the shell, a variable before a command is set for this command only: NAME=value bash FILE.",
                "!REGISTRY={url} bash {script}",
            ),
            "The script says for each request what it got and what was recorded. It follows each new Location, because "
            "a session of yesterday does not exist today.",
        ),
        Task(
            "one byte on the way",
            "closing the upload",
            one_byte,
            (
                "Which request of a push has the bytes of a blob?",
                "The stepper offers other bodies for a request that has one.",
                'Choose "monolithic" and send until put_blob is next. Then stepper.edit(body="one byte changed"), and '
                "send.",
            ),
            "DIGEST_INVALID for one byte of thousands. The session is of no more use, as in lesson 01: a client opens "
            "a new one. A proxy that damages a body is noticed in the same way.",
            from_memory=True,
        ),
    ),
    questions=(
        Question(
            "Back",
            "upload session",
            "You pushed a layer, and clicked Back three times. What does the registry have now?",
            (
                Choice("everything that it had before the clicks: the layer is stored"),
                Choice(
                    "nothing of this upload: the session and the layer were taken back",
                    "HTTP has no undo. To remove something, a client has to send a request that removes it.",
                ),
                Choice(
                    "an open session without bytes, as in the state that is shown",
                    "The stepper shows a record of an earlier moment. The registry does not move with it.",
                ),
            ),
            "Back shows an earlier record and sends nothing. Here is such an upload: 202, then the session without a "
            "byte (204), then the bytes, and a HEAD that finds the layer.",
            back_undoes_nothing,
            headers=("Range",),
        ),
        Question(
            "a colleague's curl",
            "reading a response",
            "Why was this request refused?",
            (
                Choice(
                    "the digest is the diff ID, computed before compression",
                    "A diff ID gives the same error code. But compare: the digest is that of the layer.",
                ),
                Choice(
                    "the digest is appended with & where a ? belongs",
                    "The Location has a query, _state, so & is right. Then the registry would not find the digest.",
                ),
                Choice("curl has sent only a part of the file"),
                Choice(
                    "Content-Type is not the media type of the layer",
                    "The bytes of a blob are sent as application/octet-stream. The manifest has the media type.",
                ),
            ),
            "Content-Length has the bytes that curl sent, and the layer is 4,631 bytes long. With -d @FILE, curl reads "
            "a file as text and drops some of its bytes. Use -T FILE or --data-binary @FILE. Here are the first 127 "
            "bytes of the layer under its digest, then all of them.",
            part_of_a_file,
        ),
        TranscriptQuestion("the bytes that you sent", "reading a response", questions.bytes_sent),
        TranscriptQuestion("a refusal of yours", "reading a response", questions.refusal),
    ),
)
