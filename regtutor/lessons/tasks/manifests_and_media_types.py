"""Lesson 06: the formats of manifests, how client and registry agree on one, and several platforms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from regtutor.content.sample.image import sample_image, sample_index
from regtutor.exchange import Exchange
from regtutor.lessons.docker_form import docker_form
from regtutor.lessons.evidence import SENT_BY_A_STEP, Evidence, Stage, endpoint_of, field_of
from regtutor.lessons.formats_on_the_wire import (
    HELLO,
    both_formats,
    furnish,
    indexes_and_platforms,
    three_formats,
    two_accepts,
)
from regtutor.lessons.lesson import Choice, Lesson, Point, Prediction, Question, Task
from regtutor.protocol.digests import sha256
from regtutor.protocol.media_types import (
    DOCKER_CONFIG,
    DOCKER_MANIFEST,
    OCI_MANIFEST,
    kind_of,
)
from regtutor.steps import put_manifest

DOCKER = "docker"
MULTI = "multi"
MEMORY = "memory"


def scene(stage: Stage) -> None:
    """Fill three repositories of the learner.

    ``{me}/hello`` has the sample as ``v1``, ``{me}/docker`` has it in Docker's form, and ``{me}/multi`` has the blobs
    of both platforms and no manifest.
    """
    image = sample_image()
    if stage.digest(HELLO, "v1") != image.digest:
        for blob in sample_index().blobs:
            stage.upload(stage.repository(HELLO), blob)
        put_manifest(stage.reg, stage.repository(HELLO), "v1", image.manifest)
    if stage.digest(DOCKER, "v1") is None:
        for blob in image.blobs:
            stage.upload(stage.repository(DOCKER), blob)
        old = docker_form(image.manifest.data)
        put_manifest(stage.reg, stage.repository(DOCKER), "v1", old, media_type=DOCKER_MANIFEST)
    if not stage.has_blob(MULTI, sample_index().blobs[-1].digest):
        furnish(stage, stage.repository(MULTI))


def for_docker(seen: Evidence) -> Iterator[Point]:
    """The sample as Schema 2, under the tag ``docker``."""
    wanted = sha256(docker_form(sample_image().manifest.data))
    last = seen.attempt.latest("put_manifest")
    if seen.digest(HELLO, "docker") == wanted:
        put = seen.latest("put_manifest", to=HELLO, reference="docker", status=201)
        yield Point(True, "The registry stored the manifest in Schema 2, with the media type of Schema 2.", put)
    elif last is None:
        yield Point(False, "No manifest has been sent yet.")
    elif field_of(last, "repository") != seen.repository(HELLO):
        yield Point(
            False, f"It went to {field_of(last, 'repository')}. The blobs are in {seen.repository(HELLO)}.", last
        )
    elif last.status != 201:
        kind = last.request_headers.get("Content-Type", "none")
        yield Point(False, f"The response was {last.status}. The Content-Type was: {kind}.", last)
    else:
        yield Point(False, _not_for_docker(seen, seen.manifest(HELLO, "docker")), last)


def _not_for_docker(seen: Stage, stored: Exchange | None) -> str:
    if stored is None:
        return f"The manifest is stored, but {seen.repository(HELLO)} has no tag docker."
    manifest: Mapping[str, Any] = stored.json()
    if stored.headers.get("Content-Type") != DOCKER_MANIFEST:
        return f"{seen.repository(HELLO)}:docker is an OCI manifest. Send docker."
    if manifest["config"].get("mediaType") != DOCKER_CONFIG:
        return "It is a Docker manifest, but its config still has OCI's media type. Send docker, unchanged."
    return "It is a Docker manifest with other bytes. Send docker, unchanged."


def for_any_registry(seen: Evidence) -> Iterator[Point]:
    """A GET of ``v1`` that no step built, and whose ``Accept`` names the type of an OCI manifest."""
    names = ("v1", sample_image().digest)
    sent = [got for got in seen.sent("get_manifest", to=HELLO, status=200) if field_of(got, "reference") in names]
    good = [got for got in sent if seen.is_by_hand(got) and OCI_MANIFEST in _accepted(got)]
    if good:
        yield Point(True, "Your own request names the type that it can read, and the manifest came.", good[-1])
        return
    last = seen.attempt.exchanges[-1] if seen.attempt.exchanges else None
    if last is None or endpoint_of(last) not in ("get_manifest", "head_manifest"):
        yield Point(False, "No GET of the manifest has been sent yet.", last)
    elif not seen.is_by_hand(last):
        yield Point(False, SENT_BY_A_STEP, last)
    elif "Content-Type" in last.request_headers:
        yield Point(
            False, "A Content-Type describes a body, and a GET has none. Which header is for the response?", last
        )
    elif OCI_MANIFEST not in _accepted(last):
        named = ", ".join(last.request_headers.all("Accept")) or "none"
        yield Point(False, f"Its Accept ({named}) does not name the type of an OCI manifest.", last)
    elif last.method != "GET":
        yield Point(False, f"It was a {last.method}, so the manifest did not come. Send a GET.", last)
    elif last.status == 200:
        yield Point(False, f"It was for another manifest than {seen.repository(HELLO)}:v1.", last)
    else:
        yield Point(False, f"The response to {last.method} {last.target} was {last.status}.", last)


def _accepted(exchange: Exchange) -> list[str]:
    """Return the media types that the request names in Accept, without their parameters."""
    named = ",".join(exchange.request_headers.all("Accept")).lower().split(",")
    return [each.partition(";")[0].strip() for each in named]


def index_pushed(seen: Evidence) -> Iterator[Point]:
    """The index of the sample, as ``{me}/multi:v1``."""
    yield from _index(seen, MULTI, "v1")
    yield from _by_walk(seen, MULTI, "v1")


def _by_walk(seen: Evidence, name: str, tag: str) -> Iterator[Point]:
    """Yield a point if the index is there, and no request of the learner's has put it there."""
    index = sample_index(tag)
    puts = seen.sent("put_manifest", to=name, reference=tag, status=201)
    if seen.digest(name, tag) == index.digest and all(put.request.body.digest != index.digest for put in puts):
        yield Point(False, "You have not sent it yourself: put the manifests, and then the index.")


