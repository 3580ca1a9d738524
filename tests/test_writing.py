"""The language rules of ``docs/writing.md``: no text that a user sees has a phrase from its table."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import regtutor

ROOT = Path(__file__).parent.parent
PACKAGE = Path(regtutor.__file__).parent
RULES = ROOT / "docs" / "writing.md"

_CODE = re.compile(r"```.*?```|``[^`]*``|`[^`\n]*`|<[^>\s]+>|\]\([^)]*\)", re.DOTALL)
_JAVASCRIPT_TEXT = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'|`([^`]*)`")


@dataclass(frozen=True)
class Phrase:
    """A row of the table: the pattern of a phrase to avoid, the words to write instead, and a sentence that has it."""

    pattern: re.Pattern[str]
    instead: str
    example: str


def phrases() -> list[Phrase]:
    """The rows of the last table of the rules."""
    table = RULES.read_text().partition("| avoid | write | example |\n| --- | --- | --- |\n")[2]
    rows = [re.fullmatch(r"\| `(.+)` \| ([^|`]+) \| ([^|`]+) \|", line) for line in table.splitlines()]
    return [Phrase(re.compile(row[1].replace(r"\|", "|"), re.IGNORECASE), row[2], row[3]) for row in rows if row]


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


def texts_of_css(source: str) -> Iterator[tuple[int, str]]:
    yield from _found(r"\bcontent:\s*([\"'].*?[\"'])", source)


def texts_of_svg(source: str) -> Iterator[tuple[int, str]]:
    yield from _found(r">([^<>]+)<|aria-label=\"([^\"]+)\"", source)


def texts_of_makefile(source: str) -> Iterator[tuple[int, str]]:
    """The help of each target, and the messages."""
    yield from _found(r"^[a-z-]+:.*?## (.+)$|\becho \"([^\"]+)\"", source)


def texts_of_shell(source: str) -> Iterator[tuple[int, str]]:
    """The messages."""
    yield from _found(r"\b(?:echo|printf)\b[^\n\"']*(?:\"([^\"\n]*)\"|'([^'\n]*)')", source)


def texts_of_project(source: str) -> Iterator[tuple[int, str]]:
    yield from _found(r"^description = \"(.+)\"$", source)


def _found(pattern: str, source: str) -> Iterator[tuple[int, str]]:
    for match in re.finditer(pattern, source, re.MULTILINE):
        yield source.count("\n", 0, match.start()) + 1, next(filter(None, match.groups()), "")


READERS = {
    ".py": texts_of_python,
    ".js": texts_of_javascript,
    ".css": texts_of_css,
    ".svg": texts_of_svg,
    ".md": texts_of_markdown,
    ".ipynb": texts_of_notebook,
    "Makefile": texts_of_makefile,
    "run": texts_of_shell,
    "environment": texts_of_shell,
    "pyproject.toml": texts_of_project,
}
"""A reader for each ending or name of a file."""

FILES = sorted(
    path
    for folder, pattern in [
        (PACKAGE, "**/*.py"),
        (PACKAGE, "**/*.js"),
        (PACKAGE, "**/*.css"),
        (ROOT, "Makefile"),
        (ROOT, "pyproject.toml"),
        (ROOT / ".ci", "run"),
        (ROOT / ".ci", "environment"),
        (ROOT / "docs" / "pictures", "*.svg"),
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
    reader = READERS[path.name if path.name in READERS else path.suffix]
    for line, text in reader(path.read_text()):
        text = prose(text)
        for phrase in PHRASES:
            for match in phrase.pattern.finditer(text):
                around = text[max(match.start() - 30, 0) : match.end() + 30]
                found.append(
                    f"{path.relative_to(ROOT)}:{line}: ...{around}...  ({match[0].strip()!r}: write {phrase.instead})"
                )
    return found


def test_every_row_of_the_table_is_read() -> None:
    assert len(PHRASES) == RULES.read_text().partition("## Phrases to avoid")[2].count("\n| `") >= 30


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.pattern.pattern)
def test_a_phrase_is_found_in_its_example_and_not_in_its_replacement(phrase: Phrase) -> None:
    assert phrase.pattern.search(prose(phrase.example))
    assert not phrase.pattern.search(prose(phrase.instead))


@pytest.mark.parametrize("name", READERS)
def test_each_reader_has_files(name: str) -> None:
    assert [path for path in FILES if name in (path.name, path.suffix)]


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
        (texts_of_css, '.a::before { content: "in place of it"; }\n'),
        (texts_of_svg, "<svg><text>in place of it</text></svg>"),
        (texts_of_svg, '<svg aria-label="in place of it"></svg>'),
        (texts_of_makefile, "test: environment ## run the tests anew\n"),
        (texts_of_makefile, '\t@echo "run anew"\n'),
        (texts_of_shell, 'echo "tried anew" >&2\n'),
        (texts_of_shell, "printf '=== tried anew %s\\n' 1\n"),
        (texts_of_project, 'description = "Requests, sent anew."\n'),
    ],
)
def test_a_phrase_is_found_wherever_texts_are(reader: object, source: str) -> None:
    assert callable(reader)
    texts = [prose(text) for _, text in reader(source)]
    assert any(phrase.pattern.search(text) for phrase in PHRASES for text in texts)
