"""Lesson 01: a push by single requests."""

from __future__ import annotations

from collections.abc import Iterator

from regtutor.content.sample.image import sample_image
from regtutor.exchange import Exchange
from regtutor.lessons.evidence import SENT_BY_A_STEP, Evidence, field_of
from regtutor.lessons.lesson import Choice, Lesson, Point, Prediction, Question, Task, point
from regtutor.lessons.push_points import SENT, brought_by, left_out, not_needed
from regtutor.lessons.pushes_on_the_wire import changed_locations, manifest_first, no_config
from regtutor.protocol.digests import is_well_formed
from regtutor.protocol.text import listed

HELLO = "hello"
MEMORY = "memory"


def layer_sent(seen: Evidence) -> Iterator[Point]:
    """The first layer, in ``{me}/hello``."""
    layer = sample_image().layers[0]
    put = seen.latest(*SENT, digest=layer.digest, status=201, to=HELLO)
    if put is None:
        yield _layer_not_sent(seen.attempt, layer.digest)
        return
    yield Point(True, f"You sent {seen.bytes_of(put)} bytes, under the digest of the layer.", put)
    yield point(seen.has_blob(HELLO, layer.digest), "The registry has the blob.", "HEAD finds no such blob.")


def _layer_not_sent(seen: Evidence, digest: str) -> Point:
    put = seen.latest("put_blob")
    if put is None:
        return Point(False, "There has been no PUT of the first layer yet.")
    if field_of(put, "digest") is None:
        return Point(False, "The PUT has no digest in its query: append digest= and the digest of the layer.", put)
    if field_of(put, "digest") != digest:
        return Point(False, "The PUT has the digest of another blob. Send image.layers[0].", put)
    if put.status == 201:
        return Point(False, f"The layer went to another repository, {field_of(put, 'repository')}.", put)
    return Point(False, f"The PUT was sent, and the response was {put.status}: {put.meaning}.", put)


def false_bytes(seen: Evidence) -> Iterator[Point]:
    """Bytes under the digest of other bytes, which the registry refused."""
    refused = [put for put in seen.sent(*SENT, status=400) if _is_false(seen, put)]
    if not refused:
        yield _not_false(seen)
        return
    last = refused[-1]
    yield Point(True, "The digest in the query is not the digest of the bytes. The registry refused them.", last)
    digest = field_of(last, "digest") or ""
    kept = seen.digest_of_blob(HELLO, digest)
    yield point(kept in (None, digest), "The blob under this digest is unchanged.", "It changed.")


def _is_false(seen: Evidence, put: Exchange) -> bool:
    """Return whether bytes were sent, and the query has the digest of other bytes."""
    digest = field_of(put, "digest") or ""
    sent = any(each.bytes_up for each in seen.of_session(put))
    return sent and is_well_formed(digest) and put.request.body.digest != digest


def _not_false(seen: Evidence) -> Point:
    last = seen.attempt.latest(*SENT)
    if last is None:
        return Point(False, "No PUT with false bytes has been sent yet.")
    if last.status == 201:
        return Point(False, "The bytes match their digest. Give digest=layer.digest, and other bytes.", last)
    if not is_well_formed(field_of(last, "digest") or ""):
        return Point(False, "The query has no digest of other bytes. Give digest=layer.digest.", last)
    if last.status == 400:
        return Point(False, "No byte was sent. Send other bytes than those of the layer.", last)
    return Point(False, f"The response was {last.status}: {last.meaning}. Open a new session for the bytes.", last)


def every_blob(seen: Evidence) -> Iterator[Point]:
    """All four blobs, in ``{me}/hello``."""
    image = sample_image()
    names = {blob.digest: f"layer {number}" for number, blob in enumerate(image.layers, 1)}
    names[image.config.digest] = "the config"
    missing = [name for digest, name in names.items() if not seen.has_blob(HELLO, digest)]
    repository = seen.repository(HELLO)
    yield point(
        not missing, f"{repository} has all {len(names)} blobs.", f"{repository} does not have {listed(missing)}."
    )
    got = {brought_by(each) for each in seen.sent(to=HELLO)}
    unsent = [name for digest, name in names.items() if digest not in got]
    if not missing and unsent:
        yield Point(False, f"You have not sent {listed(unsent)} yourself: a POST and a PUT for each.")


def tagged(seen: Evidence) -> Iterator[Point]:
    """The manifest, under the tag ``v1``."""
    image = sample_image()
    sent = seen.sent("put_manifest", to=HELLO, status=201, reference="v1")
    right = [put for put in sent if put.request.body.digest == image.digest]
    if right and seen.digest(HELLO, "v1") == image.digest:
        yield Point(True, "The registry stored the manifest, and v1 points to it.", right[-1])
        return
    last = seen.attempt.latest("put_manifest")
    if last is None:
        yield Point(False, "No manifest has been sent yet.")
    elif last.status != 201:
        yield Point(False, f"The manifest was refused: {last.meaning}.", last)
    elif last.request.body.digest != image.digest:
        yield Point(False, "The manifest has other bytes, so it has another digest. Send image.manifest.", last)
    elif right and last is right[-1]:
        yield Point(False, "The registry stored the manifest, and v1 does not point to it any more.", last)
    else:
        where = f"{field_of(last, 'repository')}, under the tag {field_of(last, 'reference')}"
        yield Point(False, f"The manifest is stored in {where}.", last)


