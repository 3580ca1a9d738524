"""Referrers, where the registry keeps the list and where the client must."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from regtutor.backends.opening import open_registry
from regtutor.client.connect import connect
from regtutor.client.registry import Registry
from regtutor.content.image import Image
from regtutor.content.sample.image import sample_image
from regtutor.errors import InvalidDigest, ListFailed
from regtutor.exchange import Transcript
from regtutor.protocol.manifests import Descriptor
from regtutor.protocol.media_types import OCI_INDEX
from regtutor.protocol.referrers import referrers_tag
from regtutor.steps import get_manifest, put_manifest
from regtutor.walks.deleting import delete_image
from regtutor.walks.pushing import push_image
from regtutor.walks.referring import Referrers, list_referrers
from tests.refusing_registry import NOT_FOUND, Reply, refusing_registry
from tests.walks.artifacts import artifact

SIGNATURE, CONTENTS = "application/vnd.example.signature", "application/vnd.example.contents"
REPOSITORY = "library/hello"
each_registry = pytest.mark.parametrize(
    "reg", ["in_process", "embedded", pytest.param("native", marks=pytest.mark.registry)], indirect=True
)


@pytest.fixture
def reg(request: pytest.FixtureRequest) -> Iterator[Registry]:
    options = {"binary": request.getfixturevalue("registry_binary")} if request.param == "native" else {}
    with open_registry(request.param, quiet=True, **options) as registry:
        push_image(registry, sample_image(), REPOSITORY, "v1")
        yield registry


@pytest.fixture
def image() -> Image:
    return sample_image()


def steps(transcript: Transcript) -> list[str]:
    return [exchange.step for exchange in transcript]


def digests(found: Referrers) -> set[str]:
    return {descriptor.digest for descriptor in found}


@each_registry
def test_an_artifact_that_was_pushed_is_among_the_referrers_with_its_type_and_annotations(
    reg: Registry, image: Image
) -> None:
    signature = artifact(image.manifest, SIGNATURE, note="signed by nobody@example.invalid", token="1234")
    push_image(reg, signature, REPOSITORY, signature.digest)
    (descriptor,) = list_referrers(reg, REPOSITORY, image.digest)
    assert (descriptor.digest, descriptor.size) == (signature.digest, signature.manifest.size)
    assert descriptor.artifact_type == SIGNATURE
    assert descriptor.annotations["note"] == "signed by nobody@example.invalid"


@each_registry
def test_referrers_can_be_chosen_by_their_type(reg: Registry, image: Image) -> None:
    signature, contents = artifact(image.manifest, SIGNATURE), artifact(image.manifest, CONTENTS)
    for pushed in (signature, contents, signature):
        push_image(reg, pushed, REPOSITORY, pushed.digest)
    assert digests(list_referrers(reg, REPOSITORY, image.digest)) == {signature.digest, contents.digest}
    assert len(list_referrers(reg, REPOSITORY, image.digest)) == 2
    assert digests(list_referrers(reg, REPOSITORY, image.digest, CONTENTS)) == {contents.digest}
    assert digests(list_referrers(reg, REPOSITORY, image.digest, "text/plain")) == set()


@each_registry
def test_what_nothing_refers_to_has_no_referrers(reg: Registry, image: Image) -> None:
    assert list_referrers(reg, REPOSITORY, image.digest).descriptors == ()


@each_registry
def test_an_artifact_that_was_deleted_is_no_referrer_any_more(reg: Registry, image: Image) -> None:
    signature, contents = artifact(image.manifest, SIGNATURE), artifact(image.manifest, CONTENTS)
    for pushed in (signature, contents):
        push_image(reg, pushed, REPOSITORY, pushed.digest)
    delete_image(reg, REPOSITORY, signature.digest)
    assert digests(list_referrers(reg, REPOSITORY, image.digest)) == {contents.digest}


@each_registry
def test_an_image_without_a_subject_costs_no_further_request(reg: Registry, image: Image) -> None:
    assert steps(push_image(reg, image, "library/other", "v1", mount_from=()))[-1] == "put_manifest"


@pytest.mark.parametrize("reg", ["in_process"], indirect=True)
def test_a_registry_with_the_api_is_asked_once_and_given_no_list(reg: Registry, image: Image) -> None:
    signature = artifact(image.manifest, SIGNATURE)
    pushed = push_image(reg, signature, REPOSITORY, signature.digest)
    assert (steps(pushed)[-1], pushed.notes) == ("put_manifest", ())
    found = list_referrers(reg, REPOSITORY, image.digest)
    assert (steps(found.transcript), found.tag) == (["get_referrers"], "")


@pytest.mark.registry
@pytest.mark.parametrize("reg", ["native"], indirect=True)
class TestWithoutTheAPI:
    """On a registry that answers 404, as CNCF Distribution 2.8 does."""

    def test_the_list_is_kept_and_read_under_the_tag(self, reg: Registry, image: Image) -> None:
        signature = artifact(image.manifest, SIGNATURE, token="1234")
        pushed = push_image(reg, signature, REPOSITORY, signature.digest)
        assert steps(pushed)[-3:] == ["put_manifest", "get_manifest", "put_manifest"]
        assert referrers_tag(image.digest) in pushed.notes[0]
        listed = get_manifest(reg, REPOSITORY, referrers_tag(image.digest)).json()["manifests"]
        assert [entry["digest"] for entry in listed] == [signature.digest]
        found = list_referrers(reg, REPOSITORY, image.digest)
        assert (steps(found.transcript), found.tag) == (
            ["get_referrers", "get_manifest"],
            referrers_tag(image.digest),
        )
        assert "no referrers API" in found.transcript.notes[0]

    def test_what_is_listed_already_is_not_listed_twice(self, reg: Registry, image: Image) -> None:
        signature = artifact(image.manifest, SIGNATURE)
        push_image(reg, signature, REPOSITORY, signature.digest)
        assert steps(push_image(reg, signature, REPOSITORY, "again"))[-2:] == ["put_manifest", "get_manifest"]

    def test_what_others_wrote_into_the_list_stays(self, reg: Registry, image: Image) -> None:
        tag = referrers_tag(image.digest)
        own = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "annotations": {"token": "kept"}}
        put_manifest(reg, REPOSITORY, tag, json.dumps(own).encode(), media_type=OCI_INDEX).expect(201)
        signature = artifact(image.manifest, SIGNATURE)
        push_image(reg, signature, REPOSITORY, signature.digest)
        size = len(json.dumps({**own, "manifests": [_entry(signature)]}))
        assert get_manifest(reg, REPOSITORY, tag).bytes_down == size

    def test_what_is_under_the_tag_and_no_index_is_left_there(self, reg: Registry, image: Image) -> None:
        put_manifest(reg, REPOSITORY, referrers_tag(image.digest), image.manifest).expect(201)
        signature = artifact(image.manifest, SIGNATURE)
        pushed = push_image(reg, signature, REPOSITORY, signature.digest)
        assert "was not added" in pushed.notes[0]
        assert len(list_referrers(reg, REPOSITORY, image.digest)) == 0

    def test_a_digest_that_is_none_has_no_tag(self, reg: Registry) -> None:
        with pytest.raises(InvalidDigest) as caught:
            list_referrers(reg, REPOSITORY, "sha256:hello")
        assert caught.value.transcript is not None
        assert steps(caught.value.transcript) == ["get_referrers"]


def _entry(image: Image) -> dict[str, object]:
    return {
        "mediaType": image.media_type,
        "digest": image.digest,
        "size": image.manifest.size,
        "artifactType": image.artifact_type,
    }


def page(*entries: dict[str, object], link: str = "") -> Reply:
    body = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()
    return 200, {"Content-Type": OCI_INDEX} | ({"Link": link} if link else {}), body


def test_the_pages_of_a_list_are_followed_byte_for_byte_and_filtered_where_the_registry_did_not(image: Image) -> None:
    signature, contents = artifact(image.manifest, SIGNATURE), artifact(image.manifest, CONTENTS)
    pages = {
        "/elsewhere?p=%7e2": page(_entry(contents), link='<?p=3>; rel=last, <?p=%7E3>; title="a, b"; rel="next"'),
        "/elsewhere?p=%7E3": page(_entry(signature)),
    }

    def reply(_method: str, target: str) -> Reply:
        return pages.get(target) or page(_entry(signature), link="</elsewhere?p=%7e2>; rel=next")

    with refusing_registry(reply) as registry, connect(registry.url) as reg:
        found = list_referrers(reg, REPOSITORY, image.digest, SIGNATURE)
    assert [descriptor.digest for descriptor in found] == [signature.digest, signature.digest]
    assert [line.split()[1] for line in registry.asked[1:]] == list(pages)


def test_links_that_go_round_in_a_circle_end(image: Image) -> None:
    def reply(_method: str, _target: str) -> Reply:
        return page(link="</v2/again>; rel=next")

    with (
        refusing_registry(reply) as registry,
        connect(registry.url) as reg,
        pytest.raises(ListFailed, match="requested before"),
    ):
        list_referrers(reg, REPOSITORY, image.digest)
    assert len(registry.asked) <= 3


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"<html>", b'{"schemaVersion":2,"manifests":[{}]}'])
def test_a_body_that_is_no_index_is_told(image: Image, body: bytes) -> None:
    with (
        refusing_registry(lambda _m, _t: (200, {}, body)) as registry,
        connect(registry.url) as reg,
        pytest.raises(ListFailed, match=r"not an index|a web page"),
    ):
        list_referrers(reg, REPOSITORY, image.digest)


def test_a_registry_that_has_nothing_at_all_has_no_referrers(image: Image) -> None:
    with refusing_registry(lambda _m, _t: NOT_FOUND) as registry, connect(registry.url) as reg:
        found = list_referrers(reg, REPOSITORY, image.digest)
    assert (found.descriptors, steps(found.transcript)) == ((), ["get_referrers", "get_manifest"])


def test_the_repr_is_one_line_and_names_the_source() -> None:
    descriptor = Descriptor(OCI_INDEX, f"sha256:{0:064}", 2)
    transcript = Transcript.of([])
    assert repr(Referrers((), "", transcript)) == "<Referrers: 0 manifests, from the referrers API>"
    assert repr(Referrers((descriptor,), "sha256-0", transcript)) == "<Referrers: 1 manifest, from the tag sha256-0>"
    assert "\x1b" not in repr(Referrers((descriptor,) * 2, "\x1b[2J", transcript))
