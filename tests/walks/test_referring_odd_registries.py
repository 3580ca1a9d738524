"""Registries that have no referrers API, and say so with another status, or whose referrers tag is the subject."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

import regtutor as rt
from regtutor.content.image import Manifest
from regtutor.content.sample.image import sample_image
from regtutor.errors import ListFailed
from regtutor.exchange import Exchange
from regtutor.message import Request
from regtutor.protocol.media_types import OCI_INDEX
from regtutor.protocol.referrers import referrers_tag
from regtutor.walks import Found, push, referrers, run
from regtutor.walks.deleting import delete
from tests.walks.artifacts import artifact, index_of

REPOSITORY = "library/hello"
SIGNATURE = "application/vnd.example.signature"


class Odd:
    """A registry without the referrers API.

    ``status`` is the response of that API; with ``subject``, the referrers tag leads to the subject, as in GitLab.
    """

    def __init__(self, reg: rt.Registry, status: int, subject: str = "") -> None:
        self.reg, self.status, self.subject = reg, status, subject
        self.sent: list[Exchange] = []

    def send(self, request: Request) -> Exchange:
        exchange = self._send(request)
        self.sent.append(exchange)
        return exchange

    def _send(self, request: Request) -> Exchange:
        target = str(request.target)
        if request.step == "get_referrers":
            exchange = self.reg.send(request)
            assert exchange.response is not None
            return replace(exchange, response=replace(exchange.response, status=self.status, headers=()))
        tag = f"/manifests/{referrers_tag(self.subject)}" if self.subject else "no tag"
        if request.step == "put_manifest" and "OCI-Subject" in (exchange := self.reg.send(request)).headers:
            assert exchange.response is not None
            headers = tuple(pair for pair in exchange.response.headers if pair[0].lower() != "oci-subject")
            return replace(exchange, response=replace(exchange.response, headers=headers))
        if request.step == "put_manifest":
            return exchange
        if target.endswith(tag) and request.method == "GET":
            request = replace(request, target=target.replace(referrers_tag(self.subject), self.subject))
        return self.reg.send(request)


@pytest.fixture
def pushed(embedded: rt.Registry) -> Iterator[rt.Registry]:
    rt.push_image(embedded, sample_image(), REPOSITORY, "v1", progress=False)
    yield embedded


@pytest.fixture
def index(pushed: rt.Registry) -> Manifest:
    """An index that the registry has, as the subject."""
    manifest = Manifest(index_of(sample_image().manifest), OCI_INDEX)
    rt.put_manifest(pushed, REPOSITORY, "all", manifest).expect(201)
    return manifest


@pytest.mark.parametrize("status", [400, 403, 404, 405, 501])
def test_a_registry_without_the_api_is_read_by_the_tag_whatever_its_status(status: int, pushed: rt.Registry) -> None:
    odd, subject = Odd(pushed, status), sample_image().manifest
    signature = artifact(subject, SIGNATURE)
    run(push(signature, REPOSITORY, "signature"), odd)
    found = Found()
    transcript = run(referrers(REPOSITORY, subject.digest, found), odd)
    assert [entry.digest for entry in found.descriptors] == [signature.digest]
    assert found.tag == referrers_tag(subject.digest)
    assert status == 404 or str(status) in transcript.notes[0]
    run(delete(REPOSITORY, "signature"), odd)
    found = Found()
    run(referrers(REPOSITORY, subject.digest, found), odd)
    assert found.descriptors == ()


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_other_refusals_are_no_missing_api(status: int, pushed: rt.Registry) -> None:
    with pytest.raises(ListFailed):
        run(referrers(REPOSITORY, sample_image().digest, Found()), Odd(pushed, status))


def test_a_malformed_digest_is_still_refused(pushed: rt.Registry) -> None:
    with pytest.raises(ListFailed):
        run(referrers(REPOSITORY, "sha256:zz", Found()), Odd(pushed, 400))


@pytest.mark.parametrize("status", [400, 404])
def test_the_subject_itself_is_no_list_of_referrers(status: int, pushed: rt.Registry, index: Manifest) -> None:
    odd, found = Odd(pushed, status, index.digest), Found()
    transcript = run(referrers(REPOSITORY, index.digest, found), odd)
    assert found.descriptors == ()
    assert "the subject itself" in transcript.notes[0]


def test_a_list_is_never_mixed_with_the_images_of_the_subject(pushed: rt.Registry, index: Manifest) -> None:
    odd, signature = Odd(pushed, 404, index.digest), artifact(index, SIGNATURE)
    transcript = run(push(signature, REPOSITORY, "signature"), odd)
    assert "was not added" in transcript.notes[0] and "the subject itself" in transcript.notes[0]
    assert [exchange.step for exchange in odd.sent].count("put_manifest") == 1
    transcript = run(delete(REPOSITORY, "signature"), odd)
    assert [exchange.step for exchange in odd.sent].count("put_manifest") == 1


def test_an_image_that_is_its_own_list_says_so(pushed: rt.Registry) -> None:
    image = sample_image()
    transcript = run(referrers(REPOSITORY, image.digest, Found()), Odd(pushed, 404, image.digest))
    assert "the subject itself" in transcript.notes[0]
