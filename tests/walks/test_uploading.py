"""Uploads in chunks and as streams; and how they go on after cut connections, refused chunks and restarts."""

from __future__ import annotations

import gc
import io
import itertools
import os
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from regtutor import walks
from regtutor.backends.opening import open_registry
from regtutor.client.connect import connect
from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_image, sample_layer
from regtutor.errors import ConnectionFailed, DigestMismatch, PushFailed, RegtutorError
from regtutor.exchange import Exchange, Transcript
from regtutor.message import Location
from regtutor.protocol.digests import sha256
from regtutor.server.app import App
from regtutor.server.shell.listen import Server
from regtutor.server.storage.store import Store
from regtutor.steps import get_blob, get_upload, patch_upload, start_upload
from regtutor.walks.pushing import push_image
from regtutor.walks.uploading import resume_upload, upload_chunks
from tests.refusing_registry import NOT_FOUND, Reply, refusing_registry
from tests.server.conftest import distribution  # noqa: F401 - a fixture
from tests.walks.cutting import CuttingProxy, cutting_proxy
from tests.walks.test_pushing import an_image, stored

DATA = bytes(range(256)) * 4
REPOSITORY = "library/hello"
Distribution = Callable[[Path], AbstractContextManager[str]]


def outline(transcript: Transcript) -> list[tuple[str, int | None]]:
    return [(exchange.step, exchange.status) for exchange in transcript]


def fetched(reg: Registry, data: bytes = DATA) -> bytes:
    into = io.BytesIO()
    get_blob(reg, REPOSITORY, sha256(data), into=into)
    return into.getvalue()


@pytest.fixture(params=["embedded", pytest.param("native", marks=pytest.mark.registry)])
def reg(request: pytest.FixtureRequest) -> Iterator[Registry]:
    options: dict[str, Any] = {}
    if request.param == "native":
        options = {"binary": request.getfixturevalue("registry_binary")}
    with open_registry(request.param, quiet=True, **options) as registry:
        yield registry


@pytest.fixture
def embedded() -> Iterator[Registry]:
    with open_registry("embedded", quiet=True) as registry:
        yield registry


@pytest.fixture
def proxy(reg: Registry) -> Iterator[CuttingProxy]:
    with cutting_proxy(reg.url) as proxy:
        yield proxy


@pytest.fixture
def near(proxy: CuttingProxy) -> Iterator[Registry]:
    """The registry behind the proxy."""
    with connect(proxy.url) as registry:
        yield registry


def test_a_chunked_upload_is_a_post_a_patch_for_each_chunk_and_a_put_without_bytes(reg: Registry) -> None:
    transcript = upload_chunks(reg, REPOSITORY, DATA, chunk_size=400)
    assert outline(transcript) == [("start_upload", 202), *[("patch_upload", 202)] * 3, ("put_blob", 201)]
    chunks = transcript.exchanges[1:4]
    assert [chunk.request_headers["Content-Range"] for chunk in chunks] == ["0-399", "400-799", "800-1023"]
    assert [chunk.bytes_up for chunk in chunks] == [400, 400, 224]
    assert transcript[-1].bytes_up == 0
    assert fetched(reg) == DATA


def test_each_chunk_goes_to_the_location_of_the_answer_before(reg: Registry) -> None:
    transcript = upload_chunks(reg, REPOSITORY, DATA, chunk_size=400)
    for before, after in itertools.pairwise(transcript.exchanges[:4]):
        assert before.location is not None
        assert before.location.follow().endswith(after.target)


def test_a_streamed_upload_is_one_patch_of_a_length_that_is_not_said(reg: Registry) -> None:
    transcript = upload_chunks(reg, REPOSITORY, DATA, chunk_size=None)
    assert outline(transcript) == [("start_upload", 202), ("patch_upload", 202), ("put_blob", 201)]
    assert transcript[1].request_headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in transcript[1].request_headers
    assert "Content-Range" not in transcript[1].request_headers
    assert fetched(reg) == DATA


@pytest.mark.parametrize("chunk_size", [1, None])
def test_a_blob_without_bytes_needs_no_chunk(reg: Registry, chunk_size: int | None) -> None:
    assert outline(upload_chunks(reg, REPOSITORY, b"", chunk_size=chunk_size)) == [
        ("start_upload", 202),
        ("put_blob", 201),
    ]


