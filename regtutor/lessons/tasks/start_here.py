"""Lesson 00: a registry, a request, and how to read what came back."""

from __future__ import annotations

from collections.abc import Iterator

from regtutor.content.sample.image import sample_image
from regtutor.exchange import Exchange
from regtutor.lessons.evidence import Evidence, Stage, endpoint_of, field_of
from regtutor.lessons.lesson import Choice, Lesson, Point, Prediction, Question, Task, point
from regtutor.steps import head_manifest, put_manifest
from regtutor.walks.pushing import push_image

HELLO = "hello"
TAG = "v1"
MANIFEST_ENDPOINTS = ("get_manifest", "head_manifest")


def scene(stage: Stage) -> None:
    """Push the sample image to ``{me}/hello``, unless it is there."""
    image = sample_image()
    if stage.digest(HELLO, TAG) != image.digest:
        push_image(stage.reg, image, stage.repository(HELLO), TAG, progress=False)


def by_hand(seen: Evidence) -> Iterator[Point]:
    """A GET of ``/v2/`` that no step built."""
    own = [exchange for exchange in seen.exchanges if seen.is_by_hand(exchange)]
    if not own:
        yield Point(
            False,
            "No request by hand has been sent yet: build one with rt.Request(...), and send it with reg.send(...). Its "
            "label can be any word that is not the name of a step.",
        )
        return
    right = [each for each in own if (each.method, each.shown_target) == ("GET", "/v2/")]
    last = (right or own)[-1]
    yield point(last.method == "GET", "Its method is GET.", f"The method was {last.method}. It must be GET.", last)
    path = last.shown_target
    yield point(path == "/v2/", "Its path is /v2/.", f"The path was {path}. It must be /v2/, with both slashes.")


def tags_listed(seen: Evidence) -> Iterator[Point]:
    """The tags of ``{me}/hello``."""
    asked = [each for each in seen.sent("list_tags", to=HELLO, status=200) if TAG in _tags(each)]
    if not asked:
        yield _no_tags(seen.attempt)
        return
    tags = ", ".join(_tags(asked[-1]))
    yield Point(True, f"You asked for the tags of {seen.repository(HELLO)}, and got: {tags}.", asked[-1])


def _tags(exchange: Exchange) -> list[str]:
    return list(exchange.json().get("tags") or ())


def _no_tags(seen: Evidence) -> Point:
    other = seen.latest("list_tags")
    if other is None:
        return Point(False, "You have not asked for the tags of a repository yet.")
    name = field_of(other, "repository") or ""
    if "{me}" in name:
        return Point(False, "The name begins with the letters {me}. Put an f before the quotes.", other)
    if name == seen.repository(HELLO):
        return Point(False, "The list has no tag. Leave out the arguments that ask for a part of it.", other)
    why = "The registry has no such repository." if other.status == 404 else "That is another repository."
    return Point(False, f"You asked for the tags of {name}. {why} Ask for {seen.repository(HELLO)}.", other)


def by_digest(seen: Evidence) -> Iterator[Point]:
    """The manifest, fetched by its digest."""
    digest = seen.digest(HELLO, TAG) or ""
    fetched = seen.latest("get_manifest", to=HELLO, status=200, reference=digest)
    if fetched is not None:
        yield Point(True, "You fetched the manifest by its digest.", fetched)
        return
    last = seen.attempt.latest(*MANIFEST_ENDPOINTS, "get_blob", to=HELLO)
    if last is None:
        yield Point(False, "You have not asked for the manifest by its digest yet.")
        return
    if endpoint_of(last) == "get_blob":
        yield Point(False, "A manifest is not a blob: it has a path of its own. The step is rt.get_manifest.", last)
        return
    yield Point(True, "You asked for a manifest.", last)
    if endpoint_of(last) == "head_manifest":
        yield Point(False, "The response to HEAD has no body. Fetch the manifest with GET: rt.get_manifest.")
    elif field_of(last, "reference") == TAG:
        yield Point(False, "You fetched it by its tag. Use the digest from the response to your HEAD.")
    else:
        yield Point(False, f"The response was: {last.meaning}. Use the digest from the response to your HEAD.")


def layer_there(seen: Evidence) -> Iterator[Point]:
    """A HEAD of the first layer."""
    image = sample_image()
    digest = image.layers[0].digest
    found = seen.latest("head_blob", to=HELLO, status=200, digest=digest)
    if found is not None:
        yield Point(True, f"HEAD found the layer: {found.headers.get('Content-Length')} bytes.", found)
        return
    yield _not_the_layer(seen.attempt, digest, image.config.digest)


