"""Lesson 07: a pull by single requests, from the tag down to the bytes of each layer, and what to verify."""

from __future__ import annotations

import re
from collections.abc import Iterator

from regtutor.content.sample.image import sample_index
from regtutor.exchange import Exchange
from regtutor.lessons.evidence import Evidence, Stage, endpoint_of, field_of
from regtutor.lessons.lesson import Choice, Lesson, Point, Prediction, Question, Task, point
from regtutor.lessons.pulls_on_the_wire import header_without_bytes, ignored_range, moved_tag
from regtutor.protocol.media_types import OCI_INDEX
from regtutor.walks.pushing import push_image

HELLO = "hello"
TAG = "v1"
HAVE = 1000

INDEX = sample_index()
AMD64, ARM64 = INDEX.images
BASE, PROGRAM = ARM64.layers[:2]


def scene(stage: Stage) -> None:
    """Push the sample image for two platforms to ``{me}/hello``, unless the tag is already there."""
    if stage.digest(HELLO, TAG) is None:
        push_image(stage.reg, INDEX, stage.repository(HELLO), TAG, progress=False)


def index_fetched(seen: Evidence) -> Iterator[Point]:
    """The index of ``{me}/hello:v1``, fetched with an Accept that names its type."""
    fetched = [each for each in seen.sent("get_manifest", to=HELLO, reference=TAG, status=200) if _names_index(each)]
    if fetched:
        said = f"Accept names the type of the index, and {fetched[-1].bytes_down} bytes came."
        yield Point(True, said, fetched[-1])
        return
    yield _no_index(seen.attempt.latest("get_manifest", "head_manifest", to=HELLO))


def _no_index(last: Exchange | None) -> Point:
    if last is None:
        return Point(False, "No GET of the manifest v1 was sent.")
    if last.method == "HEAD":
        return Point(False, "HEAD has no body. The index comes with GET.", last)
    if field_of(last, "reference") != TAG:
        return Point(False, f"The reference was {field_of(last, 'reference')}. Fetch what {TAG} points to.", last)
    if last.status == 200:
        return Point(False, "It came, but Accept does not name its type. Another registry refuses that.", last)
    return Point(False, f"The response was {last.status}: {TAG} is of a type that Accept does not name.", last)


def _names_index(exchange: Exchange) -> bool:
    named = ",".join(exchange.request_headers.all("Accept")).lower().replace(" ", "")
    return OCI_INDEX in re.split(r"[,;]", named)


def platform_fetched(seen: Evidence) -> Iterator[Point]:
    """The manifest of linux/arm64, fetched by its digest."""
    fetched = seen.latest("get_manifest", to=HELLO, reference=ARM64.digest, status=200)
    if fetched is None:
        yield _no_platform(seen.attempt)
        return
    yield Point(True, "You fetched the manifest of linux/arm64 by its digest.", fetched)
    yield point(_digest(fetched) == ARM64.digest, "Its bytes have this digest.", "Its bytes have another.", fetched)


def _no_platform(seen: Evidence) -> Point:
    last = seen.latest("get_manifest", "head_manifest", "get_blob", to=HELLO)
    if last is None:
        return Point(False, "No request for the manifest of linux/arm64 was sent.")
    reference = field_of(last, "reference") or field_of(last, "digest")
    if endpoint_of(last) == "get_blob":
        return Point(False, "A manifest is not a blob: it has a path of its own.", last)
    if reference == AMD64.digest:
        return Point(False, "This is the manifest of linux/amd64. Compare the platform of each entry.", last)
    if reference == TAG:
        return Point(False, "The tag gives the index again. Its entries have the digests of the manifests.", last)
    if last.status == 200:
        return Point(False, "HEAD has no body. The manifest comes with GET.", last)
    return Point(False, f"The request was {last.method}, and the response {last.status}: {last.meaning}.", last)


