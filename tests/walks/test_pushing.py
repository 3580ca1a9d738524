"""What a push asks, in which order; what it does when something is wrong."""

from __future__ import annotations

import gc
import io
import json
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest

import regtutor as rt
from regtutor import walks
from regtutor.backends.opening import open_registry
from regtutor.client.connect import connect
from regtutor.client.registry import Registry
from regtutor.content.image import Config, Image, Layer, Manifest
from regtutor.content.reading.load import load_image
from regtutor.content.sample.image import sample_image, sample_layer, sample_layout
from regtutor.errors import ConnectionFailed, DigestMismatch, InvalidArgument, PushFailed, RegtutorError
from regtutor.exchange import Exchange, Transcript
from regtutor.protocol.media_types import OCI_CONFIG, OCI_FOREIGN, OCI_LAYER, OCI_MANIFEST
from regtutor.walks.pushing import push_image
from tests.refusing_registry import NOT_FOUND, TOO_LARGE, UNAUTHORIZED, Reply, refusing_registry


@pytest.fixture
def image() -> Image:
    return sample_image()


def outline(transcript: Transcript) -> list[tuple[str, int | None]]:
    return [(exchange.step, exchange.status) for exchange in transcript]


def stored(reg: Registry) -> list[str]:
    """The files of blobs, manifests and uploads in the registry."""
    return [path for path, _ in reg.tree()]


def an_image(*layers: Layer) -> Image:
    """An image of ``layers``; its config says nothing of them."""
    config = Config(b"{}", OCI_CONFIG)
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": OCI_CONFIG, "digest": config.digest, "size": config.size},
        "layers": [
            {"mediaType": layer.media_type, "digest": layer.digest, "size": layer.size, "urls": list(layer.urls)}
            for layer in layers
        ],
    }
    return Image(Manifest(json.dumps(manifest).encode(), OCI_MANIFEST), config, layers)


UPLOAD = [("head_blob", 404), ("start_upload", 202), ("put_blob", 201)]


def test_a_first_push_asks_for_each_blob_uploads_it_and_sends_the_manifest_last(reg: Registry, image: Image) -> None:
    transcript = push_image(reg, image, "library/hello", "v1")
    assert outline(transcript) == [*UPLOAD * 4, ("put_manifest", 201)]
    assert [exchange.target for exchange in transcript if exchange.step == "head_blob"] == [
        f"/v2/library/hello/blobs/{blob.digest}" for blob in (*image.layers, image.config)
    ]
    assert transcript.bytes_up == image.size
    assert transcript[-1].headers["Docker-Content-Digest"] == image.digest


def test_a_second_push_finds_everything_there(reg: Registry, image: Image) -> None:
    push_image(reg, image, "library/hello", "v1")
    transcript = push_image(reg, image, "library/hello", "v1")
    assert outline(transcript) == [("head_blob", 200)] * 4 + [("put_manifest", 201)]
    assert transcript.bytes_up == image.manifest.size


def test_into_another_repository_the_blobs_are_mounted_from_where_this_registry_pushed_them(
    reg: Registry, image: Image
) -> None:
    push_image(reg, image, "library/hello", "v1")
    transcript = push_image(reg, image, "library/other", "v1")
    assert outline(transcript) == [("head_blob", 404), ("mount_blob", 201)] * 4 + [("put_manifest", 201)]
    assert transcript[1].target.endswith(f"?mount={image.layers[0].digest}&from=library/hello")
    assert transcript.bytes_up == image.manifest.size


def test_without_a_source_nothing_is_mounted(reg: Registry, image: Image) -> None:
    push_image(reg, image, "library/hello", "v1")
    transcript = push_image(reg, image, "library/other", "v1", mount_from=())
    assert outline(transcript) == [*UPLOAD * 4, ("put_manifest", 201)]


def test_the_session_of_a_failed_mount_is_used_for_the_upload(reg: Registry, image: Image) -> None:
    transcript = push_image(reg, image, "library/hello", "v1", mount_from=["library/nobody"])
    expected = [("head_blob", 404), ("mount_blob", 202), ("put_blob", 201)]
    assert outline(transcript) == [*expected * 4, ("put_manifest", 201)]
    for mounted, put in zip(transcript[1::3], transcript[2::3], strict=False):
        assert put.target.startswith(mounted.headers["Location"].removeprefix(reg.url))


