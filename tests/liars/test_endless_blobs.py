"""A blob whose size no manifest has stated, from a registry that never ends it: the client ends it at its limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest

import regtutor as rt
from regtutor.errors import ConnectionFailed, ContentMismatch
from regtutor.message import CHUNK
from tests.liars.lies import BIG, endless
from tests.liars.registry import Asked, Lie, LyingRegistry, Truth, lying_registry

MIB = 1024 * 1024
IMAGE = rt.sample_image()
DIGEST = IMAGE.layers[0].digest
CONFIG = IMAGE.config
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
ENDLESS = {
    "to the end of the connection": endless(HEAD + b"\r\n"),
    "in chunks": endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"%x\r\n%b\r\n" % (len(BIG), BIG)),
}


@pytest.fixture
def liar() -> Iterator[LyingRegistry]:
    with rt.open_registry("embedded", quiet=True) as reg:
        rt.push_image(reg, IMAGE, "a/b", "v1", progress=False)
        with lying_registry(reg.url) as registry:
            yield registry


def for_blobs(lie: Lie) -> Lie:
    return lambda asked, truth: lie(asked, truth) if asked.method == "GET" and "/blobs/" in asked.target else None


def counted(lie: Lie, sent: list[int]) -> Lie:
    """The same lie, with the bytes of each piece that was taken from it."""

    def counting(asked: Asked, truth: Truth) -> Iterator[bytes]:
        for piece in lie(asked, truth) or ():
            sent.append(len(piece))
            yield piece

    return counting


@pytest.mark.parametrize("lie", ENDLESS.values(), ids=ENDLESS)
@pytest.mark.parametrize("into", [lambda _: None, lambda folder: folder / "blob"], ids=["dropped", "to a path"])
def test_a_blob_that_never_ends_is_a_named_error(
    liar: LyingRegistry, tmp_path: Path, lie: Lie, into: Callable[[Path], Path | None]
) -> None:
    liar.lie = for_blobs(lie)
    with rt.connect(liar.url, max_blob=2 * MIB) as reg, pytest.raises(ConnectionFailed) as caught:
        rt.get_blob(reg, "a/b", DIGEST, into(tmp_path))
    error = caught.value
    assert "too large" in error.what and "2,097,152 bytes" in error.why and "--max-blob" in error.next
    assert error.exchange is not None and error.exchange.response is not None
    assert error.exchange.status == 200
    assert 2 * MIB <= error.exchange.bytes_down <= 2 * MIB + 2 * CHUNK
    assert list(tmp_path.iterdir()) == []


def test_an_open_file_receives_no_more_than_the_limit(liar: LyingRegistry) -> None:
    liar.lie, file = for_blobs(ENDLESS["in chunks"]), BytesIO()
    with rt.connect(liar.url, max_blob=MIB) as reg, pytest.raises(ConnectionFailed, match="too large"):
        rt.get_blob(reg, "a/b", DIGEST, file)
    assert len(file.getvalue()) <= MIB + 2 * CHUNK


def test_a_length_beyond_the_limit_is_refused_before_the_content(liar: LyingRegistry) -> None:
    sent: list[int] = []
    liar.lie = for_blobs(counted(endless(HEAD + b"Content-Length: " + b"9" * 15 + b"\r\n\r\n"), sent))
    with rt.connect(liar.url) as reg, pytest.raises(ConnectionFailed, match="too large") as caught:
        rt.get_blob(reg, "a/b", DIGEST)
    assert caught.value.exchange is not None and caught.value.exchange.bytes_down == 0
    assert sum(sent) < 64 * MIB  # what fits into the buffers of the connection


def test_a_blob_within_the_limit_passes(liar: LyingRegistry) -> None:
    with rt.connect(liar.url, max_blob=IMAGE.layers[0].size) as reg:
        assert rt.get_blob(reg, "a/b", DIGEST).response.body.size == IMAGE.layers[0].size


def test_a_pull_accepts_the_sizes_of_the_manifest_whatever_the_limit_for_other_blobs(
    liar: LyingRegistry, tmp_path: Path
) -> None:
    with rt.connect(liar.url, max_blob=1) as reg:
        rt.pull_image(reg, "a/b", "v1", tmp_path / "image", progress=False)
    assert rt.load_image(tmp_path / "image").digest == IMAGE.digest


def test_a_pull_ends_a_blob_at_its_size_in_the_manifest(liar: LyingRegistry, tmp_path: Path) -> None:
    liar.lie = for_blobs(ENDLESS["in chunks"])
    with rt.connect(liar.url) as reg, pytest.raises(ContentMismatch) as caught:
        rt.pull_image(reg, "a/b", "v1", tmp_path / "image", progress=False)
    assert f"more bytes arrived, but the manifest states {CONFIG.size:,}" in caught.value.why
    assert caught.value.transcript is not None
    assert max(one.bytes_down for one in caught.value.transcript) <= CONFIG.size + 2 * CHUNK


def test_a_probe_ends_a_blob_at_its_size(liar: LyingRegistry) -> None:
    liar.lie = for_blobs(ENDLESS["in chunks"])
    with rt.connect(liar.url) as reg:
        card = rt.probe(reg, repository="a/b", tag="v1")
    blobs = [one for one in card.exchanges if one.method == "GET" and "/blobs/" in one.target]
    assert blobs
    assert max(one.bytes_down for one in blobs) <= max(blob.size for blob in IMAGE.blobs) + 2 * CHUNK
