"""Deleting images and tags, where the registry does both and where it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from regtutor.backends.in_process import InProcessTransport
from regtutor.backends.opening import open_registry
from regtutor.client.connect import connect
from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_image
from regtutor.errors import DeleteFailed, InvalidArgument, RegtutorError
from regtutor.exchange import Exchange, Transcript
from regtutor.protocol.media_types import OCI_INDEX, OCI_MANIFEST
from regtutor.protocol.referrers import referrers_tag
from regtutor.server.app import App
from regtutor.server.storage.store import Store
from regtutor.steps import get_manifest, head_blob, head_manifest, list_tags, put_manifest
from regtutor.walks.deleting import delete_image
from regtutor.walks.pushing import push_image
from tests.refusing_registry import NOT_FOUND, Reply, refusing_registry
from tests.walks.artifacts import artifact, index_of

REPOSITORY = "library/hello"
NATIVE = pytest.param("native", marks=pytest.mark.registry)
each_registry = pytest.mark.parametrize("reg", ["in_process", "embedded", NATIVE], indirect=True)
embedded_only = pytest.mark.parametrize("reg", ["in_process"], indirect=True)


@pytest.fixture
def reg(request: pytest.FixtureRequest) -> Iterator[Registry]:
    options = {"binary": request.getfixturevalue("registry_binary")} if request.param == "native" else {}
    with open_registry(request.param, quiet=True, **options) as registry:
        push_image(registry, sample_image(), REPOSITORY, "v1")
        push_image(registry, sample_image(), REPOSITORY, "v2")
        yield registry


def outline(transcript: Transcript) -> list[tuple[str, int | None]]:
    return [(exchange.step, exchange.status) for exchange in transcript]


@each_registry
@pytest.mark.parametrize("reference", ["v1", sample_image().digest])
def test_an_image_goes_with_every_tag_that_points_to_it_and_its_blobs_stay(reg: Registry, reference: str) -> None:
    done = delete_image(reg, REPOSITORY, reference)
    gone = [("head_manifest", 404)] * (1 if ":" in reference else 2)
    assert outline(done) == [("head_manifest", 200), ("get_manifest", 200), ("delete_manifest", 202), *gone]
    assert sample_image().digest in done.notes[0]
    for name in ("v1", "v2", sample_image().digest):
        assert head_manifest(reg, REPOSITORY, name).status == 404
    assert all(head_blob(reg, REPOSITORY, blob.digest).status == 200 for blob in sample_image().blobs)


@each_registry
@pytest.mark.parametrize("reference", ["v9", "sha256:" + "0" * 64])
def test_what_is_not_there_is_told_before_anything_is_deleted(reg: Registry, reference: str) -> None:
    with pytest.raises(DeleteFailed, match="404") as caught:
        delete_image(reg, REPOSITORY, reference)
    assert caught.value.transcript is not None
    assert outline(caught.value.transcript) == [("head_manifest", 404)]
    assert head_manifest(reg, REPOSITORY, "v1").status == 200


@embedded_only
def test_a_tag_alone_can_be_deleted(reg: Registry) -> None:
    done = delete_image(reg, REPOSITORY, "v1", tag_only=True)
    assert outline(done) == [("delete_manifest", 202), ("head_manifest", 404)]
    assert list_tags(reg, REPOSITORY).json()["tags"] == ["v2"]
    assert head_manifest(reg, REPOSITORY, sample_image().digest).status == 200


@embedded_only
def test_a_digest_is_no_tag_and_with_tag_only_nothing_is_asked(reg: Registry) -> None:
    asked: list[Exchange] = []
    with pytest.raises(InvalidArgument, match="not a tag"):
        delete_image(reg, REPOSITORY, sample_image().digest, tag_only=True, watch=asked.append)
    assert asked == []
    assert list_tags(reg, REPOSITORY).json()["tags"] == ["v1", "v2"]
    assert head_manifest(reg, REPOSITORY, sample_image().digest).status == 200


@pytest.mark.registry
@pytest.mark.parametrize("reg", ["native"], indirect=True)
def test_a_registry_that_deletes_by_digest_only_is_explained(reg: Registry) -> None:
    with pytest.raises(DeleteFailed, match="by digest only") as caught:
        delete_image(reg, REPOSITORY, "v1", tag_only=True)
    assert caught.value.exchange is not None
    assert caught.value.exchange.status == 400
    assert head_manifest(reg, REPOSITORY, "v1").status == 200


@each_registry
def test_of_an_index_the_manifests_stay_and_that_is_said(reg: Registry) -> None:
    index = index_of(sample_image().manifest)
    put_manifest(reg, REPOSITORY, "all", index, media_type=OCI_INDEX).expect(201)
    assert "1 manifests that it names still exist" in delete_image(reg, REPOSITORY, "all").notes[1]
    assert get_manifest(reg, REPOSITORY, sample_image().digest).status == 200


def test_a_registry_that_does_not_delete_is_explained(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        transport = InProcessTransport(App(store, deletes=False))
        with Registry(transport.url, transport) as reg:
            push_image(reg, sample_image(), REPOSITORY, "v1")
            with pytest.raises(DeleteFailed, match="switched off") as caught:
                delete_image(reg, REPOSITORY, "v1")
            assert caught.value.exchange is not None
            assert caught.value.exchange.status == 405
            assert head_manifest(reg, REPOSITORY, "v1").status == 200


@pytest.mark.parametrize("broken", ["get", "put"])
def test_a_deletion_stays_one_if_the_list_of_referrers_cannot_be_read_or_put(broken: str) -> None:
    signature = artifact(sample_image().manifest, "application/vnd.example.signature")
    tag, listed = referrers_tag(sample_image().digest), index_of(signature.manifest)
    deleted: list[str] = []

    def reply(method: str, target: str) -> Reply:
        if "/referrers/" in target:
            return NOT_FOUND
        if tag in target:
            return (200, {"Content-Type": OCI_INDEX}, listed) if (method, broken) == ("GET", "put") else (500, {}, b"")
        if method == "DELETE":
            deleted.append(target)
            return 202, {}, b""
        if deleted:
            return NOT_FOUND
        return 200, {"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": signature.digest}, signature.manifest.data

    with refusing_registry(reply) as registry, connect(registry.url) as reg:
        done = delete_image(reg, REPOSITORY, signature.digest)
    assert ("delete_manifest", 202) in outline(done)
    assert done[-1].status == 500
    assert "was deleted" in done.notes[0]
    assert tag in done.notes[-1] and "500" in done.notes[-1]


PAGE: Reply = (200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><html><title>Registry</title></html>")


@pytest.mark.parametrize("reference", ["v1", f"sha256:{'0' * 64}"])
@pytest.mark.parametrize("pages", [("HEAD", "GET"), ("GET",)])
def test_a_web_page_is_never_deleted(reference: str, pages: tuple[str, ...]) -> None:
    def reply(method: str, _target: str) -> Reply:
        return PAGE if method in pages else (200, {"Content-Type": "application/json"}, b"")

    with refusing_registry(reply) as registry, connect(registry.url) as reg, pytest.raises(RegtutorError) as failed:
        delete_image(reg, "library/hello", reference)
    assert "web page" in str(failed.value)
    assert not [asked for asked in registry.asked if asked.startswith("DELETE")]


def test_a_body_that_is_no_manifest_names_nothing_to_delete() -> None:
    def reply(_method: str, _target: str) -> Reply:
        return 200, {"Content-Type": "application/octet-stream"}, b"anything"

    with refusing_registry(reply) as registry, connect(registry.url) as reg, pytest.raises(DeleteFailed):
        delete_image(reg, "library/hello", "v1")
    assert not [asked for asked in registry.asked if asked.startswith("DELETE")]


def still_serving(answers: dict[str, int], digest: str = "") -> Callable[[str, str], Reply]:
    """A registry that answers 202 to DELETE, and then to HEAD of a reference what ``answers`` has, else 404.

    ``digest`` is the one that it names for a tag then; by default that of the deleted manifest.
    """
    manifest = sample_image().manifest
    deleted: list[str] = []

    def reply(method: str, target: str) -> Reply:
        if method == "DELETE":
            deleted.append(target)
            return 202, {}, b""
        named = digest if deleted and digest else manifest.digest
        status = answers.get(target.rpartition("/")[2], 404) if deleted else 200
        return status, {"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": named}, manifest.data

    return reply


def test_a_tag_that_is_still_served_after_a_deletion_by_digest_is_named() -> None:
    # as the registry of go-containerregistry does
    reply = still_serving({"v1": 200})
    with refusing_registry(reply) as registry, connect(registry.url) as reg, pytest.raises(DeleteFailed) as failed:
        delete_image(reg, REPOSITORY, "v1")
    assert f"the registry deleted {sample_image().digest}, but still serves it under the tag v1" in str(failed.value)
    assert "go-containerregistry" in str(failed.value) and "--tag-only" in str(failed.value)
    assert failed.value.transcript is not None
    assert outline(failed.value.transcript)[-3:] == [
        ("delete_manifest", 202),
        ("head_manifest", 404),
        ("head_manifest", 200),
    ]


@pytest.mark.parametrize(("reference", "tag_only"), [(sample_image().digest, False), ("v1", True)])
def test_a_deletion_that_changes_nothing_is_no_success(reference: str, tag_only: bool) -> None:
    reply = still_serving({reference: 200})
    with refusing_registry(reply) as registry, connect(registry.url) as reg, pytest.raises(DeleteFailed) as failed:
        delete_image(reg, REPOSITORY, reference, tag_only=tag_only)
    assert f"the registry returned 202 to DELETE, but HEAD of {reference} still returns 200" in str(failed.value)


def test_a_tag_that_points_to_another_manifest_by_then_is_left_alone() -> None:
    with (
        refusing_registry(still_serving({"v1": 200}, "sha256:" + "0" * 64)) as registry,
        connect(registry.url) as reg,
    ):
        assert "was deleted" in delete_image(reg, REPOSITORY, "v1").notes[0]


def test_what_cannot_be_checked_is_a_note() -> None:
    with refusing_registry(still_serving({"v1": 503})) as registry, connect(registry.url) as reg:
        done = delete_image(reg, REPOSITORY, "v1")
    assert done.notes[-1] == "The deletion of v1 could not be verified: HEAD returned 503"
