"""Hashing in another thread: the same digest, bounded memory, and the order of the bytes."""

from __future__ import annotations

import os
import threading

import pytest

from regtutor.protocol.digests import Hasher, sha256
from regtutor.server.storage import beside, blocks
from regtutor.server.storage.beside import Beside


@pytest.mark.parametrize("small", [0, 10**9])
def test_the_digest_is_that_of_the_bytes_in_order(monkeypatch: pytest.MonkeyPatch, small: int) -> None:
    monkeypatch.setattr(beside, "SMALL", small)
    chunks = [os.urandom(5000) for _ in range(200)]
    work = Beside(Hasher())
    for chunk in chunks:
        work.hash(chunk)
    assert work.hasher is not None
    assert (work.hasher.digest, work.hasher.size) == (sha256(chunks), 1_000_000)


def test_a_slow_hash_holds_the_writer_up_instead_of_filling_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "SMALL", 0)
    monkeypatch.setattr(beside, "QUEUE", 10)
    monkeypatch.setattr(beside, "AT_ONCE", 0)
    go = threading.Event()

    class Slow(Hasher):
        def update(self, chunk: bytes) -> None:
            assert go.wait(20)
            super().update(chunk)

    work, handed_over = Beside(Slow()), []

    def write() -> None:
        for _ in range(20):
            work.hash(b"12345")
            handed_over.append(5)

    writer = threading.Thread(target=write)
    writer.start()
    writer.join(0.2)
    assert writer.is_alive() and sum(handed_over) <= 15
    go.set()
    writer.join(20)
    assert work.hasher is not None and work.hasher.size == 100


@pytest.mark.parametrize("at_once", [0, 10_000])
@pytest.mark.parametrize("hashed", [False, True])
def test_blocks_are_used_again_and_none_while_it_is_hashed(
    monkeypatch: pytest.MonkeyPatch, hashed: bool, at_once: int
) -> None:
    monkeypatch.setattr(beside, "SMALL", 1000)
    monkeypatch.setattr(blocks, "BLOCK", 4096)
    monkeypatch.setattr(blocks, "SHARED", blocks.Blocks(20))
    monkeypatch.setattr(beside, "QUEUE", 40_000)
    monkeypatch.setattr(beside, "AT_ONCE", at_once)
    work, chunks = Beside(Hasher() if hashed else None), [os.urandom(1000)]
    assert work.block(0) is None, "a small request has no blocks"
    work.hash(chunks[0])
    seen, at = set(), 1000
    for number in range(500):
        room = work.block(at)
        assert room is not None and (at + len(room)) % 4096 == 0, "it ends where a block of the file ends"
        seen.add(id(room.obj))
        chunks.append(os.urandom(len(room) if number < 499 else 7))  # the last one can be shorter
        room[: len(chunks[-1])] = chunks[-1]
        work.hash(room[: len(chunks[-1])])
        at += len(chunks[-1])
    assert len(seen) <= 12, "the memory is bounded"
    assert work.block(at) is not None
    if hashed:
        assert work.hasher is not None and work.hasher.digest == sha256(chunks)
    work.close()
    assert work.block(at) is None and blocks.SHARED._left == 20, "all blocks are released"


def test_without_a_hash_nothing_is_hashed() -> None:
    work = Beside(None)
    work.hash(b"hello")
    assert work.hasher is None
