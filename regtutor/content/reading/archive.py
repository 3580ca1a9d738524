"""Images in a tar file, read through the offsets of its members.

Only headers are read when an archive is opened; the bytes of a member are streamed later from their place in the file.
``tarfile`` is used only to parse single headers: it does not report an archive that ends early, and it would read a
long name of any length into memory. This module does not depend on the contents of the members.

Sources: POSIX.1-2017, pax, sections "pax Interchange Format" and "ustar Interchange Format"; GNU tar's manual,
section "The Standard Format", for long names.
"""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

from regtutor.content.reading.files import FilePart, check_name, unreadable
from regtutor.content.reading.unpacking import COMPRESSED, unpacked
from regtutor.errors import TruncatedArchive, UnreadableImage, UnsafePath

BLOCK = 512
"""The size of a header in bytes; the content of every member is padded to a multiple of it."""

MAX_MEMBERS = 100_000
MAX_EXTENDED_HEADER = 1024 * 1024
"""The most members, and the most bytes in a header that contains a long name; real images need far less."""

MAX_LINKS = 40
"""The longest chain of links, as on Linux."""

_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_LINKS = (tarfile.SYMTYPE, tarfile.LNKTYPE)
_WITHOUT_BYTES = (*_LINKS, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE)
_LONG_NAMES = {tarfile.GNUTYPE_LONGNAME: "path", tarfile.GNUTYPE_LONGLINK: "linkpath"}
_EXTENSIONS = (*_LONG_NAMES, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)
_PAX_FIELDS = {"path": "name", "linkpath": "linkname", "size": "size"}


_LINKS_OUT = (
    "If you made this archive from a folder of links, as Bazel writes it, create it again with the files themselves: "
    "tar --dereference -cf FILE -C FOLDER .; otherwise do not trust it"
)


@dataclass(frozen=True)
class _Member:
    """The ``part`` of a file, or the ``target`` of a link: the name of another member."""

    part: FilePart | None = None
    target: str = ""


