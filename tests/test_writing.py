"""The language rules of ``docs/writing.md``: no text that a user sees has a phrase from its table."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import regtutor

ROOT = Path(__file__).parent.parent
PACKAGE = Path(regtutor.__file__).parent
RULES = ROOT / "docs" / "writing.md"

_CODE = re.compile(r"```.*?```|``[^`]*``|`[^`\n]*`|<[^>\s]+>|\]\([^)]*\)", re.DOTALL)
_JAVASCRIPT_TEXT = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'|`([^`]*)`")


def phrases() -> dict[re.Pattern[str], str]:
    """Each phrase to avoid, as a pattern, with what to write instead: the rows of the last table of the rules."""
    table = RULES.read_text().partition("| avoid | write |")[2]
    rows = re.findall(r"^\| `(.+)` \| (.*) \|$", table, re.MULTILINE)
    return {re.compile(text.replace(r"\|", "|"), re.IGNORECASE): instead.strip() for text, instead in rows}


PHRASES = phrases()


def prose(text: str) -> str:
    """``text`` without code, addresses and line breaks, so that a phrase is found across lines."""
    return re.sub(r"\s+", " ", _CODE.sub(" CODE ", text)).strip()


def texts_of_python(source: str) -> Iterator[tuple[int, str]]:
    """Every string of a Python file that has at least two words, docstrings included, with its line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
            for paragraph in re.split(r"\n\s*\n", node.value):
                yield node.lineno, paragraph


def texts_of_javascript(source: str) -> Iterator[tuple[int, str]]:
    for match in _JAVASCRIPT_TEXT.finditer(source):
        text = next(part for part in match.groups() if part is not None)
        if " " in text:
            yield source.count("\n", 0, match.start()) + 1, text


def texts_of_markdown(source: str) -> Iterator[tuple[int, str]]:
    """The paragraphs outside of fenced code, with their lines."""
    blank = re.sub(r"```.*?```", lambda code: "\n" * code[0].count("\n"), source, flags=re.DOTALL)
    line = 1
    for paragraph in re.split(r"(\n\s*\n)", blank):
        yield line, paragraph
        line += paragraph.count("\n")


def texts_of_notebook(source: str) -> Iterator[tuple[int, str]]:
    """Its Markdown, and the strings and comments of its code, with the numbers of their cells."""
    for number, cell in enumerate(json.loads(source)["cells"]):
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            yield from ((number, paragraph) for _, paragraph in texts_of_markdown(text))
        else:
            yield from ((number, comment) for comment in re.findall(r"(?:^|\s)#\s*(.*)", text))
            yield from ((number, next(filter(None, found), "")) for found in _JAVASCRIPT_TEXT.findall(text))


READERS = {
    ".py": texts_of_python,
    ".js": texts_of_javascript,
    ".md": texts_of_markdown,
    ".ipynb": texts_of_notebook,
}

FILES = sorted(
    path
    for folder, pattern in [
        (PACKAGE, "**/*.py"),
        (PACKAGE, "**/*.js"),
        (ROOT, "*.md"),
        (ROOT / "docs", "**/*.md"),
        (ROOT / "notebooks", "*.ipynb"),
    ]
    for path in folder.glob(pattern)
    if path != RULES
)


def faults(path: Path) -> list[str]:
    """Where a file has a phrase to avoid: line (or cell), the phrase in its surroundings, and what to write instead."""
    found = []
    for line, text in READERS[path.suffix](path.read_text()):
        text = prose(text)
        for pattern, instead in PHRASES.items():
            for match in pattern.finditer(text):
                around = text[max(match.start() - 30, 0) : match.end() + 30]
                found.append(
                    f"{path.relative_to(ROOT)}:{line}: ...{around}...  ({match[0].strip()!r}: write {instead})"
                )
    return found


def test_the_table_of_phrases_is_read_and_each_phrase_can_be_found() -> None:
    assert len(PHRASES) >= 25
    assert all(instead for instead in PHRASES.values()), "each phrase has a better one"


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_no_text_that_a_user_sees_has_a_phrase_to_avoid(path: Path) -> None:
    assert faults(path) == []


@pytest.mark.parametrize(
    ("reader", "source"),
    [
        (texts_of_python, 'def f():\n    """Go on where the session stands in the place of it."""\n'),
        (texts_of_python, 'x = f"{1} is sent anew, in place of {2}"\n'),
        (texts_of_javascript, 'button.title = "the answer comes in place of it";\n'),
        (texts_of_markdown, "A registry\nthat goes\non in the\nplace of it.\n"),
        (texts_of_notebook, json.dumps({"cells": [{"cell_type": "markdown", "source": ["in place of\n", "it"]}]})),
        (texts_of_notebook, json.dumps({"cells": [{"cell_type": "code", "source": ["a = 1  # sent anew"]}]})),
    ],
)
def test_a_phrase_is_found_wherever_texts_are(reader: object, source: str) -> None:
    assert callable(reader)
    texts = [prose(text) for _, text in reader(source)]
    assert any(pattern.search(text) for pattern in PHRASES for text in texts)