def _not_the_layer(seen: Evidence, digest: str, config: str) -> Point:
    fetched = seen.latest("get_blob", to=HELLO, digest=digest)
    if fetched is not None:
        return Point(False, f"You fetched it: {fetched.bytes_down} bytes came. Ask with HEAD instead.", fetched)
    if seen.latest("head_blob", to=HELLO, digest=config) is not None:
        return Point(False, "That is the digest of the config. The layers are a list of their own in the manifest.")
    wrong = seen.latest("head_manifest", to=HELLO, reference=digest)
    if wrong is not None:
        return Point(False, "You asked for a manifest of the repository, not a blob of it.", wrong)
    return Point(False, "No HEAD for the first layer has been sent yet.", seen.latest("head_blob", to=HELLO))


def a_tag_moves(stage: Stage) -> list[Exchange]:
    """Push two images to one tag, and ask for the tag after each."""
    repository, told = stage.scratch(), []
    for name in ("v1", "v2"):
        image = sample_image(name)
        push_image(stage.reg, image, repository, name, progress=False)
        put_manifest(stage.reg, repository, "latest", image.manifest)
        told.append(head_manifest(stage.reg, repository, "latest"))
    told.append(head_manifest(stage.reg, repository, sample_image("v1").digest))
    return told


LESSON = Lesson(
    scene=scene,
    predictions=(
        Prediction(
            "the first request",
            "API check",
            of="check_api",
            status=200,
            why="200 says two things: this server speaks the API, and it asks for no password. A registry that asks "
            "for one responds with 401, and that also says that it speaks the API.",
        ),
        Prediction(
            "a repository that does not exist",
            "reading a response",
            of="list_tags",
            status=404,
            why="The status is for every HTTP client. The body is JSON and is for you: a code that programs compare, a "
            "message for people, and sometimes a detail.",
            repository="nothing",
        ),
        Prediction(
            "HEAD of a manifest",
            "tag and digest",
            of="head_manifest",
            status=200,
            why="HEAD is GET without the body: the headers are the same, and bytes_down counts only the body. So a "
            "client learns the digest and the size of a manifest from the headers alone.",
            repository=HELLO,
        ),
    ),
    tasks=(
        Task(
            "the same request, by hand",
            "reading a response",
            by_hand,
            (
                "Look at the first line of the first exchange, after the >. It has three parts.",
                "The second argument of rt.Request is the method, the third is the path. Both are strings.",
                'The method is "GET". The path begins and ends with a slash.',
            ),
            "The response has the same lines as before. A step does nothing but build and send such a request.",
        ),
        Task(
            "which tags are there?",
            "repositories",
            tags_listed,
            (
                "The step takes the registry and the name of the repository.",
                "The name begins with the value of me. An f-string puts a value into a text.",
                'The name is f"{me}/hello".',
            ),
            "The body is JSON. tags.json() gives it to you as Python values.",
        ),
        Task(
            "a manifest by its digest",
            "tag and digest",
            by_digest,
            (
                "Open the lines of the response to HEAD. One header has a value that begins with sha256:.",
                "head.headers is a mapping from the names of headers to their values.",
                'The reference is head.headers["Docker-Content-Digest"].',
            ),
            "regtutor computed the digest of the bytes that came, and compared it with the digest that you asked for. "
            "Every client can do that, so nobody can send you other bytes under this name.",
        ),
        Task(
            "is the layer there?",
            "repositories",
            layer_there,
            (
                "Which method asks whether something is there, and returns no body?",
                'The digest is in manifest.json()["layers"].',
                "The step is rt.head_blob(reg, repository, digest).",
            ),
            "200, and Content-Length says how large the layer is. Not one byte of it came over the wire.",
            from_memory=True,
        ),
    ),
    questions=(
        Question(
            "a name for exactly these bytes",
            "tag and digest",
            "You tell a colleague which image you tested. With which name does your colleague get exactly the same "
            "bytes, next year too?",
            (
                Choice("the tag v1", "A tag is a pointer: a push can move it to another image."),
                Choice(
                    "the repository and the tag together",
                    "The repository says where to look. The tag in it is still a pointer that a push can move.",
                ),
                Choice("the digest of the manifest"),
                Choice(
                    "the size of the manifest",
                    "Many documents have the same size. A size identifies no content: it only helps to find a mistake.",
                ),
            ),
            "A digest is computed from the bytes, so other bytes have another digest. Here the tag latest was pushed "
            "twice: between the first two requests it moved. The third request names the first manifest by its digest, "
            "and finds it.",
            a_tag_moves,
            headers=("Docker-Content-Digest",),
        ),
    ),
)