def rest_fetched(seen: Evidence) -> Iterator[Point]:
    """The missing bytes of the layer, and no others."""
    parts = [(_range(each), each) for each in seen.sent("get_blob", to=HELLO, digest=PROGRAM.digest, status=206)]
    reached = {HAVE}
    for first, final in sorted(came for came, _ in parts if came):
        if first in reached:
            reached.add(final + 1)
    if PROGRAM.size in reached:
        count = PROGRAM.size - HAVE
        yield Point(True, f"{count} bytes came, and none of those that you have.", parts[-1][1])
        return
    yield _no_rest(seen.attempt.latest("get_blob", to=HELLO, digest=PROGRAM.digest))


def _range(exchange: Exchange) -> tuple[int, int] | None:
    """Return the numbers of the first and the last byte that came; None without a Content-Range."""
    came = re.fullmatch(r"bytes (\d+)-(\d+)/\d+", exchange.headers.get("Content-Range", ""))
    return (int(came[1]), int(came[2])) if came else None


def _no_rest(last: Exchange | None) -> Point:
    if last is None:
        return Point(False, "No GET of this layer was sent.")
    came = _range(last)
    if last.status == 200:
        return Point(False, f"The whole layer came again, {last.bytes_down} bytes. A part needs Range: bytes=...", last)
    if came is None:
        return Point(False, f"The response was {last.status}: {last.meaning}.", last)
    first, final = came
    if first < HAVE:
        return Point(False, f"The first byte that came is number {first}. You have the bytes 0 to {HAVE - 1}.", last)
    if first > HAVE:
        return Point(False, f"The first byte that came is number {first}. Byte {HAVE} is missing.", last)
    return Point(False, f"The last byte that came is number {final}. The layer has {PROGRAM.size} bytes.", last)


def redirect_followed(seen: Evidence) -> Iterator[Point]:
    """The first layer, received from the storage."""
    received = [each for each in _from_storage(seen) if _digest(each) == BASE.digest]
    if not received:
        yield _not_followed(seen.attempt)
        return
    yield Point(True, f"{received[-1].bytes_down} bytes came from the storage.", received[-1])
    sent = "Authorization" in received[-1].request_headers
    yield point(not sent, "The password did not leave the registry's host.", "Authorization was sent along.")


def _not_followed(seen: Evidence) -> Point:
    last = seen.exchanges[-1] if seen.exchanges else None
    if last is None or last.status == 307:
        return Point(False, "No request was sent to the Location.", last)
    if _at_a_registry(last):
        return Point(False, "The last request went to a registry, and not to the Location.", last)
    if last.status == 400:
        return Point(False, "The storage refused it: the address is signed, and you sent Authorization as well.", last)
    if last.status == 403:
        text = "The signature of the address is lost. Use the Location itself: its text is printed without secrets."
        return Point(False, text, last)
    return Point(False, f"The storage responded {last.status}, and these bytes are not the first layer.", last)


def pulled(seen: Evidence) -> Iterator[Point]:
    """The image for linux/amd64: its manifest, its layers from the storage, its config from the first registry."""
    cloud = seen.at("cloud")
    manifest = cloud.latest("get_manifest", to=HELLO, reference=AMD64.digest, status=200) if cloud else None
    missing = "The manifest of linux/amd64 was not fetched by its digest from cloud."
    yield point(manifest, "You have the manifest of linux/amd64.", missing, manifest)
    stored = {_digest(each) for each in _from_storage(seen)}
    layers = [str(number) for number, layer in enumerate(AMD64.layers, 1) if layer.digest not in stored]
    which = "Layer" if len(layers) == 1 else "Layers"
    absent = f"{which} {' and '.join(layers)} did not come from the storage yet."
    yield point(not layers, "All three layers came from the storage, with the right bytes.", absent)
    config = seen.sent("get_blob", to=HELLO, digest=AMD64.config.digest, status=200)
    right = [each for each in config if _digest(each) == AMD64.config.digest]
    yield _config(right, [each for each in _from_storage(seen) if AMD64.config.digest in each.target])
    spare = _not_damaged(seen)
    if right and spare:
        yield Point(
            False, "You fetched a right blob from reg as well, in this attempt. Fetch only the damaged one.", spare
        )