def test_chunks_are_as_large_as_the_registry_wants_them(tmp_path: Path) -> None:
    with Store(tmp_path) as store, Server(App(store, chunk_min_length=500)) as server, connect(server.url) as reg:
        transcript = upload_chunks(reg, REPOSITORY, DATA, chunk_size=100)
        assert [e.bytes_up for e in transcript if e.step == "patch_upload"] == [500, 500, 24]


def test_a_session_that_is_open_already_is_used(reg: Registry) -> None:
    location = start_upload(reg, REPOSITORY).location
    assert outline(upload_chunks(reg, REPOSITORY, DATA, location=location)) == [
        ("patch_upload", 202),
        ("put_blob", 201),
    ]


@pytest.mark.parametrize(("way", "patches"), [("chunked", 3), ("streamed", 1)])
def test_an_image_is_pushed_in_chunks_or_as_streams(reg: Registry, way: str, patches: int) -> None:
    layer = sample_layer(3000)
    transcript = push_image(reg, an_image(layer), REPOSITORY, "v1", upload=way, chunk_size=1100)
    sent = [e for e in transcript if e.step == "patch_upload" and e.bytes_up > 2]
    assert len(sent) == patches
    assert sum(e.bytes_up for e in sent) == layer.size
    assert outline(transcript)[-1] == ("put_manifest", 201)


def test_an_upload_that_nobody_knows_is_named(embedded: Registry) -> None:
    with pytest.raises(RegtutorError, match="monolithic, chunked, streamed"):
        push_image(embedded, sample_image(), REPOSITORY, "v1", upload="parallel")
    with pytest.raises(RegtutorError, match="0 bytes"):
        push_image(embedded, sample_image(), REPOSITORY, "v1", upload="chunked", chunk_size=0)


# -- after a break -------------------------------------------------------------------------------------------------


def test_after_a_cut_in_the_middle_of_a_chunk_the_upload_goes_on_where_the_registry_stands(
    near: Registry, proxy: CuttingProxy, reg: Registry
) -> None:
    proxy.cuts = [None, 150]
    transcript = upload_chunks(near, REPOSITORY, DATA, chunk_size=400)
    steps = outline(transcript)
    assert steps[:4] == [
        ("start_upload", 202),
        ("patch_upload", 202),
        ("patch_upload", None),
        ("get_upload", transcript[3].status),
    ]
    assert steps[-1] == ("put_blob", 201)
    assert fetched(reg) == DATA


def test_the_embedded_registry_keeps_what_came_of_a_chunk_that_was_cut(embedded: Registry) -> None:
    with cutting_proxy(embedded.url) as proxy, connect(proxy.url) as near:
        proxy.cuts = [None, 150]
        transcript = upload_chunks(near, REPOSITORY, DATA, chunk_size=400)
    stood = next(e for e in transcript if e.step == "get_upload")
    resumed = [e.request_headers["Content-Range"] for e in transcript if e.step == "patch_upload" and e.status == 202]
    assert stood.status == 204
    assert resumed[-1].endswith("-1023")
    assert sum(e.bytes_up for e in transcript if e.step == "patch_upload" and e.status == 202) < 1024


def test_a_stream_that_was_cut_goes_on_as_a_stream(near: Registry, proxy: CuttingProxy, reg: Registry) -> None:
    proxy.cuts = [300]
    transcript = upload_chunks(near, REPOSITORY, DATA, chunk_size=None)
    assert outline(transcript)[1:3] == [("patch_upload", None), ("get_upload", transcript[2].status)]
    assert fetched(reg) == DATA


def test_an_answer_that_was_lost_costs_one_question_and_no_byte(embedded: Registry) -> None:
    with cutting_proxy(embedded.url) as proxy, connect(proxy.url) as near:
        proxy.answers = ["PATCH"]
        transcript = upload_chunks(near, REPOSITORY, DATA, chunk_size=400)
    assert outline(transcript)[:4] == [
        ("start_upload", 202),
        ("patch_upload", None),
        ("get_upload", 204),
        ("patch_upload", 202),
    ]
    assert transcript[3].request_headers["Content-Range"] == "400-799"
    assert fetched(embedded) == DATA


