"""The picture of the packages: ``python -m tests.packaging.architecture`` writes ``docs/pictures/architecture-*.svg``.

The order of the packages is that of the contract in ``pyproject.toml``. ``test_architecture.py`` compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[2]

PROTOCOL = {"walks", "steps", "server"}
"""The blue packages."""

ROWS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("Entry", (("cli", "commands"), ("lessons", "the course: tasks, checks"), ("display", "reprs in a notebook"))),
    ("Views", (("widgets", "thin views and their JavaScript"),)),
    (
        "Models",
        (
            ("stepping", "a walk, step by step"),
            ("comparison", "compare and probe"),
            ("backends", "sources of registries"),
            ("tables", "pandas, only here"),
        ),
    ),
    (
        "Meaning",
        (
            ("walks", "push, pull, copy: generators"),
            ("findings", "explain: lines, diagnoses"),
            ("formats", "HAR, curl, HTML, SVG"),
        ),
    ),
    ("Requests", (("steps", "one function for each endpoint"),)),
    ("Two ends", (("client", "registry, wire/: sockets"), ("server", "app, handlers/, storage/, shell/"))),
    ("Content", (("content", "images: reading/ writing/ sample/"),)),
    (
        "Records",
        (
            ("exchange", "and transcript: frozen"),
            ("storage_tree", "files of a registry"),
            ("recorded_message", "request, response"),
            ("message", "live request"),
        ),
    ),
    ("Rules", (("protocol", "endpoints, responses, headers, secrets: data"),)),
    (
        "Ground",
        (
            ("private_file", "only you can read"),
            ("errors", "what, why, next"),
            ("file_lock", "one writer a folder"),
            ("ctrl_c", "its one line"),
            ("printable", "text of others"),
        ),
    ),
)
"""Each row of the picture, from the top: its title, and its packages with their captions."""

TITLE = (
    "The packages of regtutor as a tower, from the command line at the top to the protocol's rules at the bottom; "
    "imports point down."
)
NOTES = (
    "A package imports only packages below it or, in the same row, to its right. Client and server never import each "
    "other.",
    "Blue: the protocol as code. A walk yields requests, a step builds one request, a handler responds to it.",
)
SANS, MONO = "system-ui,-apple-system,Segoe UI,sans-serif", "ui-monospace,Menlo,Consolas,monospace"
THEMES = {
    "light": {
        "page": "#ffffff",
        "text": "#1f2328",
        "muted": "#59636e",
        "box": ("#f6f8fa", "#d1d9e0"),
        "blue": ("#ddf0ff", "#0969da"),
    },
    "dark": {
        "page": "#0d1117",
        "text": "#e6edf3",
        "muted": "#9198a1",
        "box": ("#161b22", "#3d444d"),
        "blue": ("#1f2f46", "#4493f8"),
    },
}
LEFT, RIGHT, TOP, HEIGHT, PITCH, GAP = 130, 860, 20, 46, 58, 11.5


def picture(theme: str) -> str:
    """Return the picture in a theme, ``"light"`` or ``"dark"``, as SVG."""
    height = TOP + len(ROWS) * PITCH + 42
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 880 {height}" width="880" height="{height}" role="img" '
        f'aria-label="{escape(TITLE)}" font-family="{SANS}"><title>{escape(TITLE)}</title>'
        f'<rect width="880" height="{height}" fill="{THEMES[theme]["page"]}"/>' + "".join(_parts(theme)) + "</svg>\n"
    )


def _parts(theme: str) -> Iterator[str]:
    muted = THEMES[theme]["muted"]
    for number, (title, packages) in enumerate(ROWS):
        y = TOP + number * PITCH
        yield f'<text x="14" y="{y + 27}" fill="{muted}" font-size="12">{title}</text>'
        width = (RIGHT - LEFT - GAP * (len(packages) - 1)) / len(packages)
        for place, (name, caption) in enumerate(packages):
            yield _box(theme, LEFT + place * (width + GAP), y, width, name, caption)
    for number, note in enumerate(NOTES):
        y = TOP + len(ROWS) * PITCH + 10 + 18 * number
        yield f'<text x="{LEFT}" y="{y}" fill="{muted}" font-size="12">{escape(note)}</text>'


def _box(theme: str, x: float, y: int, width: float, name: str, caption: str) -> str:
    colors = THEMES[theme]
    fill, stroke = colors["blue" if name in PROTOCOL else "box"]
    return (
        f'<rect x="{x:.0f}" y="{y}" width="{width:.0f}" height="{HEIGHT}" rx="6" fill="{fill}" stroke="{stroke}"/>'
        f'<text x="{x + 12:.0f}" y="{y + 19}" fill="{colors["text"]}" font-size="13" font-weight="600" '
        f'font-family="{MONO}">{name}</text>'
        f'<text x="{x + 12:.0f}" y="{y + 36}" fill="{colors["muted"]}" font-size="11.5">{escape(caption)}</text>'
    )


def path(theme: str) -> Path:
    return ROOT / "docs" / "pictures" / f"architecture-{theme}.svg"


if __name__ == "__main__":
    for theme in THEMES:
        path(theme).write_text(picture(theme), encoding="utf-8")