class Archive:
    """The members of the tar file at ``path``.

    Parameters
    ----------
    path: a regular file. One that is compressed with gzip, bzip2 or xz is decompressed to a temporary file first.

    Raises
    ------
    TruncatedArchive: if it ends inside a member or a header.
    UnsafePath: if the name of a member, or the target of a link, is outside the archive.
    UnreadableImage: if it is compressed in another way, damaged or not a tar file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.complete = False
        self._members: dict[str, _Member] = {}
        try:
            with path.open("rb") as file:
                start = file.read(8)
            self._unpacked = unpacked(path, start)
            self._refuse_compressed(start)
            with (self._unpacked or self).path.open("rb") as file:
                for info in self._headers(file):
                    self._add(info)
        except OSError as error:
            raise unreadable(path, error) from error

    def find(self, name: str) -> FilePart | None:
        """Return the regular file called ``name``, following links, or None.

        Raises
        ------
        UnsafePath: if the name leads out of the archive, or the links form a loop.
        """
        check_name(name, self.path)
        wanted = posixpath.normpath(name)
        for _ in range(MAX_LINKS):
            member = self._members.get(wanted)
            if member is None or not member.target:
                return member.part if member else None
            wanted = member.target
        raise UnsafePath(
            f"{self.path} contains links that form a loop, starting at {name!r}",
            "they lead to no file",
            "Create the archive again",
            path=self.path,
        )

    def _headers(self, file: BinaryIO) -> Iterator[tarfile.TarInfo]:
        """Yield the header of each member, with its long name filled in; ``offset_data`` is where its bytes begin."""
        end = file.seek(0, 2)
        offset, extended = 0, dict[str, str]()
        for _ in range(MAX_MEMBERS):
            info = self._header(file, offset)
            if info is None:
                return
            self._extend(info, extended)
            info.offset_data = offset + BLOCK
            stored = 0 if info.type in _WITHOUT_BYTES else info.size
            if info.offset_data + stored > end:
                self._truncated(
                    f"{info.name[:200]!r} has {stored:,} bytes, of which {end - info.offset_data:,} are in the file"
                )
            offset = info.offset_data + -(-stored // BLOCK) * BLOCK
            if info.type in _EXTENSIONS:
                extended |= self._extension(file, info)
            else:
                extended = {}
                yield info
        self._damaged(f"it has more than {MAX_MEMBERS:,} members")

    def _header(self, file: BinaryIO, offset: int) -> tarfile.TarInfo | None:
        file.seek(offset)
        block = file.read(BLOCK)
        try:
            return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            self.complete = True
            return None
        except tarfile.EmptyHeaderError:  # type: ignore[attr-defined]
            if offset:
                return None
            self._damaged("it is empty")
        except tarfile.TruncatedHeaderError:  # type: ignore[attr-defined]
            if offset:
                self._truncated(f"the header at byte {offset:,} is cut off")
            self._damaged("it is too short for a tar file")
        except (tarfile.HeaderError, ValueError) as error:
            self._damaged(f"the header at byte {offset:,} is not a tar header: {error}" if offset else "")
        return None

    def _extend(self, info: tarfile.TarInfo, extended: dict[str, str]) -> None:
        for key, value in extended.items():
            field = _PAX_FIELDS[key]
            if field == "size" and not (value.isascii() and value.isdigit() and len(value) < 20):
                self._damaged(f"a pax header has the malformed size {value[:40]!r}")
            setattr(info, field, int(value) if field == "size" else value)
        if info.size < 0:
            self._damaged(f"the size of {info.name[:200]!r} is negative")

    def _extension(self, file: BinaryIO, info: tarfile.TarInfo) -> dict[str, str]:
        """Return the fields that a pax header or a GNU long name sets for the member after it."""
        if info.size > MAX_EXTENDED_HEADER:
            self._damaged(f"a header that contains a long name has {info.size:,} bytes")
        file.seek(info.offset_data)
        data = file.read(info.size)
        if key := _LONG_NAMES.get(info.type):
            return {key: data.partition(b"\0")[0].decode("utf-8", "surrogateescape")}
        if info.type == tarfile.XGLTYPE:
            return {}
        return {key: value for key, value in self._pax_records(data) if key in _PAX_FIELDS}

    def _pax_records(self, data: bytes) -> Iterator[tuple[str, str]]:
        """Yield the records of a pax header: ``length key=value`` and a newline; the length counts the whole record."""
        at = 0
        while at < len(data) and data[at]:
            length, _, _ = data[at : at + 20].partition(b" ")
            size = int(length) if length.isdigit() and len(length) < 8 else 0
            key, equals, value = data[at + len(length) + 1 : max(at + size - 1, 0)].partition(b"=")
            # A size that is too small would read the same record forever.
            if size <= len(length) + 1 or not equals or at + size > len(data):
                self._damaged("a pax header is malformed")
            if key.startswith(b"GNU.sparse"):
                self._damaged("it contains a sparse file, whose bytes cannot be streamed in order")
            yield key.decode("utf-8", "replace"), value.decode("utf-8", "surrogateescape")
            at += size

    def _add(self, info: tarfile.TarInfo) -> None:
        name = self._inside(info.name, "")
        if info.type in _FILES:
            self._members[name] = _Member(self._part(info, name))
        elif info.type in _LINKS:
            base = posixpath.dirname(name) if info.issym() else ""
            self._members[name] = _Member(target=self._inside(info.linkname, base, name))
        elif info.type != tarfile.DIRTYPE:
            self._members.pop(name, None)

    def _part(self, info: tarfile.TarInfo, name: str) -> FilePart:
        return FilePart((self._unpacked or self).path, info.offset_data, info.size, name, self._unpacked)

    def _inside(self, name: str, base: str, link: str = "") -> str:
        """Resolve ``name``, relative to the folder ``base``, to the normalized name of a member."""
        plain = posixpath.normpath(posixpath.join(base, name.rstrip("/") or "."))
        if name.startswith("/") or plain.startswith("/") or plain.split("/")[0] == ".." or "\0" in name:
            what = f"the link {link[:200]!r} to {name[:200]!r}" if link else f"a file named {name[:200]!r}"
            raise UnsafePath(
                f"{self.path} contains {what}, which leads out of the archive",
                "a name in an image must be relative and must stay inside the image",
                _LINKS_OUT if link else "Do not trust this archive; create it again with a tool that you know",
                path=self.path,
            )
        return plain

    def _refuse_compressed(self, start: bytes) -> None:
        for magic, (name, program) in COMPRESSED.items():
            if start.startswith(magic) and self._unpacked is None:
                raise UnreadableImage(
                    f"{self.path} is compressed with {name}",
                    "layers are streamed from their offsets in the archive, which is not possible with compression",
                    f"Decompress it first: {program} {self.path}",
                    path=self.path,
                )

    def _truncated(self, reason: str) -> NoReturn:
        raise TruncatedArchive(
            f"{self.path} is truncated", reason, "Copy or download it again, or save the image again", path=self.path
        )

    def _damaged(self, reason: str) -> NoReturn:
        raise UnreadableImage(
            f"{self.path} is not a readable tar file",
            reason or "it does not begin with a tar header",
            "Give an OCI layout (a folder or a tar file) or an archive that docker save wrote",
            path=self.path,
        )