def test_where_the_last_answer_was_lost_the_blob_is_found_to_be_there(near: Registry, proxy: CuttingProxy) -> None:
    proxy.answers = ["PUT"]
    assert outline(upload_chunks(near, REPOSITORY, DATA))[2:] == [
        ("put_blob", None),
        ("get_upload", 404),
        ("head_blob", 200),
    ]


def test_tries_are_counted_and_the_error_holds_what_is_needed_to_go_on_later(
    near: Registry, proxy: CuttingProxy, reg: Registry
) -> None:
    proxy.cuts = [None, *[0] * 3]
    with pytest.raises(ConnectionFailed) as caught:
        upload_chunks(near, REPOSITORY, DATA, chunk_size=400, tries=2)
    transcript = caught.value.transcript
    assert transcript is not None
    assert len([step for step, status in outline(transcript) if status is None]) == 3
    location = next(e.location for e in reversed(transcript.exchanges) if e.location is not None)
    rest = resume_upload(reg, location.follow().replace(proxy.url, reg.url), DATA, repository=REPOSITORY)
    assert outline(rest)[-1] == ("put_blob", 201)
    assert fetched(reg) == DATA


def test_a_chunk_that_the_registry_has_already_is_refused_and_the_upload_goes_on(embedded: Registry) -> None:
    """Somebody else, or this client in an earlier life, has sent more than the walk knows."""
    walker = walks.Walker(walks.upload(REPOSITORY, DATA, chunk_size=400), embedded)
    opened = walker.step()
    assert opened is not None and opened.location is not None
    patch_upload(embedded, opened.location, DATA[:100], start=0)
    while walker.request is not None:
        walker.step()
    assert outline(walker.transcript()) == [
        ("start_upload", 202),
        ("patch_upload", 416),
        ("get_upload", 204),
        ("patch_upload", 202),
        ("patch_upload", 202),
        ("patch_upload", 202),
        ("put_blob", 201),
    ]
    assert fetched(embedded) == DATA


def test_one_byte_or_none_is_decided_by_a_new_session(reg: Registry) -> None:
    sent = patch_upload(reg, _opened(reg), DATA[:1], start=0)
    assert sent.location is not None
    assert outline(resume_upload(reg, sent.location, DATA, repository=REPOSITORY)) == [
        ("get_upload", 204),
        ("cancel_upload", 204),
        ("start_upload", 202),
        ("patch_upload", 202),
        ("put_blob", 201),
    ]
    assert fetched(reg) == DATA


def test_one_byte_or_none_is_tried_out_where_no_new_session_can_be_opened(embedded: Registry) -> None:
    sent = patch_upload(embedded, _opened(embedded), DATA[:1], start=0)
    assert sent.location is not None
    transcript = resume_upload(embedded, sent.location, DATA)
    assert [e.request_headers["Content-Range"] for e in transcript if e.step == "patch_upload"] == ["0-1023", "1-1023"]
    assert fetched(embedded) == DATA


def test_a_session_that_is_gone_is_replaced_if_the_repository_is_known(reg: Registry) -> None:
    gone = _opened(reg).follow().replace("uploads/", "uploads/0")
    assert outline(resume_upload(reg, gone, DATA, repository=REPOSITORY)) == [
        ("get_upload", 404),
        ("head_blob", 404),
        ("start_upload", 202),
        ("patch_upload", 202),
        ("put_blob", 201),
    ]


def test_a_session_that_is_gone_ends_a_walk_that_does_not_know_the_repository(reg: Registry) -> None:
    gone = _opened(reg).follow().replace("uploads/", "uploads/0")
    with pytest.raises(PushFailed, match="repository="):
        resume_upload(reg, gone, DATA)


def test_only_what_is_missing_is_sent(reg: Registry) -> None:
    sent = patch_upload(reg, _opened(reg), DATA[:1000], start=0)
    assert sent.location is not None
    transcript = resume_upload(reg, sent.location, DATA)
    assert outline(transcript) == [("get_upload", 204), ("patch_upload", 202), ("put_blob", 201)]
    assert transcript.bytes_up == 24