def _not_damaged(seen: Evidence) -> Exchange | None:
    """Return a request since the last GET of the manifest that fetched a layer from the first registry; or None."""
    cloud = seen.at("cloud")
    begun = cloud.latest("get_manifest", to=HELLO, reference=AMD64.digest, status=200) if cloud else None
    later = seen.after(begun) if begun is not None else ()
    layers = [layer.digest for layer in AMD64.layers]
    sent = [each for each in seen.sent("get_blob", to=HELLO, status=200) if each in later]
    return next((each for each in sent if field_of(each, "digest") in layers), None)


def _config(right: list[Exchange], damaged: list[Exchange]) -> Point:
    if right and not damaged:
        return Point(
            False, "How do you know that it is the config? Fetch it from the storage too, and compare.", right[-1]
        )
    if right:
        return Point(True, "The right config came from the registry that has it.", right[-1])
    if damaged:
        text = (
            f"The bytes of the config have the digest {_digest(damaged[-1])}. That is not the digest in the manifest."
        )
        return Point(False, text, damaged[-1])
    return Point(False, "The config of linux/amd64 did not come yet.")


def _from_storage(seen: Evidence) -> list[Exchange]:
    return [each for each in seen.exchanges if each.status == 200 and not _at_a_registry(each)]


def _at_a_registry(exchange: Exchange) -> bool:
    return exchange.shown_target.startswith("/v2/")


def _digest(exchange: Exchange) -> str | None:
    return exchange.response.body.digest if exchange.response is not None else None


