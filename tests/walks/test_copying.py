"""A copy from one registry to another, and within one."""

from __future__ import annotations

import json
import tempfile
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from regtutor.client.connect import connect
from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_image, sample_index, sample_layer
from regtutor.errors import ContentMismatch, PullFailed, PushFailed
from regtutor.exchange import Transcript
from regtutor.steps import get_manifest, head_blob
from regtutor.walks.copying import copy_image
from regtutor.walks.pushing import push_image
from tests.refusing_registry import UNAUTHORIZED, refusing_registry
from tests.walks.artifacts import artifact
from tests.walks.serving import IMAGE, LARGE, LARGE_BYTES, Answer, Asked, an_image, honest, serving

pytestmark = pytest.mark.registry

FETCHED = [("head_blob", 404), ("get_blob", 200), ("start_upload", 202), ("put_blob", 201)]


def outline(transcript: Transcript) -> list[tuple[str, int | None]]:
    return [(exchange.step, exchange.status) for exchange in transcript]


@pytest.mark.parametrize("direction", ["embedded to native", "native to embedded"])
def test_an_index_has_the_same_digests_at_both_ends(
    embedded: Registry, native: Registry, direction: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    source, target = (embedded, native) if direction.startswith("embedded") else (native, embedded)
    index = sample_index()
    push_image(source, index, "library/hello", "v1")
    transcript = copy_image(source, "library/hello", "v1", target, "copies/hello", "v2")
    assert outline(transcript) == [("get_manifest", 200)] * 3 + FETCHED * 6 + [("put_manifest", 201)] * 3
    asked = {exchange.step: exchange.registry for exchange in transcript}
    assert (asked["get_blob"], asked["put_blob"]) == (source.name, target.name)
    for reference, manifest in [("v2", index.manifest), *((image.digest, image.manifest) for image in index.images)]:
        answer = get_manifest(target, "copies/hello", reference)
        assert (answer.content, answer.headers["Docker-Content-Digest"]) == (manifest.data, manifest.digest)
    assert list(tmp_path.iterdir()) == []  # no blob stays behind


def test_a_second_copy_sends_manifests_only(embedded: Registry, native: Registry) -> None:
    push_image(embedded, sample_image(), "library/hello", "v1")
    copy_image(embedded, "library/hello", "v1", native, "copies/hello", "v1")
    again = copy_image(embedded, "library/hello", "v1", native, "copies/hello", "v2")
    assert outline(again) == [("get_manifest", 200), *[("head_blob", 200)] * 4, ("put_manifest", 201)]


def test_within_one_registry_blobs_are_mounted(reg: Registry) -> None:
    push_image(reg, sample_image(), "library/hello", "v1")
    transcript = copy_image(reg, "library/hello", "v1", reg, "library/other", "v1")
    mounted = [("head_blob", 404), ("mount_blob", 201)] * 4
    assert outline(transcript) == [("get_manifest", 200), *mounted, ("put_manifest", 201)]


def test_two_connections_to_one_registry_are_one_registry(native: Registry) -> None:
    push_image(native, sample_image(), "library/hello", "v1")
    with connect(native.url) as other:
        transcript = copy_image(other, "library/hello", "v1", native, "library/other", "v1")
    assert "get_blob" not in [exchange.step for exchange in transcript]


def test_by_digest_to_another_tag_of_the_same_repository(reg: Registry) -> None:
    push_image(reg, sample_image(), "library/hello", "v1")
    transcript = copy_image(reg, "library/hello", sample_image().digest, reg, "library/hello", "stable")
    assert outline(transcript) == [("get_manifest", 200), *[("head_blob", 200)] * 4, ("put_manifest", 201)]
    assert get_manifest(reg, "library/hello", "stable").content == sample_image().manifest.data


def test_a_cut_transfer_goes_on_where_it_was_cut(embedded: Registry) -> None:
    cuts = iter([100_000])

    def cutting(asked: Asked) -> Answer:
        found = honest()(asked)
        return replace(found, cut=next(cuts, None)) if asked.path.endswith(LARGE.digest) else found

    with serving(cutting) as server, connect(server.url) as source:
        copy_image(source, "library/hello", "v1", embedded, "copies/hello", "v1")
    assert [asked.start for asked in server.blob_requests(LARGE.digest)] == [None, 100_000]
    assert head_blob(embedded, "copies/hello", LARGE.digest).status == 200


def test_wrong_bytes_are_not_sent_on(embedded: Registry) -> None:
    def lying(asked: Asked) -> Answer:
        return Answer(200, LARGE_BYTES[::-1]) if asked.path.endswith(LARGE.digest) else honest()(asked)

    with serving(lying) as server, connect(server.url) as source, pytest.raises(ContentMismatch):
        copy_image(source, "library/hello", "v1", embedded, "copies/hello", "v1")
    assert head_blob(embedded, "copies/hello", LARGE.digest).status == 404
    assert get_manifest(embedded, "copies/hello", "v1").status == 404


def test_who_refused_is_said(embedded: Registry) -> None:
    with serving(honest()) as server, connect(server.url) as source:
        with pytest.raises(PullFailed, match="404"):
            copy_image(source, "library/hello", "v9", embedded, "copies/hello", "v1")
        with (
            refusing_registry(lambda _method, _target: UNAUTHORIZED) as refusing,
            connect(refusing.url) as target,
            pytest.raises(PushFailed, match="401"),
        ):
            copy_image(source, "library/hello", "v1", target, "copies/hello", "v1")


def test_a_target_that_stores_other_bytes_than_it_got_is_noticed() -> None:
    def careless(method: str, _target: str) -> tuple[int, dict[str, str], bytes]:
        return (200, {}, b"") if method == "HEAD" else (201, {"Docker-Content-Digest": "sha256:" + "0" * 64}, b"")

    with (
        serving(honest()) as server,
        connect(server.url) as source,
        refusing_registry(careless) as registry,
        connect(registry.url) as target,
        pytest.raises(PushFailed, match="Docker-Content-Digest"),
    ):
        copy_image(source, "library/hello", "v1", target, "copies/hello", "v1")


def test_no_layer_is_held_in_memory(embedded: Registry, native: Registry) -> None:
    image = an_image(sample_layer(24 * 1024 * 1024))
    push_image(embedded, image, "library/large", "v1", progress=False)
    tracemalloc.start()
    try:
        copy_image(embedded, "library/large", "v1", native, "copies/large", "v1", progress=False)
        assert tracemalloc.get_traced_memory()[1] < 8 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert json.loads(get_manifest(native, "copies/large", "v1").content) == json.loads(image.manifest.data)


def test_a_referrer_is_found_at_a_target_that_has_no_api_for_them(embedded: Registry, native: Registry) -> None:
    signature = artifact(sample_image().manifest, "application/vnd.example.signature")
    push_image(embedded, sample_image(), "library/hello", "v1")
    push_image(embedded, signature, "library/hello", "signature")
    copy_image(embedded, "library/hello", "v1", native, "copies/hello", "v1")
    transcript = copy_image(embedded, "library/hello", "signature", native, "copies/hello", "signature")
    listed = get_manifest(native, "copies/hello", sample_image().digest.replace(":", "-"))
    assert [entry["digest"] for entry in json.loads(listed.content)["manifests"]] == [signature.digest]
    assert any("referrers" in note for note in transcript.notes)


def test_a_foreign_layer_is_not_copied_and_a_note_says_so(embedded: Registry) -> None:
    foreign = replace(
        LARGE, media_type="application/vnd.oci.image.layer.nondistributable.v1.tar", urls=("https://a.example/b",)
    )
    with serving(honest(an_image(foreign))) as server, connect(server.url) as source:
        transcript = copy_image(source, "library/hello", "v1", embedded, "copies/hello", "v1")
    assert "https://a.example/b" in transcript.notes[0]
    assert server.blob_requests(LARGE.digest) == []
    assert IMAGE.layers[0].digest == LARGE.digest
