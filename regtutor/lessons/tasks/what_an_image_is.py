"""Lesson 03: the parts of an image, and an image built by hand."""

from __future__ import annotations

from collections.abc import Iterator

from regtutor.content.sample.image import sample_image, sample_index
from regtutor.lessons.evidence import Evidence, Stage, endpoint_of, field_of
from regtutor.lessons.image_points import bytes_changed, fitting, typed, unpacked
from regtutor.lessons.images_on_the_wire import (
    HELLO,
    digest_and_diff_id,
    index_and_child,
    manifest_and_config,
    two_digests,
)
from regtutor.lessons.lesson import Choice, Lesson, Point, Prediction, Question, Task, point
from regtutor.lessons.push_points import SENT, brought_by
from regtutor.protocol.media_types import OCI_LAYER
from regtutor.protocol.text import listed
from regtutor.steps import put_manifest

MINE = "mine"
MEMORY = "memory"
GREETING = "etc/greeting"

_VERSIONS = tuple(f"v{number}" for number in range(1, 10))
_SAMPLES_OF_ALL_VERSIONS = {layer.digest for version in _VERSIONS for layer in sample_index(version).layers}
_SAMPLE_DIGESTS = {layer.digest for layer in sample_index().layers}


def scene(stage: Stage) -> None:
    """The sample for two platforms, as ``{me}/hello:v1``; nothing is sent if it is there."""
    index, repository = sample_index(), stage.repository(HELLO)
    if stage.digest(HELLO, "v1") == index.digest:
        return
    for blob in index.blobs:
        stage.upload(repository, blob)
    for image in index.images:
        put_manifest(stage.reg, repository, image.digest, image.manifest)
    put_manifest(stage.reg, repository, "v1", index.manifest)


def manifest_of_a_platform(seen: Evidence) -> Iterator[Point]:
    """The manifest of the platform of this machine, by its digest."""
    image = sample_image()
    got = seen.latest("get_manifest", to=HELLO, reference=image.digest, status=200)
    if got is not None:
        yield Point(True, f"You fetched the manifest for {image.platform}, by its digest.", got)
        return
    last = seen.attempt.latest(to=HELLO)
    if last is None:
        yield _no_reference(seen)
    elif endpoint_of(last) == "head_manifest":
        yield Point(False, "It was a HEAD: the response has no body, so there is nothing to read.", last)
    elif endpoint_of(last) in ("get_blob", "head_blob"):
        yield Point(False, "A manifest is not a blob: it has a path of its own, with /manifests/.", last)
    elif last.status == 404:
        yield Point(
            False, "There is no such manifest. The tag is v1, and it points to the index, which has the digest.", last
        )
    elif field_of(last, "reference") in [child.digest for child in sample_index().images]:
        yield Point(False, "This is the manifest of the image for another platform.", last)
    else:
        yield Point(False, "The tag points to the index. The digest of the manifest is inside the index.", last)


def _no_reference(seen: Evidence) -> Point:
    repository = seen.repository(HELLO)
    odd = [each for each in seen.attempt.exchanges if f"/{repository}/manifests/" in each.target]
    if not odd:
        return Point(False, f"No request for a manifest in {repository} has been sent yet.")
    given = odd[-1].target.partition("/manifests/")[2]
    return Point(False, f"{given} is no tag and no digest. The digest is in the index, beside the platform.", odd[-1])


def config_fetched(seen: Evidence) -> Iterator[Point]:
    """The config, as a blob."""
    configs = {image.config.digest for image in sample_index().images}
    got = [each for each in seen.sent("get_blob", to=HELLO, status=200) if field_of(each, "digest") in configs]
    if got:
        yield Point(True, "You fetched the config, as a blob.", got[-1])
        return
    last = seen.attempt.latest(to=HELLO)
    if last is None:
        yield Point(False, f"No request for the config in {seen.repository(HELLO)} has been sent yet.")
    elif "manifest" in endpoint_of(last):
        yield Point(False, "A config is not under manifests: only manifests and indexes are there.", last)
    elif endpoint_of(last) == "head_blob":
        yield Point(False, "A HEAD says that it exists, and does not send its bytes.", last)
    elif field_of(last, "digest") in _SAMPLE_DIGESTS:
        yield Point(False, "You fetched a layer. The digest of the config is in the manifest, under config.", last)
    else:
        yield Point(False, "This was not the digest of the config, which is in the manifest, under config.", last)


