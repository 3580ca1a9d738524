"""Features that only the specification's main branch has, and that no registry of v1.1.1 needs to have.

Written from the text of that branch and from the suite in its ``conformance`` folder, as of 2026-07-16: its setting
``1.1+dev`` pushes tags with a manifest, and its setting ``SPARSE`` pushes an index whose children are missing.
<https://github.com/opencontainers/distribution-spec/blob/967efdc079b91785ad18c77cc4f8991a47feefbf/spec.md>
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from regtutor.backends.opening import open_registry
from tests.conformance.conftest import REGISTRIES
from tests.conformance.content import INDEX, MANIFEST, data_set
from tests.conformance.speaking import Speaker, digest_of, parsed
from tests.conformance.test_manifests import image
from tests.contract.conducting import InProcessSender
from tests.contract.language import Answered
from tests.contract.socket_sender import SocketSender

TAGS = ("1.2.3", "1.2", "1", "latest", "a", "b", "c", "d", "e", "f")
"""The number of tags that a registry with this feature SHOULD take in one request (end-7b)."""


def put_with_tags(speaker: Speaker, reference: str, data: bytes, *tags: str) -> Answered:
    """PUT of a manifest, with ``tags`` in the query."""
    query = "&".join(f"tag={tag}" for tag in tags)
    return speaker.put_manifest(f"{reference}?{query}", MANIFEST, data)


def accepted(answer: Answered) -> list[str]:
    """The tags in OCI-Tag, whose values can be several headers, or a list in one."""
    return [tag.strip() for value in answer.all("OCI-Tag") for tag in value.split(",")]


def test_one_put_points_ten_tags_to_a_manifest_and_names_each(speaker: Speaker, algorithm: str) -> None:
    data = image(speaker, algorithm).data
    digest = digest_of(data, algorithm)
    answer = put_with_tags(speaker, digest, data, *TAGS)
    assert (answer.status, accepted(answer)) == (201, list(TAGS))
    assert answer.all("Docker-Content-Digest") == [digest]
    for tag in TAGS:
        got = speaker.manifest(tag)
        assert (got.status, got.body, got.all("Docker-Content-Digest")) == (200, data, [digest])
    assert sorted(parsed(speaker.tags())["tags"]) == sorted(TAGS)
    assert speaker.manifest(digest, "DELETE").status == 202
    assert [speaker.manifest(tag).status for tag in TAGS] == [404] * len(TAGS)


def test_a_tag_in_the_query_moves_a_tag_that_exists(speaker: Speaker) -> None:
    manifest = image(speaker)
    assert speaker.put_manifest("v1", MANIFEST, manifest.data).status == 201
    newer = manifest.data + b"\n"
    assert accepted(put_with_tags(speaker, digest_of(newer), newer, "v1", "v1")) == ["v1"]
    assert speaker.manifest("v1").body == newer
    assert speaker.manifest(digest_of(manifest.data)).body == manifest.data


def test_tags_count_only_beside_a_digest(speaker: Speaker) -> None:
    data = image(speaker).data
    answer = put_with_tags(speaker, "v1", data, "v2")
    assert (answer.status, answer.all("OCI-Tag")) == (201, [])
    assert [speaker.manifest(tag).status for tag in ("v1", "v2")] == [200, 404]


@pytest.mark.parametrize(
    ("tags", "status", "code"),
    [
        (("v1", "-v2"), 400, "TAG_INVALID"),
        (("v1", ""), 400, "TAG_INVALID"),
        (("v1", "a%2Fb"), 400, "TAG_INVALID"),
        (tuple(f"v{number}" for number in range(101)), 414, "UNSUPPORTED"),
    ],
)
def test_if_one_tag_is_refused_nothing_is_stored(
    speaker: Speaker, tags: tuple[str, ...], status: int, code: str
) -> None:
    data = image(speaker).data
    answer = put_with_tags(speaker, digest_of(data), data, *tags)
    assert (answer.status, answer.errors) == (status, (code,))
    assert speaker.manifest(digest_of(data)).status == speaker.manifest("v1").status == 404


def test_a_manifest_that_is_refused_moves_no_tag(speaker: Speaker) -> None:
    data = image(speaker).data
    answer = put_with_tags(speaker, digest_of(data), data + b" ", "v1")
    assert (answer.status, answer.errors) == (400, ("DIGEST_INVALID",))
    assert speaker.manifest("v1").status == 404


@pytest.mark.parametrize("announced", ["sha512", "sha256"])
def test_a_session_for_an_algorithm_takes_chunks(speaker: Speaker, announced: str, algorithm: str) -> None:
    opened = f"POST /v2/{{repository}}/blobs/uploads/?digest-algorithm={announced} HTTP/1.1\nContent-Length: 0"
    location = speaker.location(opened)
    for first, chunk in ((0, b"hel"), (3, b"lo")):
        (location,) = speaker.patch(location, first, chunk).all("Location")
    digest = digest_of(b"hello", algorithm)
    assert speaker.close(location, digest).status == 201
    assert speaker.blob(digest).body == b"hello"


def test_a_session_for_an_algorithm_compares_the_digest(speaker: Speaker) -> None:
    opened = "POST /v2/{repository}/blobs/uploads/?digest-algorithm=sha512 HTTP/1.1\nContent-Length: 0"
    (location,) = speaker.patch(speaker.location(opened), 0, b"hello").all("Location")
    answer = speaker.close(location, digest_of(b"other", "sha512"))
    assert (answer.status, answer.errors) == (400, ("DIGEST_INVALID",))


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "", "SHA512"])
def test_an_unsupported_algorithm_is_refused_with_400(speaker: Speaker, algorithm: str) -> None:
    opened = f"POST /v2/{{repository}}/blobs/uploads/?digest-algorithm={algorithm} HTTP/1.1\nContent-Length: 0"
    answer = speaker.ask(opened)
    assert (answer.status, answer.errors) == (400, ("DIGEST_INVALID",))


@pytest.fixture(params=REGISTRIES)
def sparse(request: pytest.FixtureRequest) -> Iterator[Speaker]:
    """For a repository of a registry that accepts sparse indexes."""
    with open_registry(request.param, quiet=True, sparse_indexes=True) as registry:
        sender = InProcessSender(registry) if request.param == "in_process" else SocketSender(registry.url)
        yield Speaker(sender, "sparse/index")


def test_with_the_option_an_index_comes_before_its_children(sparse: Speaker, algorithm: str) -> None:
    there = image(sparse, algorithm)
    assert sparse.put_manifest(there.digest, MANIFEST, there.data).status == 201
    content = data_set("image", algorithm)
    entries = [content.describe(MANIFEST, data) for data in (there.data, b"not pushed yet")]
    data = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()
    assert sparse.put_manifest("sparse", INDEX, data).status == 201
    assert sparse.manifest("sparse").body == data
    assert [sparse.manifest(entry["digest"]).status for entry in entries] == [200, 404]


def test_with_the_option_an_image_still_needs_its_blobs(sparse: Speaker) -> None:
    answer = sparse.put_manifest("v1", MANIFEST, data_set("image", "sha256").manifests[0].data)
    assert (answer.status, set(answer.errors)) == (400, {"MANIFEST_BLOB_UNKNOWN"})
