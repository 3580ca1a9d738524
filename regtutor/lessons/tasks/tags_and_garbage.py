"""Lesson 08: tags that move, lists in pages, deletion, and the garbage that it leaves behind."""

from __future__ import annotations

from collections.abc import Iterator

from regtutor.backends.opening import open_registry
from regtutor.content.sample.image import sample_image
from regtutor.exchange import Exchange
from regtutor.lessons.evidence import Evidence, Stage, field_of
from regtutor.lessons.lesson import Choice, Lesson, Point, Prediction, Question, Task, point
from regtutor.lessons.registries_beside import INDEX, NEW, OLD, push_if_missing
from regtutor.message import Location
from regtutor.steps import delete_manifest, get_blob, list_tags, put_manifest
from regtutor.walks.pushing import push_image

HELLO, BROKEN, DISK, MEMORY = "hello", "broken", "disk", "memory"
V1, V2 = sample_image("v1"), sample_image("v2")


def scene(stage: Stage) -> None:
    """Push the sample images: to ``{me}/hello`` with three tags, and ``v1`` to ``{me}/broken``."""
    for name, tag, image in ((HELLO, "v1", V1), (HELLO, "v2", V2), (BROKEN, "v1", V1)):
        push_if_missing(stage, name, tag, image)
    if "latest" not in stage.tags(HELLO):
        put_manifest(stage.reg, stage.repository(HELLO), "latest", V1.manifest)


def tag_moved(seen: Evidence) -> Iterator[Point]:
    """The tag ``latest`` of ``{me}/hello``, at the image ``v2``."""
    moved = seen.latest("put_manifest", to=HELLO, status=201, reference="latest")
    if moved is not None and _is_v2(moved):
        yield Point(True, f"You sent the manifest of v2 again, {moved.bytes_up} bytes, under latest.", moved)
        return
    last = seen.attempt.latest("put_manifest")
    if last is None:
        yield Point(False, "No manifest was sent. A tag has no request of its own: it comes with a manifest.")
    elif not _is_v2(last):
        yield Point(False, "That is not the manifest of v2. The bytes decide which image the tag points to.", last)
    elif field_of(last, "reference") != "latest":
        yield Point(False, f"The manifest of v2 is now under {field_of(last, 'reference')}, not under latest.", last)
    else:
        yield Point(False, f"The response was {last.status}: {last.meaning}. Is it {seen.repository(HELLO)}?", last)


def _is_v2(put: Exchange) -> bool:
    return put.request.body.digest == V2.digest


def all_pages(seen: Evidence) -> Iterator[Point]:
    """Every repository of the learner, from pages with one name each."""
    pages = [each for each in seen.sent("list_repositories", status=200) if len(_names(each)) == 1]
    found = {name for page in pages for name in _names(page)}
    own = [seen.repository(name) for name in (BROKEN, HELLO)]
    missing = [name for name in own if name not in found]
    if pages and not missing:
        yield Point(True, f"{len(pages)} pages, and all of your {len(own)} repositories.", pages[-1])
        return
    last = seen.attempt.latest("list_repositories")
    if last is None:
        yield Point(False, "You have not requested the list of repositories.", seen.attempt.latest())
    elif len(_names(last)) != 1:
        yield Point(False, f"This page has {len(_names(last))} names. Request pages with one name each.", last)
    else:
        yield Point(
            False, f"{len(missing)} of your {len(own)} repositories did not come yet, such as {missing[0]}.", last
        )


def _names(page: Exchange) -> list[str]:
    return list(page.json().get("repositories") or ())


def image_deleted(seen: Evidence) -> Iterator[Point]:
    """The image ``v1`` of ``{me}/hello``, deleted by its digest."""
    deleted = seen.latest("delete_manifest", to=HELLO, status=202, reference=V1.digest)
    if deleted is None:
        yield _not_deleted(seen.attempt)
        return
    yield Point(True, "You deleted the manifest by its digest.", deleted)
    yield point("v1" not in seen.tags(HELLO), "Its tag is gone too.", "The tag v1 is there again.")
    yield point(seen.digest(HELLO, "v2") == V2.digest, "v2 is still there.", "v2 is gone. Run the first cell again.")