def test_a_mount_that_failed_is_followed_by_the_next_source_and_leaves_no_session(
    embedded: Registry, image: Image
) -> None:
    push_image(embedded, image, "library/hello", "v1")
    transcript = push_image(embedded, image, "library/other", "v1", mount_from=["library/nobody", "library/hello"])
    tried = [("head_blob", 404), ("mount_blob", 202), ("mount_blob", 201), ("cancel_upload", 204)]
    assert outline(transcript) == [*tried * 4, ("put_manifest", 201)]
    assert transcript.bytes_up == image.manifest.size
    assert not any("_uploads" in path for path in stored(embedded))


def test_of_several_mounts_that_failed_the_last_session_takes_the_upload(embedded: Registry, image: Image) -> None:
    transcript = push_image(embedded, image, "library/hello", "v1", mount_from=["library/a", "library/b"])
    tried = [("head_blob", 404), ("mount_blob", 202), ("mount_blob", 202), ("cancel_upload", 204), ("put_blob", 201)]
    assert outline(transcript) == [*tried * 4, ("put_manifest", 201)]
    assert transcript[4].target.startswith(transcript[2].headers["Location"].removeprefix(embedded.url))
    assert not any("_uploads" in path for path in stored(embedded))


def test_one_repository_to_mount_from_may_be_given_as_it_is(reg: Registry, image: Image) -> None:
    push_image(reg, image, "library/hello", "v1")
    transcript = push_image(reg, image, "library/other", "v1", mount_from="library/hello")
    assert outline(transcript) == [("head_blob", 404), ("mount_blob", 201)] * 4 + [("put_manifest", 201)]


def test_a_mount_that_is_refused_is_followed_by_the_next_and_then_by_an_upload(image: Image) -> None:
    def no_pull(method: str, target: str) -> Reply:
        if "mount=" in target:
            return UNAUTHORIZED
        if method == "POST":
            return 202, {"Location": f"{target}session?_state=1"}, b""
        return (201, {}, b"") if method == "PUT" else NOT_FOUND

    with refusing_registry(no_pull) as registry, connect(registry.url) as reg:
        transcript = push_image(reg, image, "library/hello", "v1", mount_from=["a", "b", "c", "d"])
    tried = [("head_blob", 404), *[("mount_blob", 401)] * walks.MOUNT_TRIES, ("start_upload", 202), ("put_blob", 201)]
    assert outline(transcript) == [*tried * 4, ("put_manifest", 201)]


def test_a_mount_from_the_repository_itself_is_not_tried(reg: Registry, image: Image) -> None:
    transcript = push_image(reg, image, "library/hello", "v1", mount_from=["library/hello"])
    assert "mount_blob" not in [exchange.step for exchange in transcript]


def test_the_walk_is_a_generator_that_anybody_can_drive(reg: Registry, image: Image) -> None:
    walk = walks.push(image, "library/hello", "v1")
    request, asked = next(walk), []
    with pytest.raises(StopIteration) as end:
        while True:
            asked.append(request.step)
            request = walk.send(reg.send(request))
    assert asked == ["head_blob", "start_upload", "put_blob"] * 4 + ["put_manifest"]
    assert end.value.value == ()


def test_a_watcher_is_told_of_each_exchange_as_it_is_made(reg: Registry, image: Image) -> None:
    told: list[Exchange] = []
    transcript = push_image(reg, image, "library/hello", "v1", watch=told.append)
    assert tuple(told) == transcript.exchanges


def test_a_watcher_is_told_of_the_exchange_that_stops_the_walk(image: Image) -> None:
    told: list[Exchange] = []
    with refusing_registry(unauthorized) as registry:
        with connect(registry.url) as reg, pytest.raises(PushFailed):
            push_image(reg, image, "library/hello", "v1", watch=told.append)
        gone = registry.url
    assert [(exchange.step, exchange.status) for exchange in told] == [("head_blob", 401)]
    with connect(gone) as reg, pytest.raises(ConnectionFailed):
        push_image(reg, image, "library/hello", "v1", watch=told.append)
    assert [(exchange.step, exchange.status) for exchange in told[1:]] == [("head_blob", None)]