def _opened(reg: Registry) -> Location:
    location = start_upload(reg, REPOSITORY).location
    assert location is not None
    return location


# -- restarts ------------------------------------------------------------------------------------------------------


class Restarting:
    """Sends to a registry, and lets it be restarted before a request of the walk."""

    def __init__(self, reg: Registry, restart: Callable[[], None], before: int) -> None:
        self._reg, self._restart, self._left = reg, restart, before

    def send(self, request: Any) -> Exchange:
        if self._left == 0:
            self._restart()
        self._left -= 1
        return self._reg.send(request)


def test_an_upload_goes_on_after_the_embedded_registry_was_restarted(tmp_path: Path) -> None:
    opened = [open_registry("embedded", root=tmp_path, quiet=True)]

    def restart() -> None:
        opened[-1].close()
        opened.append(open_registry("embedded", root=tmp_path, quiet=True))
        proxy.upstream = opened[-1].url

    with cutting_proxy(opened[0].url) as proxy, connect(proxy.url) as near:
        transcript = walks.run(walks.upload(REPOSITORY, DATA, chunk_size=400), Restarting(near, restart, before=2))
        assert outline(transcript) == [("start_upload", 202), *[("patch_upload", 202)] * 3, ("put_blob", 201)]
        assert fetched(near) == DATA
    opened[-1].close()


def test_an_upload_waits_for_a_registry_that_is_not_back_at_once(tmp_path: Path) -> None:
    opened = [open_registry("embedded", root=tmp_path, quiet=True)]
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 4:
            opened.append(open_registry("embedded", root=tmp_path, quiet=True))
            proxy.upstream = opened[-1].url

    with cutting_proxy(opened[0].url) as proxy, connect(proxy.url) as near:
        walk = walks.upload(REPOSITORY, DATA, chunk_size=400)
        transcript = walks.run(walk, Restarting(near, opened[0].close, before=2), wait=wait)
        assert fetched(near) == DATA
    assert waited == [0.2, 0.5, 1.0, 2.0]
    assert [status for _, status in outline(transcript)].count(None) == 4
    assert outline(transcript)[-1] == ("put_blob", 201)
    opened[-1].close()


def test_the_waits_begin_anew_after_an_answer_and_are_bounded(
    near: Registry, proxy: CuttingProxy, waited: list[float]
) -> None:
    proxy.cuts = [0, None, 0]
    upload_chunks(near, REPOSITORY, DATA, chunk_size=400)
    assert waited == [0.2, 0.2]
    proxy.answers = ["GET"] * 7
    with pytest.raises(ConnectionFailed):
        resume_upload(near, _opened(near), DATA, tries=6)
    assert waited[2:] == [0.2, 0.5, 1.0, 2.0, 2.0, 2.0]


@pytest.mark.registry
def test_an_upload_goes_on_after_docker_registry_was_restarted(
    tmp_path: Path,
    distribution: Distribution,  # noqa: F811 - the fixture
) -> None:
    running = [distribution(tmp_path / "root")]

    def restart() -> None:
        running[-1].__exit__(None, None, None)
        running.append(distribution(tmp_path / "root"))
        proxy.upstream = running[-1].__enter__()

    with cutting_proxy(running[0].__enter__()) as proxy, connect(proxy.url) as near:
        transcript = walks.run(walks.upload(REPOSITORY, DATA, chunk_size=400), Restarting(near, restart, before=2))
        assert outline(transcript)[0] == ("start_upload", 202)
        assert outline(transcript)[-1] == ("put_blob", 201)
        assert fetched(near) == DATA
    running[-1].__exit__(None, None, None)


def test_a_registry_that_forgot_the_session_is_given_the_blob_in_a_new_one(tmp_path: Path) -> None:
    first, second = (open_registry("embedded", root=tmp_path / name, quiet=True) for name in ("one", "two"))

    def restart() -> None:
        proxy.upstream = second.url

    with first, second, cutting_proxy(first.url) as proxy, connect(proxy.url) as near:
        transcript = walks.run(walks.upload(REPOSITORY, DATA, chunk_size=400), Restarting(near, restart, before=2))
        assert outline(transcript)[2:6] == [
            ("patch_upload", 404),
            ("get_upload", 404),
            ("head_blob", 404),
            ("start_upload", 202),
        ]
        assert fetched(second) == DATA