def _not_deleted(seen: Evidence) -> Point:
    last = seen.latest("delete_manifest", "delete_blob")
    if last is None:
        return Point(False, "No DELETE was sent.", seen.latest())
    given = field_of(last, "reference") or field_of(last, "digest") or ""
    if given == V1.config.digest:
        return Point(False, "That is the digest of the config. An image is named by the digest of its manifest.", last)
    if field_of(last, "repository") != seen.repository(HELLO):
        return Point(False, f"The DELETE went to {field_of(last, 'repository')}.", last)
    if not given.startswith("sha256:"):
        return Point(False, f"You named the image by its tag {given}. Use its digest.", last)
    return Point(False, f"The response was {last.status}, and this is not the digest of v1.", last)


_NO_DISK = Point(False, "The registry of this part is not open. Run the cell with with_disk() first.")


def children_free(seen: Evidence) -> Iterator[Point]:
    """The index of ``{me}/disk`` deleted, and its children left to the collection."""
    disk, now = seen.at("disk"), seen.attempt.at("disk")
    if disk is None or now is None:
        yield _NO_DISK
        return
    gone = [each for each in disk.sent("delete_manifest", to=DISK, status=202) if _names_index(each)]
    if not gone:
        yield _index_lives(now)
        return
    yield Point(True, "The index is gone: nothing leads to its children now.", gone[-1])
    yield point(disk.digest(DISK, "all") is None, "No tag leads to it.", "The tag all is there again.")


def _names_index(exchange: Exchange) -> bool:
    return field_of(exchange, "reference") in ("all", INDEX.manifest.digest)


def _index_lives(now: Evidence) -> Point:
    later = [each for each in now.sent("delete_manifest", "delete_blob") if field_of(each, "reference") != V1.digest]
    last = later[-1] if later else None
    if last is None:
        return Point(False, "No DELETE was sent to this registry: the index still lists its children.")
    given = field_of(last, "reference") or field_of(last, "digest")
    if given in [image.digest for image in INDEX.images]:
        why = "That is a child. Now the index lists an image that is not there, and the other child still lives."
        return Point(False, f"{why} (Run the cell with with_disk() again: it pushes what is missing.)", last)
    return Point(False, f"The response was {last.status}, and the index all still lists its children.", last)


def bytes_freed(seen: Evidence) -> Iterator[Point]:
    """The image ``old`` of ``{me}/memory`` gone, also its bytes, and ``new`` whole."""
    disk, now = seen.at("disk"), seen.attempt.at("disk")
    if disk is None or now is None:
        yield _NO_DISK
        return
    lost = [blob.digest for blob in NEW.blobs if not disk.has_blob(MEMORY, blob.digest)]
    whole = disk.digest(MEMORY, "new") == NEW.digest and not lost
    again = 'rt.push_image(disk, rt.sample_image("v5"), f"{me}/memory", "new")'
    hurt = f"blobs of new are missing, {len(lost)} of {len(NEW.blobs)}" if lost else "the tag new is missing"
    missing = f"You have hurt new: {hurt}. {again}"
    yield point(whole, "new is whole: its manifest and its four blobs are there.", f"{missing} brings it back.")
    gone = disk.latest("delete_manifest", to=MEMORY, status=202, reference=OLD.digest)
    by_tag = now.latest("delete_manifest", to=MEMORY, status=202, reference="old")
    if disk.digest(MEMORY, OLD.digest) is not None:
        untagged = by_tag is not None and disk.digest(MEMORY, "old") is None
        kept = "Only its tag is gone. A manifest without a tag still keeps its bytes."
        yield Point(False, kept if untagged else "The image old is still there.", by_tag)
        return
    yield Point(True, "The manifest of old is gone.", gone)
    shared = {blob.digest for blob in NEW.blobs}
    alone = [each for each in (OLD.manifest, *OLD.blobs) if each.digest not in shared]
    garbage = set(disk.reg.collect_garbage()["name"])
    kept_bytes = sum(each.size for each in alone if each.digest in garbage)
    yield point(
        not kept_bytes,
        f"Of the {sum(each.size for each in alone):,} bytes that only old needed, none is left to collect.",
        f"{kept_bytes:,} bytes that only old needed are still on the disk.",
    )
    found = [each for each in alone if disk.sent("head_blob", "head_manifest", status=200, digest=each.digest)]
    if found:
        yield Point(True, "Your HEAD has found some of it. That stays for an hour, because a push can rely on it.")