def one_byte(seen: Evidence) -> Iterator[Point]:
    """A blob that differs from the program's layer in one byte, stored under its own digest."""
    layer = sample_image().layers[1]
    original = layer.open().read()
    stored = [put for put in seen.sent(*SENT, to=HELLO, status=201) if seen.bytes_of(put) == layer.size]
    good = [put for put in stored if bytes_changed(seen, HELLO, field_of(put, "digest") or "", original) == 1]
    if good:
        yield Point(True, "The blob that you sent differs in one byte, and has another digest.", good[-1])
        whole = seen.digest_of_blob(HELLO, layer.digest) == layer.digest
        yield point(whole, "The original is still there, under its own digest.", "The original is gone.")
        return
    last = seen.attempt.latest(*SENT, to=HELLO)
    if last is None:
        yield Point(False, f"No blob was sent to {seen.repository(HELLO)} yet.")
    elif last.status != 201:
        yield Point(False, f"The response was {last.status}. Let the digest be that of the changed bytes.", last)
    elif field_of(last, "digest") == layer.digest:
        yield Point(False, "This is the layer itself: it is unchanged.", last)
    else:
        count = seen.bytes_of(last)
        yield Point(False, f"The blob has {count} bytes, but what changed is not one byte of the layer.", last)


def by_hand(seen: Evidence) -> Iterator[Point]:
    """An image with the program's layer and a layer of the learner's, whose config fits."""
    image = yield from unpacked(seen, MINE, "v1")
    if image is None:
        return
    sent = {brought_by(each) for each in seen.sent(to=MINE)}
    own = [layer for layer in image.layers if layer.digest in sent and layer.digest not in _SAMPLES_OF_ALL_VERSIONS]
    yield point(own, "It has a layer that you made.", "It has no layer of yours: all layers are those of the sample.")
    if not own:
        return
    yield from fitting(image)
    files = {path.removeprefix("./").lstrip("/") for path in image.files}
    yield point(GREETING in files, f"Its files have your {GREETING}.", f"None of its layers has a file {GREETING}.")
    started = [word.lstrip("/") for word in image.command[:1]]
    yield point(
        started and started[0] in files,
        f"The config starts {' '.join(image.command)}, and a layer has that file.",
        f"The config starts a program that no layer has: {image.command[0]}."
        if started
        else "The config starts no program: its field config has no Entrypoint that is a list.",
    )


def does_not_fit(seen: Evidence) -> Iterator[Point]:
    """The tag ``broken``: an accepted manifest whose config has other diff IDs than its layers."""
    image = yield from unpacked(seen, MINE, "broken")
    if image is not None:
        if not any(layer.listed for layer in image.layers):
            yield Point(False, "The config lists no diff IDs at all. It must list those that some tools wrote.")
            return
        wrong = [str(number) for number, layer in enumerate(image.layers, 1) if not layer.fits]
        misfit = f"layer{'s' * (len(wrong) > 1)} {listed(wrong)}" if wrong else "the number of layers"
        yield point(
            not image.fits,
            f"The config does not fit {misfit}, and the registry has accepted it.",
            "The diff IDs fit the layers. Change the config, and name the changed config in the manifest.",
        )


