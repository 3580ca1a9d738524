"""Content codings that a server or a proxy applied to a response, although the request asked for the plain bytes.

A digest is that of the plain bytes, so the encoded ones do not match it.

Source: RFC 9110, 8.4 "Content-Encoding" <https://www.rfc-editor.org/rfc/rfc9110.html#section-8.4>.
"""

from __future__ import annotations

import zlib

from regtutor.protocol.digests import Hasher

_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 47}
"""Content coding -> the window parameter of zlib; 47 recognizes zlib and gzip."""

_STEP = 256 * 1024


def applied(content_encoding: str) -> str:
    """Return the content coding of a response, in lower case; ``""`` if the bytes are the plain ones."""
    coding = content_encoding.strip().lower()
    return "" if coding == "identity" else coding


class UnpackingHasher:
    """The digest of the unpacked bytes of a body, computed while its encoded bytes pass, in constant memory.

    Parameters
    ----------
    coding: the content coding, as :func:`applied` returns it.
    algorithm: of the digest.
    """

    def __init__(self, coding: str, algorithm: str) -> None:
        self._unpacker = zlib.decompressobj(_WINDOWS[coding]) if coding in _WINDOWS else None
        self._hasher = Hasher(algorithm)

    def update(self, chunk: bytes) -> None:
        """Add the next encoded bytes."""
        while self._unpacker is not None and chunk:
            try:
                self._hasher.update(self._unpacker.decompress(chunk, _STEP))
            except zlib.error:
                self._unpacker = None
                return
            chunk = self._unpacker.unconsumed_tail

    @property
    def digest(self) -> str:
        """The digest of the unpacked bytes; ``""`` if the body is incomplete, or cannot be unpacked."""
        return self._hasher.digest if self._unpacker is not None and self._unpacker.eof else ""


def why_encoded(coding: str, unpacked: str, expected: str) -> str:
    """Return the part of a sentence that says that the body is encoded, and whether its content is the expected one.

    Parameters
    ----------
    coding: the content coding.
    unpacked: the digest of the unpacked bytes, or ``""``.
    expected: the digest that the content must have.
    """
    content = "the unpacked bytes have the right digest" if unpacked == expected else "its content cannot be compared"
    return f"the response has Content-Encoding: {coding}, which the request did not ask for, and {content}"


ENCODED_NEXT = (
    "Nothing was kept. Configure the proxy, or the registry's storage, not to compress these responses (nginx: gzip "
    "off), or send the request without the proxy"
)
"""The next step after such a response."""
