"""docs/reliability.md names tests that exist, and SECURITY.md leads to it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/reliability.md").read_text()
NAMED = re.findall(r"`(tests/[^`:]+\.py)::(\w+)`", PAGE)


def test_every_row_of_a_table_names_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| promise")]
    assert rows
    for row in rows:
        assert re.search(r"`tests/[^`]+\.py::test_\w+`", row), row


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_each_named_test_exists(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text())
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_the_security_page_names_no_address_that_somebody_must_read() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    assert "docs/reliability.md" in text
    assert not re.search(r"[\w.]+@[\w.]+", text)