def test_what_was_pushed_can_be_pulled_back_byte_for_byte(reg: Registry, image: Image) -> None:
    from regtutor.steps import get_blob, get_manifest

    push_image(reg, image, "library/hello", "v1")
    assert get_manifest(reg, "library/hello", "v1").content == image.manifest.data
    for blob in image.blobs:
        fetched = io.BytesIO()
        assert get_blob(reg, "library/hello", blob.digest, into=fetched).status == 200
        assert fetched.getvalue() == blob.open().read()


def damaged(layout: Path, image: Image) -> Path:
    """Change one byte of the program's layer on disk, so that its size stays right."""
    blob = layout / "blobs" / image.layers[1].digest.replace(":", "/")
    data = bytearray(blob.read_bytes())
    data[-1] ^= 1
    blob.write_bytes(data)
    return blob


def test_a_layer_that_is_damaged_on_disk_is_not_stored_and_no_manifest_follows(
    embedded: Registry, tmp_path: Path, image: Image
) -> None:
    layout = sample_layout(tmp_path / "layout")
    blob = damaged(layout, image)
    loaded = load_image(layout, name="v1")
    with pytest.raises(DigestMismatch) as caught:
        push_image(embedded, loaded, "library/hello", "v1")
    assert str(blob) in str(caught.value.path) or image.layers[1].digest in str(caught.value)
    transcript = caught.value.transcript
    assert transcript is not None
    assert outline(transcript) == [
        *UPLOAD,
        *[("head_blob", 404), ("start_upload", 202), ("put_blob", None)],
        ("cancel_upload", 204),
    ]
    assert transcript[5].request.body.fate == "partial"
    assert "does not match its digest" in transcript[5].error
    assert any(image.layers[0].digest.partition(":")[2] in path for path in stored(embedded))
    assert not any(image.layers[1].digest.partition(":")[2] in path for path in stored(embedded))
    assert not any("_manifests" in path or "_uploads" in path for path in stored(embedded))


def test_a_large_layer_that_is_damaged_is_not_stored_either(embedded: Registry) -> None:
    right = sample_layer(3_000_000, seed=1)
    wrong = replace(right, opener=sample_layer(3_000_000, seed=2).opener)
    with pytest.raises(DigestMismatch):
        push_image(embedded, an_image(wrong), "library/hello", "v1")
    assert [path for path in stored(embedded) if path.endswith("/data")] == []


def test_a_layer_that_is_shorter_than_its_manifest_says_is_not_stored(embedded: Registry) -> None:
    short = replace(sample_layer(3_000_000), opener=sample_layer(2_000_000).opener)
    with pytest.raises(DigestMismatch):
        push_image(embedded, an_image(short), "library/hello", "v1")
    assert [path for path in stored(embedded) if path.endswith("/data")] == []


def unauthorized(_method: str, _target: str) -> Reply:
    return UNAUTHORIZED


def proxy_with_a_limit(method: str, target: str) -> Reply:
    """A registry behind a proxy that takes no large bodies."""
    if method == "POST":
        return 202, {"Location": f"{target}session?_state=1"}, b""
    return TOO_LARGE if method == "PUT" else NOT_FOUND


def broken_location(method: str, _target: str) -> Reply:
    return (202, {"Location": "http://[bad/x"}, b"") if method == "POST" else NOT_FOUND


def without_location(method: str, _target: str) -> Reply:
    return (202, {}, b"") if method == "POST" else NOT_FOUND


