"""Digests: parsing them, computing them over a stream, and comparing them.

A digest is ``algorithm:encoded``. It identifies content: two blobs with the same digest are the same blob. This lets a
client skip an upload, and a registry refuse wrong bytes.

Source: OCI image-spec v1.1.1, descriptor.md, section "Digests"
<https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests>.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from regtutor.errors import InvalidDigest

ALGORITHMS = {"sha256": 64, "sha512": 128}
"""The registered algorithms, each with the number of lowercase hexadecimal characters of its encoded part."""

CANONICAL = "sha256"
"""The algorithm that is used if none is named."""

_GRAMMAR = re.compile(r"(?P<algorithm>[a-z0-9]+(?:[+._-][a-z0-9]+)*):(?P<encoded>[a-zA-Z0-9=_-]+)")
_HEX = re.compile(r"[0-9a-f]+")


class Digest(NamedTuple):
    """A parsed digest: ``algorithm``, such as ``sha256``, and ``encoded``, its lowercase hexadecimal part."""

    algorithm: str
    encoded: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.encoded}"


@lru_cache(maxsize=4096)  # a registry parses the same few digests many times for each request
def parse(text: str) -> Digest:
    """Parse ``text`` as a digest of a registered algorithm.

    Raises
    ------
    InvalidDigest: if it does not match the grammar, or its algorithm is not in :data:`ALGORITHMS`.
    """
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        raise InvalidDigest(f"{text!r} is not a digest", "the form is algorithm:encoded, such as sha256:0a1b...")
    length = ALGORITHMS.get(match["algorithm"])
    if length is None:
        known = " and ".join(ALGORITHMS)
        raise InvalidDigest(f"{match['algorithm']!r} is not a supported digest algorithm", f"regtutor supports {known}")
    if len(match["encoded"]) != length or not _HEX.fullmatch(match["encoded"]):
        raise InvalidDigest(
            f"{text!r} is not a {match['algorithm']} digest", f"it needs {length} lowercase hexadecimal characters"
        )
    return Digest(match["algorithm"], match["encoded"])


def is_well_formed(text: str) -> bool:
    """Whether ``text`` matches the grammar of digests, with a registered algorithm or another one.

    A registry should accept a digest of an algorithm that it does not know: the digest is not malformed, although the
    registry cannot verify it.

    Source: OCI image-spec v1.1.1, descriptor.md, "Digests"
    <https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests>.
    """
    match = _GRAMMAR.fullmatch(text)
    if match is None or match["algorithm"] not in ALGORITHMS:
        return match is not None
    return len(match["encoded"]) == ALGORITHMS[match["algorithm"]] and bool(_HEX.fullmatch(match["encoded"]))


def same_algorithm(digest: str, other: str) -> bool:
    """Whether two digests have the same algorithm, so that comparing them compares the contents."""
    return digest.partition(":")[0] == other.partition(":")[0]


class Hasher:
    """A digest of a stream: call :meth:`update` with each chunk, then read ``digest`` and ``size``.

    Parameters
    ----------
    algorithm: one of :data:`ALGORITHMS`.
    """

    def __init__(self, algorithm: str = "sha256") -> None:
        if algorithm not in ALGORITHMS:
            raise InvalidDigest(f"{algorithm!r} is not a supported digest algorithm")
        self.algorithm = algorithm
        self.size = 0
        self._hash = hashlib.new(algorithm)

    def update(self, chunk: bytes | bytearray | memoryview) -> None:
        """Add the next bytes."""
        self._hash.update(chunk)
        self.size += len(chunk)

    def copy(self) -> Hasher:
        """Return a copy that has hashed the same bytes and is independent from then on."""
        other = Hasher.__new__(Hasher)
        other.algorithm, other.size, other._hash = self.algorithm, self.size, self._hash.copy()
        return other

    @property
    def digest(self) -> str:
        """The digest of all bytes so far."""
        return f"{self.algorithm}:{self._hash.hexdigest()}"

    def passing(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield ``chunks`` unchanged, and add each one to the digest."""
        for chunk in chunks:
            self.update(chunk)
            yield chunk


def sha256(content: bytes | bytearray | memoryview | Iterable[bytes]) -> str:
    """Return the sha256 digest of bytes, or of chunks, which are read once in constant memory."""
    if isinstance(content, (bytes, bytearray, memoryview)):
        return f"sha256:{hashlib.sha256(content).hexdigest()}"
    hasher = Hasher()
    for chunk in content:
        hasher.update(chunk)
    return hasher.digest