def shared_bytes(_stage: Stage) -> list[Exchange]:
    """Two images in a registry of its own; one is deleted, and a collection is run; then GET of two layers."""
    with open_registry("in_process", quiet=True) as own:
        for image, tag in ((V1, "v1"), (V2, "v2")):
            push_image(own, image, "show/two", tag, progress=False)
        told = [delete_manifest(own, "show/two", V1.digest), get_blob(own, "show/two", V1.layers[2].digest)]
        own.collect_garbage(dry_run=False)
        return [*told, *(get_blob(own, "show/two", layer.digest) for layer in (V1.layers[2], V1.layers[0]))]


def tags_of_a_digest(stage: Stage) -> list[Exchange]:
    """Two tags of one image, then DELETE by digest, then the list."""
    repository = stage.scratch()
    push_image(stage.reg, V1, repository, "one", progress=False)
    put_manifest(stage.reg, repository, "two", V1.manifest).expect(201)
    before = list_tags(stage.reg, repository)
    return [before, delete_manifest(stage.reg, repository, V1.digest), list_tags(stage.reg, repository)]


def pages_of_tags(stage: Stage) -> list[Exchange]:
    """Three tags, requested two at a time, as far as the Link leads."""
    repository = stage.scratch()
    push_image(stage.reg, V1, repository, "a", progress=False)
    for tag in ("b", "c"):
        put_manifest(stage.reg, repository, tag, V1.manifest).expect(201)
    told = [list_tags(stage.reg, repository, n=2)]
    following: Location | None = told[0].next_page
    if following is not None:
        told.append(list_tags(stage.reg, repository, page=following))
    return told


