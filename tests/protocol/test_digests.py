"""Digests: the grammar, the known algorithms, and a digest over a stream."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtutor.errors import InvalidDigest
from regtutor.protocol.digests import ALGORITHMS, Hasher, is_well_formed, parse, sha256

EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_digest_is_an_algorithm_and_its_encoding() -> None:
    digest = parse(EMPTY)
    assert (digest.algorithm, len(digest.encoded), str(digest)) == ("sha256", 64, EMPTY)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        (EMPTY, True),
        ("sha384:ab", True),
        ("multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8", True),
        ("sha256:ab", False),
        (EMPTY.upper(), False),
        (EMPTY.replace("e", "E"), False),
        ("v1", False),
        ("", False),
    ],
)
def test_a_digest_of_another_algorithm_is_well_formed_and_one_of_a_wrong_length_is_not(text: str, fits: bool) -> None:
    assert is_well_formed(text) is fits


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_known_algorithm_is_computed_and_parsed(algorithm: str) -> None:
    hasher = Hasher(algorithm)
    hasher.update(b"abc")
    assert hasher.digest == f"{algorithm}:{hashlib.new(algorithm, b'abc').hexdigest()}"
    assert parse(hasher.digest).algorithm == algorithm


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256",
        "sha256:",
        ":" + "0" * 64,
        "sha256:" + "0" * 63,
        "sha256:" + "0" * 65,
        "sha256:" + "A" * 64,
        "sha256:" + "g" * 64,
        "SHA256:" + "0" * 64,
        "sha512:" + "0" * 64,
        "md5:" + "0" * 32,
        EMPTY + "\n",
        " " + EMPTY,
        "sha256:" + "../" * 21 + "a",
        "sha256:" + "\u0660" * 64,
    ],
)
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(InvalidDigest) as caught:
        parse(text)
    assert caught.value.why


def test_an_unknown_algorithm_cannot_be_computed() -> None:
    with pytest.raises(InvalidDigest, match="md5"):
        Hasher("md5")


@given(st.lists(st.binary(max_size=50)))
def test_a_digest_does_not_depend_on_how_the_bytes_are_cut(chunks: list[bytes]) -> None:
    hasher = Hasher()
    assert list(hasher.passing(chunks)) == chunks
    assert hasher.digest == sha256(b"".join(chunks)) == sha256(iter(chunks))
    assert hasher.digest == sha256(bytearray(b"".join(chunks))) == sha256(memoryview(b"".join(chunks)))
    assert hasher.size == sum(map(len, chunks))


@given(st.text(max_size=100))
def test_any_text_is_a_digest_or_is_refused(text: str) -> None:
    with pytest.raises(InvalidDigest):
        parse(text)