def from_memory(seen: Evidence) -> Iterator[Point]:
    """``{me}/memory:v1``: one uncompressed layer with one file, and a config that fits."""
    image = yield from unpacked(seen, MEMORY, "v1")
    if image is None:
        return
    count = len(image.layers)
    yield point(count == 1, "It has one layer.", f"It has {count} layers. One is enough.")
    if count != 1:
        return
    layer = image.layers[0]
    plain = layer.digest == layer.diff_id
    yield point(plain, "It is not compressed: its digest is its diff ID.", "It is compressed: send the archive itself.")
    yield point(len(layer.files) == 1, "It has one file.", f"It has {len(layer.files)} files, not one.")
    yield from fitting(image)
    yield from typed(seen, MEMORY, "v1", OCI_LAYER)


LESSON = Lesson(
    scene=scene,
    predictions=(
        Prediction(
            "the config as a manifest",
            "manifest",
            of="get_manifest",
            status={"embedded": 404, "distribution": 500},
            why={
                404: "It has these bytes, but not as a manifest. Manifests and blobs have separate addresses.",
                500: "The registry found the bytes, tried to read them as a manifest, and failed. It was not prepared "
                "for this request; 404 would say what is wrong. A config is under /blobs/.",
            },
            repository=HELLO,
        ),
        Prediction(
            "the layer under its diff ID",
            "digests",
            of="head_blob",
            status=404,
            why="The registry stores the compressed bytes, under their own digest. It never unpacks a layer, so it "
            "has no diff ID.",
            repository=HELLO,
        ),
        Prediction(
            "one byte changed",
            "digests",
            of="put_blob",
            status=201,
            why="To the registry this is simply another blob. It does not know that these bytes were a layer, and it "
            "does not try to unpack them.",
            repository=HELLO,
        ),
        Prediction(
            "diff IDs that do not fit",
            "digests",
            of="put_manifest",
            status=201,
            why="The registry checks that the config and the layers exist. It reads no config, so it cannot see "
            "that this one is wrong.",
            repository=MINE,
        ),
    ),
    tasks=(
        Task(
            "the manifest of a platform",
            "manifest",
            manifest_of_a_platform,
            (
                "Which field of an entry of the index says for which platform it is?",
                'index.json()["manifests"] is a list. Each entry has a "digest" and a "platform".',
                'rt.get_manifest(reg, f"{me}/hello", digest), with the "digest" of the entry whose "architecture" is '
                "the value of here.",
            ),
            "A client chooses the platform, not the registry: it reads the index, and sends a second request.",
        ),
        Task(
            "the config",
            "manifest",
            config_fetched,
            (
                "Two paths have a digest at their end: .../manifests/<digest> and .../blobs/<digest>. Which is left?",
                "The step is rt.get_blob(reg, repository, digest).",
                'config = rt.get_blob(reg, f"{me}/hello", config_digest)',
            ),
            "The Content-Type is application/octet-stream: to a registry, a blob is only bytes. Only the descriptor in "
            "the manifest says that it is a config.",
        ),
        Task(
            "one byte changed",
            "digests",
            one_byte,
            (
                "Under which digest would the registry accept the changed bytes?",
                "changed = bytearray(layer.content), then changed[100] ^= 1. rt.put_blob computes the digest "
                "of its bytes.",
                'rt.put_blob(reg, rt.start_upload(reg, f"{me}/hello").location, bytes(changed))',
            ),
            "Another byte, another digest: the image still names the old one, so nobody gets your bytes with it. "
            "Another layer means another manifest, and another digest of the image.",
            walks=True,
        ),
        Task(
            "an image by hand",
            "manifest",
            by_hand,
            (
                "Which blobs does the manifest name, and which of them does the repository {me}/mine not have yet?",
                "The diff IDs are sha256(archive) and sha256(own). The manifest names config_bytes and compressed. If "
                "you change own_config, run the cells after it again: another config has another digest.",
                "A POST and a PUT for each of layer.content, compressed and config_bytes; then rt.put_manifest(reg, "
                'f"{me}/mine", "v1", json.dumps(own_manifest).encode()).',
            ),
            "Two archives and two JSON documents: that is an image.",
        ),
        Task(
            "a config that does not fit",
            "digests",
            does_not_fit,
            (
                "Which document has the diff IDs, and which document names that one by its digest?",
                'own_config | {"rootfs": {...}} is a changed copy. It is another blob, so it needs an upload.',
                'own_manifest | {"config": descriptor(parts["config"]["mediaType"], broken_config)} names it. Put that '
                "manifest under the tag broken.",
            ),
            "The registry has stored an image that does not fit together. Docker compares the diff IDs when it pulls, "
            "and other engines do not all do so: such an image works in one place and fails in another.",
        ),
        Task(
            "an image from memory",
            "manifest",
            from_memory,
            (
                "What are the digest and the diff ID of a layer that is not compressed?",
                "tar_of makes the archive. Upload it and a config; then put a manifest that names both.",
                "The config needs rootfs with diff_ids [sha256(archive)]; the manifest needs schemaVersion, mediaType, "
                "config and layers, as own_manifest has them.",
            ),
            "Without compression the digest and the diff ID are the same: they are computed from the same bytes.",
            from_memory=True,
        ),
    ),
    questions=(
        Question(
            "an index",
            "platforms",
            "What does an index list?",
            (
                Choice(
                    "the layers of all platforms",
                    "An index has no layers: each of the manifests that it lists has its own.",
                ),
                Choice("manifests, usually one for each platform"),
                Choice("the tags of the repository", "Tags are listed at /v2/<repository>/tags/list."),
                Choice(
                    "the configs, which have the platforms",
                    "A config has a platform too, but an index names manifests. No client needs a config to choose.",
                ),
            ),
            "The first response is the index. The second is one of the manifests that it lists, by its digest.",
            index_and_child,
            ("Content-Type",),
        ),
        Question(
            "the command",
            "manifest",
            "Where does an image say which program a container starts?",
            (
                Choice(
                    "in the manifest",
                    "The manifest has only descriptors. It is what a registry needs, not what an engine runs.",
                ),
                Choice(
                    "in the last layer",
                    "A layer has the program itself, as a file. No file of a layer says that it must be started.",
                ),
                Choice("in the config, under config.Entrypoint"),
                Choice(
                    "in the index, beside the platform",
                    "An index helps to choose a manifest. It says nothing about what the image does.",
                ),
            ),
            "Another Entrypoint is another config, so another manifest with another digest, and the same layers.",
            manifest_and_config,
            ("Content-Type", "Content-Length"),
        ),
        Question(
            "digest or diff ID",
            "digests",
            "A client has a manifest and its config, and wants a layer. What does it put into the path of the GET?",
            (
                Choice("the digest from the manifest"),
                Choice(
                    "the diff ID from the config",
                    "A client uses the diff ID later: to check what it has unpacked.",
                ),
                Choice(
                    "either: both are digests of the same layer",
                    "They are digests of different bytes: of the compressed layer, and of the archive in it.",
                ),
                Choice(
                    "the digest of the manifest and the number of the layer",
                    "A blob has an address of its own. It can belong to many manifests, or to none.",
                ),
            ),
            "The first HEAD asks with the diff ID, the second with the digest.",
            digest_and_diff_id,
            ("Docker-Content-Digest",),
        ),
        Question(
            "compressed twice",
            "digests",
            "The same archive is compressed twice. Why are there two digests?",
            (
                Choice(
                    "the registry adds the time of the upload to the digest",
                    "A digest is computed from the content alone. Anybody can compute it before the upload.",
                ),
                Choice("gzip writes a time into its header, so the compressed bytes differ"),
                Choice(
                    "the files in the archive have changed",
                    "Then the diff ID would be another one too. Here the unpacked bytes are equal.",
                ),
                Choice(
                    "a digest contains a random number, so that nobody can guess it",
                    "The same bytes always have the same digest. That is how a registry finds out that it has a blob.",
                ),
            ),
            "Two blobs with one diff ID: the level and the version of the compressor can make such a difference too. "
            "A layer that was built or compressed again is therefore often uploaded again.",
            two_digests,
            ("Docker-Content-Digest",),
        ),
    ),
)
