"""Hashing in another thread: the same digest, bounded memory, and the order of the bytes."""

from __future__ import annotations

import os
import threading

import pytest

from regtutor.protocol.digests import Hasher, sha256
from regtutor.server.storage import beside
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


def test_without_a_hash_nothing_is_hashed() -> None:
    work = Beside(None)
    work.hash(b"hello")
    assert work.hasher is None