def _index(seen: Evidence, name: str, tag: str) -> Iterator[Point]:
    index, repository = sample_index(tag), seen.repository(name)
    digest, last = seen.digest(name, tag), seen.attempt.latest("put_manifest", to=name)
    if digest == index.digest:
        put = seen.latest("put_manifest", to=name, reference=tag, status=201)
        yield Point(True, f"{repository}:{tag} is the index, and the registry has both manifests that it lists.", put)
    elif last is not None and last.status != 201:
        yield Point(False, _refused(last, repository), last)
    elif digest is None:
        yield Point(False, f"{repository} has no tag {tag} yet.", last)
    elif digest in [image.digest for image in index.images]:
        yield Point(False, f"{repository}:{tag} is the manifest for one platform, not the index.", last)
    else:
        yield Point(False, f"{repository}:{tag} is something else than the index: {digest}.", last)


def _refused(put: Exchange, repository: str) -> str:
    kind = put.request_headers.get("Content-Type", "none")
    if "MANIFEST_BLOB_UNKNOWN" in put.codes:
        missing = "manifests" if kind_of(kind) == "index" else "blobs"
        return f"It was refused: {repository} does not have the {missing} that it lists, and so has no tag for it."
    if kind_of(kind) == "manifest":
        return "It was refused: the body is an index, but the request has the media type of a manifest."
    return f"It was refused with {put.status}. The Content-Type was: {kind}."


def from_memory(seen: Evidence) -> Iterator[Point]:
    """The index ``v2`` in ``{me}/memory``, and a GET of its manifest for linux/arm64."""
    points = list(_index(seen, MEMORY, "v2"))
    yield from points
    if not all(each.met for each in points):
        return
    yield from _by_walk(seen, MEMORY, "v2")
    wanted = {image.digest: image.platform for image in sample_index("v2").images}
    got = [each for each in seen.sent("get_manifest", to=MEMORY, status=200) if each.response]
    bodies = [each.response.body.digest for each in got if each.response]
    arm64 = [each for each, body in zip(got, bodies, strict=True) if "arm64" in str(wanted.get(body or ""))]
    if arm64:
        yield Point(True, "You fetched the manifest for linux/arm64.", arm64[-1])
        return
    last = seen.attempt.latest("get_manifest", to=MEMORY)
    body = last.response.body.digest if last is not None and last.response is not None else None
    if last is None:
        yield Point(False, "The manifest for linux/arm64 was not fetched yet.")
    elif body in wanted:
        yield Point(False, f"You fetched the manifest for {wanted[body]}.", last)
    elif last.status == 200:
        yield Point(False, "Your GET returned the index. The digest of the manifest is in it.", last)
    else:
        yield Point(False, f"The GET was refused: {last.meaning}.", last)


