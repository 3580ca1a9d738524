"""The bodies of a HAR file: text, base64 in its variants, and text that the file wrongly labels as base64."""

from __future__ import annotations

import base64
import re
from typing import NamedTuple

from regtutor.exchange import BodyRecord, preview_limit
from regtutor.formats.har.fields import own, size, stated, text
from regtutor.formats.har.oddities import Oddities
from regtutor.formats.json_value import Value
from regtutor.protocol.digests import sha256

NO_BODY = BodyRecord()
FATES = frozenset({"none", "sent", "withheld", "partial", "received", "saved", "discarded"})

_OTHER_ALPHABET = str.maketrans("-_", "+/")


class Holder(NamedTuple):
    """The object with the text of a body (``content``, ``postData``), and the message that it belongs to.

    Attributes
    ----------
    value: the object.
    message: the request or the response.
    size_in: the object whose ``size_name`` is the size of the body.
    announced: the value of Content-Length; it is used if the file has neither the text nor the size.
    """

    value: Value
    message: Value
    size_in: Value
    size_name: str
    announced: int = 0


def record(step: str, holder: Holder, fate: str, odd: Oddities) -> BodyRecord:
    """Return a body; only regtutor's files state its fate, and in others the digest is known if it is complete."""
    data, media_type = _data(holder, odd), text(holder.value, "mimeType", odd)
    ours = own(holder.message, "_body")
    if ours is not None:
        found = odd.read(lambda: _ours(ours, data), None)
        if found is not None:
            return found
    stated_size = size(holder.size_in, holder.size_name, -1, odd)
    count = len(data) if stated_size < 0 else stated_size
    if not data and (stated_size < 0 or stated(holder.value, "text", Oddities()) is None):
        count = count or holder.announced
    if not count and not data:
        return BodyRecord(media_type=media_type) if media_type else NO_BODY
    whole = sha256(data) if len(data) == count else None
    return BodyRecord(count, whole, data[: preview_limit(step, media_type)], fate, media_type)


def _ours(body: Value, data: bytes) -> BodyRecord:
    digest, media_type = body.get("digest"), body.get("mimeType")
    return BodyRecord(
        body["size"].whole(),
        None if digest is None else digest.text(),
        data,
        body["fate"].one_of(FATES),
        "" if media_type is None else media_type.text(),
    )


def _data(holder: Holder, odd: Oddities) -> bytes:
    written = text(holder.value, "text", odd)
    plain = written.encode("utf-8", "replace") if written else b""
    names = [text(holder.value, key, odd).lower() for key in ("encoding", "_encoding") if key in holder.value.value]
    if "base64" not in names:
        return plain
    decoded = _decoded(written)
    expected = size(holder.size_in, holder.size_name, -1, Oddities())
    if decoded is None:
        odd.add(f"{holder.value.where}.encoding is base64, but the text is not base64: it is read as plain text")
    elif len(plain) == expected != len(decoded) and own(holder.message, "_body") is None:
        odd.add(f"{holder.value.where}.encoding is base64, but the size is that of the text: it is read as plain text")
        return plain
    return plain if decoded is None else decoded


def _decoded(written: str) -> bytes | None:
    """Return the bytes of base64 or base64url, with or without padding; None if the text is neither."""
    packed = re.sub(r"\s", "", written).translate(_OTHER_ALPHABET).rstrip("=")
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except ValueError:
        return None