LESSON = Lesson(
    scene=scene,
    predictions=(
        Prediction(
            "delete a tag",
            "delete",
            of="delete_manifest",
            status={"embedded": 202, "distribution": 400},
            why={
                202: "The tag is gone, and the image is still there under its other names. The specification allows a "
                "registry to refuse this, with 400 or 405, and many do.",
                400: "This registry deletes by digest only, which the specification allows. Its error code speaks of a "
                "digest because it reads the last part of the path as one. The tag is still there.",
            },
            repository=HELLO,
        ),
        Prediction(
            "delete an image",
            "delete",
            of="delete_manifest",
            status=202,
            why="Accepted, not done: no response to a DELETE says anything about bytes.",
            repository=HELLO,
        ),
        Prediction(
            "the digest of the config",
            "tag and digest",
            of="delete_manifest",
            status={"embedded": 404, "distribution": 202},
            why={
                404: "The repository has no manifest with this digest, and nothing was deleted. Not every registry "
                "checks that.",
                202: "It looks like success. The image is still listed, and now it has no config: this registry "
                "removed the link to whatever has this digest. Anybody who pulls the image gets an error.",
            },
            repository=BROKEN,
        ),
        Prediction(
            "deletion is switched off",
            "delete",
            of="delete_manifest",
            status=405,
            why="The request is right, and this registry deletes nothing for anybody. In CNCF Distribution that is the "
            "default; an operator sets storage.delete.enabled.",
            repository=HELLO,
        ),
        Prediction(
            "a layer of a deleted image",
            "garbage collection",
            of="get_blob",
            status=200,
            why="The manifest is gone, and its blobs are all there. Until now nobody has looked whether another image "
            "needs them.",
            repository=DISK,
        ),
        Prediction(
            "the layer after the collection",
            "garbage collection",
            of="get_blob",
            status=404,
            why="The collection removed the link in the repository, and then the bytes. A client that pushes v1 again "
            "has to send this layer again.",
            repository=DISK,
        ),
    ),
    tasks=(
        Task(
            "move a tag",
            "tag and digest",
            tag_moved,
            (
                "Which request gave the image its first tag?",
                "The same PUT again, with another last part of its path. The manifest is second.manifest.",
                'moved = rt.put_manifest(reg, f"{me}/hello", ..., second.manifest), with the tag latest.',
            ),
            "No blob was sent, and the registry kept no note of the move: whoever may push may move a tag.",
            walks=True,
        ),
        Task(
            "page after page",
            "tags",
            all_pages,
            (
                "Which header of the response says where the next page is?",
                "page.next_page is the address in that header. The step takes it as page=.",
                "rt.list_repositories(reg, page=page.next_page), while there is a next_page.",
            ),
            "The address in a Link is opaque: registries write it in different ways, and a client follows it as it is.",
        ),
        Task(
            "delete an image",
            "delete",
            image_deleted,
            (
                "An image has several names. Which of them never moves?",
                "first.digest is the digest of its manifest, as in Docker-Content-Digest of a HEAD.",
                'deleted = rt.delete_manifest(reg, f"{me}/hello", ...), with first.digest.',
            ),
            "The tag v1 is gone as well, although the request did not name it. v2 is another image, and stays.",
        ),
        Task(
            "free the children",
            "garbage collection",
            children_free,
            (
                "Why do these manifests live, although no tag leads to them?",
                "Delete what lists them, and nothing else.",
                'rt.delete_manifest(disk, f"{me}/disk", "all"), or the digest of the index.',
            ),
            "One request, and a whole tree is garbage. The collection finds that by itself, as the next cell shows.",
        ),
        Task(
            "free the bytes",
            "garbage collection",
            bytes_freed,
            (
                "Two things have to happen, and only one of them is a request.",
                "Delete the manifest by its digest. HEAD of the tag old gives the digest.",
                "rt.delete_manifest(disk, repository, digest), then disk.collect_garbage(dry_run=False).",
            ),
            "The two shared layers are still there, because new needs them.",
            from_memory=True,
            walks=True,
        ),
    ),
    questions=(
        Question(
            "the whole list",
            "tags",
            "You request the tags with n=2. How do you know that you have them all?",
            (
                Choice(
                    "when a response has fewer than two tags",
                    "A registry may send fewer tags than requested, and more pages may follow.",
                ),
                Choice("when a response has no Link header"),
                Choice(
                    "when a response has an empty list",
                    "That costs a request more, and a registry can send the last tags again if last is ignored.",
                ),
                Choice(
                    "when as many tags came as the repository has, by the field count",
                    "No field of the response has a number of tags.",
                ),
            ),
            "A response with a Link has a next page, and one without has none. So a client is right also at a registry "
            "that ignores n, as CNCF Distribution 2.8 does for tags, and sends everything at once.",
            pages_of_tags,
            headers=("Link",),
        ),
        Question(
            "one image, two tags",
            "tag and digest",
            "An image has the tags one and two. You delete its manifest by digest. What about the tags?",
            (
                Choice(
                    "both stay, and lead to nothing",
                    "A registry removes the tags with the manifest. In old versions of CNCF Distribution they stayed, "
                    "which was a bug.",
                ),
                Choice(
                    "the first goes, and the second keeps the image",
                    "A manifest does not count its tags, and no tag owns it.",
                ),
                Choice("both are gone"),
                Choice(
                    "the request is refused until they are deleted",
                    "A tag protects a manifest from a garbage collection, not from DELETE.",
                ),
            ),
            "DELETE by digest removes the manifest and each tag that points to it. Look first whether your image has "
            "a tag that somebody else uses, such as latest.",
            tags_of_a_digest,
        ),
        Question(
            "the bytes that go",
            "garbage collection",
            "v1 and v2 share two of three layers. v1 is deleted, and nothing else. What will a collection remove?",
            (
                Choice(
                    "nothing: DELETE has already removed the bytes of v1",
                    "DELETE removes links. The bytes stay until a collection, because another image can need them.",
                ),
                Choice(
                    "all three layers of v1 and its config",
                    "Two of the layers belong to v2 as well: the manifest of v2 names them.",
                ),
                Choice(
                    "nothing, because the layers are shared",
                    "A collection looks at each blob alone, and one of the layers belongs to v1 only.",
                ),
                Choice("the layer, the config and the manifest that only v1 had"),
            ),
            "A collection begins with the manifests that live, notes what they name, and removes the rest. In a "
            "registry of its own: v1 deleted, its last layer still there, then the same layer after a collection, "
            "then the shared layer.",
            shared_bytes,
            where="On a registry of regtutor, just now:",
        ),
    ),
)
