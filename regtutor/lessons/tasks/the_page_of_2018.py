"""Lesson A1: the page from which the course grew, with the wire beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from email.utils import parsedate_to_datetime

from regtutor.content.sample.image import sample_image
from regtutor.exchange import Exchange
from regtutor.lessons.evidence import SENT_BY_A_STEP, Evidence, Stage, field_of
from regtutor.lessons.lesson import Choice, Lesson, Point, Prediction, Question, Task, TranscriptQuestion, point
from regtutor.lessons.page_of_2018 import POST, PUT, schema_1
from regtutor.lessons.push_points import brought_by, left_out
from regtutor.lessons.quiz import Part, Remark
from regtutor.lessons.quiz import Question as Quiz
from regtutor.protocol.digests import sha256
from regtutor.protocol.text import listed
from regtutor.steps import get_upload, patch_upload, start_upload

PAGE = "page"
SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+json"


def without_slash(seen: Evidence) -> Iterator[Point]:
    """The POST of the page's text."""
    wanted = f"/v2/{seen.repository(PAGE)}/blobs/uploads"
    sent = [each for each in seen.exchanges if (each.method, each.shown_target) == ("POST", wanted)]
    if sent:
        yield Point(True, "You sent the POST without the slash at its end.", sent[-1])
        yield Point(True, f"The response has no upload session: {sent[-1].status}.")
        return
    last = seen.attempt.exchanges[-1] if seen.attempt.exchanges else None
    if last is None or PAGE not in last.target:
        yield Point(False, "The request without the slash has not been sent yet.", last)
    elif last.method != "POST":
        yield Point(False, f"The method was {last.method}. The page has POST.", last)
    elif last.shown_target.endswith("/"):
        yield Point(False, "The path ends with a slash. Remove it.", last)
    else:
        yield Point(False, f"That is another path. The page's path is {wanted}.", last)


def layer_by_curl(seen: Evidence) -> Iterator[Point]:
    """The first layer in ``{me}/page``, sent by a request that no step built."""
    layer = sample_image().layers[0]
    sent = seen.sent("put_blob", to=PAGE, status=201, digest=layer.digest)
    puts = [put for put in sent if seen.is_by_hand(put)]
    if puts:
        agent = puts[-1].request_headers.get("User-Agent", "no User-Agent")
        yield Point(True, f"{agent} sent {seen.bytes_of(puts[-1])} bytes to the Location.", puts[-1])
        yield point(seen.has_blob(PAGE, layer.digest), "The registry has the layer.", "HEAD finds no such blob.")
        return
    last = seen.attempt.latest("put_blob")
    if last is None:
        yield Point(False, "There has been no PUT to a session yet.", seen.attempt.latest("start_upload"))
    elif not seen.is_by_hand(last):
        yield Point(False, f"{SENT_BY_A_STEP} The address for curl is in url.", last)
    elif field_of(last, "digest") is None:
        yield Point(False, "The PUT lacks the digest in its query: append &digest= and the digest.", last)
    elif last.status == 201:
        yield Point(False, f"It is stored in {field_of(last, 'repository')}, under {field_of(last, 'digest')}.", last)
    else:
        yield Point(False, f"The response to the PUT was {last.status}: {last.meaning}.", last)


def schema_1_sent(seen: Evidence) -> Iterator[Point]:
    """A manifest of Version 2, Schema 1, with its media type."""
    wanted = sha256([schema_1()])
    sent = [put for put in seen.sent("put_manifest", to=PAGE) if put.request.body.digest == wanted]
    right = [put for put in sent if put.request_headers.get("Content-Type") == SCHEMA_1]
    if right:
        yield Point(True, "You sent a manifest of Schema 1 with its type.", right[-1])
        yield point(right[-1].status == 400, "The registry refused it.", f"The response was {right[-1].status}.")
        return
    last = seen.attempt.latest("put_manifest")
    if last is None:
        yield Point(False, "No manifest has been sent yet.")
    elif last.request.body.digest != wanted:
        yield Point(False, "That is not a Schema 1 manifest. Send page.schema_1().", last)
    elif field_of(last, "repository") != seen.repository(PAGE):
        yield Point(False, f"That is another repository. Send it to {seen.repository(PAGE)}.", last)
    else:
        yield Point(False, "The manifest was sent with another media type: use media_type=.", last)


def finished(seen: Evidence) -> Iterator[Point]:
    """The image under ``v1``, and the layer sent once."""
    image, repository = sample_image(), seen.repository(PAGE)
    if seen.digest(PAGE, "v1") != image.digest:
        yield Point(False, f"{repository} has no tag v1 with this image yet.", seen.attempt.latest("put_manifest"))
        return
    yield Point(True, f"{repository}:v1 is the image.", seen.latest("put_manifest", to=PAGE, status=201))
    pushes = [_after_curl(seen, push) for push in seen.pushes(PAGE, "v1")]
    rest = [push for push in pushes if left_out(push, image) == ["layer 1"]]
    if rest:
        yield Point(True, "You sent the rest, and the layer was not sent again.", rest[-1][-1])
        return
    last = pushes[-1] if pushes else []
    again = [each for each in last if brought_by(each) == image.layers[0].digest]
    missing = [name for name in left_out(last, image) if name != "layer 1"]
    yield point(not again, "The layer was not sent again.", "The layer was sent again. Send the rest without it.")
    yield point(
        not missing, "You sent the rest.", f"You have not sent {listed(missing)} yourself. Send the rest once more."
    )


