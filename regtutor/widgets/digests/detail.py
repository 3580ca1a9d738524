"""The details of one node of a ``DigestGraph``: its exchange, the check of its digest, its JSON with links, its files.

Everything is small JSON for the browser, or text. This module fetches nothing.
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
"""The most characters of JSON that are shown."""

MOST_FILES = 200
"""The most files of a layer that are listed."""

MOST_UNPACKED = 64 * 1024 * 1024
"""The most bytes of an unpacked layer that are read to list its files: a few bytes can unpack to very many."""

_DIGEST = re.compile(r'(?<=")(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})(?=")')


def detail(graph: Graph, node: Node, loaded: Loaded | None) -> dict[str, Any]:
    """Return all details of ``node``; ``loaded`` is its own content, or the response about its referrers."""
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
    """Return a node in a few words: its kind, and its platform or short id."""
    return f"the {node.kind} {node.platform or short_id(node.id)}"


def short_id(name: str) -> str:
    """Return a digest's algorithm and first characters, or a tag."""
    algorithm, colon, encoded = name.partition(":")
    return encoded if algorithm == "tag" else f"{algorithm}{colon}{encoded[:12]}"


def summary(exchange: Exchange) -> str:
    """Return an exchange in one line."""
    outcome = f"{exchange.response.status} {exchange.response.reason}" if exchange.response else exchange.error
    body = f"{exchange.bytes_down:,} bytes" if exchange.bytes_down else "no body"
    return visible(f"{exchange.method} {exchange.target} → {outcome}, {body}, {exchange.milliseconds:.1f} ms")


def _check(node: Node, loaded: Loaded | None) -> dict[str, Any] | None:
    """Return whether the bytes match their digest, with a sentence about it; None without bytes."""
    if loaded is None or loaded.data is None:
        return None
    header = loaded.exchanges[-1].headers.get("Docker-Content-Digest") if loaded.exchanges else None
    # An invalid or different digest in the header makes the fetch fail: there are no bytes then.
    name = header if node.is_tag else node.id
    algorithm = digests.parse(name).algorithm if name else digests.CANONICAL
    hasher = Hasher(algorithm)
    hasher.update(loaded.data)
    origin = "received" if loaded.exchanges else "of the image"
    computed = f"{algorithm} of the {hasher.size:,} bytes {origin} is {hasher.digest}"
    if not node.is_tag:
        good = hasher.digest == node.id
        return {"good": good, "text": f"{computed}: {'the expected digest.' if good else f'expected {node.id}.'}"}
    if header is None:
        return {"good": True, "text": f"{computed}. The response has no Docker-Content-Digest header."}
    good = header == hasher.digest
    compared = "the Docker-Content-Digest header has the same." if good else f"the registry states {header}."
    return {"good": good, "text": visible(f"{computed}: {compared}")}


def _json_text(node: Node, loaded: Loaded | None) -> tuple[str, int]:
    """Return the bytes as JSON with one value on each line, and the number of characters that are left out."""
    if loaded is None or loaded.data is None or is_archive(node.media_type):
        return "", 0
    try:
        value = parse_json_value(loaded.data, MOST_JSON)
    except InvalidManifest:
        return "", 0
    text = visible_lines(json.dumps(value, indent=2, ensure_ascii=False))
    return text[:MOST_TEXT], max(len(text) - MOST_TEXT, 0)


def _diff_ids(graph: Graph, node: Node) -> dict[str, str]:
    """Return, for a config, each diff ID with the digest of its layer."""
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
    """Return ``text`` in pieces; each digest is a separate piece, with the id and a description of its node."""
    pieces: list[list[str]] = []
    for number, piece in enumerate(_DIGEST.split(text)):
        if number % 2 == 0:
            pieces.append([piece])
        elif piece in diff_ids and piece not in graph.nodes:
            pieces.append([piece, diff_ids[piece], "The digest of an unpacked layer: no blob is stored under it."])
        else:
            node = graph.nodes.get(piece)
            about = f"{node.kind}: {graph.said(node)}" if node else "Nothing else here names it: fetch it as a blob."
            pieces.append([piece, piece, about])
    return pieces


def _commands(exchanges: tuple[Exchange, ...]) -> Iterator[str]:
    for exchange in exchanges:
        try:
            yield curl(exchange)
        except InvalidURL as error:
            yield f"# {visible(str(error))}"


class _Bounded(io.RawIOBase):
    """A file object that ends after ``most`` bytes of another file."""

    def __init__(self, file: Any, most: int) -> None:
        self._file, self._left = file, most

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data


def files_of(media_type: str, data: bytes) -> list[list[str]]:
    """List the files of a layer: mode, size and name of each; if some are left out, the last line says so.

    Parameters
    ----------
    media_type: of the layer; for an unknown type, the list is empty.
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
    """Return the bits of a file mode that give the kind of file, for ``stat.filemode``."""
    return stat.S_IFDIR if entry.isdir() else stat.S_IFLNK if entry.issym() else stat.S_IFREG
