"""Every set of content is pushed, found, pulled and deleted, whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, product

import pytest

from tests.conformance.conftest import ALGORITHMS
from tests.conformance.content import DATA_SETS, DataSet, Pushed, data_set
from tests.conformance.requirement import proves
from tests.conformance.speaking import WAYS, Speaker, digest_of, parsed
from tests.contract.conducting import Sends
from tests.contract.language import Answered


@dataclass(frozen=True)
class Repository:
    """A repository with a set of content in it: who speaks for it, what is there, the answers to its manifests."""

    speaker: Speaker
    content: DataSet
    answers: list[tuple[Pushed, Answered]]


SLOW = ("image, large manifest", "sha512")
SETS = [pair for pair in product(DATA_SETS, ALGORITHMS) if pair != SLOW]


@pytest.fixture(scope="module", params=SETS, ids=[f"{name}, {algorithm}" for name, algorithm in SETS])
def repository(request: pytest.FixtureRequest, sender: Sends, numbers: Iterator[int]) -> Repository:
    """One for all tests that only look at it."""
    speaker, content = Speaker(sender, f"conformance/test{next(numbers)}"), data_set(*request.param)
    return Repository(speaker, content, push(speaker, content))


def push(speaker: Speaker, content: DataSet) -> list[tuple[Pushed, Answered]]:
    """Blobs, each by another way to push one; then manifests by digest; then tags. The answers to the manifests."""
    for (digest, data), way in zip(content.blobs.items(), cycle(WAYS.values()), strict=False):
        pushed = way(speaker, digest, data)
        assert pushed.status == 201, f"blob {digest}: {pushed}"
    named = [(each.digest, each) for each in content.manifests] + [*content.tags.items()]
    answers = [(each, speaker.put_manifest(name, each.media_type, each.data)) for name, each in named]
    for _, answer in answers:
        assert answer.status == 201, answer
    return answers


@proves(
    "push-manifest",
    "push-digest",
    "push-bytes",
    "push-reference",
    "push-no-layers",
    "push-no-media-type",
    "push-names-blobs",
)
def test_a_pushed_manifest_gets_201_and_a_location_that_gives_its_very_bytes(repository: Repository) -> None:
    speaker, content = repository.speaker, repository.content
    for number, (manifest, answer) in enumerate(repository.answers):
        (location,) = answer.all("Location")
        pulled = speaker.ask("GET {location} HTTP/1.1\nAccept: */*", location=location)
        assert (pulled.status, pulled.body) == (200, manifest.data)
        by_digest = number < len(content.manifests)
        expected = manifest.digest if by_digest else digest_of(manifest.data)
        assert answer.all("Docker-Content-Digest") == [expected]


@proves("manifest-get", "manifest-type", "manifest-type-bare", "manifest-digest", "manifest-digest-other")
def test_manifests_are_pulled_by_digest_and_by_tag(repository: Repository) -> None:
    speaker, content = repository.speaker, repository.content
    for manifest in content.manifests:
        _check_pull(speaker, manifest.digest, manifest, manifest.digest)
    for tag, manifest in content.tags.items():
        _check_pull(speaker, tag, manifest, digest_of(manifest.data))


def _check_pull(speaker: Speaker, reference: str, manifest: Pushed, digest: str) -> None:
    got, head = speaker.manifest(reference), speaker.manifest(reference, "HEAD")
    assert (got.status, got.body) == (200, manifest.data)
    assert (head.status, head.body) == (200, b"")
    for answer in (got, head):
        assert answer.all("Content-Type") == [manifest.media_type]
        assert answer.all("Content-Length") == [str(len(manifest.data))]
        assert answer.all("Docker-Content-Digest") == [digest]


@proves("blob-get", "blob-digest", "blob-digest-fits", "head", "head-digest", "head-size")
def test_blobs_are_pulled(repository: Repository) -> None:
    speaker, content = repository.speaker, repository.content
    for digest, data in content.blobs.items():
        got, head = speaker.blob(digest), speaker.blob(digest, "HEAD")
        assert (got.status, got.body) == (200, data)
        assert (head.status, head.body) == (200, b"")
        for answer in (got, head):
            assert answer.all("Content-Length") == [str(len(data))]
            assert answer.all("Docker-Content-Digest") == [digest]


@proves("delete-tag", "delete-tag-gone", "delete-manifest", "delete-manifest-gone", "delete-blob", "deletion")
@pytest.mark.parametrize(("name", "algorithm"), SETS, ids=[f"{name}, {algorithm}" for name, algorithm in SETS])
def test_tags_manifests_and_blobs_are_deleted(speaker: Speaker, name: str, algorithm: str) -> None:
    content = data_set(name, algorithm)
    push(speaker, content)
    delete(speaker, content)


def delete(speaker: Speaker, content: DataSet) -> None:
    """Tags, then manifests, those that name others first, then blobs; each is gone at once, and nothing else is."""
    for tag in content.tags:
        assert speaker.manifest(tag, "DELETE").status == 202
        assert speaker.manifest(tag, "HEAD").status == 404
    for manifest in reversed(content.manifests):
        assert speaker.manifest(manifest.digest, "HEAD").status == 200
        assert speaker.manifest(manifest.digest, "DELETE").status == 202
        assert speaker.manifest(manifest.digest, "HEAD").status == 404
    for digest in content.blobs:
        assert speaker.blob(digest, "DELETE").status == 202
        assert speaker.blob(digest, "HEAD").status == 404


@proves("push-manifest", "put-blob", "delete-blob", "delete-manifest")
@pytest.mark.parametrize("name", ["index", "subject"])
def test_what_was_deleted_can_be_pushed_again(speaker: Speaker, name: str, algorithm: str) -> None:
    content = data_set(name, algorithm)
    push(speaker, content)
    delete(speaker, content)
    push(speaker, content)
    assert all(speaker.manifest(manifest.digest).body == manifest.data for manifest in content.manifests)
    assert all(speaker.blob(digest).body == data for digest, data in content.blobs.items())
    for subject, listed in content.referrers.items():
        digests = {entry["digest"] for entry in parsed(speaker.referrers(subject))["manifests"]}
        assert digests >= {entry["digest"] for entry in listed}


@proves("tags", "tags-order", "tags-none")
def test_the_tags_of_the_content_are_listed(repository: Repository) -> None:
    speaker, content = repository.speaker, repository.content
    answer = speaker.tags()
    assert answer.status == 200
    assert parsed(answer) == {"name": speaker.repository, "tags": sorted(content.tags, key=_lexical)}


def _lexical(tag: str) -> tuple[str, str]:
    return tag.lower(), tag


@proves(
    "referrers",
    "referrers-type",
    "referrers-artifact-type",
    "referrers-config-type",
    "referrers-index-type",
    "referrers-annotations",
    "referrers-none",
    "referrers-new",
    "subject-processed",
    "subject-later",
)
def test_the_referrers_of_every_manifest_are_listed(repository: Repository) -> None:
    speaker, content = repository.speaker, repository.content
    for manifest, answer in repository.answers:
        subjects = [subject for subject, listed in content.referrers.items() if _names(listed, manifest.digest)]
        assert answer.all("OCI-Subject") == subjects
    for subject in {*content.referrers, *(manifest.digest for manifest in content.manifests)}:
        answer = speaker.referrers(subject)
        assert answer.status == 200
        assert answer.all("Content-Type") == ["application/vnd.oci.image.index.v1+json"]
        body = parsed(answer)
        assert (body["schemaVersion"], body["mediaType"]) == (2, "application/vnd.oci.image.index.v1+json")
        for listed in content.referrers.get(subject, []):
            assert listed in body["manifests"]
        own = [entry for entry in body["manifests"] if entry["digest"].startswith(content.algorithm)]
        assert len(own) == len(content.referrers.get(subject, []))


def _names(listed: list[dict[str, object]], digest: str) -> bool:
    return any(entry["digest"] == digest for entry in listed)


def test_several_sets_have_referrers_and_their_types_differ() -> None:
    listed = [data_set(name, "sha256").referrers for name in DATA_SETS]
    kinds = {entry.get("artifactType") for each in listed for entries in each.values() for entry in entries}
    assert sum(map(bool, listed)) >= 3
    assert len(kinds - {None}) >= 2


@proves("referrers-filter", "referrers-filters-applied")
def test_referrers_are_filtered_by_their_artifact_type(repository: Repository) -> None:
    speaker, content = repository.speaker, repository.content
    for subject, listed in content.referrers.items():
        for kind in {entry.get("artifactType", "") for entry in listed} - {""}:
            answer = speaker.referrers(subject, f"?artifactType={kind.replace('+', '%2B')}")
            assert answer.all("OCI-Filters-Applied") == ["artifactType"]
            entries = parsed(answer)["manifests"]
            assert all(entry in entries for entry in listed if entry.get("artifactType") == kind)
            assert {entry["artifactType"] for entry in entries} == {kind}
