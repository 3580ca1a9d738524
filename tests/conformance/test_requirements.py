"""The table of requirements is complete: it has every key word, each requirement is tested, the document agrees."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

from tests.conformance.clauses import SECTIONS, key_words
from tests.conformance.document import DOCUMENT, generated, parts
from tests.conformance.table import BY_ID, REQUIREMENTS

MODULES = sorted(path.stem for path in Path(__file__).parent.glob("test_*.py"))


def proofs() -> Counter[str]:
    """The number of tests of each requirement, by its id."""
    found: Counter[str] = Counter()
    for name in MODULES:
        for test in vars(import_module(f"tests.conformance.{name}")).values():
            found.update(getattr(test, "proves", ()))
    return found


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_word_of_a_section_belongs_to_one_requirement(section: str) -> None:
    counted = sorted(word for each in REQUIREMENTS if each.section == section for word in each.words)
    assert counted == [*range(1, len(SECTIONS[section]) + 1)]


def test_requirements_have_ids_of_their_own() -> None:
    assert len(BY_ID) == len(REQUIREMENTS)


def test_every_requirement_of_registries_is_tried() -> None:
    wanted = {each.id for each in REQUIREMENTS if each.role == "registry"}
    assert wanted - proofs().keys() == set()


def test_every_test_tries_requirements_that_are_there() -> None:
    assert proofs().keys() - BY_ID.keys() == set()


def test_every_choice_of_a_registry_is_explained() -> None:
    open_ones = [each for each in REQUIREMENTS if each.role == "registry" and each.level in ("MAY", "OPTIONAL")]
    assert [each.id for each in open_ones if not each.choice] == []


def test_key_words_are_counted_by_section_and_also_in_examples() -> None:
    text = "# One\nMUST and MUST NOT\n```\n# no heading, MAY\n```\n## Three\nshould, SHOULD NOT, OPTIONAL"
    assert key_words(text) == {"One": ("MUST", "MUST NOT", "MAY"), "Three": ("SHOULD NOT", "OPTIONAL")}


def test_the_document_has_the_table() -> None:
    _, table, _ = parts(DOCUMENT.read_text())
    assert table == generated(), "write it again: python -m tests.conformance.document"
