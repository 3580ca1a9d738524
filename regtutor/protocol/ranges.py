"""Byte ranges in headers: their grammars, and the functions that parse them.

The distribution-spec and HTTP use different forms of ranges in headers of the same name:

==================  =======================================  ================================  ==================
header              where                                    form                              pattern
==================  =======================================  ================================  ==================
``Content-Range``   a PATCH or PUT of an upload              ``<first>-<last>``                :data:`CHUNK`
``Range``           the response of an upload session        ``0-<last>``                      :data:`STORED`
``Range``           a GET of a blob                          ``bytes=<first>-<last>``          :data:`WANTED`
``Content-Range``   the response to a GET of a blob (206)    ``bytes <first>-<last>/<size>``   :data:`PART`
==================  =======================================  ================================  ==================

Positions count from 0, and the last byte is included.

OCI distribution-spec v1.1.1, "Pushing a blob in chunks"
<https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks>;
RFC 9110, 14.2 "Range" and 14.4 "Content-Range" <https://www.rfc-editor.org/rfc/rfc9110.html#section-14.2>.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

GRAMMAR = "^[0-9]+-[0-9]+$"
"""The Content-Range of an upload, as the distribution-spec writes it: without a unit and without a size."""

_NUMBER = r"[0-9]{1,18}"
"""A number in a header that is parsed. The documents set no limit; 18 digits fit into 64 bits, and no content is
larger."""

CHUNK = re.compile(rf"({_NUMBER})-({_NUMBER})")
"""The Content-Range of an upload: :data:`GRAMMAR` with numbers of at most 18 digits."""

STORED = re.compile(rf"(?:bytes=)?0-({_NUMBER})")
"""The Range in a response of an upload session. Some registries add the unit."""

WANTED = re.compile(r"bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*")
"""The Range of a GET of a blob that requests one part. Without the second number, it means the rest; without the first,
the last bytes."""

SPEC = re.compile(r"(?:[0-9]+-[0-9]*|-[0-9]+)?")
"""One part in the list of a byte range; RFC 9110, 14.1.1, permits empty parts."""

NO_BYTES = re.compile(r"bytes=[ \t]*-0+[ \t]*")
"""A Range that requests the last 0 bytes."""

PART = re.compile(rf"bytes ({_NUMBER})-({_NUMBER})/({_NUMBER}|\*)")
"""The Content-Range of a 206 response."""

_ANY = re.compile(rf"(?:bytes[ =])?({_NUMBER})-({_NUMBER})(?:/(?:[0-9]+|\*))?")


@dataclass(frozen=True)
class ChunkRange:
    """Bytes ``first`` to ``last`` of a blob, both included."""

    first: int
    last: int

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self.last - self.first + 1


def chunk_range(text: str) -> ChunkRange | None:
    """Parse the Content-Range of an upload; None if it does not match the grammar, or ends before it begins."""
    match = CHUNK.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        return None
    return ChunkRange(int(match[1]), int(match[2]))


def last_stored(text: str) -> int | None:
    """Return the position of the last byte that an upload session holds, from the Range of its response.

    Any other form gives None. ``0-0`` gives 0, which means one byte or none: this form cannot tell them apart.
    """
    match = STORED.fullmatch(text)
    return int(match[1]) if match else None


def first_and_last(text: str) -> tuple[int, int] | None:
    """Return the two positions of a range in any of the forms above; None if one of them is missing."""
    match = _ANY.fullmatch(text.strip())
    return (int(match[1]), int(match[2])) if match else None


def least(text: str | None, most: int) -> int | None:
    """Parse a minimum that a registry requires; a number with more digits than any content needs becomes ``most``.

    Parameters
    ----------
    text: the value of the header, or None.
    most: the largest number that has a meaning, such as the size of the blob.
    """
    if text is None or not re.fullmatch(r"[0-9]+", text.strip()):
        return None
    digits = text.strip().lstrip("0") or "0"
    return most if len(digits) > 18 else min(int(digits), most)


def length(text: str | None) -> int | None:
    """Parse a number of bytes in the form of Content-Length; None for anything else."""
    return int(text) if text is not None and re.fullmatch(_NUMBER, text) else None
