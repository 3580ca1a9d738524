"""Reproducible layers: tar archives and gzip streams with the same bytes on every version of Python.

A digest depends on every byte, and the output of compressors and archivers changes between versions. This module
therefore writes fixed headers, and stores the content of gzip streams without compression.

Sources: POSIX.1-2017, pax, section "ustar Interchange Format"; RFC 1952 (gzip), section 2.3; RFC 1951 (deflate),
section 3.2.4, for stored blocks.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

BLOCK = 512
_STORED = 65535


@dataclass(frozen=True)
class Entry:
    """A file or (with a name that ends in a slash) a folder in a tar archive, owned by root, dated 1970."""

    name: str
    data: bytes = b""
    mode: int = 0o644


def tarball(entries: Iterable[Entry]) -> bytes:
    """Return a tar archive of ``entries``, in this order, with the two empty blocks at its end."""
    return b"".join(part for entry in entries for part in _member(entry)) + bytes(2 * BLOCK)


def _member(entry: Entry) -> Iterator[bytes]:
    folder = entry.name.endswith("/")
    yield tar_header(entry.name, len(entry.data), 0o755 if folder else entry.mode, b"5" if folder else b"0")
    yield entry.data + bytes(-len(entry.data) % BLOCK)


def tar_header(name: str, size: int, mode: int = 0o644, kind: bytes = b"0", link: str = "") -> bytes:
    """Return one ustar header.

    Parameters
    ----------
    name: at most 100 bytes of ASCII.
    size: of the file, in bytes; below 8 GiB.
    kind: the type flag: ``b"0"`` for a file, ``b"1"`` a hard link, ``b"2"`` a symbolic link, ``b"5"`` a folder.
    """
    header = struct.pack(
        "<100s8s8s8s12s12s8sc100s6s2s32s32s8s8s155s12x",
        name.encode("ascii"),
        b"%07o\0" % mode,
        b"%07o\0" % 0,
        b"%07o\0" % 0,
        b"%011o\0" % size,
        b"%011o\0" % 0,
        b" " * 8,
        kind,
        link.encode("ascii"),
        b"ustar\0",
        b"00",
        b"root",
        b"root",
        b"%07o\0" % 0,
        b"%07o\0" % 0,
        b"",
    )
    return header[:148] + b"%06o\0 " % sum(header) + header[156:]


def gzip(data: bytes) -> bytes:
    """Return ``data`` as a gzip stream of stored blocks: no time, no name, operating system unknown."""
    starts = range(0, len(data) or 1, _STORED)
    blocks = b"".join(_stored(data[at : at + _STORED], at == starts[-1]) for at in starts)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + blocks + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def _stored(part: bytes, last: bool) -> bytes:
    return struct.pack("<BHH", last, len(part), len(part) ^ 0xFFFF) + part
