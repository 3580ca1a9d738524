"""A body that is checked while it is sent never gives all its bytes away if they are wrong."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from regtutor.content.sample.image import sample_layer
from regtutor.content.verified_body import checked
from regtutor.errors import DigestMismatch, InvalidDigest
from regtutor.message import CHUNK, Body, body_of
from regtutor.protocol.digests import sha256

SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK]


def sent(body: Body, size: int = CHUNK) -> tuple[int, bool]:
    """How many bytes came out, and whether the reading failed."""
    count = 0
    try:
        for chunk in body.chunks(size):
            count += len(chunk)
    except DigestMismatch:
        return count, True
    return count, False


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("step", [1000, CHUNK, 2 * CHUNK])
def test_right_bytes_pass_unchanged(size: int, step: int) -> None:
    layer = sample_layer(size)
    body = checked(body_of(layer))
    assert b"".join(body.chunks(step)) == body_of(layer).read()
    assert sha256(body.read()) == layer.digest


@pytest.mark.parametrize("size", SIZES)
def test_wrong_bytes_are_never_all_given_away(size: int) -> None:
    body = replace(body_of(sample_layer(size)), digest=sha256(b"something else"))
    count, failed = sent(checked(body))
    assert failed
    assert count < size or size == 0


@pytest.mark.parametrize("change", [-1, 1])
def test_more_or_fewer_bytes_than_announced_fail(change: int) -> None:
    layer = sample_layer(CHUNK)
    assert sent(checked(replace(body_of(layer), size=CHUNK + change)))[1]


@pytest.mark.parametrize("size", [CHUNK, 2 * CHUNK - 1, 2 * CHUNK])
def test_of_a_body_longer_than_announced_the_last_announced_byte_is_not_given_away(size: int) -> None:
    body = replace(body_of(sample_layer(3 * CHUNK)), size=size)
    file, given = checked(body).opener(), 0
    with pytest.raises(DigestMismatch, match=f"{size} bytes were announced"):
        while given < size:
            given += len(file.read(min(CHUNK, size - given)))
    assert given < size


def test_a_body_without_a_digest_cannot_be_checked() -> None:
    with pytest.raises(InvalidDigest):
        checked(body_of(b"data"))


@pytest.mark.parametrize("step", [1000, CHUNK, 2 * CHUNK])
def test_the_digest_of_the_sent_bytes_is_known_without_hashing_them_again(step: int) -> None:
    layer = sample_layer(5 * CHUNK + 3)
    whole, body, count = body_of(layer).read(), checked(body_of(layer)), 0
    assert body.digest_of_first is not None
    for chunk in body.chunks(step):
        for sent in {0, len(chunk) // 2, len(chunk)}:  # all of a chunk may not have been sent when the record is made
            assert body.digest_of_first(count + sent) == sha256(whole[: count + sent])
        count += len(chunk)
    assert body.digest_of_first(count) == layer.digest


def test_the_digest_of_bytes_that_were_read_long_ago_is_not_known() -> None:
    body = checked(body_of(sample_layer(8 * CHUNK)))
    assert body.digest_of_first is not None
    assert body.digest_of_first(0) is None
    assert list(body.chunks())
    assert body.digest_of_first(CHUNK) is None


def test_a_body_with_another_digest_algorithm_is_hashed_again_for_the_record() -> None:
    content = b"z" * 1000
    digest = f"sha512:{hashlib.sha512(content).hexdigest()}"
    assert checked(replace(body_of(content), digest=digest)).digest_of_first is None
