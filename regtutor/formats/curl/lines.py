"""The output of ``curl -v``, line by line: sent lines, received lines, information, and everything else.

This module recognizes the marks of curl's lines and the progress meter that can come between them. It does not depend
on exchanges.

Source: curl's manual, "curl.1", ``--verbose`` <https://curl.se/docs/manpage.html#-v>.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from regtutor.formats.curl.pasted import decoded, without_prefix

_STYLE = rb"(?:\x1b\[[0-9;]{0,9}m){0,9}+"
_WHEN = rb"(?:\d\d:\d\d:\d\d\.\d{1,9} )?(?:\[[0-9x]{1,9}-[0-9x]{1,9}\] )?"
"""The prefix that ``--trace-time`` and ``--trace-ids`` (and therefore ``-vv``) write before a mark."""

_MARKED = re.compile(_STYLE + _WHEN + rb"([*<>])(?: ([^\n]*)|\r*)(?:\n|\Z)")
_DATA = re.compile(_WHEN + rb"[{}] \[\d{1,18} bytes data\]\r*(?:\n|\Z)")
_AMOUNT = rb"[\d.]{1,9}[kMGTP]?"
_GAP = rb" {1,20}+"
_CLOCK = rb"[-\d:dhy]{1,9}"
_METER = re.compile(
    rb"\r{0,9}+(?:"
    rb"  % Total    % Received[^\r\n]{0,100}\r*\n|"
    rb" {20,40}Dload  Upload[^\r\n]{0,100}\r*\n|"
    rb" {0,9}+\d{1,3}" + _GAP + _AMOUNT + _GAP + rb"\d{1,3}" + _GAP + _AMOUNT + _GAP + rb"\d{1,3}" + _GAP + _AMOUNT
    + _GAP + _AMOUNT + _GAP + _AMOUNT + _GAP + _CLOCK + _GAP + _CLOCK + _GAP + _CLOCK + _GAP + _AMOUNT
    + rb"(?:\r*\n|(?=\r)|)|"
    rb"#{1,300} {0,300}\d{1,3}\.\d%(?:\r*\n|(?=\r)|)"
    rb")"
)  # fmt: skip
_FAILED = re.compile(rb"curl: \(\d{1,3}\) ")
_IN_MID_LINE = re.compile(
    rb"\* (?:Connection #\d|Closing connection|Found bundle for host|Re-using existing|Reusing existing"
    rb"|Issue another request|  Trying )|  % Total    % Received|curl: \(\d{1,3}\) "
)
"""Text that curl can write directly after a body that does not end with a line break."""

_CURLS = re.compile(
    rb"^" + _STYLE + _WHEN + rb"> [!-~]{1,99} [!-~]+ HTTP/[\d.]{1,5}\r*$|^" + _WHEN + rb"\*   Trying [!-~]+|"
    rb"^" + _WHEN + rb"\* Could not resolve host|^curl: \(\d{1,3}\) ",
    re.MULTILINE,
)
_MARKS = b"*<>{} %#\r\x1b[0123456789"
"""The first bytes of a line that curl writes between others."""

_LONGEST = 64 * 1024
"""The most bytes of a line without a mark that are read together; the rest is the next line."""

_INFORMATION = re.compile(rb"^" + _WHEN + rb"\* [^\n]*\n", re.MULTILINE)


@dataclass(frozen=True)
class Line:
    """A line: its ``mark`` (``>``, ``<``, ``*``, ``!`` for the error of curl, or empty for anything else) and ``data``.

    ``data`` contains neither the mark nor the line break. A line without a mark is unchanged.
    """

    mark: str
    data: bytes

    @property
    def text(self) -> str:
        """The line as text, decoded as a client decodes the head of a message."""
        return self.data.decode("latin-1")


def text_of(data: bytes) -> bytes:
    """Return the bytes of a file as curl wrote them: without UTF-16, a prefix of each line, and added line breaks.

    Raises
    ------
    ValueError: if it begins with the mark of UTF-16 and is not UTF-16.
    """
    data = without_prefix(decoded(data))
    found = _INFORMATION.search(data)
    # curl ends information lines with a line feed alone: a carriage return was added by a terminal or an editor.
    return data.replace(b"\r\n", b"\n") if found and found[0].endswith(b"\r\n") else data


def is_curls(data: bytes) -> bool:
    """Whether ``data`` contains a line that ``curl -v`` writes."""
    return _CURLS.search(data) is not None


class Lines:
    """The lines of curl's output, one after the other; each byte is read a bounded number of times."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def next(self) -> Line | None:
        """Return the next line that does not belong to the progress meter; None at the end."""
        while self._at < len(self._data):
            if self._data[self._at] not in _MARKS:
                return self._unmarked()
            skipped = _METER.match(self._data, self._at) or _DATA.match(self._data, self._at)
            if skipped is None:
                return self._line()
            self._at = skipped.end()
        return None

    def take(self, size: int) -> bytes | None:
        """Take the next ``size`` bytes as a body if something else begins after them; otherwise return None.

        Parameters
        ----------
        size: the length of the body, more than 0.
        """
        while skipped := _METER.match(self._data, self._at) or _DATA.match(self._data, self._at):
            self._at = skipped.end()
        end = self._at + size
        # -i prints the head before the body.
        if end > len(self._data) or _MARKED.match(self._data, self._at) or self._data.startswith(b"HTTP/", self._at):
            return None
        if end < len(self._data) and self._data[end] not in b"\r\n" and not self._begins(end):
            return None
        taken, self._at = self._data[self._at : end], end
        return taken

    def _begins(self, at: int) -> bool:
        patterns = (_MARKED, _DATA, _METER, _IN_MID_LINE, _FAILED)
        return any(pattern.match(self._data, at) for pattern in patterns)

    def _line(self) -> Line:
        marked = _MARKED.match(self._data, self._at)
        if marked is not None:
            self._at = marked.end()
            return Line(marked[1].decode(), (marked[2] or b"").rstrip(b"\r"))
        return self._unmarked()

    def _unmarked(self) -> Line:
        start, longest = self._at, min(self._at + _LONGEST, len(self._data))
        end = self._data.find(b"\n", start, longest) + 1 or longest
        if _FAILED.match(self._data, start):
            self._at = end
            return Line("!", self._data[start:end].rstrip(b"\r\n"))
        found = _IN_MID_LINE.search(self._data, start + 1, end)
        self._at = found.start() if found else end
        return Line("", self._data[start : self._at])
