"""Lesson 05: the existence check, the mount, and what a push does not have to send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from regtutor.content.sample.image import sample_image
from regtutor.exchange import Exchange
from regtutor.lessons.evidence import Evidence, Stage, endpoint_of, field_of
from regtutor.lessons.lesson import Choice, Lesson, Point, Prediction, Question, Task, point
from regtutor.lessons.mounts_on_the_wire import elsewhere, mount_of_a_new_blob
from regtutor.lessons.push_points import bytes_accepted, not_pushed
from regtutor.protocol.text import listed
from regtutor.steps import head_manifest
from regtutor.walks.pushing import push_image

HELLO, OTHER, THIRD = "hello", "other", "third"
IMAGE, NEW = sample_image(), sample_image("v2")
LAYER, CONFIG = IMAGE.layers[0], IMAGE.config
OLD = {blob.digest for blob in IMAGE.blobs}
NAMES = {blob.digest: f"layer {number}" for number, blob in enumerate(IMAGE.layers, 1)}
NAMES |= {NEW.layers[2].digest: "layer 3", IMAGE.config.digest: "the config", NEW.config.digest: "the config"}
UPLOADS = ("put_blob", "patch_upload", "post_blob")


def scene(stage: Stage) -> None:
    """Push the sample image to ``{me}/hello``, unless it is there."""
    if stage.digest(HELLO, "v1") != IMAGE.digest:
        push_image(stage.reg, IMAGE, stage.repository(HELLO), "v1", mount_from=(), progress=False)


def only_what_is_missing(seen: Evidence) -> Iterator[Point]:
    """The image ``v2`` in ``{me}/hello``, without the bytes that were there already."""
    pushes = seen.pushes(HELLO, "v2")
    if not pushes or seen.digest(HELLO, "v2") != NEW.digest:
        yield not_pushed(seen, HELLO, "v2", NEW, "the new image")
        return
    push = next((each for each in pushes if not _faults(each)), pushes[-1])
    yield Point(True, f"{seen.repository(HELLO)}:v2 is the new image.", push[-1])
    faults = _faults(push)
    yield point(
        not faults,
        "You asked for each blob, and sent only what was missing.",
        f"{'. '.join(faults)}. Push it once more: what is there needs no upload, also if you sent it yourself.",
    )


def _faults(push: Sequence[Exchange]) -> list[str]:
    """Return what was wrong with a push of the new image to ``{me}/hello``."""
    asked: set[str | None] = set()
    late: set[str | None] = set()
    for each in push:
        if endpoint_of(each) in ("head_blob", "get_blob"):
            asked.add(field_of(each, "digest"))
        elif endpoint_of(each) in UPLOADS and each.ok and field_of(each, "digest") not in asked:
            late.add(field_of(each, "digest"))
    again = [NAMES[digest] for each in push if (digest := _sent_again(each))]
    unasked = [NAMES[blob.digest] for blob in NEW.blobs if blob.digest not in asked]
    early = [NAMES[blob.digest] for blob in NEW.blobs if blob.digest in late & asked]
    return [
        *([f"You sent {listed(again)}, which the repository had already"] if again else []),
        *([f"You did not ask for {listed(unasked)}"] if unasked else []),
        *([f"You sent {listed(early)} before you asked for it"] if early else []),
    ]


def _sent_again(exchange: Exchange) -> str:
    """Return the digest of a blob of the old image that was uploaded; empty for any other exchange."""
    digest = field_of(exchange, "digest") or ""
    return digest if digest in OLD and exchange.ok and endpoint_of(exchange) in UPLOADS else ""


def layer_mounted(seen: Evidence) -> Iterator[Point]:
    """The layer of ``{me}/hello`` in ``{me}/other``, mounted."""
    mounted = seen.latest("mount_blob", to=OTHER, status=201, mount=LAYER.digest)
    if mounted is None:
        yield _not_mounted(seen.attempt)
        return
    yield Point(True, "You asked for a mount of the layer, and the registry mounted it.", mounted)
    yield point(seen.has_blob(OTHER, LAYER.digest), "HEAD finds the layer there.", "HEAD finds no such blob there.")


def _not_mounted(seen: Evidence) -> Point:
    other, hello = seen.repository(OTHER), seen.repository(HELLO)
    last = seen.latest("mount_blob")
    if last is None:
        sent = [each for each in seen.sent(*UPLOADS, to=OTHER) if each.bytes_up]
        if sent:
            return Point(False, f"You sent {sent[-1].bytes_up} bytes. A mount sends none.", sent[-1])
        return Point(False, "No mount has been sent yet: a POST with mount= in its query.", seen.latest("start_upload"))
    if "{me}" in unquote(last.target):
        return Point(False, "A name begins with the letters {me}. Put an f before the quotes.", last)
    if field_of(last, "repository") != other:
        return Point(False, f"The path has the repository that gets the layer. That must be {other}.", last)
    if field_of(last, "mount") != LAYER.digest:
        return Point(False, "mount= must be the digest of the layer: layer.digest.", last)
    source = field_of(last, "from")
    if source is None:
        return Point(False, "The query has no from=, so this registry looked nowhere.", last)
    return Point(False, f"The response was {last.status}: {source} does not have this layer, and {hello} does.", last)


def nothing_left_behind(seen: Evidence) -> Iterator[Point]:
    """The session that a mount opened, canceled."""
    opened = {_session(each): each for each in seen.sent("mount_blob", status=202)}
    canceled = [each for each in seen.sent("cancel_upload", status=204) if field_of(each, "session") in opened]
    if canceled:
        yield Point(True, "You canceled the session that a mount had opened.", canceled[-1])
        session = opened[field_of(canceled[-1], "session") or ""]
        yield point(not seen.is_open(session), "It is gone.", "The registry still has it.")
        return
    if not opened:
        yield Point(
            False, "No mount with the response 202 was sent, so there is no session.", seen.latest("mount_blob")
        )
        return
    last_opened = list(opened.values())[-1]
    yield point(not seen.is_open(last_opened), "No session is open.", "The session is still open.", last_opened)
    tried = seen.attempt.latest("cancel_upload", "delete_blob", "get_upload", "put_blob")
    if tried is not None:
        yield Point(
            False, f"This did not cancel that session. The response was {tried.status}: {tried.meaning}.", tried
        )
    else:
        yield Point(False, "No request to cancel it was sent.")


def session_used(seen: Evidence) -> Iterator[Point]:
    """The config in ``{me}/other``, sent in the session that a mount opened."""
    opened = {_session(each) for each in seen.sent("mount_blob", to=OTHER, status=202)}
    puts = seen.sent("put_blob", to=OTHER, status=201, digest=CONFIG.digest)
    used = [put for put in puts if field_of(put, "session") in opened]
    if used:
        single = [put for put in used if len(seen.of_session(put)) == 1]
        yield Point(True, "You sent the config to the Location in the response to your mount.", (single or used)[-1])
        more = "You sent several requests to the session. Run the cell with the mount again, and send one PUT."
        yield point(single, "One request was enough.", more)
        yield point(seen.has_blob(OTHER, CONFIG.digest), "HEAD finds the config there.", "HEAD finds no config there.")
        return
    last = seen.attempt.latest("put_blob", to=OTHER)
    mounted = seen.attempt.latest("mount_blob", to=OTHER, status=201, mount=CONFIG.digest)
    if last is None and mounted is not None:
        yield Point(False, "This mount brought the config, and the session of the other mount is still open.", mounted)
    elif last is None:
        yield Point(
            False, f"No PUT of the config was sent to {seen.repository(OTHER)} yet.", seen.attempt.latest("mount_blob")
        )
    elif last.status != 201:
        yield Point(False, f"The response to the PUT was {last.status}: {last.meaning}.", last)
    elif field_of(last, "digest") != CONFIG.digest:
        yield Point(False, "The PUT has the digest of another blob. Send image.config.", last)
    else:
        yield Point(False, "The PUT went to a session that another POST opened. The mount had opened one.", last)


def _session(exchange: Exchange) -> str:
    """Return the last part of the path of a Location, which names the session in every Location of this registry."""
    return str(exchange.location or "").partition("?")[0].rpartition("/")[2]


def no_upload(seen: Evidence) -> Iterator[Point]:
    """The sample image in ``{me}/third``, by mounts and one manifest."""
    third = seen.repository(THIRD)
    pushes = seen.pushes(THIRD, "v1")
    if not pushes or seen.digest(THIRD, "v1") != IMAGE.digest:
        yield not_pushed(seen, THIRD, "v1", IMAGE, "the sample image")
        return
    push = next(
        (each for each in pushes if bytes_accepted(each) <= IMAGE.manifest.size and not _unmounted(each)), pushes[-1]
    )
    size, missing = bytes_accepted(push), _unmounted(push)
    yield Point(True, f"{third}:v1 is the sample image.", push[-1])
    yield point(
        size <= IMAGE.manifest.size,
        f"{size} bytes went up, and all of them are the manifest.",
        f"{size} bytes went up. Push it again: mount each blob, then send the manifest once.",
    )
    yield point(not missing, "All four blobs were mounted.", f"In this push you did not mount {listed(missing)}.")


def _unmounted(push: Sequence[Exchange]) -> list[str]:
    """Return the names of the blobs of the sample image that the push did not mount."""
    mounted = {field_of(each, "mount") for each in push if endpoint_of(each) == "mount_blob" and each.status == 201}
    return [NAMES[blob.digest] for blob in IMAGE.blobs if blob.digest not in mounted]


def pushed_twice(stage: Stage) -> list[Exchange]:
    """The second push of an image to one repository, and a HEAD of the manifest."""
    repository = stage.scratch()
    push_image(stage.reg, IMAGE, repository, "v1", mount_from=(), progress=False)
    again = push_image(stage.reg, IMAGE, repository, "v1", mount_from=(), progress=False)
    return [*again.exchanges, head_manifest(stage.reg, repository, "v1")]


LESSON = Lesson(
    scene=scene,
    predictions=(
        Prediction(
            "HEAD of a layer",
            "existence check",
            of="head_blob",
            status=200,
            why="The headers are those of a GET, and no body comes. Content-Length is the size of the layer, not of "
            "this response.",
            repository=HELLO,
        ),
        Prediction(
            "the layer in another repository",
            "existence check",
            of="head_blob",
            status=404,
            why="The registry has these bytes, and says nothing about it. A blob belongs to the repositories that have "
            "it, and a client sees only repositories that it may pull from. Otherwise anybody with a digest could read "
            "a private layer.",
            repository=OTHER,
        ),
        Prediction(
            "a mount",
            "mount",
            of="mount_blob",
            status=201,
            why="The layer now belongs to both repositories, and is stored once. You named a repository that has it, "
            "so the registry could check that you may read it there.",
            repository=OTHER,
        ),
        Prediction(
            "a mount of nothing",
            "mount",
            of="mount_blob",
            status=202,
            why="Not 404: the registry could not mount the blob, so it opened an upload session for its bytes. Harbor "
            "took every 2xx for a mounted blob. Its replication sent the manifest next, and failed with "
            "MANIFEST_BLOB_UNKNOWN (goharbor/harbor#18541).",
            repository=OTHER,
        ),
        Prediction(
            "a mount from the wrong repository",
            "mount",
            of="mount_blob",
            status=202,
            why="The source does not have the config. A wrong guess costs a client nothing: it has its session, and "
            "does not need another POST.",
            repository=OTHER,
        ),
    ),
    tasks=(
        Task(
            "only what is missing",
            "existence check",
            only_what_is_missing,
            (
                "Which status of a HEAD means that you have to send the blob?",
                "new.blobs has four blobs. rt.head_blob(reg, repository, blob.digest) asks for one of them; upload it "
                "with rt.start_upload and rt.put_blob if the status is 404.",
                "for blob in new.blobs: if the HEAD has the status 404, put_blob(reg, start_upload(...).location, "
                'blob). After the loop: rt.put_manifest(reg, f"{me}/hello", "v2", new.manifest).',
            ),
            "Four HEADs without a body saved two uploads. With a base image of a gigabyte, that is nearly everything.",
        ),
        Task(
            "mount a layer",
            "mount",
            layer_mounted,
            (
                "Two repositories take part. Which of them is in the path, and which in the query?",
                "The path has the repository that gets the layer. from= has the repository that has it.",
                'rt.mount_blob(reg, f"{me}/other", layer.digest, source=...), where the source is f"{me}/hello".',
            ),
            "201 and a Location: the address of the blob in its new repository. The layer itself was not sent.",
        ),
        Task(
            "leave nothing behind",
            "upload session",
            nothing_left_behind,
            (
                "Where is the session? Which method removes what is at an address?",
                "nobody.location is the address of the session. Send it byte for byte, with its query.",
                "back = rt.cancel_upload(reg, nobody.location)",
            ),
            "204, and the session is gone. Without this, it stays open until the registry cleans up: with CNCF "
            "Distribution, after a week.",
        ),
        Task(
            "the session of a mount",
            "upload session",
            session_used,
            (
                "Compare the headers of session with those of a response to rt.start_upload. How do they differ?",
                "session.location is the address for the bytes. rt.put_blob sends them.",
                "sent = rt.put_blob(reg, session.location, config). If you have used the session up, run the cell "
                "with the mount again.",
            ),
            "One POST for both cases: a good client always tries the mount, and uses whatever it gets.",
        ),
        Task(
            "a push of 857 bytes",
            "mount",
            no_upload,
            (
                "Which request makes a blob of one repository a blob of another? How many blobs has the image?",
                "image.blobs has the config as well. Mount each of them, and send the manifest last.",
                'for blob in image.blobs: rt.mount_blob(reg, f"{me}/third", blob.digest, source=f"{me}/hello"). Then '
                "rt.put_manifest with the tag v1.",
            ),
            "An image of 11,748 bytes, pushed with 857. Between two repositories of one registry, the size of the "
            "layers does not matter.",
            from_memory=True,
        ),
    ),
    questions=(
        Question(
            "a second push",
            "order of a push",
            "rt.push_image pushes an unchanged image again, to the same repository. What does it send in bodies?",
            (
                Choice("nothing", "The tag could have been moved since, so the client sends the manifest again."),
                Choice("the manifest"),
                Choice(
                    "the config and the manifest",
                    "The config is a blob like the layers, and HEAD finds it like the layers.",
                ),
                Choice(
                    "all blobs, and the registry then drops those that it has",
                    "That also gives the right result, and costs all the bytes. A client asks with HEAD to save them.",
                ),
            ),
            "Four HEADs with 200, and one PUT of the manifest. A client can save even that one: the last request shows "
            "that HEAD finds the digest of the manifest too.",
            pushed_twice,
            headers=("Docker-Content-Digest",),
        ),
        Question(
            "a blob that exists elsewhere",
            "existence check",
            "A registry has a blob in one repository. Why does HEAD in another repository get 404?",
            (
                Choice(
                    "each repository has a copy of its own, and the bytes were not copied to this one yet",
                    "Registries store the bytes once. A mount of any size is done at once, because it copies nothing.",
                ),
                Choice(
                    "the digest of a blob depends on the repository",
                    "A digest is computed from the bytes alone. Both repositories use the same one.",
                ),
                Choice("a client may learn only of blobs in repositories that it may read"),
                Choice(
                    "HEAD is only for manifests, and a blob needs GET",
                    "HEAD and GET have the same status: also the GET below gets 404.",
                ),
            ),
            "The repository is the unit of access. One digest is 200 in one repository and 404 in the other. After the "
            "mount, both have it.",
            elsewhere,
            headers=("Docker-Content-Digest",),
        ),
        Question(
            "202 to a mount",
            "mount",
            "The response to a mount is 202. What does it mean?",
            (
                Choice(
                    "the registry will mount the blob soon",
                    "Accepted sounds like that. But nothing happens later: HEAD is 404 until somebody sends the bytes.",
                ),
                Choice(
                    "the blob was in the repository already",
                    "For such a blob, HEAD gets 200. Below, it gets 404.",
                ),
                Choice(
                    "the mount failed, and the client has to send a POST for an upload",
                    "It was not mounted, but the POST has been made: the Location in this response is a session.",
                ),
                Choice("it was not mounted, and the Location is a session for the bytes"),
            ),
            "The mount opened a session, HEAD found nothing, and a PUT to this Location stored the blob.",
            mount_of_a_new_blob,
            headers=("Location", "Range"),
        ),
    ),
)