def _after_curl(seen: Evidence, push: Sequence[Exchange]) -> list[Exchange]:
    """Return the requests of a push after the last one with which another program sent the layer."""
    layer = sample_image().layers[0].digest
    own = [number for number, each in enumerate(push) if brought_by(each) == layer and seen.is_by_hand(each)]
    return list(push[own[-1] + 1 :] if own else push)


def seconds_between(_: Sequence[Exchange]) -> Quiz:
    """Ask for the seconds between the two responses of the page."""
    first, second = POST.headers["Date"], PUT.headers["Date"]
    right = int((parsedate_to_datetime(second) - parsedate_to_datetime(first)).total_seconds())
    seen = Remark(
        f"From the first Date to the second, {right} seconds passed.", (f"< Date: {first}", f"< Date: {second}")
    )
    part = Part("the seconds", (right,), seen, lambda _value: None)
    text = "How many seconds are between the two responses on the page?"
    return Quiz(text, 'question("the seconds between two commands", 1000)', (part,))


def ranges(stage: Stage) -> list[Exchange]:
    """The Range of a session without a byte, with one byte and with ten."""
    opened = start_upload(stage.reg, stage.scratch())
    one = patch_upload(stage.reg, opened.location or "", b"1", start=0)
    ten = patch_upload(stage.reg, one.location or "", b"234567890", start=1)
    return [opened, one, ten, get_upload(stage.reg, ten.location or "")]


LESSON = Lesson(
    predictions=(
        Prediction(
            "without the slash",
            "upload session",
            of="start_upload",
            status={"embedded": 405, "distribution": 301},
            why={
                405: "The specification has only the path with the slash. Without it, the path belongs to nothing that "
                "takes a POST, and this registry says so at once.",
                301: "The registry redirects to the path with the slash. That looks helpful, but it is a trap: many "
                "HTTP clients follow a 301 with GET, which uploads nothing.",
            },
        ),
        Prediction(
            "a manifest of the oldest kind",
            "manifest",
            of="put_manifest",
            status=400,
            why="The page says the reverse. Schema 1 had to be signed, named no config, and called itself "
            "provisional. Distribution stopped accepting it by default in 2.7 and removed it in 3.0.",
            repository=PAGE,
        ),
    ),
    tasks=(
        Task(
            "without the slash",
            "upload session",
            without_slash,
            (
                "What is the last character of the target in the draft? Print it.",
                "draft.edit(target=...) returns a changed request. Something still has to send it.",
                'reg.send(draft.edit(target=f"/v2/{me}/page/blobs/uploads"))',
            ),
            "No Location of a session came. A client that follows the redirect with GET has no place for its bytes.",
        ),
        Task(
            "the layer, by curl",
            "closing the upload",
            layer_by_curl,
            (
                "Which response header of the POST is the address for the PUT?",
                "The address goes into quotes, with &digest= and the digest at its end.",
                '!curl -sS -i --no-styled-output -T {file} -H "Content-Type: application/octet-stream" '
                '"LOCATION&digest={layer.digest}", '
                "with the Location that you copied.",
            ),
            "201, as on the page. The recording that listens at the address saw both requests.",
        ),
        Task(
            "a manifest of the oldest kind",
            "manifest",
            schema_1_sent,
            (
                "The bytes are one argument of the step, their type is another one.",
                "The fourth argument is page.schema_1().",
                'rt.put_manifest(reg, f"{me}/page", "old", page.schema_1(), media_type=...), with the type from the '
                "text above.",
            ),
            "Why could the author send nothing else? Probably the request had no Content-Type: registries of that time "
            "took such a body for Schema 1. That is an inference, and the page cannot say more.",
        ),
        Task(
            "the end of the page",
            "order of a push",
            finished,
            (
                "What does an image consist of, apart from this layer?",
                "Two layers, a config and a manifest are missing.",
                "POST and PUT for each of image.blobs[1:], then rt.put_manifest with the tag v1.",
            ),
            "The page's push, finished. The layer came from curl, the rest from you: the registry sees no difference.",
            from_memory=True,
        ),
    ),
    questions=(
        TranscriptQuestion("the seconds between two commands", "reading a response", seconds_between),
        Question(
            "the range 0-0",
            "upload session",
            "The page's response has Range: 0-0. How many bytes does the session have?",
            (
                Choice(
                    "one, because a range includes both its ends",
                    "That is how ranges work in HTTP, and it is right after one byte.",
                ),
                Choice("none or one: the header alone does not say which"),
                Choice(
                    "as many as the client has announced",
                    "A session is opened before any length is announced. Range tells only what has arrived.",
                ),
            ),
            "A range includes both ends, so no range means no bytes. Registries write 0-0 for it. Here is a session "
            "without a byte, then with one, then with ten.",
            ranges,
            headers=("Range",),
        ),
    ),
)
