"""Write the table of requirements into docs/conformance.md, where a test compares it::

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
    """The text before, in and after the generated part."""
    before, begin, rest = text.partition(BEGIN)
    table, end, after = rest.partition(END)
    assert begin and end, f"{DOCUMENT} has no markers for the table"
    return before, table, after


def generated() -> str:
    """The counts, the requirements for registries, the choices and the requirements for clients, as Markdown."""
    own = [each for each in REQUIREMENTS if each.role == "registry"]
    others = [each for each in REQUIREMENTS if each.role == "client"]
    levels = Counter(each.level for each in own)
    counts = ", ".join(f"{count} {level}" for level, count in sorted(levels.items()))
    words = sum(map(len, SECTIONS.values()))
    lines = [
        f"{len(REQUIREMENTS)} requirements account for all {words} key words: {len(own)} for registries ({counts}), "
        f"{len(others)} for clients, and one that only defines the key words. "
        f'"states" marks a requirement that the text states without a key word. A row with several key words counts '
        f"under the strongest.",
        "",
        "| requirement | level | behaviour of a registry | section |",
        "|---|---|---|---|",
        *(f"| `{each.id}` | {', '.join(each.levels)} | {each.says} | {_section(each)} |" for each in own),
        "",
        "### Choices where the specification leaves one",
        "",
        "| requirement | choice |",
        "|---|---|",
        *(f"| `{each.id}` | {each.choice} |" for each in own if each.choice),
        "",
        "### Requirements for clients",
        "",
        "| requirement | level | behaviour of a client | section |",
        "|---|---|---|---|",
        *(f"| `{each.id}` | {', '.join(each.levels)} | {each.says} | {_section(each)} |" for each in others),
    ]
    return "\n".join(lines) + "\n"


def _section(requirement: Requirement) -> str:
    return f"[{requirement.section}]({link(requirement.section)})"


if __name__ == "__main__":
    before, _, after = parts(DOCUMENT.read_text())
    DOCUMENT.write_text(before + BEGIN + generated() + END + after)
