"""What is said of one node of a ``DigestGraph``: its exchange, the check of its digest, its JSON with links, its files.

Everything is small JSON for the browser, or text. Nothing is fetched here.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import stat
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from regtutor.errors import InvalidManifest, InvalidURL
from regtutor.exchange import Exchange
from regtutor.formats import curl
from regtutor.protocol import digests
from regtutor.protocol.bounded_json import parse_json_value
from regtutor.protocol.digests import Hasher
from regtutor.protocol.media_types import MEDIA_TYPES, essence
from regtutor.protocol.text import cut, visible, visible_lines
from regtutor.widgets.digests.nodes import Graph, Loaded, Node
from regtutor.widgets.digests.sources import MOST_JSON, is_archive

MOST_TEXT = 40_000
"""Characters of JSON that are shown."""

MOST_FILES = 200
"""Files of a layer that are listed."""

MOST_UNPACKED = 64 * 1024 * 1024
"""Bytes of an unpacked layer that are read to list its files: a few bytes can unpack to very many."""

_DIGEST = re.compile(r'(?<=")(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})(?=")')


def detail(graph: Graph, node: Node, loaded: Loaded | None) -> dict[str, Any]:
    """All that is said of ``node``, of which ``loaded`` is known: itself, or the answer about its referrers."""
    row = MEDIA_TYPES.get(essence(node.media_type))
    exchanges = loaded.exchanges if loaded else ()
    text, left = _json_text(node, loaded)
    return {
        "id": node.id,
        "kind": node.kind,
        "title": node.id.removeprefix("tag:"),
        "state": node.state,
        "said": graph.said(node),
        "facts": [[name, visible(value)] for name, value in _facts(graph, node) if value],
        "meaning": row.meaning if row else "",
        "exchanges": [summary(exchange) for exchange in exchanges],
        "check": _check(node, loaded),
        "error": visible_lines(loaded.error) if loaded else "",
        "json": _linked(text, graph, _diff_ids(graph, node)),
        "left": left,
        "files": files_of(node.media_type, loaded.data) if loaded and loaded.data is not None else [],
        "curl": "\n\n".join(_commands(exchanges)),
    }


def _facts(graph: Graph, node: Node) -> Iterator[tuple[str, str]]:
    yield "media type", node.media_type
    if node.size is not None:
        yield "size", f"{node.size:,} bytes"
    yield "platform", node.platform
    descriptor = node.descriptor
    if descriptor is not None:
        yield "artifact type", descriptor.artifact_type
        for name, value in list(descriptor.annotations.items())[:20]:
            yield f"annotation {visible(cut(name, 100))}", cut(value, 300)
    named = [f"{role} of {short(parent)}" for parent, role in graph.parents(node)]
    yield "named as", "; ".join(named[:8]) + (f"; and {len(named) - 8} more" if len(named) > 8 else "")


def short(node: Node) -> str:
    """A node in a few words: its kind, and what tells it from others."""
    return f"the {node.kind} {node.platform or short_id(node.id)}"


def short_id(name: str) -> str:
    """A digest's algorithm and first characters, or a tag."""
    algorithm, colon, encoded = name.partition(":")
    return encoded if algorithm == "tag" else f"{algorithm}{colon}{encoded[:12]}"


def summary(exchange: Exchange) -> str:
    """An exchange in one line."""
    answer = f"{exchange.response.status} {exchange.response.reason}" if exchange.response else exchange.error
    came = f"{exchange.bytes_down:,} bytes" if exchange.bytes_down else "no body"
    return visible(f"{exchange.method} {exchange.target} → {answer}, {came}, {exchange.milliseconds:.1f} ms")


def _check(node: Node, loaded: Loaded | None) -> dict[str, Any] | None:
    """Whether the bytes are what their name says, in words; None where no bytes were taken."""
    if loaded is None or loaded.data is None:
        return None
    told = loaded.exchanges[-1].headers.get("Docker-Content-Digest") if loaded.exchanges else None
    # A header that is no digest, or another one, has made the fetch fail: there are no bytes then.
    name = told if node.is_tag else node.id
    algorithm = digests.parse(name).algorithm if name else digests.CANONICAL
    hasher = Hasher(algorithm)
    hasher.update(loaded.data)
    came = "that came" if loaded.exchanges else "at hand"
    said = f"{algorithm} of the {hasher.size:,} bytes {came} is {hasher.digest}"
    if not node.is_tag:
        good = hasher.digest == node.id
        return {"good": good, "text": f"{said}: {'that is its digest.' if good else f'that is not {node.id}.'}"}
    if told is None:
        return {"good": True, "text": f"{said}. The registry named none."}
    says = "so says the Docker-Content-Digest header, too." if told == hasher.digest else f"the registry says {told}."
    return {"good": told == hasher.digest, "text": visible(f"{said}: {says}")}


