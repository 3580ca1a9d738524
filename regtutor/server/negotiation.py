"""Request headers that select the response to a GET: Accept, If-None-Match, Range and If-Range.

Pure functions of header values. Source: RFC 9110, sections 12.5.1, 13.1.2, 13.1.5 and 14
<https://www.rfc-editor.org/rfc/rfc9110.html>.
"""

from __future__ import annotations

import re

from regtutor.protocol.ranges import WANTED
from regtutor.server.http import Head


def accepts(head: Head, media_type: str) -> bool:
    """Whether Accept permits ``media_type``. No Accept permits every type; wildcards count, and ``q=0`` excludes."""
    values = [value for name, value in head.headers if name.lower() == "accept"]
    if not "".join(values).strip():
        return True
    verdicts: dict[str, bool] = {}
    for item in ",".join(values).split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        weights = [parameter[2:].strip() for parameter in parameters if parameter.startswith("q=")]
        verdicts[name] = not any(re.fullmatch(r"0(\.0*)?", weight) for weight in weights)
    family = media_type.partition("/")[0]
    for name in (media_type, f"{family}/*", "*/*"):
        if name in verdicts:
            return verdicts[name]
    return False


def _tags(value: str) -> set[str]:
    return {item.strip().removeprefix("W/").strip('"') for item in value.split(",")}


def unchanged(head: Head, digest: str) -> bool:
    """Whether If-None-Match names ``digest``: the client already has it. Some clients omit the quotes."""
    value = head.header("If-None-Match")
    return value is not None and bool(_tags(value) & {digest, "*"})


def requested_range(head: Head, digest: str, size: int) -> tuple[int, int] | None:
    """The bytes that Range requests, as ``(start, stop)``, or None for all of them.

    The result is also None if Range has a unit other than bytes (RFC 9110, 14.2: a server must ignore a unit that it
    does not understand), if it is malformed or requests several parts (which a server may ignore), or if If-Range names
    content other than ``digest``.

    Raises
    ------
    ValueError: the range lies outside the ``size`` bytes, or ends before it begins. The latter is invalid, and RFC
        9110, 14.2, lets a server ignore or refuse it; refusing it makes the mistake visible.
    """
    match = WANTED.fullmatch(head.header("Range") or "")
    if match is None or match.groups() == ("", ""):
        return None
    if (condition := head.header("If-Range")) is not None and _tags(condition) != {digest}:
        return None
    first, last = match.groups()
    start = int(first) if first else max(size - int(last), 0)
    stop = min(int(last) + 1, size) if first and last else size
    if start >= stop:
        raise ValueError(f"{match[0]} of {size} bytes")
    return start, stop
