"""Which bytes of a blob a request brings: the ``Content-Range`` of an upload.

It is not the one of RFC 9110: ``<first>-<last>``, both included, without a unit and without a total.

OCI distribution-spec v1.1.1, "Pushing a blob in chunks"
<https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks>.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

GRAMMAR = "^[0-9]+-[0-9]+$"

_RANGE = re.compile("([0-9]{1,18})-([0-9]{1,18})")


@dataclass(frozen=True)
class ChunkRange:
    """Bytes ``first`` to ``last`` of a blob, both included."""

    first: int
    last: int

    @property
    def size(self) -> int:
        """How many bytes they are."""
        return self.last - self.first + 1


def parse(text: str) -> ChunkRange | None:
    """What ``text`` says; None where it is not in the grammar, or ends before it begins."""
    match = _RANGE.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        return None
    return ChunkRange(int(match[1]), int(match[2]))