def _json_text(node: Node, loaded: Loaded | None) -> tuple[str, int]:
    """The bytes as JSON with one thing a line, and how many characters of it are left out."""
    if loaded is None or loaded.data is None or is_archive(node.media_type):
        return "", 0
    try:
        value = parse_json_value(loaded.data, MOST_JSON)
    except InvalidManifest:
        return "", 0
    text = visible_lines(json.dumps(value, indent=2, ensure_ascii=False))
    return text[:MOST_TEXT], max(len(text) - MOST_TEXT, 0)


def _diff_ids(graph: Graph, node: Node) -> dict[str, str]:
    """Of a config: each diff ID, and the digest of the layer that it is of."""
    if node.kind != "config" or node.loaded is None or node.loaded.data is None:
        return {}
    try:
        body = parse_json_value(node.loaded.data, MOST_JSON)
    except InvalidManifest:
        return {}
    rootfs = body.get("rootfs") if isinstance(body, dict) else None
    found = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    for parent, _ in graph.parents(node):
        view = parent.loaded.view if parent.loaded else None
        if view and isinstance(found, list) and len(found) == len(view.layers):
            return {str(diff_id): layer.digest for diff_id, layer in zip(found, view.layers, strict=True)}
    return {}


def _linked(text: str, graph: Graph, diff_ids: Mapping[str, str]) -> list[list[str]]:
    """``text`` in pieces; a digest is a piece of its own, with the node that it leads to and what it is."""
    pieces: list[list[str]] = []
    for number, piece in enumerate(_DIGEST.split(text)):
        if number % 2 == 0:
            pieces.append([piece])
        elif piece in diff_ids and piece not in graph.nodes:
            pieces.append(
                [piece, diff_ids[piece], "The digest of a layer when it is unpacked: no blob has it as a name."]
            )
        else:
            node = graph.nodes.get(piece)
            what = f"{node.kind}: {graph.said(node)}" if node else "Named by nothing else here: ask for it as a blob."
            pieces.append([piece, piece, what])
    return pieces


def _commands(exchanges: tuple[Exchange, ...]) -> Iterator[str]:
    for exchange in exchanges:
        try:
            yield curl(exchange)
        except InvalidURL as error:
            yield f"# {visible(str(error))}"


class _Bounded(io.RawIOBase):
    """Gives at most so many bytes of a file, and then ends."""

    def __init__(self, file: Any, most: int) -> None:
        self._file, self._left = file, most

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data


def files_of(media_type: str, data: bytes) -> list[list[str]]:
    """What is in a layer: mode, size and name of each file; at the end, if not all are listed, a line that says so.

    Parameters
    ----------
    media_type: of the layer; of a type that is not known here nothing is listed.
    data: the whole layer.
    """
    if not is_archive(media_type):
        return []
    packed = data[:2] == b"\x1f\x8b"
    whole = gzip.GzipFile(fileobj=io.BytesIO(data)) if packed else io.BytesIO(data)
    found: list[list[str]] = []
    try:
        with tarfile.open(fileobj=_Bounded(whole, MOST_UNPACKED), mode="r|") as archive:
            for entry in archive:
                if len(found) == MOST_FILES:
                    return [*found, ["", "", f"More than {MOST_FILES} files: the rest is not listed."]]
                to = f" -> {entry.linkname}" if entry.linkname else ""
                mark = "/" if entry.isdir() else ""
                found.append(
                    [
                        stat.filemode(entry.mode | _type(entry)),
                        str(entry.size),
                        visible(cut(f"{entry.name}{mark}{to}", 300)),
                    ]
                )
    except (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, OverflowError, RecursionError) as error:
        found.append(["", "", f"The list ends here: {visible(str(error))}"])
    return found


def _type(entry: tarfile.TarInfo) -> int:
    """The bits of a file mode that say what kind of file it is, for ``stat.filemode``."""
    return stat.S_IFDIR if entry.isdir() else stat.S_IFLNK if entry.issym() else stat.S_IFREG
