"""Exchanges as the arrows of a sequence diagram, and blobs as bars: small JSON, made of records.

Every text is made here, so that the picture, the table and the lines of text agree. This module depends neither on
widgets nor on the drawing of an arrow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any
from urllib.parse import urlsplit

from regtutor.exchange import BodyRecord, Exchange
from regtutor.protocol.endpoints import parse
from regtutor.protocol.text import cut, visible
from regtutor.stepping.progress import BlobProgress

TARGET_LENGTH = 80
"""The most characters of a short target."""

_GOING = {"sending": "uploading", "uploading": "uploading", "fetching": "fetching"}
"""Fates of a blob whose bytes are on their way -> the word for it."""

_BEFORE = re.compile(r"^/v2/.+/(?:blobs/(?=uploads/)|(?=(?:blobs|manifests|tags|referrers)/))")
_DIGEST = re.compile(r"(sha(?:256|512)(?::|%3[Aa])[0-9a-f]{4})[0-9a-f]{28,}")
_UUID = re.compile(r"([0-9a-f]{4})[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_LONG_VALUE = re.compile(r"(=[^&:/%]{4})[^&:]{21,}")


def short_target(target: str) -> str:
    """Return a request's target in a short form: ``…/uploads/24df…?digest=sha256:ab12…``.

    An ellipsis replaces the repository; a digest, the id of an upload session and a long value keep their first four
    characters.
    """
    short = _BEFORE.sub("…/", visible(target))
    for pattern in (_DIGEST, _UUID, _LONG_VALUE):
        short = pattern.sub(r"\1…", short)
    return cut(short, TARGET_LENGTH)


def short_digest(digest: str) -> str:
    """Return ``sha256:ab12…``, as :func:`short_target` writes it."""
    return cut(_DIGEST.sub(r"\1…", visible(digest)), 20)


def registry_of(exchange: Exchange) -> str:
    """Return the name of the registry of an exchange, or else its host."""
    return visible(exchange.registry or urlsplit(exchange.url.split("?")[0]).netloc) or "registry"


def item_of(number: int, exchange: Exchange, *, detour: bool = False) -> dict[str, Any]:
    """Return an exchange as an item of ``SequenceView``: its texts, and the values that decide its colours.

    Parameters
    ----------
    number: the number at its arrow, from 1.
    exchange: the record.
    detour: whether the learner changed the request on purpose, so that it is not part of the walk.
    """
    item = {
        "number": number,
        "step": visible(exchange.step),
        "method": visible(exchange.method),
        "target": visible(exchange.target),
        "short": short_target(exchange.target),
        "registry": registry_of(exchange),
        "up": _sent(exchange.request.body),
        "interims": [visible(f"{one.status} {one.reason}".strip()) for one in exchange.interims],
        "answer": _answer(exchange),
        "down": _received(exchange),
        "meaning": visible(exchange.error if exchange.response is None else exchange.meaning),
        "outcome": exchange.outcome,
        "detour": detour,
    }
    return {**item, "sentence": _sentence(item, exchange)}


def _sent(body: BodyRecord) -> str:
    if body.fate == "none":
        return ""
    if body.fate == "withheld":
        return f"body withheld, {body.size:,} bytes sent" if body.size else "body withheld"
    return f"{amount(body.size)}, then cut" if body.fate == "partial" else amount(body.size)


def _received(exchange: Exchange) -> str:
    body = exchange.response.body if exchange.response else BodyRecord()
    if body.fate == "none" or not body.size:
        return ""
    kept = {"partial": ", then cut", "discarded": ", discarded"}
    return amount(body.size) + kept.get(body.fate, "")


def amount(size: int) -> str:
    """``1 byte``, ``2,101 bytes``."""
    return "1 byte" if size == 1 else f"{size:,} bytes"


def _answer(exchange: Exchange) -> str:
    if exchange.response is None:
        return "no response"
    return visible(f"{exchange.response.status} {exchange.response.reason}".strip())


def _sentence(item: dict[str, Any], exchange: Exchange) -> str:
    """Return the item as a sentence for screen readers: number, method, repository, bytes sent, response."""
    match = parse(exchange.method, exchange.target)
    where = visible(match.path.get("repository", "")) if match else ""
    parts = [f"{item['number']}: {item['method']} to {where or item['registry']}"]
    if item["detour"]:
        parts.append("changed by you")
    if item["up"]:
        parts.append(item["up"] if "withheld" in item["up"] else f"{item['up']} sent")
    parts += [f"first {interim}" for interim in item["interims"]]
    parts.append("no response" if exchange.response is None else f"response {item['answer']}")
    return ", ".join(parts) + (f": {item['meaning']}" if item["meaning"] else "")


def blob_of(row: BlobProgress) -> dict[str, Any]:
    """Return a blob as ``SequenceView`` draws it: ``name``, ``digest``, ``size`` and ``sent`` in bytes, ``fate``."""
    return {"name": row.what, "digest": row.digest, "size": row.size, "sent": row.sent, "fate": row.fate}


def fate_text(size: int, sent: int, fate: str) -> str:
    """Return the text next to a bar: ``uploading 40 %``, or the word for a fate that is settled."""
    if fate not in _GOING:
        return visible(fate)
    return f"{_GOING[fate]} {100 * sent // size if size else 100} %"


def lines_of(items: Sequence[dict[str, Any]]) -> list[str]:
    """Return the arrows as lines of text, two or more for each exchange."""
    lines: list[str] = []
    for item in items:
        to = item["registry"]
        yours = "  (yours)" if item["detour"] else ""
        sent = f"  {item['up']}" if item["up"] else ""
        lines.append(f"{item['number']:>3}  client -> {to}  {item['method']} {item['short']}{sent}{yours}")
        if item["outcome"] == "none":
            lines.append(f"     client x- {to}  no response: {item['meaning']}")
            continue
        lines += [f"     client <- {to}  {interim}" for interim in item["interims"]]
        lines.append(f"     client <- {to}  {item['answer']}: {item['meaning']}")
    return lines


_COLOURS = {"good": "#1b6e2c", "quiet": "#6b5b00", "bad": "#b3261e", "none": "#b3261e"}
_CELL = "text-align:left;vertical-align:top;padding:2px 10px 2px 0"
_TABLE_HEAD = ("", "request", "body", "response", "meaning")


def table_of(items: Sequence[dict[str, Any]], current: int = -1) -> str:
    """Return the arrows as an HTML table with inline styles; the row at ``current`` is marked, in words as well."""
    head = "".join(f'<th scope="col" style="{_CELL}">{escape(name)}</th>' for name in _TABLE_HEAD)
    rows = "".join(_row(item, index == current) for index, item in enumerate(items))
    return f'<table style="border-collapse:collapse"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _row(item: dict[str, Any], current: bool) -> str:
    marks = [mark for mark, holds in (("shown", current), ("yours", item["detour"])) if holds]
    number = " ".join([str(item["number"]), *marks])
    request = f'<code title="{escape(item["target"])}">{escape(item["method"])} {escape(item["short"])}</code>'
    statuses = [*item["interims"], item["answer"]]
    colour = _COLOURS[item["outcome"]]
    cells = (
        escape(number),
        request,
        escape(item["up"]),
        f'<strong style="color:{colour};background:#fff">{escape(", ".join(statuses))}</strong>',
        escape(item["meaning"]),
    )
    weight = ";font-weight:bold" if current else ""
    return "<tr>" + "".join(f'<td style="{_CELL}{weight}">{cell}</td>' for cell in cells) + "</tr>"
