"""The output of curl as people paste it: indented, quoted, with the prefix of a log before each line, in UTF-16.

A prefix is found by the marks of curl behind it. Its digits can differ from line to line, as in times and counters.
Lines without the prefix belong to other programs, and are left out.
"""

from __future__ import annotations

import codecs
import re

_LONGEST_PREFIX = 200
_SEARCHED = 256 * 1024
"""The bytes at the beginning of a text in which the first prefix is looked for."""

_REQUEST = rb"> [A-Za-z]{1,20} [!-~]{1,4000} HTTP/\d"
_CONNECTION = (
    rb"\*   Trying [!-~]|\* Could not resolve host|\* (?:Host [!-~]{1,300} was resolved|Connected to )|"
    rb"\* (?:Uses proxy env variable|Re-?using existing )|curl: \(\d{1,3}\) "
)
_TRACE = rb"== Info: |[<=][=>] (?:Send|Recv) "
_BEFORE = rb"(?P<prefix>[^\r\n]{1,%d}?)" % _LONGEST_PREFIX
_FIRST = tuple(
    re.compile(rb"^" + _BEFORE + rb"(?:" + mark + rb")", re.MULTILINE) for mark in (_REQUEST, _CONNECTION, _TRACE)
)
_PLAIN = re.compile(
    rb"^(?:" + _REQUEST + rb"|\*   Trying [!-~]|(?:\d\d:\d\d:\d\d\.\d{1,9} )?(?:\[[0-9x]{1,9}-[0-9x]{1,9}\] )?"
    rb"(?:" + _REQUEST + rb"|\*   Trying [!-~]|" + _TRACE + rb")|\x1b\[[0-9;]{1,9}m> )",
    re.MULTILINE,
)
_HEAD = rb"HTTP/[\d.]{1,5} \d{3}(?: |\r*$)"
_PLAIN_HEAD = re.compile(rb"^(?:< )?" + _HEAD, re.MULTILINE)
_FIRST_HEAD = re.compile(rb"^" + _BEFORE + rb"(?:< )?" + _HEAD, re.MULTILINE)
_PARTS = re.compile(rb"(?P<counted>[^\W\d]*+\d\w*+)|(?P<space>[ \t]+)|(?P<other>\w+|.)", re.DOTALL)


def decoded(data: bytes) -> bytes:
    """Return UTF-16 (as PowerShell writes it, with or without a byte order mark) as UTF-8; other text unchanged.

    Raises
    ------
    ValueError: if it begins with the mark of UTF-16 and is not UTF-16.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16").encode("utf-8", "replace")
    beginning = data[:400]
    if len(beginning) >= 8:
        for order, first in (("utf-16-le", 1), ("utf-16-be", 0)):
            zeros, letters = beginning[first::2], beginning[1 - first :: 2]
            if zeros.count(0) > 0.9 * len(zeros) and letters.count(0) < 0.1 * len(letters):
                return data.decode(order, "replace").encode("utf-8", "replace")
    return data.removeprefix(codecs.BOM_UTF8)


def without_prefix(data: bytes) -> bytes:
    """Return the lines of ``data`` without the prefix that they have in common, or ``data`` if they have none."""
    beginning = data[:_SEARCHED]
    if _PLAIN.search(beginning):
        return data
    for pattern in _FIRST:
        if found := pattern.search(beginning):
            return _stripped(data, found["prefix"])
    found = None if _PLAIN_HEAD.search(beginning) else _FIRST_HEAD.search(beginning)
    return _stripped(data, found["prefix"]) if found else data


def _stripped(data: bytes, prefix: bytes) -> bytes:
    whole = _shape(prefix)
    if not prefix.strip():  # only indented: a line that is not indented is still a line of curl
        return b"".join(_without(line, whole) or line for line in data.splitlines(keepends=True))
    cut = _shape(prefix.rstrip())
    kept = []
    for line in data.splitlines(keepends=True):
        if found := whole.match(line):
            kept.append(line[found.end() :])
        elif (found := cut.match(line)) and not line[found.end() :].strip():
            kept.append(b"\n")  # an empty line, whose spaces at the end were removed
    return b"".join(kept)


def _without(line: bytes, prefix: re.Pattern[bytes]) -> bytes:
    found = prefix.match(line)
    return line[found.end() :] if found else b""


def _shape(prefix: bytes) -> re.Pattern[bytes]:
    """Return a pattern for the prefix, in which words with digits, and amounts of space inside it, can differ."""
    body = prefix.rstrip(b" \t")
    parts = []
    for part in _PARTS.finditer(body):
        if part["counted"]:
            parts.append(rb"\w{1,100}")
        elif part["space"]:
            parts.append(rb"[ \t]{1,100}")
        else:
            parts.append(re.escape(part["other"]))
    return re.compile(b"".join(parts) + re.escape(prefix[len(body) :]))