def without_a_step(seen: Evidence) -> Iterator[Point]:
    """The tag ``latest``, with a request that no step built."""
    image = sample_image()
    stored = seen.sent("put_manifest", to=HELLO, status=201, reference="latest")
    own = [put for put in stored if seen.is_by_hand(put)]
    right = [put for put in own if put.request.body.digest == image.digest]
    if right and seen.digest(HELLO, "latest") == image.digest:
        yield Point(True, "You sent the manifest with a request of your own.", right[-1])
        yield Point(True, "latest points to the image.")
        return
    if own and own[-1] is seen.attempt.latest("put_manifest", reference="latest"):
        yield Point(True, "You sent a manifest with a request of your own.", own[-1])
        yield Point(False, _other_bytes(own[-1], image.manifest.size))
        return
    yield _not_by_hand(seen)


def _other_bytes(put: Exchange, size: int) -> str:
    if put.bytes_up >= size:
        return "latest is another image. Send the bytes of image.manifest, unchanged."
    return (
        f"latest is another image: {put.bytes_up} of the {size} bytes were sent. With -d, curl removes the line ends "
        "of a file. With -T or --data-binary it sends the file unchanged."
    )


def _not_by_hand(seen: Evidence) -> Point:
    sent = seen.attempt.exchanges
    own = [each for each in sent if "/manifests/" in each.target and seen.is_by_hand(each)]
    last = next(iter(own[-1:]), seen.attempt.latest("put_manifest", reference="latest"))
    if last is None:
        return Point(False, "No request of your own for a manifest has come. The address that records curl is in url.")
    if not seen.is_by_hand(last):
        return Point(False, SENT_BY_A_STEP, last)
    if last.method != "PUT":
        return Point(False, f"The method was {last.method}. A manifest is sent with PUT.", last)
    if last.status == 201:
        return Point(False, f"It went to the tag {field_of(last, 'reference')}. The tag must be latest.", last)
    kind = last.request_headers.get("Content-Type", "none")
    return Point(False, f"The response was {last.status}: {last.meaning}. Its Content-Type was: {kind}.", last)


def from_memory(seen: Evidence) -> Iterator[Point]:
    """The image ``v2`` in ``{me}/memory``, in nine requests."""
    image, repository = sample_image("v2"), seen.repository(MEMORY)
    digest = seen.digest(MEMORY, "v2")
    if digest is None:
        last = seen.attempt.latest("put_manifest", to=MEMORY)
        yield Point(False, f"{repository} has no tag v2 yet.", last)
        return
    yield point(digest == image.digest, f"{repository}:v2 is the image.", f"{repository}:v2 is another image.")
    if digest != image.digest:
        return
    pushes = seen.pushes(MEMORY, "v2")
    if not pushes:
        yield Point(False, "You have not sent its manifest yourself.")
        return
    good = [each for each in pushes if not left_out(each, image) and not not_needed(each)]
    push = (good or pushes)[-1]
    missing, spare = left_out(push, image), not_needed(push)
    yield point(
        not missing,
        "You sent each blob yourself.",
        f"Your last push did not send {listed(missing)}. Push the whole image again, although its blobs are there.",
        push[-1],
    )
    yield point(
        not spare,
        "Every request was needed.",
        f"{len(spare)} of the requests of your last push were not needed, such as this one. Push it again.",
        spare[0] if spare else None,
    )