@pytest.mark.parametrize(("way", "patches"), [("monolithic", 0), ("chunked", 1), ("streamed", 1)])
def test_a_refused_closing_put_ends_the_push(way: str, patches: int) -> None:
    def full(method: str, target: str) -> Reply:
        if method in ("POST", "PATCH"):
            return 202, {"Location": "/v2/session"}, b""
        return (507, {}, b"") if method == "PUT" else NOT_FOUND

    image = an_image(sample_layer(300))
    with refusing_registry(full) as registry, connect(registry.url) as reg, pytest.raises(PushFailed) as caught:
        push_image(reg, image, REPOSITORY, "v1", upload=way)
    assert caught.value.transcript is not None
    patched = [("patch_upload", 202)] * patches
    assert outline(caught.value.transcript) == [("head_blob", 404), ("start_upload", 202), *patched, ("put_blob", 507)]


# -- the bytes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["chunked", "streamed"])
def test_a_layer_that_is_damaged_on_disk_is_cancelled_and_no_manifest_follows(embedded: Registry, way: str) -> None:
    right = sample_layer(3_000_000, seed=1)
    wrong = replace(right, opener=sample_layer(3_000_000, seed=2).opener)
    with pytest.raises(DigestMismatch) as caught:
        push_image(embedded, an_image(wrong), REPOSITORY, "v1", upload=way, chunk_size=1_000_000)
    assert caught.value.transcript is not None
    steps = outline(caught.value.transcript)
    assert steps[-1] == ("cancel_upload", 204)
    assert not {"put_manifest", "put_blob"} & {step for step, _ in steps}
    assert [path for path in stored(embedded) if path.endswith("/data")] == []


@pytest.mark.parametrize(("way", "chunk_size"), [("chunked", 300_000), ("chunked", 1_000_000), ("streamed", 1)])
def test_each_layer_is_read_once(embedded: Registry, way: str, chunk_size: int) -> None:
    opened, given = [], []

    class Counted(io.RawIOBase):
        def __init__(self, file: BinaryIO) -> None:
            self._file = file

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            given.append(len(chunk := self._file.read(size)))
            return chunk

    layer = sample_layer(2_000_000)

    def opener() -> BinaryIO:
        opened.append(layer.digest)
        return Counted(layer.open())  # type: ignore[return-value]

    push_image(embedded, an_image(replace(layer, opener=opener)), REPOSITORY, "v1", upload=way, chunk_size=chunk_size)
    assert (len(opened), sum(given)) == (1, layer.size)


def test_a_broken_upload_reads_the_blob_again_and_checks_it_whole(embedded: Registry, tmp_path: Path) -> None:
    file = tmp_path / "blob"
    file.write_bytes(os.urandom(700_000))
    digest = sha256(file.read_bytes())
    sent = patch_upload(embedded, _opened(embedded), file.read_bytes()[:300_000], start=0)
    assert sent.location is not None
    assert outline(resume_upload(embedded, sent.location, file, chunk_size=150_000))[-1] == ("put_blob", 201)
    assert get_blob(embedded, REPOSITORY, digest).status == 200


@pytest.mark.parametrize("chunk_size", [16 * 1024 * 1024, None])
def test_an_upload_takes_the_same_memory_whatever_the_size_of_the_layer(
    embedded: Registry, chunk_size: int | None
) -> None:
    layer = sample_layer(128 * 1024 * 1024)
    upload_chunks(embedded, REPOSITORY, sample_layer(1000), chunk_size=chunk_size)
    gc.collect()
    tracemalloc.start()
    try:
        transcript = upload_chunks(embedded, REPOSITORY, layer, chunk_size=chunk_size, progress=False)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert transcript.bytes_up == layer.size
    assert peak < 16 * 1024 * 1024, f"{peak:,} bytes"


def test_a_status_is_asked_without_a_body(embedded: Registry) -> None:
    assert get_upload(embedded, _opened(embedded)).bytes_up == 0