LESSON = Lesson(
    scene=scene,
    predictions=(
        Prediction(
            "any type",
            "content negotiation",
            of="get_manifest",
            status={"embedded": 200, "distribution": 404},
            why={
                200: "This registry reads */* as HTTP defines it: any type will do.",
                404: "This registry compares names only, and */* is not the name of an index. The message says: OCI "
                "index found, but accept header does not support OCI indexes. curl sends */* if you say nothing "
                "(distribution/distribution#4385).",
            },
            repository=HELLO,
        ),
        Prediction(
            "the rest of a layer",
            "range",
            of="get_blob",
            status=206,
            why={
                206: "206 is a part, and Content-Range says which one. Docker-Content-Digest is still the digest of "
                "the whole blob: a part has none that the manifest names.",
                200: "200 is the whole blob: the request had no Range.",
            },
            repository=HELLO,
        ),
        Prediction(
            "a blob that is elsewhere",
            "redirect",
            of="get_blob",
            status=307,
            why="The registry has checked your password, and signed an address at which the bytes are for a short "
            "time. No byte of a layer passes through the registry.",
            repository=HELLO,
        ),
        Prediction(
            "the password goes along",
            "redirect",
            of="storage",
            status=400,
            why="The storage refuses two proofs in one request, as S3 does (open-policy-agent/opa#6580). That is the "
            "lucky case: a host that accepts it has your password now.",
        ),
        Prediction(
            "damaged bytes",
            "verification",
            of="storage",
            status=200,
            why="The status says that the storage sent what it has. It does not know what you wanted.",
        ),
    ),
    tasks=(
        Task(
            "the index",
            "content negotiation",
            index_fetched,
            (
                "Which media type does the response name, or the message of the refusal?",
                "A step names all types of manifests if you leave accept= out.",
                'rt.get_manifest(reg, f"{me}/hello", "v1")',
            ),
            "An Accept header names each type that the client can read. Name index and manifest: before the response "
            "you do not know which of them the tag points to.",
        ),
        Task(
            "the manifest for arm64",
            "platforms",
            platform_fetched,
            (
                "Which field of an entry says for which machine it is, and which field is its name?",
                "The second entry is for arm64. Its digest is a reference, like a tag.",
                'rt.get_manifest(reg, f"{me}/hello", entry["digest"])',
            ),
            "The registry did not choose the platform: the client did. This digest comes from the index, so you could "
            "verify the bytes against a value that this response did not send.",
        ),
        Task(
            "the rest of the layer",
            "range",
            rest_fetched,
            (
                "You have the bytes 0 to 999. What is the number of the first one that is missing?",
                'rt.draft(rt.get_blob, repository, digest).edit(headers={"Range": ...}) is the request with a Range.',
                '.edit(headers={"Range": "bytes=1000-"}), then reg.send(request)',
            ),
            "bytes=1000- means: from byte 1000 to the end. A blob never changes under its digest, so the two parts "
            "always fit together.",
        ),
        Task(
            "follow the redirect",
            "redirect",
            redirect_followed,
            (
                "Which line of the refused request must not be there?",
                "cloud.send adds the password only for its own host, so leave Authorization out.",
                'cloud.send(rt.Request("storage", "GET", moved.location))',
            ),
            "The signature in the address was the proof. Walks of regtutor follow redirects in the same way.",
        ),
        Task(
            "pull and verify",
            "verification",
            pulled,
            (
                "Which documents have the digests: of the manifest, of the config, of a layer?",
                "rt.get_blob(cloud, ...) gives the Location of a blob. Request(..., into=BytesIO()) keeps its bytes.",
                "One of the four does not have its digest. Fetch that one with rt.get_blob(reg, repository, digest).",
            ),
            "The false config would start another program. It is valid JSON, and its size is right. Only the digest "
            "shows it. The chain began with one value, and each link verified the next.",
            from_memory=True,
        ),
    ),
    questions=(
        Question(
            "the same tag twice",
            "tag and digest",
            "You pull hello:v1 today and tomorrow. Each time every digest verifies, and you get two different images. "
            "How?",
            (
                Choice(
                    "the registry compressed the layers again",
                    "A registry never changes a blob: other bytes would have another digest.",
                ),
                Choice("someone pushed another image with this tag"),
                Choice(
                    "the digest contains the time",
                    "A digest is computed from the bytes alone. The same bytes have the same digest forever.",
                ),
            ),
            "A tag is a name, and names can move. The first request has no digest to verify against. Pull by digest to "
            "get the same image again.",
            moved_tag,
            headers=("Docker-Content-Digest",),
        ),
        Question(
            "the proof of the bytes",
            "verification",
            "You pull a blob from a mirror that you do not trust. What proves that the bytes are right?",
            (
                Choice(
                    "the header Docker-Content-Digest of the response",
                    "The mirror sends that header, and can write into it what it likes.",
                ),
                Choice(
                    "https, with a valid certificate",
                    "TLS proves which host sent the bytes. It says nothing about what they are.",
                ),
                Choice("the digest in a manifest that you have verified, and your own sha256 of the bytes"),
                Choice(
                    "Content-Length, because it is the size in the manifest",
                    "The damaged config had the right size.",
                ),
            ),
            "HEAD has the header too, and no byte at all: the header repeats the digest of the request. Compute your "
            "own, and compare it with the one that you began with.",
            header_without_bytes,
            headers=("Docker-Content-Digest", "Content-Length"),
        ),
        Question(
            "a Range that was ignored",
            "range",
            "You have 500 bytes and send Range: bytes=500-. The response is 200. What do you do with its body?",
            (
                Choice(
                    "append it: these are the missing bytes",
                    "The missing bytes come with 206 and Content-Range. With 200 the first bytes come a second time.",
                ),
                Choice("use it alone: it is the whole content"),
                Choice(
                    "drop it: 200 is an error here",
                    "A server may ignore Range. 200 is a complete and correct response.",
                ),
            ),
            "Support for Range is optional. This registry supports it for a blob, and ignores it for a manifest.",
            ignored_range,
            headers=("Content-Range", "Content-Length"),
        ),
    ),
)