LESSON = Lesson(
    scene=scene,
    predictions=(
        Prediction(
            "the wrong label",
            "media types",
            of="put_manifest",
            status=400,
            why="The header and the body name different formats, and the registry does not guess which is right. "
            "Nothing was stored. A client that always sends the same Content-Type fails with the next format.",
            repository=HELLO,
        ),
        Prediction(
            "only Docker's type",
            "media types",
            of="get_manifest",
            status=404,
            why="The tag exists, but not in a format that this client can read. The registry does not translate OCI "
            "into Docker's format: that would be other bytes, with another digest.",
            repository=HELLO,
        ),
        Prediction(
            "anything",
            "media types",
            of="get_manifest",
            status={"embedded": 200, "distribution": 404},
            why={
                200: "Any type is fine for this client, so it gets the manifest as it was pushed.",
                404: "This registry sends an OCI manifest only to a client that names the type: to it, */* is an old "
                "client that does not know OCI. The message in the body says so.",
            },
            repository=HELLO,
        ),
        Prediction(
            "only OCI's type",
            "media types",
            of="get_manifest",
            status={"embedded": 404, "distribution": 200},
            why={
                404: "The mirror image of before: the registry has a Docker manifest, and the client does not read it.",
                200: "That is what 200 should mean. But look at the Content-Type: something else was pushed. The "
                "registry rewrote the manifest as a signed Schema 1, which this client did not ask for either. Its "
                "digest is another one, and a DELETE with that digest is a 404 (distribution#1579).",
            },
            repository=DOCKER,
        ),
        Prediction(
            "the oldest format",
            "media types",
            of="put_manifest",
            status=400,
            why="Schema 1 named no config, and described the image in strings of JSON inside JSON. Registries have "
            "given it up, and this registry does not accept it either.",
            repository=HELLO,
        ),
        Prediction(
            "an index first",
            "platforms",
            of="put_manifest",
            status=400,
            why="One error for each manifest that is missing. The code says BLOB although manifests are missing. An "
            "index is to its manifests what a manifest is to its blobs: it comes last.",
            repository="early",
        ),
        Prediction(
            "a client that reads no index",
            "platforms",
            of="get_manifest",
            status=404,
            why="The tag points to an index, and this client cannot read it. The registry does not know on which "
            "machine the client runs, so it does not choose.",
            repository=MULTI,
        ),
    ),
    tasks=(
        Task(
            "the same image for Docker",
            "media types",
            for_docker,
            (
                "Which format has docker, and which header says so?",
                "rt.put_manifest has an argument media_type=. For bytes it is that of OCI, if you give none.",
                'pushed = rt.put_manifest(reg, f"{me}/hello", "docker", docker, media_type=DOCKER_MANIFEST)',
            ),
            "No blob was sent: both manifests name the same ones. Only media types differ, and so the digests do.",
        ),
        Task(
            "a request for any registry",
            "media types",
            for_any_registry,
            (
                "Which header of a GET tells the registry what the client can read?",
                "Accept must name the type itself. In a line with !, {OCI_MANIFEST} stands for its value.",
                '!curl -sS -i --no-styled-output -H "Accept: {OCI_MANIFEST}" {url}/v2/{me}/hello/manifests/v1',
            ),
            "A client that reads several formats names all of them, as a step does. Then it gets the stored one.",
        ),
        Task(
            "an index",
            "platforms",
            index_pushed,
            (
                "What must the repository have before it accepts the index?",
                "A manifest can be put under its own digest instead of a tag: child.digest is the reference.",
                'for child in index.images: rt.put_manifest(reg, f"{me}/multi", child.digest, child.manifest). After '
                "that, index.manifest with the tag v1.",
            ),
            "One tag, two images. The manifests have no tag of their own: the index finds them by their digests.",
        ),
        Task(
            "two platforms from memory",
            "platforms",
            from_memory,
            (
                "Three kinds of things are pushed here. Which comes first, and which last?",
                'With second = rt.sample_index("v2"): second.blobs, then the manifest of each of second.images, then '
                "second.manifest. The digest for linux/arm64 is in the index.",
                'For the GET: entries = rt.get_manifest(reg, f"{me}/memory", "v2").json()["manifests"]; then '
                'rt.get_manifest with the "digest" of the entry for arm64.',
            ),
            "Whatever machine this is: the manifest for arm64 came because you asked for it.",
            from_memory=True,
        ),
    ),
    questions=(
        Question(
            "one image, two formats",
            "media types",
            "The same image is in one repository as OCI and as Docker. What does the registry hold twice?",
            (
                Choice(
                    "the layers, the config and the manifest",
                    "A blob is stored once, under its digest. It has the same bytes whatever a manifest calls it.",
                ),
                Choice("the manifest only"),
                Choice(
                    "the config and the manifest, because both have a media type",
                    "The media type of the config is in the manifest, not in the config. Its bytes are the same.",
                ),
                Choice(
                    "nothing, because it is the same image",
                    "The bytes of the manifests are different, so they have different digests.",
                ),
            ),
            "Two manifests, two digests, and no upload between them.",
            both_formats,
            ("Docker-Content-Digest",),
        ),
        Question(
            "a tag that exists",
            "media types",
            "A script gets 404 MANIFEST_UNKNOWN for a tag that tags/list lists. What do you look at first?",
            (
                Choice("the Accept of its request"),
                Choice(
                    "the Content-Type of its request",
                    "A Content-Type describes a body, and a GET has none.",
                ),
                Choice(
                    "its password",
                    "Without the right to pull, the status would be 401, or 403 on some registries.",
                ),
                Choice(
                    "the time: the tag is perhaps too new",
                    "A manifest can be fetched as soon as its PUT was a 201.",
                ),
            ),
            "The first Accept names Docker's type only, the second OCI's type as well.",
            two_accepts,
            ("Content-Type",),
        ),
        Question(
            "only schema2-v1",
            "media types",
            "Take the sentence of 2018 for what it most likely means: only Schema 1 can be pushed. What is true today?",
            (
                Choice("it is still so", "It is the reverse: Schema 1 is the format that is refused."),
                Choice("Schema 1 is refused; Schema 2 and OCI are accepted"),
                Choice(
                    "only OCI is accepted",
                    "Docker's Schema 2 is not OCI, but registries accept and keep it as it is.",
                ),
                Choice(
                    "all three are accepted",
                    "Schema 1 could be pushed for some years beside the others. Distribution has refused it by default "
                    "since version 2.7, and version 3 has no code for it any more.",
                ),
            ),
            "Schema 1, Schema 2 and OCI, each with its own media type.",
            three_formats,
            ("Docker-Content-Digest",),
        ),
        Question(
            "the choice of a platform",
            "platforms",
            "A tag points to an index. Does the client choose the platform, or the registry?",
            (
                Choice(
                    "the registry, from the User-Agent",
                    "A User-Agent names a program. The machine that pulls need not be the one that runs the image.",
                ),
                Choice(
                    "the registry, from the Accept",
                    "An Accept lists formats. No media type has a platform in it.",
                ),
                Choice("the client: it reads the index and asks for one manifest by its digest"),
                Choice(
                    "the person who pulls, with a tag for each platform",
                    "Before there were indexes, people did that. An index gives all platforms one tag.",
                ),
            ),
            "First an Accept without an index, then with one, then the chosen manifest. The last request is for a "
            "Docker manifest list, by a client that does not read lists: there, CNCF Distribution 2.8 sends the "
            "manifest for linux/amd64, whatever the machine is. Other registries respond with 404.",
            indexes_and_platforms,
            ("Content-Type",),
        ),
    ),
)