LESSON = Lesson(
    predictions=(
        Prediction(
            "an upload session",
            "upload session",
            of="start_upload",
            status=202,
            why="202 means accepted, not stored: there is a place for the bytes, and no byte yet. Nobody has to create "
            "the repository: it begins to exist with the first upload.",
            repository=HELLO,
        ),
        Prediction(
            "a layer",
            "closing the upload",
            of="put_blob",
            status=201,
            why="The whole layer was sent, as it is: the registry neither unpacks nor compresses it. 201 comes only "
            "when the digest of the received bytes is the digest in the query.",
            repository=HELLO,
        ),
        Prediction(
            "false bytes",
            "closing the upload",
            of="put_blob",
            status=400,
            why="Nothing was stored. That is why blobs can be shared between repositories and users: what is stored "
            "under a digest has this digest, whoever sent it.",
            repository=HELLO,
        ),
        Prediction(
            "a manifest without its blobs",
            "order of a push",
            of="put_manifest",
            status=400,
            why="One error for each blob that is missing, so that a client learns of all at once. An image that can be "
            "pulled can therefore be pulled whole.",
            repository="empty",
        ),
        Prediction(
            "the manifest",
            "manifest",
            of="put_manifest",
            status=201,
            why="The same bytes as before, in a repository that has all four blobs. Location and Docker-Content-Digest "
            "name the manifest by its digest; the tag is now a second name for it.",
            repository=HELLO,
        ),
    ),
    tasks=(
        Task(
            "a layer in the registry",
            "closing the upload",
            layer_sent,
            (
                "Which response told you where the bytes go?",
                "start.location is that address. The step appends the digest of the blob by itself.",
                "put = rt.put_blob(reg, start.location, ...), with the layer as the last argument. A Location can be "
                "used once: after another PUT, open a new session.",
            ),
            "201, and Docker-Content-Digest is the digest that the registry computed from your bytes.",
        ),
        Task(
            "false bytes",
            "closing the upload",
            false_bytes,
            (
                "Where does a PUT say which digest the bytes have?",
                'Any other bytes will do, such as b"not this layer at all".',
                "rt.put_blob(reg, session.location, bytes, digest=layer.digest)",
            ),
            "DIGEST_INVALID, and the session cannot be used again: a client has to open a new one.",
        ),
        Task(
            "every blob",
            "order of a push",
            every_blob,
            (
                "The report names what is missing. Which of it is not a layer?",
                "image.blobs[1:] has the blobs after the first layer. Each needs a POST before its PUT.",
                "for blob in image.blobs[1:]: a line with rt.start_upload, and one with rt.put_blob.",
            ),
            "Four blobs, and no order among them: the registry does not know yet which image they belong to.",
        ),
        Task(
            "an image under a tag",
            "manifest",
            tagged,
            (
                "You have sent this manifest before. What has to change?",
                "The step is rt.put_manifest(reg, repository, tag, manifest).",
                'The repository is f"{me}/hello", the tag is "v1", the manifest is image.manifest.',
            ),
            "Docker-Content-Digest in the response is image.digest: another name under which the image can be pulled.",
        ),
        Task(
            "a second tag, without a step",
            "manifest",
            without_a_step,
            (
                "Look at the request of your last PUT: method, path, and one header that the registry needs.",
                "The path is /v2/, the repository, /manifests/, the tag. curl sends a file with PUT if you give -T. "
                'The last two arguments of rt.Request are {"Content-Type": kind} and image.manifest.',
                '!curl -sS -i --no-styled-output -T {manifest} -H "Content-Type: {image.manifest.media_type}" '
                "{url}/v2/{me}/hello/manifests/latest",
            ),
            "No blob was sent: two tags of one repository share everything. Only the Content-Type told the registry "
            "what these bytes are.",
        ),
        Task(
            "a push from memory",
            "order of a push",
            from_memory,
            (
                "How many requests does a blob need, and what comes last?",
                "second.blobs has four blobs, and second.manifest names them.",
                "A loop with rt.start_upload and rt.put_blob for each blob; then rt.put_manifest with the tag v2.",
            ),
            "At most nine requests: four times POST and PUT, and the manifest. docker push sends them too, and asks "
            "with HEAD before each upload whether the blob is there.",
            from_memory=True,
        ),
    ),
    questions=(
        Question(
            "the order of a push",
            "order of a push",
            "In which order does a client push?",
            (
                Choice(
                    "first the manifest, so that the registry knows which blobs to expect",
                    "That is the order of a pull. In a push, the manifest is a statement that everything is there.",
                ),
                Choice(
                    "the layers from the base to the top, then the config, then the manifest",
                    "The layers have this order in the manifest, not on the wire. Clients send several at once.",
                ),
                Choice("the blobs in any order, then the manifest"),
                Choice(
                    "the tag, then what it points to",
                    "A tag has no request of its own: it is the last part of the path of the manifest.",
                ),
            ),
            "A registry accepts a blob without any manifest, and a manifest only with all of its blobs.",
            manifest_first,
        ),
        Question(
            "the config",
            "order of a push",
            "Why does a client send the config before the manifest?",
            (
                Choice(
                    "because the config has the tag and the name of the image",
                    "The config says what to run. Neither the config nor the manifest has the name or the tag.",
                ),
                Choice("because the manifest names it, as it names the layers"),
                Choice(
                    "because the config has the digests of the layers that the registry then checks",
                    "The config has diff IDs, computed before compression. A registry never uses them.",
                ),
            ),
            "The config is one of the blobs that the manifest names. Here the layers were sent and the config was not; "
            "then the config, and the same manifest again.",
            no_config,
        ),
        Question(
            "the address in Location",
            "upload session",
            "The Location of a session has a long query. What does a client do with it?",
            (
                Choice("send to it as it is, and append digest= with ? or &, whichever fits"),
                Choice(
                    "keep only its path, because the session's identifier is in the path",
                    "The query can hold what the registry needs to find the session. It belongs to the address.",
                ),
                Choice(
                    "always append ?digest=",
                    "A second question mark makes the digest a part of the value before it.",
                ),
                Choice(
                    "build the address from Docker-Upload-UUID, because the path is always the same",
                    "The path can be any path, and even another host. That header is for people who read logs.",
                ),
            ),
            "A Location is opaque: only the registry knows what its parts mean. The first request lacks the query, the "
            "second has two question marks, the third follows the Location.",
            changed_locations,
        ),
    ),
)
