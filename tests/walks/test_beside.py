"""A push of several layers at a time: the same requests and the same transcript as one layer at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from regtutor.backends.opening import open_registry
from regtutor.client.connect import connect
from regtutor.client.registry import Registry
from regtutor.content.image import Image, Layer
from regtutor.content.sample.image import sample_index, sample_layer
from regtutor.errors import DigestMismatch, InvalidArgument, PushFailed
from regtutor.exchange import Exchange, Transcript
from regtutor.walks.beside import MOST_JOBS
from regtutor.walks.pushing import push_image
from tests.guarded_registry import PASSWORD, guarded
from tests.refusing_registry import NOT_FOUND, TOO_LARGE, Reply, refusing_registry
from tests.walks.test_pushing import an_image, outline, stored

LIMIT = 20.0
"""Seconds that any wait may last."""


def five_layers() -> Image:
    return an_image(*(sample_layer(1000 * (number + 1)) for number in range(5)))


def blobs_of(transcript: Transcript) -> list[tuple[str, str | None]]:
    return [(exchange.step, exchange.request.body.digest) for exchange in transcript if exchange.step == "put_blob"]


@pytest.mark.parametrize("jobs", [2, 4, MOST_JOBS])
def test_the_transcript_is_the_one_of_a_push_with_one_layer_at_a_time(reg: Registry, jobs: int) -> None:
    image = five_layers()
    one = push_image(reg, image, "test/one", "v1", progress=False, mount_from=())
    with open_registry("embedded", quiet=True) as other:
        several = push_image(other, image, "test/one", "v1", progress=False, mount_from=(), jobs=jobs)
    assert outline(several) == outline(one)
    assert blobs_of(several) == blobs_of(one)
    heads = [[exchange.target for exchange in pushed if exchange.step == "head_blob"] for pushed in (one, several)]
    assert heads[0] == heads[1]


def test_all_is_stored_and_a_second_push_sends_nothing_again(reg: Registry) -> None:
    index = sample_index()
    first = push_image(reg, index, "test/index", "v1", progress=False, jobs=3)
    assert first[-1].status == 201
    again = push_image(reg, index, "test/index", "v1", progress=False, jobs=3)
    assert {exchange.step for exchange in again} == {"head_blob", "put_manifest"}


class Meeting:
    """Layers whose reading waits until all of them are being read."""

    def __init__(self, parties: int) -> None:
        self._barrier = threading.Barrier(parties)

    def layer(self, layer: Layer) -> Layer:
        def opener() -> BinaryIO:
            self._barrier.wait(LIMIT)
            return layer.open()

        return replace(layer, opener=opener)


def test_so_many_layers_are_sent_at_the_same_time(embedded: Registry) -> None:
    image = five_layers()
    meeting = Meeting(4)  # would never be complete with fewer at a time
    layers = (*map(meeting.layer, image.layers[:4]), image.layers[4])
    pushed = push_image(embedded, replace(image, layers=layers), "test/met", "v1", progress=False, jobs=4)
    assert pushed[-1].status == 201


def test_in_one_process_without_a_socket_it_works_too() -> None:
    with open_registry("in_process", quiet=True) as reg:
        assert push_image(reg, five_layers(), "test/one", "v1", progress=False, jobs=3)[-1].status == 201


def test_each_exchange_is_watched_by_one_thread_at_a_time(embedded: Registry) -> None:
    seen: list[Exchange] = []
    inside = threading.Lock()

    def watch(exchange: Exchange) -> None:
        assert inside.acquire(blocking=False)
        seen.append(exchange)
        inside.release()

    pushed = push_image(embedded, five_layers(), "test/seen", "v1", progress=False, jobs=4, watch=watch)
    assert sorted(map(id, seen)) == sorted(map(id, pushed))


class EndlessLayer:
    """A layer that is read until the reader stops: it counts as long, and its bytes come one after the other."""

    def __init__(self) -> None:
        self.begun, self.ended = threading.Event(), threading.Event()

    def layer(self) -> Layer:
        return replace(sample_layer(10), size=10**12, digest=f"sha256:{'0' * 64}", opener=self._open)

    def _open(self) -> BinaryIO:
        self.begun.set()
        return self  # type: ignore[return-value]

    def read(self, size: int = -1) -> bytes:
        return b"\0" * min(size, 65536)

    def close(self) -> None:
        self.ended.set()


@pytest.fixture
def damaged_after() -> Iterator[EndlessLayer]:
    yield EndlessLayer()


def test_an_error_in_one_layer_ends_the_others_which_cancel_their_uploads(
    embedded: Registry, damaged_after: EndlessLayer
) -> None:
    endless = damaged_after
    wrong = sample_layer(1000)

    def opener() -> BinaryIO:
        assert endless.begun.wait(LIMIT)
        return sample_layer(2000).open()

    image = an_image(endless.layer(), replace(wrong, opener=opener), sample_layer(3000))
    with pytest.raises(DigestMismatch) as caught:
        push_image(embedded, image, "test/wrong", "v1", progress=False, jobs=2)
    assert endless.ended.is_set()
    transcript = caught.value.transcript
    assert transcript is not None
    assert [exchange.step for exchange in transcript].count("cancel_upload") == 2
    assert not any("_uploads" in path or "/blobs/" in path for path in stored(embedded))


def test_a_refusal_of_one_layer_is_the_error_with_the_exchanges_of_all() -> None:
    def reply(method: str, _target: str) -> Reply:
        opened: Reply = (202, {"Location": "/v2/test/refused/blobs/uploads/1?a=b"}, b"")
        return {"HEAD": NOT_FOUND, "POST": opened}.get(method, TOO_LARGE)

    with refusing_registry(reply) as registry, connect(registry.url) as reg:
        with pytest.raises(PushFailed) as caught:
            push_image(reg, five_layers(), "test/refused", "v1", progress=False, jobs=3)
        transcript = caught.value.transcript
        assert transcript is not None
        assert transcript[0].step == "head_blob"
        assert any(exchange.status == TOO_LARGE[0] for exchange in transcript)
        assert not any(exchange.step == "put_manifest" for exchange in transcript)


def test_each_challenge_is_met_once_before_the_others_send(tmp_path: Path) -> None:
    with guarded(tmp_path / "store") as guard, connect(guard.url, username="ann", password=PASSWORD) as reg:
        pushed = push_image(reg, five_layers(), "a/b", "v1", progress=False, jobs=4)
        refused = [(exchange.step, exchange.status) for exchange in pushed if exchange.status == 401]
        assert refused == [("head_blob", 401), ("start_upload", 401)]
        assert [exchange.step for exchange in pushed].count("request_token") == 2


@pytest.mark.parametrize("jobs", [0, -1, MOST_JOBS + 1])
def test_other_numbers_are_refused_before_anything_is_sent(embedded: Registry, jobs: int) -> None:
    with pytest.raises(InvalidArgument, match=f"jobs={jobs}"):
        push_image(embedded, five_layers(), "test/none", "v1", progress=False, jobs=jobs)
    assert not any("repositories" in path for path in stored(embedded))


def test_ctrl_c_in_the_middle_ends_every_walk(embedded: Registry) -> None:
    def watch(exchange: Exchange) -> None:
        if exchange.step == "put_blob":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        push_image(embedded, five_layers(), "test/stopped", "v1", progress=False, jobs=3, watch=watch)
