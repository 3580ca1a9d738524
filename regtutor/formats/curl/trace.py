"""The output of ``curl --trace-ascii`` and ``curl --trace``, as the lines that ``curl -v`` writes.

Both dump the bytes of each event, after a line such as ``=> Send header, 87 bytes (0x57)``. ``--trace`` writes them in
hexadecimal. ``--trace-ascii`` writes a dot for every byte that is not printable, so that the exact bytes are lost; line
breaks can still be found, because each line of the dump begins with its offset.

Source: curl's manual, "curl.1", ``--trace`` and ``--trace-ascii`` <https://curl.se/docs/manpage.html#--trace>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from regtutor.formats.curl.lines import Line

_WHEN = rb"(?:\d\d:\d\d:\d\d\.\d{1,9} )?(?:\[[0-9x]{1,9}-[0-9x]{1,9}\] )?"
_INFORMATION = re.compile(_WHEN + rb"== Info: ?([^\r\n]*)")
_EVENT = re.compile(_WHEN + rb"(?P<way>=>|<=) (?P<kind>Send|Recv) (?P<what>header|data), (?P<size>\d{1,15}) bytes")
_OTHER_EVENT = re.compile(_WHEN + rb"(?:=>|<=) (?:Send|Recv) ")
_DUMPED = re.compile(rb"([0-9a-f]{4,12}): ?([^\r\n]*)")
_HEX = re.compile(rb"((?:[0-9a-f]{2} ){1,16})")
_IS_TRACE = re.compile(rb"^" + _WHEN + rb"(?:== Info: |=> Send header, \d|<= Recv header, \d)", re.MULTILINE)


def is_trace(data: bytes) -> bool:
    """Whether ``data`` contains a line that ``--trace`` or ``--trace-ascii`` writes."""
    return _IS_TRACE.search(data) is not None


@dataclass(frozen=True)
class Dumped:
    """Bytes of a body; ``exact`` is False if those that are not printable were written as dots."""

    data: bytes
    exact: bool


@dataclass
class _Event:
    """An event while its dump is read: its bytes, and the offset of the latest line."""

    way: str
    what: str
    size: int
    data: bytearray = field(default_factory=bytearray)
    exact: bool = True

    def add(self, offset: int, text: bytes) -> None:
        found = _HEX.match(text)
        if found and len(text) > 48:
            self.data += bytes.fromhex(found[1].decode())
            return
        self.exact = False
        if offset == len(self.data) + 2:
            self.data += b"\r\n"
        self.data += text


def trace_events(data: bytes) -> Iterator[Line | Dumped]:
    """Yield the heads as the lines of ``curl -v``, and each part of the body of a response.

    Parameters
    ----------
    data: the text of the trace.
    """
    event: _Event | None = None
    for line in data.splitlines():
        if information := _INFORMATION.match(line):
            yield from _ended(event)
            event = None
            yield Line("*", information[1])
        elif begun := _EVENT.match(line):
            yield from _ended(event)
            event = _Event(begun["kind"].decode(), begun["what"].decode(), int(begun["size"]))
        elif _OTHER_EVENT.match(line):
            yield from _ended(event)
            event = None
        elif event is not None and (dumped := _DUMPED.match(line)):
            event.add(int(dumped[1], 16), dumped[2])
        elif line.startswith(b"curl: ("):
            yield from _ended(event)
            event = None
            yield Line("!", line)
    yield from _ended(event)


def _ended(event: _Event | None) -> Iterator[Line | Dumped]:
    if event is None:
        return
    if event.what == "data":
        if event.way == "Recv":
            yield Dumped(bytes(event.data), event.exact)
        return
    mark = ">" if event.way == "Send" else "<"
    head = bytes(event.data) + (b"" if event.exact or len(event.data) >= event.size else b"\r\n")
    for line in head.removesuffix(b"\r\n").split(b"\r\n"):
        yield Line(mark, line)