@pytest.mark.parametrize(
    ("reply", "step", "status", "steps"),
    [
        (unauthorized, "head_blob", 401, ["head_blob"]),
        (proxy_with_a_limit, "put_blob", 413, ["head_blob", "start_upload", "put_blob"]),
        (without_location, "start_upload", 202, ["head_blob", "start_upload"]),
        (broken_location, "start_upload", 202, ["head_blob", "start_upload"]),
    ],
)
def test_a_refusal_stops_the_push_and_says_where(
    image: Image, reply: Callable[[str, str], Reply], step: str, status: int, steps: list[str]
) -> None:
    with refusing_registry(reply) as registry, connect(registry.url) as reg, pytest.raises(PushFailed) as caught:
        push_image(reg, image, "library/hello", "v1")
    assert caught.value.exchange is not None
    assert (caught.value.exchange.step, caught.value.exchange.status) == (step, status)
    assert caught.value.transcript is not None
    assert [exchange.step for exchange in caught.value.transcript] == steps
    assert caught.value.transcript[-1] == caught.value.exchange
    assert len(registry.asked) == len(steps)
    assert registry.received == 0
    assert step in str(caught.value) and str(status) in str(caught.value)


@pytest.mark.parametrize(
    ("credentials", "next"),
    [
        ({}, "--username, or username="),
        ({"username": "ann", "password": "x"}, "refused the credentials"),
    ],
)
def test_an_answer_of_401_says_what_was_wanted_and_what_to_do_about_credentials(
    image: Image, credentials: dict[str, str], next: str
) -> None:
    with (
        refusing_registry(unauthorized) as registry,
        connect(registry.url, **credentials) as reg,
        pytest.raises(PushFailed, match="returned 401, not 200 or 404") as caught,
    ):
        push_image(reg, image, "library/hello", "v1")
    assert next in caught.value.next


def test_a_refused_head_says_where_the_reason_can_be_read(image: Image) -> None:
    with rt.open_registry("in_process", quiet=True) as reg, pytest.raises(PushFailed) as caught:
        push_image(reg, image, "UPPER", "v1")
    assert caught.value.exchange is not None
    assert (caught.value.exchange.method, caught.value.exchange.status) == ("HEAD", 400)
    assert "send the same request with GET" in caught.value.next


@pytest.mark.parametrize(
    ("reply", "why"), [(without_location, "has no Location"), (broken_location, "has a Location that cannot be read")]
)
def test_a_location_that_cannot_be_read_is_told_from_none(
    image: Image, reply: Callable[[str, str], Reply], why: str
) -> None:
    with refusing_registry(reply) as registry, connect(registry.url) as reg, pytest.raises(PushFailed, match=why):
        push_image(reg, image, "library/hello", "v1")


def test_a_registry_that_stores_the_blob_at_once_and_names_no_session_is_pushed_to(image: Image) -> None:
    opened: list[str] = []

    def reply(method: str, target: str) -> Reply:
        if method == "POST":
            opened.append(target)
            return 201, {}, b""
        if method == "PUT":
            return 201, {"Location": target}, b""
        return (200, {}, b"") if opened else NOT_FOUND

    with refusing_registry(reply) as registry, connect(registry.url) as reg:
        done = push_image(reg, image, "library/hello", "v1")
    assert opened == ["/v2/library/hello/blobs/uploads/"]
    assert [exchange.step for exchange in done][:3] == ["head_blob", "start_upload", "head_blob"]
    assert done[-1].step == "put_manifest"


def test_without_a_session_and_without_the_blob_the_push_says_what_to_do(image: Image) -> None:
    with (
        refusing_registry(without_location) as registry,
        connect(registry.url) as reg,
        pytest.raises(PushFailed, match="so there is no address to send the blob to") as caught,
    ):
        push_image(reg, image, "library/hello", "v1")
    assert caught.value.next.startswith("HEAD the blob")


def test_the_details_of_a_refusal_are_told(image: Image) -> None:
    refusal = b'{"errors":[{"code":"DENIED","message":"no","detail":{"quota":5}}]}'

    def full(method: str, _target: str) -> Reply:
        return (403, {"Content-Type": "application/json"}, refusal) if method == "POST" else NOT_FOUND

    with refusing_registry(full) as registry, connect(registry.url) as reg, pytest.raises(PushFailed) as caught:
        push_image(reg, image, "library/hello", "v1")
    assert 'DENIED: no, detail {"quota": 5}' in caught.value.next


