"""Digests: how one is written, computed over a stream, and checked.

A digest is ``algorithm:encoded``. It names content: two blobs with the same digest are the same blob, which is what
lets a client skip an upload and a registry refuse wrong bytes.

Source: OCI image-spec v1.1.1, descriptor.md, section "Digests"
<https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests>.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from regtutor.errors import InvalidDigest

ALGORITHMS = {"sha256": 64, "sha512": 128}
"""Registered algorithms, and how many lower-case hexadecimal characters each encodes to."""

CANONICAL = "sha256"
"""The algorithm that is meant where none is named."""

_GRAMMAR = re.compile(r"(?P<algorithm>[a-z0-9]+(?:[+._-][a-z0-9]+)*):(?P<encoded>[a-zA-Z0-9=_-]+)")
_HEX = re.compile(r"[0-9a-f]+")


class Digest(NamedTuple):
    """A digest taken apart: ``algorithm``, such as ``sha256``, and ``encoded``, its lower-case hexadecimal part."""

    algorithm: str
    encoded: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.encoded}"


def parse(text: str) -> Digest:
    """``text`` as a digest of a registered algorithm.

    Raises
    ------
    InvalidDigest: if it does not fit the grammar, or names an algorithm that is not in :data:`ALGORITHMS`.
    """
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        raise InvalidDigest(f"{text!r} is not a digest", "a digest is written algorithm:encoded, as in sha256:0a1b...")
    length = ALGORITHMS.get(match["algorithm"])
    if length is None:
        known = " and ".join(ALGORITHMS)
        raise InvalidDigest(f"{match['algorithm']!r} is not a digest algorithm that is known here", f"{known} are")
    if len(match["encoded"]) != length or not _HEX.fullmatch(match["encoded"]):
        raise InvalidDigest(
            f"{text!r} is not a {match['algorithm']} digest", f"it needs {length} lower-case hexadecimal characters"
        )
    return Digest(match["algorithm"], match["encoded"])


def is_well_formed(text: str) -> bool:
    """Whether ``text`` fits the grammar of digests, of a registered algorithm or of another one.

    A registry should accept a digest of an algorithm that it does not know: it is not malformed, it cannot be verified.

    Source: OCI image-spec v1.1.1, descriptor.md, "Digests"
    <https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests>.
    """
    match = _GRAMMAR.fullmatch(text)
    if match is None or match["algorithm"] not in ALGORITHMS:
        return match is not None
    return len(match["encoded"]) == ALGORITHMS[match["algorithm"]] and bool(_HEX.fullmatch(match["encoded"]))


def same_algorithm(digest: str, other: str) -> bool:
    """Whether two digests are of one algorithm, so that comparing them compares the contents."""
    return digest.partition(":")[0] == other.partition(":")[0]


class Hasher:
    """A digest computed while bytes pass: :meth:`update` with each chunk, then ``digest`` and ``size``.

    Parameters
    ----------
    algorithm: one of :data:`ALGORITHMS`.
    """

    def __init__(self, algorithm: str = "sha256") -> None:
        if algorithm not in ALGORITHMS:
            raise InvalidDigest(f"{algorithm!r} is not a digest algorithm that is known here")
        self.algorithm = algorithm
        self.size = 0
        self._hash = hashlib.new(algorithm)

    def update(self, chunk: bytes) -> None:
        """Take in the next bytes."""
        self._hash.update(chunk)
        self.size += len(chunk)

    def copy(self) -> Hasher:
        """Another one that has taken in the same bytes and goes its own way from here."""
        other = Hasher(self.algorithm)
        other.size, other._hash = self.size, self._hash.copy()
        return other

    @property
    def digest(self) -> str:
        """The digest of everything taken in so far."""
        return f"{self.algorithm}:{self._hash.hexdigest()}"

    def passing(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """``chunks`` unchanged, each taken in as it passes."""
        for chunk in chunks:
            self.update(chunk)
            yield chunk


def sha256(content: bytes | Iterable[bytes]) -> str:
    """The sha256 digest of bytes, or of chunks that are read once in constant memory."""
    hasher = Hasher()
    for chunk in [content] if isinstance(content, bytes) else content:
        hasher.update(chunk)
    return hasher.digest
