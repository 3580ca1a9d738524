"""A graph of digests as a self-contained SVG picture: its own background, no script, no styles, no ids."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from regtutor.protocol.text import cut, visible
from regtutor.widgets.digests.detail import short_id
from regtutor.widgets.digests.nodes import FETCHED, NAMED, THERE, Graph, Node

MOST_ROWS = 40
"""The most nodes of one column that are drawn; the picture states how many more there are."""

_WIDE, _HIGH, _APART, _BELOW, _EDGE = 190, 62, 60, 14, 16
_COLOURS = {
    "tag": "#6b5b00",
    "index": "#6a3fa0",
    "manifest": "#0b57a4",
    "referrer": "#8a3d00",
    "config": "#1b6e2c",
    "layer": "#4a4a4a",
    "blob": "#4a4a4a",
}
_FONT = "ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace"


def svg_of(graph: Graph, columns: Sequence[Sequence[Node]]) -> str:
    """Return the graph as the text of an SVG file: a box for each node, a line to each node that it names."""
    places = {
        node.id: (_EDGE + number * (_WIDE + _APART), _EDGE + row * (_HIGH + _BELOW))
        for number, column in enumerate(columns)
        for row, node in enumerate(column[:MOST_ROWS])
    }
    lines = [
        _line(places[node_id], places[child.id])
        for node_id in places
        for child in graph.drawn(graph.nodes[node_id])
        if child.id in places
    ]
    boxes = [_box(graph.nodes[node_id], graph.said(graph.nodes[node_id]), *place) for node_id, place in places.items()]
    left = sum(max(len(column) - MOST_ROWS, 0) for column in columns)
    width = 2 * _EDGE + len(columns) * (_WIDE + _APART) - _APART
    height = 2 * _EDGE + max((y for _, y in places.values()), default=0) + _HIGH
    note = _text(_EDGE, height, f"{left:,} more are not drawn", "#1b1b1b") if left else ""
    height += 20 if left else 0
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="{_FONT}"><rect width="100%" height="100%" fill="#ffffff"/>{"".join(lines + boxes)}{note}</svg>'
    )


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    x, y = start[0] + _WIDE, start[1] + _HIGH // 2
    to_x, to_y = end[0], end[1] + _HIGH // 2
    middle = (x + to_x) // 2
    curve = f"M{x} {y}C{middle} {y} {middle} {to_y} {to_x} {to_y}"
    return f'<path d="{curve}" fill="none" stroke="#8a8a8a" stroke-width="1.5"/>'


def _box(node: Node, said: str, x: int, y: int) -> str:
    colour = _COLOURS[node.kind]
    trouble = node.state not in (NAMED, FETCHED, THERE)
    dash = ' stroke-dasharray="4 3"' if node.state == NAMED else ""
    size = f"{node.size:,} bytes" if node.size is not None else ""
    last = said if trouble else size
    return (
        f'<g><title>{escape(node.id)}</title><rect x="{x}" y="{y}" width="{_WIDE}" height="{_HIGH}" rx="4" '
        f'fill="{"#fbe3e1" if trouble else "#ffffff"}" stroke="{"#b3261e" if trouble else colour}"{dash}/>'
        f'<rect x="{x}" y="{y}" width="5" height="{_HIGH}" fill="{colour}"/>'
        f"{_text(x + 13, y + 18, cut(visible(f'{node.kind} {node.platform}'.strip()), 24), colour, bold=True)}"
        f"{_text(x + 13, y + 36, cut(short_id(node.id), 24), '#1b1b1b')}"
        f"{_text(x + 13, y + 52, last, '#b3261e' if trouble else '#555555')}</g>"
    )


def _text(x: int, y: int, text: str, colour: str, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x}" y="{y}" font-size="12" fill="{colour}"{weight}>{escape(text)}</text>'
