"""Manifests: what may be in a request for one, and which are refused."""

from __future__ import annotations

import json

import pytest

from tests.conformance.content import INDEX, LAYER, MANIFEST, DataSet, Pushed, data_set
from tests.conformance.requirement import proves
from tests.conformance.speaking import WAYS, Speaker, digest_of, parsed

UNKNOWN = digest_of(b"nobody pushed this")
MEGABYTES = 1_000_000


def image(speaker: Speaker, algorithm: str = "sha256") -> Pushed:
    """An image's manifest, its blobs being pushed already."""
    content = data_set("image", algorithm)
    for digest, data in content.blobs.items():
        assert WAYS["POST then PUT"](speaker, digest, data).status == 201
    return content.manifests[0]


def of_size(manifest: Pushed, size: int) -> bytes:
    """The manifest with an annotation that makes it ``size`` bytes long."""
    document = {**json.loads(manifest.data), "annotations": {"note": ""}}
    document["annotations"]["note"] = "A" * (size - len(json.dumps(document)))
    return json.dumps(document).encode()


NAMES = ("a", "a/b", "a.b_c__d-e---f/0", "library/hello-world", "a/b/c/d/e/f", "0")
NO_NAMES = (
    "A",
    "a/B",
    "a..b",
    "-a",
    "a-",
    "a//b",
    "a___b",
    "_a",
    "a/",
    "a%20b",
    "a~b",
    "\u00e4".encode().hex() + "%C3%A4",
)


@proves("name")
@pytest.mark.parametrize("name", NAMES)
def test_a_repository_may_have_every_name_of_the_grammar(speaker: Speaker, name: str) -> None:
    inner = speaker.beside(name)
    manifest = image(inner)
    assert inner.put_manifest("v1", manifest.media_type, manifest.data).status == 201
    assert inner.manifest("v1").body == manifest.data


@proves("name")
@pytest.mark.parametrize("name", NO_NAMES)
def test_a_repository_may_have_no_other_name(speaker: Speaker, name: str) -> None:
    inner = speaker.beside(name)
    assert inner.ask("POST /v2/{repository}/blobs/uploads/ HTTP/1.1\nContent-Length: 0").status in (400, 404)
    assert inner.manifest("v1").status in (400, 404)


TAGS = ("v1", "V1", "_", "0", "1.2.3-rc.1_x", "a" * 128)
NO_TAGS = ("a" * 129, ".v1", "-v1", "v+1", "v%201", "v%C3%A4", "sha256%3Abaddigeststring", "sha256:abc", "v1@sha256")


@proves("tag", "reference")
@pytest.mark.parametrize("tag", TAGS)
def test_a_tag_may_be_every_one_of_the_grammar(speaker: Speaker, tag: str) -> None:
    manifest = image(speaker)
    assert speaker.put_manifest(tag, manifest.media_type, manifest.data).status == 201
    assert speaker.manifest(tag).body == manifest.data


@proves("tag", "reference", "push-reference")
@pytest.mark.parametrize("reference", NO_TAGS, ids=lambda text: text[:20])
def test_what_is_neither_tag_nor_digest_is_refused(speaker: Speaker, reference: str) -> None:
    manifest = image(speaker)
    assert speaker.put_manifest(reference, manifest.media_type, manifest.data).status == 400
    assert speaker.manifest(reference).status in (400, 404)
    assert speaker.manifest(reference, "HEAD").status in (400, 404)


@proves("push-reference", "push-digest")
def test_a_manifest_that_does_not_have_the_digest_of_its_push_is_refused(speaker: Speaker, algorithm: str) -> None:
    manifest = image(speaker, algorithm)
    assert speaker.put_manifest(manifest.digest, manifest.media_type, manifest.data + b"  ").status == 400
    assert speaker.manifest(manifest.digest).status == 404


@proves("push-type-parameters", "manifest-type-bare")
def test_parameters_of_a_content_type_are_overlooked_and_not_given_back(speaker: Speaker) -> None:
    manifest = image(speaker)
    assert speaker.put_manifest("v1", manifest.media_type + "; charset=utf-8", manifest.data).status == 201
    assert speaker.manifest("v1").all("Content-Type") == [manifest.media_type]