def test_a_registry_that_cannot_be_reached_stops_the_push_and_the_transcript_has_the_attempt(image: Image) -> None:
    with refusing_registry(unauthorized) as registry:
        gone = registry.url
    with connect(gone) as reg, pytest.raises(ConnectionFailed) as caught:
        push_image(reg, image, "library/hello", "v1")
    assert caught.value.transcript is not None
    assert outline(caught.value.transcript) == [("head_blob", None)]


@pytest.mark.parametrize("wrong", ["image.tar", None])
def test_what_is_no_image_is_refused_by_name(reg: Registry, wrong: Any) -> None:
    with pytest.raises(InvalidArgument, match=rf"of type {type(wrong).__name__}.*rt\.load_image"):
        push_image(reg, wrong, "library/hello", "v1")


def test_a_walk_that_has_ended_says_so(reg: Registry, image: Image) -> None:
    walker = walks.Walker(walks.push(image, "library/hello", "v1"), reg)
    while walker.request is not None:
        walker.step()
    with pytest.raises(RegtutorError, match="has ended"):
        walker.step()


def test_requests_of_the_source_side_go_to_the_source(image: Image) -> None:
    with (
        open_registry("in_process", quiet=True) as here,
        open_registry("in_process", quiet=True) as there,
    ):
        push_image(there, image, "library/hello", "v1")

        def walk() -> walks.Walk:
            for side in ("", "source"):
                request = next(walks.push(image, "library/hello", "v1"))
                yield replace(request, side=side)
            return ()

        assert outline(walks.run(walk(), here, source=there)) == [("head_blob", 404), ("head_blob", 200)]


def test_a_layer_that_is_fetched_from_elsewhere_is_not_pushed_and_a_note_says_so(embedded: Registry) -> None:
    near = sample_layer(1000)
    far = Layer(
        OCI_FOREIGN, "sha256:" + "0" * 64, 5, urls=("https://example.invalid/layer",), opener=lambda: io.BytesIO()
    )
    transcript = push_image(embedded, an_image(replace(near, media_type=OCI_LAYER), far), "library/hello", "v1")
    assert outline(transcript) == [*UPLOAD * 2, ("put_manifest", 201)]
    assert len(transcript.notes) == 1
    assert far.digest in transcript.notes[0] and "https://example.invalid/layer" in transcript.notes[0]


def test_a_layer_that_stands_twice_in_the_manifest_is_sent_once(reg: Registry) -> None:
    layer = sample_layer(1000)
    assert outline(push_image(reg, an_image(layer, layer), "library/hello", "v1")) == [
        *UPLOAD * 2,
        ("put_manifest", 201),
    ]


def test_each_layer_is_read_once(reg: Registry) -> None:
    opened, given = [], []

    class Counted(io.RawIOBase):
        def __init__(self, file: BinaryIO) -> None:
            self._file = file

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            given.append(self._file.read(size))
            return given[-1]

    layer = sample_layer(2_000_000)

    def opener() -> BinaryIO:
        opened.append(layer.digest)
        return Counted(layer.open())  # type: ignore[return-value]

    push_image(reg, an_image(replace(layer, opener=opener)), "library/hello", "v1")
    assert len(opened) == 1
    assert sum(map(len, given)) == layer.size


def test_a_layer_that_the_registry_has_is_not_opened_at_all(reg: Registry) -> None:
    layer = sample_layer(1000)
    push_image(reg, an_image(layer), "library/hello", "v1")

    def opener() -> BinaryIO:
        raise AssertionError("opened")

    push_image(reg, an_image(replace(layer, opener=opener)), "library/hello", "v1")


def test_a_push_takes_the_same_memory_whatever_the_size_of_a_layer(reg: Registry) -> None:
    layer = sample_layer(256 * 1024 * 1024)
    push_image(reg, an_image(sample_layer(1000)), "library/hello", "small")
    gc.collect()
    tracemalloc.start()
    try:
        transcript = push_image(reg, an_image(layer), "library/hello", "large", progress=False)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert transcript.bytes_up > layer.size
    assert peak < 16 * 1024 * 1024, f"{peak:,} bytes"
