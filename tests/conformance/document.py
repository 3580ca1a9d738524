"""Writes the table of requirements into docs/conformance.md; a test compares it::

python -m tests.conformance.document
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.conformance.clauses import SECTIONS, link
from tests.conformance.requirement import Requirement
from tests.conformance.table import REQUIREMENTS

DOCUMENT = Path(__file__).parents[2] / "docs" / "conformance.md"
BEGIN, END = "<!-- generated: begin -->\n", "<!-- generated: end -->\n"


def parts(text: str) -> tuple[str, str, str]:
    """What stands before, in and after the generated part."""
    before, begin, rest = text.partition(BEGIN)
    table, end, after = rest.partition(END)
    assert begin and end, f"{DOCUMENT} has no place for the table"
    return before, table, after


def generated() -> str:
    """The counts, the table of what registries must do, what was chosen, and what is asked of clients, as Markdown."""
    own = [each for each in REQUIREMENTS if each.role == "registry"]
    others = [each for each in REQUIREMENTS if each.role == "client"]
    levels = Counter(each.level for each in own)
    counts = ", ".join(f"{count} {level}" for level, count in sorted(levels.items()))
    words = sum(map(len, SECTIONS.values()))
    lines = [
        f"{len(REQUIREMENTS)} requirements account for all {words} key words: {len(own)} for registries ({counts}; "
        f'"states" is what the text says without a key word, and a row with several counts under its strongest), '
        f"{len(others)} for clients, and one that only defines the key words.",
        "",
        "| requirement | level | what a registry does | section |",
        "|---|---|---|---|",
        *(f"| `{each.id}` | {', '.join(each.levels)} | {each.says} | {_section(each)} |" for each in own),
        "",
        "### What was chosen where the specification leaves a choice",
        "",
        "| requirement | choice |",
        "|---|---|",
        *(f"| `{each.id}` | {each.choice} |" for each in own if each.choice),
        "",
        "### Asked of clients",
        "",
        "| requirement | level | what a client does | section |",
        "|---|---|---|---|",
        *(f"| `{each.id}` | {', '.join(each.levels)} | {each.says} | {_section(each)} |" for each in others),
    ]
    return "\n".join(lines) + "\n"


def _section(requirement: Requirement) -> str:
    return f"[{requirement.section}]({link(requirement.section)})"


if __name__ == "__main__":
    before, _, after = parts(DOCUMENT.read_text())
    DOCUMENT.write_text(before + BEGIN + generated() + END + after)