@proves("manifest-unknown", "head-unknown", "repository-unknown", "delete-manifest-unknown")
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
@pytest.mark.parametrize("reference", ["absent", UNKNOWN, digest_of(b"", "sha512")], ids=["tag", "sha256", "sha512"])
def test_a_manifest_that_is_not_there_gets_404(speaker: Speaker, method: str, reference: str) -> None:
    assert speaker.manifest(reference, method).status == 404  # nor is the repository
    manifest = image(speaker)
    assert speaker.put_manifest("v1", manifest.media_type, manifest.data).status == 201
    assert speaker.manifest(reference, method).status == 404


@proves("repository-unknown")
def test_nothing_is_pulled_from_a_repository_that_is_not_there(speaker: Speaker) -> None:
    assert speaker.blob(UNKNOWN).status == 404
    assert speaker.blob(UNKNOWN, "HEAD").status == 404
    assert speaker.tags().status == 404


def _missing(content: DataSet, kind: str) -> tuple[str, dict[str, object], int]:
    """The media type and the fields of a manifest that names what is not there, and how much of it."""
    lost = [content.describe(LAYER, data) for data in (b"lost", b"lost as well")]
    config = content.describe("application/vnd.oci.image.config.v1+json", b"{}")
    there = json.loads(content.manifests[0].data)
    return {
        "layers": (MANIFEST, {**there, "layers": lost}, 2),
        "config": (MANIFEST, {**there, "config": config}, 1),
        "manifests": (INDEX, {"schemaVersion": 2, "manifests": [content.describe(MANIFEST, b"lost")]}, 1),
    }[kind]


@proves("missing-content")
@pytest.mark.parametrize("kind", ["layers", "config", "manifests"])
def test_a_manifest_that_names_content_which_is_not_there_is_refused(
    speaker: Speaker, kind: str, algorithm: str
) -> None:
    image(speaker, algorithm)
    media_type, fields, count = _missing(data_set("image", algorithm), kind)
    answer = speaker.put_manifest("v1", media_type, json.dumps(fields).encode())
    assert 400 <= answer.status < 500
    assert answer.errors == ("MANIFEST_BLOB_UNKNOWN",) * count
    assert speaker.manifest("v1").status == 404


@proves("manifest-4-megabytes")
@pytest.mark.parametrize("size", [4 * MEGABYTES, 4 * 1024 * 1024])
def test_a_manifest_of_4_megabytes_is_taken(speaker: Speaker, size: int) -> None:
    manifest = image(speaker)
    data = of_size(manifest, size)
    assert len(data) == size
    assert speaker.put_manifest("large", manifest.media_type, data).status == 201
    assert speaker.manifest("large").body == data


@proves("manifest-limit")
def test_a_manifest_over_the_limit_gets_413(speaker: Speaker) -> None:
    manifest = image(speaker)
    answer = speaker.put_manifest("large", manifest.media_type, of_size(manifest, 5 * 1024 * 1024))
    assert answer.status == 413
    assert speaker.manifest("large").status == 404


@proves("delete-manifest-gone", "delete-tag-gone")
def test_a_manifests_end_is_the_end_of_its_tags_and_a_tags_end_is_not_the_manifests(
    speaker: Speaker, algorithm: str
) -> None:
    manifest = image(speaker, algorithm)
    assert speaker.put_manifest(manifest.digest, manifest.media_type, manifest.data).status == 201
    stored = digest_of(manifest.data)
    for tag in ("one", "two", "three"):
        assert speaker.put_manifest(tag, manifest.media_type, manifest.data).status == 201
    assert speaker.manifest("one", "DELETE").status == 202
    assert speaker.manifest("one").status == 404
    assert [speaker.manifest(name).status for name in ("two", stored, manifest.digest)] == [200, 200, 200]
    assert parsed(speaker.tags())["tags"] == ["three", "two"]
    assert speaker.manifest(stored, "DELETE").status == 202
    assert [speaker.manifest(name).status for name in (stored, "two", "three")] == [404, 404, 404]
    assert parsed(speaker.tags())["tags"] == []
