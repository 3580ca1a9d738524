"""Lesson 10: an SBOM and a signature for an image, the list of referrers, and registries that have no such list."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from regtutor.content.image import Document
from regtutor.content.sample.image import sample_image
from regtutor.exchange import Exchange
from regtutor.lessons.artifact_scenes import attach
from regtutor.lessons.artifacts import EMPTY, artifact_of, descriptor, sbom_of, signature_of
from regtutor.lessons.evidence import Evidence, Stage, field_of
from regtutor.lessons.lesson import Choice, Lesson, Point, Prediction, Question, Task, point
from regtutor.lessons.push_points import brought_by
from regtutor.protocol.referrers import referrers_tag
from regtutor.steps import draft, get_manifest, put_manifest
from regtutor.walks.pushing import push_image

HELLO, GONE = "hello", "gone"
TAG = "v1"
IMAGE = sample_image()
SBOM = sbom_of(IMAGE)
LISTED = artifact_of(SBOM, IMAGE.manifest)
LIST_TAG = referrers_tag(IMAGE.digest)


def scene(stage: Stage) -> None:
    """Push the image to ``{me}/hello``."""
    if stage.digest(HELLO, TAG) is None:
        push_image(stage.reg, IMAGE, stage.repository(HELLO), TAG, progress=False)


def two_blobs(seen: Evidence) -> Iterator[Point]:
    """The SBOM and the empty config, as blobs of ``{me}/hello``."""
    for name, blob in (("the SBOM", SBOM), ("the empty config {}", EMPTY)):
        there = seen.has_blob(HELLO, blob.digest)
        got = [each for each in seen.sent(to=HELLO) if brought_by(each) == blob.digest]
        where = got[-1] if got else seen.attempt.latest("put_blob", digest=blob.digest)
        missing = "has {}, but you have not uploaded it yourself." if there else "does not have {}."
        missing = f"{seen.repository(HELLO)} {missing.format(name)}"
        yield point(there and got, f"{seen.repository(HELLO)} has {name}: {blob.size} bytes.", missing, where)


def sbom_attached(seen: Evidence) -> Iterator[Point]:
    """A manifest with the SBOM as its layer and the image as its subject, in ``{me}/hello``."""
    pushed = [each for each in seen.sent("put_manifest", to=HELLO, status=201) if not _faults(each, SBOM)]
    if pushed:
        yield Point(True, "The manifest has an artifactType, the SBOM as its layer, and the image as its subject.")
        yield _stored(seen, pushed[-1])
        return
    last = seen.attempt.latest("put_manifest", to=HELLO)
    yield Point(False, _why_not(last, SBOM), last)


def _why_not(last: Exchange | None, layer: Document) -> str:
    if last is None:
        return "No manifest was sent to this repository."
    if last.status != 201:
        return f"The response was {last.status}: {last.meaning}."
    return " ".join(_faults(last, layer))


def _faults(exchange: Exchange, layer: Document) -> list[str]:
    """Name everything that a pushed manifest lacks, to be an artifact of the image with this layer."""
    fields = _json(exchange.request.body.preview)
    subject = _digest(fields.get("subject"))
    faults = []
    kind = fields.get("artifactType")
    if not kind:
        faults.append("The manifest has no artifactType.")
    elif kind != layer.media_type:
        faults.append(f"Its artifactType is {kind}. The type of what you attach is {layer.media_type}.")
    if not fields.get("subject"):
        faults.append("The manifest has no subject, so it belongs to nothing.")
    elif subject is None:
        faults.append("The subject is not a descriptor: an object with media type, digest and size.")
    elif subject == IMAGE.config.digest:
        faults.append("The subject is the config of the image. It must be a manifest.")
    elif subject != IMAGE.digest:
        faults.append("The subject is another manifest than that of the image.")
    elif fields["subject"] != descriptor(IMAGE.manifest):
        faults.append("The media type or the size in the subject is not that of the manifest.")
    if layer.digest not in _digests(fields.get("layers")):
        faults.append("The artifact itself is not one of its layers.")
    return faults


def _json(data: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(data)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _stored(seen: Evidence, pushed: Exchange) -> Point:
    return point(_is_stored(seen, pushed), "The registry has it.", "The registry does not have it.", pushed)


def _is_stored(seen: Evidence, pushed: Exchange) -> bool:
    return seen.manifest(HELLO, pushed.request.body.digest or "") is not None


def both_listed(seen: Evidence) -> Iterator[Point]:
    """The list of the older registry, with the SBOM that was there and with the signature."""
    older = seen.at("older")
    sent = older.sent("put_manifest", to=HELLO, status=201) if older is not None else []
    lists = [each for each in sent if field_of(each, "reference") == LIST_TAG]
    if not lists:
        last = sent[-1] if sent else seen.attempt.latest("put_manifest")
        yield Point(False, f"No list was sent to older under the tag {LIST_TAG[:19]}...", last)
        return
    now = older.manifest(HELLO, LIST_TAG) if older is not None else None
    if now is None:
        yield Point(False, "There is no list under the tag any more. Send it once more.", lists[-1])
        return
    names = _listed(now.content)
    text = "The signature is not in the list that is there now."
    signed = {each.request.body.digest for each in sent if not _faults(each, signature_of(IMAGE))}
    yield point(signed & set(names), "The signature is in the list.", text, lists[-1])
    text = "The SBOM is no longer in the list: you have replaced the list of somebody else."
    yield point(LISTED.digest in names, "The SBOM is still in the list.", text, lists[-1])


def _listed(data: bytes) -> list[str]:
    """The digests in an index."""
    return _digests(_json(data).get("manifests"))


def _digests(descriptors: object) -> list[str]:
    found = map(_digest, descriptors) if isinstance(descriptors, list) else ()
    return [each for each in found if each is not None]


def _digest(descriptor: object) -> str | None:
    value = descriptor.get("digest") if isinstance(descriptor, dict) else None
    return value if isinstance(value, str) else None


def nothing_left(seen: Evidence) -> Iterator[Point]:
    """The image and its SBOM deleted from ``{me}/gone``, with requests of the learner."""
    for name, digest in (("The image", IMAGE.digest), ("The SBOM", LISTED.digest)):
        deleted = seen.latest("delete_manifest", to=GONE, reference=digest, status=202)
        left = seen.manifest(GONE, digest)
        last = deleted or seen.attempt.latest("delete_manifest", "delete_blob", to=GONE)
        met = deleted is not None and left is None
        yield point(met, f"{name} is deleted.", f"{name} is still there: {digest[:19]}...", last)


def signature_found(seen: Evidence) -> Iterator[Point]:
    """A signature of the image in ``{me}/hello``, and a list that names it."""
    layer = signature_of(IMAGE)
    sent = seen.sent("put_manifest", to=HELLO, status=201)
    good = [each for each in sent if not _faults(each, layer) and _is_stored(seen, each)]
    if not good:
        last = seen.attempt.latest("put_manifest", to=HELLO)
        yield Point(False, _why_not(last, layer), last)
        return
    yield Point(True, "The signature has the image as its subject.", good[-1])
    digests = {each.request.body.digest for each in good}
    found = [each for each in seen.after(good[0]) if _is_list(each) and not seen.is_beside(each)]
    named = [each for each in found if digests & set(_listed(each.content))]
    text = "No list of referrers that you have read names it."
    shown = named or found
    yield point(named, "A list of referrers names it.", text, shown[-1] if shown else None)


def _is_list(exchange: Exchange) -> bool:
    """Whether the exchange read the referrers of the image, from the API or from the tag."""
    if exchange.method != "GET" or exchange.status != 200:
        return False
    if exchange.request_name == "get_referrers":
        return field_of(exchange, "digest") == IMAGE.digest
    return field_of(exchange, "reference") == LIST_TAG


def changed_image(stage: Stage) -> list[Exchange]:
    """The image as it is, and the image with the signature inside."""
    repository = stage.scratch()
    push_image(stage.reg, IMAGE, repository, TAG, progress=False)
    fields = {**json.loads(IMAGE.manifest.data), "annotations": {"org.example.signature": "..."}}
    inside = json.dumps(fields, indent=2).encode()
    return [get_manifest(stage.reg, repository, TAG), put_manifest(stage.reg, repository, "signed", inside)]


def subject_later(stage: Stage) -> list[Exchange]:
    """An artifact whose subject is not there, then a manifest whose layer is not there."""
    repository = stage.scratch()
    for blob in (EMPTY, SBOM):
        stage.upload(repository, blob)
    told = [put_manifest(stage.reg, repository, LISTED.digest, LISTED)]
    return [*told, put_manifest(stage.reg, repository, TAG, IMAGE.manifest)]


def pulled_by_tag(stage: Stage) -> list[Exchange]:
    """The manifest of an image before and after an artifact was attached to it."""
    repository = stage.scratch()
    push_image(stage.reg, IMAGE, repository, TAG, progress=False)
    before = get_manifest(stage.reg, repository, TAG)
    attach(stage, repository, SBOM, IMAGE.manifest)
    unchanged = {"If-None-Match": f'"{IMAGE.digest}"'}
    return [before, stage.reg.send(draft(get_manifest, repository, TAG).edit(headers=unchanged))]


_NO_API = (
    "404, and a body that is not JSON: this registry has no such endpoint. It is older than version 1.1 of the "
    "specification. The section about an older registry below is about this one too."
)

LESSON = Lesson(
    scene=scene,
    predictions=(
        Prediction(
            "an image without artifacts",
            "referrers",
            of="get_referrers",
            status={"embedded": 200, "distribution": 404},
            why={200: "An empty list is a list: 200, with an index that names nothing.", 404: _NO_API},
            repository=HELLO,
        ),
        Prediction(
            "a manifest with a subject",
            "referrers",
            of="put_manifest",
            status=201,
            why={
                201: "Look for the header OCI-Subject. If it is there, the registry has read the subject and lists "
                "this manifest. If it is not, the registry has stored the bytes, and does not list them.",
                400: "Nothing was stored. The errors in the response say what is wrong with the manifest, or which of "
                "its blobs you still have to send.",
            },
            repository=HELLO,
            headers=("OCI-Subject",),
        ),
        Prediction(
            "another type",
            "referrers",
            of="get_referrers",
            status={"embedded": 200, "distribution": 404},
            why={
                200: "The list is empty, and OCI-Filters-Applied says why. A registry may ignore the filter: without "
                "this header the client must filter by itself.",
                404: _NO_API,
            },
            repository=HELLO,
        ),
        Prediction(
            "an older registry",
            "referrers tag",
            of="get_referrers",
            status=404,
            why="The same request, and no list. A client must not conclude from this that the image has no SBOM.",
            repository=HELLO,
        ),
        Prediction(
            "the SBOM of a deleted image",
            "delete",
            of="get_manifest",
            status=200,
            why="A subject is a reference from the artifact to the image. Nothing leads from the image to the "
            "artifact, so DELETE removes the image alone.",
            repository=GONE,
        ),
    ),
    tasks=(
        Task(
            "two blobs",
            "artifacts",
            two_blobs,
            (
                "How did you upload a layer in lesson 01? The registry does not look into a blob.",
                "EMPTY is a blob too, of two bytes. Each blob needs a session of its own.",
                'rt.put_blob(reg, rt.start_upload(reg, f"{me}/hello").location, sbom), and the same with EMPTY',
            ),
            "A blob is bytes. The registry does not look into it, so it stores an SBOM as it stores a layer.",
        ),
        Task(
            "an SBOM for the image",
            "artifacts",
            sbom_attached,
            (
                "Which of the descriptors that you have seen names the image: its tag, its config or its manifest?",
                "descriptor(...) makes a descriptor. An image has .manifest and .config.",
                '{"artifactType": "application/spdx+json", "subject": descriptor(image.manifest)}',
            ),
            "It has no tag, and needs none. It was pushed after the image, and the digest of the image is as before.",
        ),
        Task(
            "two in one list",
            "referrers tag",
            both_listed,
            (
                "What happens to the old index when you PUT a new one under the same tag?",
                'listed.json() has the old entries. Append descriptor(signed) to its "manifests", and send all of it.',
                'index = listed.json(); index["manifests"].append(descriptor(signed)); then rt.put_manifest(older, '
                'f"{me}/hello", tag, written(index))',
            ),
            "Read, append, write: two clients that do this at the same time lose an entry. The referrers API has no "
            "such race, because the registry makes the list.",
        ),
        Task(
            "leave nothing behind",
            "delete",
            nothing_left,
            (
                "Which digest does the list of referrers name?",
                "rt.delete_manifest(reg, repository, reference) takes a digest.",
                'rt.delete_manifest(reg, f"{me}/gone", sbom_digest)',
            ),
            "Delete the artifacts first and then the image: few tools ask for the referrers of an image that is gone. "
            "Where clients keep the list, its entry is still there, and you must remove it too.",
            walks=True,
        ),
        Task(
            "a signature",
            "artifacts",
            signature_found,
            (
                "Which four requests attached the SBOM, and which one finds it?",
                "Two blobs, then a manifest by its digest. Without OCI-Subject in the response, you write the list.",
                "rt.list_referrers(reg, repository, image.digest) reads the list, wherever it is.",
            ),
            "cosign and notation do this. Their next step is the one that counts: to verify the signature with a key "
            "that you trust. Anybody who may push can attach an artifact.",
            from_memory=True,
            walks=True,
        ),
    ),
    questions=(
        Question(
            "why not inside",
            "artifacts",
            "Why is a signature not stored in the manifest of the image?",
            (
                Choice(
                    "a registry accepts only layers that are archives of files",
                    "A registry accepts any bytes as a blob, and any media type as a layer.",
                ),
                Choice("the manifest would have another digest, and the signature signs the digest"),
                Choice(
                    "a manifest must not have any other fields",
                    "A manifest can have annotations: the registry has stored this one.",
                ),
            ),
            "The second manifest has one annotation more. It has another digest, so it is another image, and the "
            "signature in it is for the first one.",
            changed_image,
            headers=("Docker-Content-Digest",),
        ),
        Question(
            "no such subject",
            "referrers",
            "You push an artifact whose subject is not in the repository. What does the registry do?",
            (
                Choice(
                    "it refuses: everything that a manifest names must be there",
                    "That holds for config and layers. The subject is the exception.",
                ),
                Choice("it accepts it"),
                Choice(
                    "it fetches the subject from where the artifact comes from",
                    "A registry never fetches what a manifest names. The client sends everything.",
                ),
            ),
            "A registry must accept a subject that does not exist, or does not exist yet. A missing layer is refused.",
            subject_later,
            headers=("OCI-Subject",),
        ),
        Question(
            "an image with artifacts",
            "referrers",
            "An image has an SBOM and a signature. What does docker pull fetch of them?",
            (
                Choice("nothing"),
                Choice(
                    "both, because they belong to the image",
                    "They name the image. The image does not name them.",
                ),
                Choice(
                    "the signature, because a pull verifies it",
                    "A pull verifies digests. To verify a signature is another command, or a rule in the cluster.",
                ),
            ),
            "A pull follows the digests downwards from the manifest, and it is the same manifest before and after: to "
            "the second request the registry responds that nothing has changed.",
            pulled_by_tag,
            headers=("Etag",),
        ),
    ),
)
